"""Files of earlier versions load and score as they did, and what is saved now loads again."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

import genome_keras
import genome_keras.layers  # names the layers to Keras, before any model is made
from genome_keras.layers.sequence_model import SequenceModel

SAVED = Path(__file__).parent / "saved"
SCORES = np.load(SAVED / "scores.npz")
OLD = sorted(path.stem for path in SAVED.glob("*.keras"))

pytestmark = pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")


def scores(model, codes):
    return keras.ops.convert_to_numpy(model(codes))


def test_there_is_a_file_of_every_architecture_of_that_version():
    assert len(OLD) == 11 and set(OLD) <= set(genome_keras.MODELS)
    assert sum(path.stat().st_size for path in SAVED.rglob("*")) < 600_000


@pytest.mark.parametrize("name", OLD)
def test_a_whole_model_scores_as_it_did(name):
    model = keras.models.load_model(SAVED / f"{name}.keras")
    assert model.compiled and model.name == name
    np.testing.assert_allclose(scores(model, SCORES[f"{name}_codes"]), SCORES[name], atol=1e-5)
    assert hasattr(model.layers[-1], "set_rates") == (name not in ("char_rnn", "kmer_logreg"))


def test_what_keras_saved_is_told_to_be_read_by_keras():
    with pytest.raises(genome_keras.WeightsError, match=r"keras\.saving\.load_model reads"):
        genome_keras.load_model(SAVED / f"{OLD[0]}.keras")


def test_a_run_scores_as_it_did():
    model = genome_keras.load_model(SAVED / "run" / "best.weights.h5")
    checkpoint = model.checkpoint
    assert checkpoint.tasks == ["a", "b", "c"]
    np.testing.assert_allclose(scores(model, SCORES["run_codes"]), SCORES["run"], atol=1e-5)


@pytest.mark.slow
def test_a_run_goes_on(tmp_path):
    from genome_keras import cli

    shutil.copytree(SAVED / "run", tmp_path / "run")
    words = ["train", SAVED / "data.h5", "--out", tmp_path / "run", "--set", "units=3"]
    cli.main([*map(str, words), "--epochs", "2", "--batch-size", "20"])
    log = (tmp_path / "run" / "log.csv").read_text().splitlines()
    assert log[:2] == (SAVED / "run" / "log.csv").read_text().splitlines() and len(log) == 3


QUICK = ("danq", "deepbind", "kmer_logreg")  # of others test_models.py saves and loads one kind


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.thorough) for name in OLD],
)
def test_what_is_saved_now_loads_whole(name, tmp_path):
    """Of the old models' sizes: scores, how it was made, and the head's method are kept."""
    model = getattr(genome_keras, name)(**made()[name])
    codes = SCORES[f"{name}_codes"]
    for suffix in ("keras", "h5"):
        model.save(tmp_path / f"m.{suffix}")
        again = keras.models.load_model(tmp_path / f"m.{suffix}")
        np.testing.assert_allclose(scores(again, codes), scores(model, codes), atol=1e-6)
        assert isinstance(again, SequenceModel) and again.compiled
        assert again.made_with == model.made_with and again.made_with["architecture"] == name
        has_rates = name not in ("char_rnn", "kmer_logreg")
        assert hasattr(again.layers[-1], "set_rates") == has_rates
        if has_rates:
            again.layers[-1].set_rates([0.1, 0.2, 0.3])
            bias = again.get_layer("head").get_weights()[-1].reshape(-1, 3)[-1]
            np.testing.assert_allclose(1 / (1 + np.exp(-bias)), [0.1, 0.2, 0.3], atol=1e-6)


def made():
    """Arguments of the saved models, from the script that makes such a set."""
    import runpy

    models = runpy.run_path(str(SAVED / "make.py"))["MODELS"]
    tasks = {name: {} if name == "char_rnn" else {"tasks": 3} for name in models}
    return {name: {**arguments, **tasks[name]} for name, arguments in models.items()}


def test_every_layer_is_named_to_keras():
    """A file loads in a new process once `genome_keras.layers` is imported."""
    folder = Path(genome_keras.layers.__file__).parent
    assert genome_keras.layers.__all__ == sorted(path.stem for path in folder.glob("[!_]*.py"))
