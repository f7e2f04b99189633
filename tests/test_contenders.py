"""Checkpoints and training runs as things to score."""

import json

import numpy as np
import pytest

import genome_keras
from genome_keras.errors import FormatError, WeightsError
from genome_keras.evaluation.contenders import contenders
from genome_keras.weights.checkpoint import save_bare
from genome_keras.weights.resolve import find

ARGUMENTS = {"window": 8, "tasks": 2, "k": [1, 2]}
CODES = np.random.default_rng(0).integers(0, 5, (6, 8), dtype=np.uint8)


def model(bias):
    made = genome_keras.kmer_logreg(**ARGUMENTS)
    kernel, _ = made.get_layer("head").get_weights()
    made.get_layer("head").set_weights([kernel * 0, np.full(2, bias, "float32")])
    return made


@pytest.fixture
def run(tmp_path):
    """The folder of a run of three epochs, whose scores are constants."""
    folder = tmp_path / "run"
    (folder / "epochs").mkdir(parents=True)
    about = {"architecture": "kmer_logreg", "arguments": ARGUMENTS, "tasks": ["a", "b"]}
    (folder / "best.json").write_text(json.dumps(about))
    row = {"perplexity": 1.5, "val_perplexity": 1.4, "loss": 0.1}
    (folder / "log.json").write_text(json.dumps([{"epoch": n, **row} for n in (1, 2, 3)]))
    for epoch in (1, 2, 3):
        save_bare(model(epoch), folder / "epochs" / f"{epoch:04d}.weights.h5")
    save_bare(model(-1.0), folder / "best.weights.h5")
    return folder


def contender(given):
    (found,) = contenders(given, batch_size=4)
    return found


def logit(p):
    return np.log(p / (1 - p))


def test_a_run_is_each_of_its_epochs(run):
    found = contender(str(run))
    assert (found.tasks, found.window, found.epochs) == (["a", "b"], 8, [1, 2, 3])
    assert found.log[1] == {"epoch": 2, "perplexity": 1.5, "val_perplexity": 1.4}
    for epoch in (3, 1, 2, 1):
        scores = found.scores(epoch, CODES)
        np.testing.assert_allclose(logit(scores), np.full((6, 2), epoch), atol=1e-4)


@pytest.mark.parametrize(
    "engine, message", [("onnx", "the epochs of a run are Keras's"), ("jax", "engine must be")]
)
def test_the_epochs_of_a_run_are_computed_by_keras(run, engine, message):
    with pytest.raises(ValueError, match=message):
        contenders([str(run), "kmer_logreg.human_chromatin.v1"], engine=engine)


def test_a_run_without_epochs_is_its_best(run):
    for path in (run / "epochs").iterdir():
        path.unlink()
    (run / "log.json").unlink()
    found = contender(str(run))
    assert (found.epochs, found.log) == ([None], [])
    np.testing.assert_allclose(logit(found.scores(None, CODES)), -1, atol=1e-5)


def test_a_published_checkpoint():
    name = "bigru_multitask.human_chromatin.v1"
    found = contender(name)
    assert found.tasks == find(name).tasks
    assert (found.window, found.epochs) == (100, [None])
    assert [row["epoch"] for row in found.log] == list(range(1, 9))


BROKEN = {
    "not JSON": lambda path: path.write_text("{"),
    "a list": lambda path: path.write_text("[]"),
    "a strange model": lambda path: path.write_text(path.read_text().replace("kmer_logreg", "os")),
    "no description": lambda path: path.unlink(),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_folder_that_is_no_run(run, case):
    BROKEN[case](run / "best.json")
    with pytest.raises(WeightsError) as caught:
        contender(str(run))
    assert str(run) in str(caught.value) and "\n" not in str(caught.value)


def test_a_folder_without_weights_is_taken_for_a_checkpoint(run):
    (run / "best.weights.h5").unlink()
    with pytest.raises(WeightsError, match="run"):
        contender(str(run))


def test_a_language_model_is_refused():
    with pytest.raises(WeightsError, match="char_rnn: expected a model of tasks"):
        contender(genome_keras.char_rnn(units=2, depth=1))


def test_a_broken_log(run):
    (run / "log.json").write_text("{")
    with pytest.raises(FormatError, match=r"log\.json: damaged"):
        contender(str(run))


def test_weights_of_another_model(run):
    (run / "epochs" / "0002.weights.h5").write_bytes(b"no weights")
    found = contender(str(run))
    found.scores(1, CODES)
    with pytest.raises(WeightsError, match=r"0002\.weights\.h5"):
        found.scores(2, CODES)
