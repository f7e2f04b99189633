"""The door of the verbs: whatever is given as a model is one value, resolved once."""

import subprocess
import sys
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from support.hub import only_hub
from support.toy import TASKS, WINDOW, Toy

import genome_keras
from genome_keras.cli import main
from genome_keras.errors import WeightsError
from genome_keras.interpret import attribute, ism, write_attributions, write_ism
from genome_keras.scoring.model_in_use import model_in_use
from genome_keras.scoring.scorer import Scorer
from genome_keras.sharing.pretrained import save_pretrained
from genome_keras.weights.resolve import find

LETTERS = "".join(np.random.default_rng(0).choice(list("ACGT"), 60))


@pytest.fixture(scope="module")
def model():
    """kmer_logreg, of letters that matter."""
    return made(1)


def made(seed):
    model = genome_keras.kmer_logreg(window=WINDOW, tasks=3, k=(1, 2), seed=seed)
    numbers = np.random.default_rng(seed)
    model.set_weights([numbers.normal(size=weight.shape) for weight in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    return save_pretrained(model, tmp_path_factory.mktemp("saved") / "m", tasks=TASKS)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "g.fa").write_text(f">chr1\n{LETTERS}\n")
    record = f"chr1\t30\t.\t{LETTERS[29]}\t{'ACGT'.replace(LETTERS[29], '')[0]}\n"
    (tmp_path / "v.vcf").write_text("#CHROM\tPOS\tID\tREF\tALT\n" + record)
    (tmp_path / "p.bed").write_text("chr1\t20\t30\nchr1\t40\t41\n")
    return tmp_path


# Every verb, as a function of what is given as the model: what it returns or writes.
def written(verb, *given, **more):
    def run(files, weights):
        out = files / "o.tsv"
        paths = [files / name for name in given]
        genome = {name: files / path for name, path in more.items()}
        verb(*paths, out, weights=weights, **genome)
        return np.genfromtxt(out, delimiter="\t", skip_header=1, filling_values=0)

    return run


VERBS = {
    "predict": lambda files, weights: genome_keras.predict(LETTERS[:12], weights=weights).scores,
    "predict_fasta": written(genome_keras.predict_fasta, "g.fa"),
    "predict_intervals": written(genome_keras.predict_intervals, "p.bed", "g.fa"),
    "score_variants": lambda files, weights: (
        genome_keras.score_variants(files / "v.vcf", files / "g.fa", weights=weights).diff
    ),
    "score_vcf": written(genome_keras.score_vcf, "v.vcf", genome="g.fa"),
    "ism": lambda files, weights: ism(weights, LETTERS[:12]),
    "write_ism": written(write_ism, "p.bed", genome="g.fa"),
    "attribute": lambda files, weights: attribute(weights, LETTERS[:12], tasks=[0, 2]),
    "write_attributions": written(write_attributions, "p.bed", genome="g.fa"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_name_a_checkpoint_a_model_and_a_scorer_give_the_same(verb, files, model, saved):
    run = VERBS[verb]
    values = [run(files, given) for given in (str(saved), find(Path(saved)))]
    values += [run(files, given) for given in (model, Scorer(model, tasks=TASKS))]
    assert np.nanmax(np.abs(values[0])) > 0
    # By occlusion a name and a model are of two engines: log-odds near 1 have few digits.
    close = 5e-3 if "attribut" in verb else 1e-6
    for found in values[1:]:
        np.testing.assert_allclose(found, values[0], atol=close)


def command(files, weights):
    out = files / "o.tsv"
    assert main(["predict", str(files / "g.fa"), "--weights", str(weights), "-o", str(out)]) == 0
    return np.genfromtxt(out, delimiter="\t", skip_header=1, filling_values=0)


@pytest.mark.parametrize("verb", ["predict_fasta", "score_vcf", "write_attributions", command])
def test_an_address_is_resolved_once_and_is_of_one_commit(verb, files, model, saved, monkeypatch):
    """After every answer of the server its branch is at the other of two commits."""
    other = save_pretrained(made(2), files / "other", tasks=TASKS[::-1])
    with only_hub(monkeypatch, files) as server:
        whole = {}
        for folder in (saved, other):
            commit = server.commit("me/zoo", {p.name: p.read_bytes() for p in folder.iterdir()})
            whole[commit] = VERBS.get(verb, verb)(files, folder)
        turns = cycle(whole)
        server.after = lambda: server.repos["me/zoo"]["refs"].update(main=next(turns))
        found = VERBS.get(verb, verb)(files, "hf://me/zoo")
        asked = [path for _, path, _ in server.seen if "/resolve/main/" in path]
    assert len(asked) == 1  # the one question where the branch is
    assert any(np.allclose(found, wanted, atol=1e-6, equal_nan=True) for wanted in whole.values())


def test_what_is_known_before_a_framework_loads(saved):
    code = (
        "import sys\nfrom genome_keras.scoring.model_in_use import model_in_use\n"
        f"use = model_in_use({str(saved)!r})\n"
        "print(use.window_of_tasks(), use.columns(['d'])[0], use.batch_size)\n"
        "print(*{'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{WINDOW} [2] 256\n\n"


@pytest.mark.parametrize(
    ("given", "more", "message"),
    [
        (3, {}, "expected the name of a checkpoint, a Checkpoint, a keras.Model or a Scorer"),
        ("best", {}, "no checkpoint 'best'"),
        (Scorer(Toy()), {"both_strands": True}, "both_strands is that of the scorer, False"),
        (Scorer(Toy()), {"batch_size": 3}, "batch_size is that of the scorer, 256"),
        (Toy(), {"batch_size": 0}, "batch_size must be an integer of at least 1"),
    ],
)
def test_what_is_no_model_or_contradicts_it(given, more, message):
    with pytest.raises(ValueError, match=message):
        model_in_use(given, **more)


def test_the_value_tells_tasks_and_window(model):
    use = model_in_use(Scorer(Toy(), batch_size=7))
    assert (use.name, use.tasks, use.window, use.batch_size) == ("toy", TASKS, WINDOW, 7)
    assert model_in_use(use) is use and use.scorer is model_in_use(use.scorer).scorer
    assert model_in_use(model).tasks == ["task_0", "task_1", "task_2"]
    assert model_in_use(Toy(), both_strands=True).scorer.both_strands
    with pytest.raises(ValueError, match="toy takes windows of 12 bp"):
        use.window_of(9)
    with pytest.raises(ValueError, match="toy: no task 'x'; it has 3, the nearest are"):
        use.columns(["x"])


def test_models_that_differ_have_other_digests(model, saved):
    digests = {model_in_use(Toy(seed=seed)).digest() for seed in (1, 2)}
    digests |= {model_in_use(Toy(), both_strands=True).digest(), model_in_use(model).digest()}
    digests |= {model_in_use(made(2)).digest(), model_in_use(saved).digest()}
    assert len(digests) == 6
    assert model_in_use(Toy()).digest() in digests and model_in_use(made(2)).digest() in digests


def test_a_language_model_has_no_window_of_its_own(tmp_path):
    saved = save_pretrained(genome_keras.char_rnn(units=2, depth=1), tmp_path / "lm")
    use = model_in_use(saved)
    assert use.is_language_model and use.window is None
    with pytest.raises(ValueError, match="takes windows of any length: window must say how long"):
        use.window_of()
    with pytest.raises(WeightsError, match="not a multi-task model of a fixed window"):
        use.window_of_tasks()


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("kmer_logreg.human_chromatin.v1", 256),
        ("conv_bigru.human_chromatin_200bp.v1", 256),
        ("center_context.deepsea919.v3", 64),
        ("char_rnn.ecoli.v1", 256),  # of any length
    ],
)
def test_batches_of_long_windows_are_smaller(name, size):
    """Memory is bounded by bases: 256 windows of 1000 bp took 2.4 times that of 64, as long."""
    assert model_in_use(name).batch_size == size
    assert model_in_use(name, batch_size=7).batch_size == 7
