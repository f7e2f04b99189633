"""`weights/make`: from a training run to the files that are published."""

import ast
import hashlib
import json
import re
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.layers.task_head import SigmoidHead, TaskHead
from genome_keras.sharing.verify import verify
from genome_keras.weights import registry
from genome_keras.weights.calibration import Calibration
from genome_keras.weights.checkpoint import save_bare
from genome_keras.weights.run_files import RunFiles, claim, write_json

WEIGHTS = Path(__file__).parents[1] / "weights"
MAKE = WEIGHTS / "make"
SOURCES = ("tf_bins", "edge_bins", "other_bins", "windows")
KINDS = ("exact", "touched", "other caller", "none")
ROWS = {"train": 48, "valid": 24, "test": 40}
TRAINING = {
    "recipe": "default",
    **{"epochs": 2, "batch_size": 16, "learning_rate": 0.002, "warmup": 3, "clip": 1.0},
    **{"schedule": "cosine", "reverse_complement": True, "precision": "float32", "seed": 1},
}
LOG = [
    {"epoch": 1, "perplexity": 1.4, "val_perplexity": 1.3, "cpu_seconds": 600.0},
    {"epoch": 2, "perplexity": 1.3, "val_perplexity": 1.25, "cpu_seconds": 634.0},
]
# What a published card says in words that have changed since: now, then.
REWORDED = {
    "basset.human_chromatin_1000bp.v1": [(" --patience 2\n", "\n")],
    "bigru_multitask.human_chromatin.v1": [
        ("8 (1.1254). Command", "8. Command"),
        (".v1 \\\n        --weights kmer", ".v1 --weights kmer"),
    ],
    "bigru_multitask.human_chromatin.v2": [("5 (1.1235). Command", "5. Command")],
    "kmer_logreg.human_chromatin.v1": [(".v1 \\\n        --weights kmer", ".v1 --weights kmer")],
    "char_rnn.ecoli.v1": [("genome_keras.weights.PUBLISHED", "genome_keras.registry.PUBLISHED")],
    "char_rnn.pfalciparum.v1": [
        ("genome_keras.weights.PUBLISHED", "genome_keras.registry.PUBLISHED")
    ],
}


@pytest.fixture(autouse=True)
def beside(monkeypatch):
    """The scripts import each other by their bare names; afterwards all is as before."""
    monkeypatch.syspath_prepend(MAKE)
    yield
    for script in MAKE.glob("*.py"):
        sys.modules.pop(script.stem, None)


def numbers(pattern, text):
    return [int(number.replace(",", "")) for number in re.search(pattern, text, re.S).groups()]


