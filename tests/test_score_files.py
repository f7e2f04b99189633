import json

import numpy as np
import pytest

from genome_keras.cli import main
from genome_keras.errors import FormatError
from genome_keras.evaluation.compare import compare
from genome_keras.evaluation.score_files import compare_scores, read_scores, write_scores

TASKS = ["A|CTCF|None", "B|DNase|None", "C|H3K4me3|None"]
RATES = [0.2, 0.02, 0.001]
HEADER = {"labels_sha256": "0", "split": "test", "tuned_on": "valid", "window": 100}
SOURCE = np.resize(["genome", "dhs"], 200)


def problem():
    draw = np.random.default_rng(0)
    labels = (draw.random((200, 3)) < 0.2).astype(int)
    labels[:20] = -1
    names = ("first", "second", "gc")
    scores = {name: draw.random(labels.shape) for name in names}
    return labels, scores, {name: draw.random(3) for name in names}


def scored(*names, **changes):
    labels, scores, cuts = problem()
    given = {
        "tasks": TASKS,
        "train_rates": RATES,
        "thresholds": cuts,
        "source": SOURCE,
        "sources": ["genome"],
        "replicates": 30,
    }
    chosen = {name: scores[name] for name in names}
    result, rows = compare(labels, chosen, **given | changes)
    for name in names:
        result["models"][name]["kind"] = "baseline" if name == "gc" else "model"
    return {**HEADER, **result}, rows


def close(one, other):
    """Equal but for the last digits of resamples, which are rounded in the file."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            close(one[key], other[key])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            close(*pair)
    elif isinstance(one, float):
        assert one == pytest.approx(other, abs=2e-5)
    else:
        assert one == other


def test_what_is_written_is_read(tmp_path):
    result, rows = scored("first", "second", "gc")
    write_scores(tmp_path, result, rows)
    found, again = read_scores([tmp_path])
    close(found, result)
    assert again == rows
    assert json.loads((tmp_path / "scores.json").read_text()) == result


def test_folders_together_are_models_together(tmp_path):
    write_scores(tmp_path / "a", *scored("first", "gc"))
    write_scores(tmp_path / "b", *scored("second", "gc"))
    found, _ = read_scores([tmp_path / "a", tmp_path / "b"])
    wanted, _ = scored("first", "second", "gc")
    close(found, wanted)  # intervals of pairs too: the resamples were the same
    assert list(found["models"]) == ["first", "second", "gc"]


def test_columns_that_only_some_models_have(tmp_path):
    result, rows = scored("first", "gc", replicates=0)
    for row in rows:
        if row["model"] == "first":
            row["epoch"] = 7
    write_scores(tmp_path, result, rows)
    found, again = read_scores([tmp_path])
    assert again == rows
    assert "f1_interval" not in found["subsets"]["all"]["groups"]["all"]["models"]["first"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": "valid"}, "its split is not that of"),
        ({"labels_sha256": "1"}, "its labels_sha256 is not that of"),
        ({"min_rate": 0.02}, "its min_rate is not that of"),
    ],
)
def test_scores_of_other_windows_are_not_compared(tmp_path, change, message):
    result, rows = scored("first")
    write_scores(tmp_path / "a", result, rows)
    write_scores(tmp_path / "b", result | change, rows)
    with pytest.raises(FormatError, match=message):
        read_scores([tmp_path / "a", tmp_path / "b"])


def test_two_models_of_one_name(tmp_path):
    result, rows = scored("first")
    write_scores(tmp_path / "a", result, rows)
    rows[0]["f1"] = 0.123
    write_scores(tmp_path / "b", result, rows)
    with pytest.raises(FormatError, match="another model is called 'first' too"):
        read_scores([tmp_path / "a", tmp_path / "b"])


BROKEN = {
    "no folder": lambda folder: None,
    "not JSON": lambda folder: (folder / "scores.json").write_text("{"),
    "other JSON": lambda folder: (folder / "scores.json").write_text("[]"),
    "no table": lambda folder: (folder / "per_task.tsv").unlink(),
    "a short table": lambda folder: (folder / "per_task.tsv").write_text("subset\ttask\n"),
    "rows missing": lambda folder: (folder / "per_task.tsv").write_text(
        "".join((folder / "per_task.tsv").read_text().splitlines(True)[:-1])
    ),
    "a word": lambda folder: (folder / "per_task.tsv").write_text(
        (folder / "per_task.tsv").read_text().replace("\t0.2\t", "\tmany\t")
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files(tmp_path, case, capsys):
    folder = tmp_path / "scores"
    if case != "no folder":
        write_scores(folder, *scored("first"))
        BROKEN[case](folder)
    with pytest.raises(FormatError) as caught:
        read_scores([folder])
    assert str(caught.value).startswith(str(folder)) and "\n" not in str(caught.value)
    assert main(["compare", str(folder)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_no_folder_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="at least one folder"):
        read_scores([])


def test_command(tmp_path, capsys):
    write_scores(tmp_path / "a", *scored("first", "gc"))
    write_scores(tmp_path / "b", *scored("second", "gc"))
    folders = [str(tmp_path / name) for name in "ab"]
    files = ["--out", str(tmp_path / "both"), "--report", str(tmp_path / "r.html")]
    assert main(["compare", *folders, *files]) == 0
    text = capsys.readouterr().out
    assert "- first against second: higher F1 in " in text
    assert "- second against gc: higher F1 in " in text
    assert compare_scores([tmp_path / "both"]) == compare_scores(folders)
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")