@pytest.mark.parametrize(
    "name", [name for name in registry.PUBLISHED if not name.startswith("deepbind_2015.")]
)
def test_a_published_card_follows_from_its_description(name):
    """All but the held-out tables, and how it was trained where another program did it."""
    import calibrated
    from card import card
    from card_of_letters import card as card_of_letters
    from data_sets import Facts, data_set

    published = (WEIGHTS / f"{name}.md").read_text(encoding="utf-8")
    draft = json.loads((WEIGHTS / f"{name}.json").read_text(encoding="utf-8"))
    held_out = published.partition("## Held-out scores\n")[2].partition("## Limits\n")[0]
    if name.startswith("char_rnn."):
        table = held_out.partition("held-out part.\n")[2]
        made = card_of_letters(draft, data=data_set(name), table=table.removesuffix("\n"))
    else:
        windows = numbers(r"train ([\d,]+) windows; valid ([\d,]+).*?test ([\d,]+)", published)
        by_source = {"others": {}} if "centred on NF-kB" in published else {}
        for row in re.findall(r"^\| `(\w+)` \|((?: [\d,]+ \|){3})$", published, re.M):
            counts = [int(count.replace(",", "")) for count in row[1].split("|")[:3]]
            by_source[row[0]] = dict(zip(ROWS, counts, strict=True))
        words = published.partition("## Training\n\n")[2].partition("\n\n## Held-out")[0]
        facts = Facts(
            file=re.search(r"evaluate (\S+)", held_out)[1],
            bp=numbers(r"Human windows of (\d+) bp", published)[0],
            windows=dict(zip(ROWS, windows, strict=True)),
            by_source=by_source,
            measured=np.ones(len(draft["tasks"]), bool),
        )
        made = card(
            {"untrained": [], **draft},
            data=data_set(name),
            facts=facts,
            tables=held_out[held_out.index("**all**") :].partition("## Columns")[0],
            compared=re.findall(r"--weights (\S+)", held_out),
            fitted=re.findall(r"logreg \S+ --out (\S+)", held_out),
            backend=(re.findall(r"KERAS_BACKEND=(\w+)", published) or ["jax"])[0],
            words="" if "training" in draft else words,
        )
    for now, then in REWORDED.get(name, ()):
        assert now in made
        made = made.replace(now, then)
    table = WEIGHTS / f"{name}.calibration.tsv"
    if table.is_file():
        text = calibrated.section(name, Calibration.read(table))
        made = calibrated.with_section(made, text)
    assert made == published


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Windows in the 919 columns: four sources and a fifth in training, three kinds and none."""
    draw = np.random.default_rng(5)
    n = sum(ROWS.values())
    columns = genome_keras.tasks("deepsea-919").names
    kinds = np.resize(KINDS, len(columns))
    labels = (draw.random((n, len(columns))) < 0.3).astype("int8")
    labels[:, kinds == "none"] = -1
    split = np.repeat(list(ROWS), list(ROWS.values()))
    source = np.resize(SOURCES, n)
    source[(split == "train") & (np.arange(n) % 5 == 0)] = "shifted"
    path = tmp_path_factory.mktemp("data") / "columns_24bp.h5"
    with h5py.File(path, "w") as file:
        file["x"] = draw.integers(0, 5, (n, 24), dtype=np.uint8)
        file["y"] = labels
        for name, words in {"split": split, "source": source, "tasks": columns}.items():
            file[name] = np.array(words, "S")
        file["label_kind"] = kinds.astype("S")
    return path


def run_of(folder, *, words=None):
    """The folder of a run of `bigru_multitask` on the middle 20 bp, as training leaves it."""
    columns = list(genome_keras.tasks("deepsea-919").names)
    arguments = {"window": 20, "tasks": len(columns), "units": 3}
    model = genome_keras.bigru_multitask(**arguments, seed=1)
    if words is None:
        asked = {"architecture": "bigru_multitask", "arguments": arguments, **TRAINING}
        claim(folder, asked | {"fine_tune": None, "examples": 40, "tasks": columns})
        write_json(folder / "log.json", LOG)
    else:
        folder.mkdir()
        (folder / "training.md").write_text(words)
    RunFiles(folder).describe(model, columns)
    save_bare(model, folder / "best.weights.h5")
    return folder


def published_as(printed):
    """The name and the `Published` of lines for the registry."""
    (call,) = ast.parse("{" + printed + "}").body[0].value.values
    *digests, citation = call.args
    given = [ast.literal_eval(digest) for digest in digests]
    return registry.Published(*given, getattr(registry, citation.id))


NAMES = ("bigru_multitask.deepsea919.v7", "bigru_multitask.deepsea919.v8")


@pytest.fixture(scope="module")
def made(data, tmp_path_factory):
    """What is published of two runs, one of the command and one of another program: its
    folder, and its scores."""
    out = tmp_path_factory.mktemp("published")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(MAKE)
        import publish

        runs = {
            NAMES[0]: run_of(tmp_path_factory.mktemp("runs") / "one"),
            NAMES[1]: run_of(tmp_path_factory.mktemp("runs") / "two", words="Trained by hand."),
        }
        return out, publish.publish(data, runs, into=out, half=True, replicates=3)


@pytest.mark.thorough  # 919 columns, five parts of the test set
def test_from_runs_to_published_checkpoints(made, data, monkeypatch):
    """They become checkpoints that pass every check that users can make of a published one,
    held-out scores among them."""
    import checkpoint_files
    import publish

    (out, result), names = made, NAMES
    files = sorted(path.name for path in out.iterdir())
    ends = (".json", ".md", ".weights.h5")
    assert files == sorted(["SHA256SUMS", *(name + end for name in names for end in ends)])
    assert set(result["subsets"]) == {"all", *SOURCES} and set(names) < set(result["models"])
    for line in (out / "SHA256SUMS").read_text().splitlines():
        digest, _, file = line.partition("  ")
        assert hashlib.sha256((out / file).read_bytes()).hexdigest() == digest
    assert len((out / "SHA256SUMS").read_text().splitlines()) == 4

    monkeypatch.setenv("GENOME_KERAS_CACHE", str(out))
    for name in names:
        entry = published_as(checkpoint_files.entry(out, name))
        assert entry.citation == registry.PAPER
        monkeypatch.setitem(registry.PUBLISHED, name, entry)
    checks = {check.what: check for check in verify(names[0], data=data)}
    assert {what for what, check in checks.items() if check.passed is not True} == set(), checks
    assert checks["scores"].detail.startswith("25 means")
    assert all(check.passed for check in verify(names[1]) if check.what != "scores")
    with pytest.raises(ValueError, match="a published file never changes"):
        publish.publish(data, {names[0]: out / "none"})

    draft = json.loads((out / f"{names[0]}.json").read_text())
    columns = genome_keras.tasks("deepsea-919")
    kinds = np.resize(KINDS, 919)
    nothing = [task for task, kind in zip(columns.names, kinds, strict=True) if kind == "none"]
    assert draft["untrained"] == nothing and draft["stored"] == "float16"
    assert draft["arguments"] == {"window": 20, "tasks": 919, "units": 3, "both_strands": True}
    with h5py.File(out / f"{names[0]}.weights.h5") as file:
        kept = set()
        file.visititems(lambda _, item: kept.add(getattr(item, "dtype", None)))
        assert kept - {None} == {np.dtype("float16")}
    # The score of a column that was not trained is the positive rate published for it.
    untrained = np.isin(columns.names, nothing)
    rates = np.clip(columns.positive_rates[untrained], 1e-6, 1)
    scores = np.array(draft["probe_scores"])[:, untrained]
    np.testing.assert_allclose(scores, np.broadcast_to(rates, scores.shape), rtol=5e-3)


@pytest.mark.thorough  # 919 columns, five parts of the test set
def test_the_card_tells_of_sources_kinds_and_untrained_columns(made):
    (out, _), name = made, NAMES[0]
    card = (out / f"{name}.md").read_text()
    draft = json.loads((out / f"{name}.json").read_text())
    assert "| `tf_bins` | 9 | 6 | 10 |" in card and "| `shifted` | 10 | 0 | 0 |" in card
    assert "half way\nbetween grid bins" in card
    for subset in ("all", *SOURCES):
        assert f"**{subset}** by kind of label" in card
        told = draft["held_out_by_kind"][subset]
        assert set(told) == {"exact", "touched", "other caller"}
        for kind, means in told.items():
            row = f"| {kind} | {means['columns']} | {name} | {means['f1']:.4f} |"
            assert row in card
            assert f"| {means['auprc']:.4f} | {means['lift']:.4f} |" in card
    assert "| exact | 230 | 230 |" in card and "| none | 229 | 0 |" in card
    listed = card.partition("Not trained, and marked")[2].partition("\n")[0]
    assert re.findall(r"`([^`]+)`", listed.partition("description: ")[2]) == draft["untrained"]
    assert "--window 20" in card and "--examples 40" in card and "--set units=3" in card
    assert "2 (1.2500; 1,234 core-seconds in all)" in card
    assert re.search(rf"\| {re.escape(name)} \| windows \| [\d.]+ \| [\d.]+ \|", card)


def test_means_by_kind():
    """A column without a positive label counts nowhere; lift is of each column by itself."""
    from score_tables import means_by_kind

    def row(task, positives, auprc):
        of = {"subset": "all", "task": task, "model": "m", "measured": 10, "positives": positives}
        return of | {"f1": 0.5, "f1_tuned": None, "auroc": 0.75, "auprc": auprc}

    rows = [row("a", 1, 0.2), row("b", 5, 0.6), row("c", 0, None), row("d", 2, 0.4)]
    found = means_by_kind(rows, {"a": "exact", "b": "exact", "c": "exact", "d": "touched"})
    assert found["all"]["exact"]["m"] == pytest.approx(
        {"columns": 2, "f1": 0.5, "auroc": 0.75, "auprc": 0.4, "lift": (2.0 + 1.2) / 2}
    )
    assert found["all"]["touched"]["m"]["lift"] == pytest.approx(2)


def test_what_was_expected_and_what_came():
    from score_tables import expected_and_observed

    bins = {"count": [30, None, 70], "positives": [1, None, 9], "score": [2.5, None, 2.5]}
    result = {"models": {"m": {"reliability": {"all": {"all": bins}}}}}
    told = expected_and_observed(result, ["m"])
    assert told.endswith("| m | all | 50.00 | 100.00 |")


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("conv_bigru.human_chromatin_200bp.v1", "human_chromatin"),
        ("bigru_multitask.deepsea919.v1", "deepsea919"),
        ("char_rnn.ecoli.v1", "ecoli"),
    ],
)
def test_the_words_on_a_data_set(name, word):
    from data_sets import data_set

    assert data_set(name).word == word


@pytest.mark.parametrize("name", ["m.mouse.v1", "m.human.v1", "m.ecoli2.v1"])
def test_a_data_set_that_nothing_is_written_on(name):
    from data_sets import data_set

    with pytest.raises(ValueError, match=r"nothing is written on the data set .*Known: deepsea919"):
        data_set(name)


def test_a_run_that_nothing_tells_of(tmp_path):
    from runs import open_run

    folder = run_of(tmp_path / "run")
    (folder / "train.json").unlink()
    with pytest.raises(ValueError, match=r"neither train.json nor training.md"):
        open_run(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [("schedule", "constant"), ("clip", None), ("reverse_complement", False)],
)
def test_another_recipe_is_not_told_in_the_words_of_this_one(key, value):
    import training_words

    draft = {"architecture": "danq", "window": 9, "name": "danq.x.v1", "log": LOG}
    draft["training"] = TRAINING | {key: value}
    with pytest.raises(ValueError, match=f"tell of {key}=.*write training.md"):
        training_words.of_tasks(draft, file="x.h5", bp=9, backend="jax")


def test_a_run_that_started_from_another(tmp_path):
    """Both are told, by the names of their folders alone."""
    from runs import open_run

    first = run_of(tmp_path / "first")
    second = tmp_path / "second"
    arguments = {"window": 20, "tasks": 919, "units": 3, "dropout": 0.3}
    asked = {"architecture": "bigru_multitask", "arguments": arguments, **TRAINING}
    asked |= {"fine_tune": str(first / "best.weights.h5"), "tasks": []}
    claim(second, asked)
    write_json(second / "log.json", LOG[:1])
    (second / "best.weights.h5").write_bytes((first / "best.weights.h5").read_bytes())
    told = open_run(second).history
    assert told["training"]["fine_tune"] == "first/best.weights.h5"
    assert told["set"] == {"dropout": 0.3} and told["before"][0]["set"] == {"units": 3}
    assert told["before"][0]["out"] == "first" and told["before"][0]["log"] == LOG
    assert str(tmp_path) not in json.dumps(told)


@pytest.mark.parametrize("kind", [TaskHead, SigmoidHead])
def test_untrained_columns_score_their_published_rate(kind):
    """Whatever comes in; the other columns are as before."""
    import publish

    columns, head = genome_keras.tasks("deepsea-919"), kind(919)
    features = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    before = keras.ops.convert_to_numpy(head(features))
    chosen = np.arange(919) % 4 == 0
    names = publish.make_constant(head, list(columns.names), chosen)
    assert names == list(np.array(columns.names)[chosen])
    after = keras.ops.convert_to_numpy(head(features))
    np.testing.assert_allclose(after[:, ~chosen], before[:, ~chosen], rtol=1e-6)
    rates = np.clip(columns.positive_rates[chosen], 1e-6, 1)
    np.testing.assert_allclose(after[:, chosen], np.tile(rates, (2, 1)), rtol=1e-4)


def test_untrained_tasks_without_a_published_rate(tmp_path):
    import publish

    model = genome_keras.kmer_logreg(window=12, tasks=2, k=(1,))
    chosen = np.array([True, False])
    with pytest.raises(ValueError, match="no published rate for them"):
        publish.make_constant(model.get_layer("head"), ["a", "b"], chosen)
    assert publish.make_constant(model.get_layer("head"), ["a", "b"], chosen & False) == []


@pytest.mark.thorough
def test_from_a_run_to_a_language_model(tmp_path, monkeypatch):
    import checkpoint_files
    import publish_lm

    genome = tmp_path / "g.fa"
    letters = "".join(np.random.default_rng(0).choice(list("ACGT"), 3000))
    genome.write_text(f">c\n{letters}\n")
    model = genome_keras.char_rnn(units=4, embedding=4, seed=1)
    arguments = {"cell": "gru", "units": 4, "depth": 2, "embedding": 4}
    folder = tmp_path / "run"
    asked = {"architecture": "char_rnn", "arguments": arguments}
    asked["genome_sha256"] = hashlib.sha256(genome.read_bytes()).hexdigest()
    asked |= {"window": 20, "batch_size": 4, "epochs": 1, "learning_rate": 1e-3, "warmup": 0}
    asked |= {"decay": "none", "reverse_complement": False, "hold_out": [], "tail": 0.1}
    claim(folder, asked | {"unknown": None, "seed": 0})
    row = {"epoch": 1, "training": 4.0, "held_out": 4.0, "cpu_seconds": 1.0}
    write_json(folder / "log.json", [row])
    write_json(folder / "best.json", {"architecture": "char_rnn", "arguments": arguments})
    save_bare(model, folder / "best.weights.h5")

    name = "char_rnn.ecoli.v9"
    out = tmp_path / "published"
    out.mkdir()
    publish_lm.publish(genome, name, folder, into=out)
    monkeypatch.setenv("GENOME_KERAS_CACHE", str(out))
    entry = published_as(checkpoint_files.entry(out, name))
    monkeypatch.setitem(registry.PUBLISHED, name, entry)
    checks = {check.what: check.passed for check in verify(name)}
    for what in ("description", "bytes", "structure", "probe", "card"):
        assert checks[what], what
    draft = json.loads((out / f"{name}.json").read_text())
    assert draft["held_out"]["all"]["bases"] == 300
    assert 3 < draft["held_out"]["all"]["perplexity"] < 5
    with pytest.raises(ValueError, match="not the file that"):
        publish_lm.publish(folder / "log.json", "char_rnn.ecoli.v10", folder, into=out)


def test_a_card_says_what_its_calibration_is():
    import calibrated

    from genome_keras.evaluation.calibrate import fitted

    scores = np.tile(np.linspace(0.01, 0.99, 400)[:, None], (1, 3))
    labels = (np.random.default_rng(0).random(scores.shape) < scores).astype(int)
    labels[:, 1], labels[:, 2] = 0, -1
    calibration = fitted(labels, scores, ["a", "b", "c"], about="data.h5: 400 regions")
    text = calibrated.section("m.v1", calibration)
    words = " ".join(text.split())
    assert "1 of 3 tasks by their own labels, 1 with too few positives by a line" in words
    assert "Fitted on data.h5: 400 regions." in words and "precision nan" not in text
    card = "# m.v1\n\n## Licence\n\nfree\n"
    once = calibrated.with_section(card, text)
    assert once == f"# m.v1\n\n{text}## Licence\n\nfree\n"
    assert calibrated.with_section(once, text) == once  # again: in place of what it has
    with pytest.raises(ValueError, match="no '## Licence'"):
        calibrated.with_section("# m.v1\n", text)
