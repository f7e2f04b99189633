"""What a checkpoint and the folder of a run say of themselves: written and read by one module."""

import json

import pytest

from genome_keras.errors import FormatError, GenomeKerasError, WeightsError, printable
from genome_keras.weights import description
from genome_keras.weights.run_files import RunFiles, check_folder, claim, is_run


class Made:
    """Stands for a model that a factory made."""

    made_with = description.made_by(
        "kmer_logreg", {"window": 12, "k": [1, 2], "seed": 20260101}, ["a", "b"]
    )


def test_a_description_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "m.json"
    written = description.of_model(Made, sha256="0" * 64, license="Größe")
    description.write(path, written)
    assert description.read(path) == written
    assert written["tasks"] == ["a", "b"] and written["architecture"] == "kmer_logreg"
    assert description.of_model(Made, tasks=["c"])["tasks"] == ["c"]
    assert Made.made_with["tasks"] == ["a", "b"]
    with pytest.raises(ValueError, match="made by a factory of genome_keras"):
        description.of_model(object())


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"tasks": ["a", "a"]}, "two tasks have the same name"),
        ({"tasks": ["a\x1b"]}, "tasks must be a list of printable names"),
        ({"arguments": {"weights": "x"}}, "arguments may not name weights"),
        ({"arguments": {"window": float("nan")}}, "expected a number up to 10000000,"),
        ({"arguments": {"window": 10_000_001}}, "expected a number up to 10000000,"),
        ({"arguments": {"seed": 2**32}}, "expected a number up to 4294967295,"),
        ({"format": 2}, "reads format 1"),
    ],
)
def test_what_would_be_refused_is_not_written(tmp_path, change, match):
    path = tmp_path / "m.json"
    with pytest.raises(WeightsError, match=match) as told:
        description.write(path, description.of_model(Made) | change)
    assert str(told.value).startswith(f"{path}: ") and not path.exists()
    path.write_text(json.dumps(description.of_model(Made) | change))
    with pytest.raises(WeightsError, match=match):
        description.read(path)


def test_the_files_of_a_run(tmp_path):
    files = RunFiles(tmp_path / "run")
    assert not is_run(files.folder) and files.read_log() == [] and files.kept_epochs() == {}
    asked = {"architecture": "kmer_logreg", "arguments": {"k": (1, 2)}}
    assert claim(files.folder, asked) == files.folder
    assert claim(files.folder, asked) == files.folder  # the same run goes on
    assert files.asked()["arguments"] == {"k": [1, 2]}
    with pytest.raises(FormatError, match="a run with other arguments or data"):
        claim(files.folder, asked | {"seed": 1})
    told = asked | {"data_sha256": ["a", "b"]}
    claim(files.folder, told)  # the record is of a version that did not note the data
    with pytest.raises(FormatError, match="a run with other arguments or data"):
        claim(files.folder, told | {"data_sha256": ["a", "c"]})
    rows = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}]
    files.write_log(rows, table=True)
    assert files.read_log() == rows
    assert files.log_table.read_text().split() == ["epoch,loss", "1,0.5", "2,0.25"]
    for number in (2, 1, 10):
        files.epoch(number).parent.mkdir(exist_ok=True)
        files.epoch(number).write_bytes(b"")
    assert list(files.kept_epochs()) == [1, 2, 10]
    files.best.write_bytes(b"")
    assert is_run(files.folder)
    files.describe(Made, ["c"], epoch=2)
    found = description.read(files.description)
    assert found == {**Made.made_with, "tasks": ["c"], "epoch": 2}


@pytest.mark.parametrize("content", ["", "[1", "7", '"x"', "[" * 100_000, "\xff"])
def test_damaged_records_are_one_line(tmp_path, content):
    files = RunFiles(tmp_path)
    for path, read in ((files.record, files.asked), (files.log, files.read_log)):
        path.write_text(content, encoding="latin-1")
        with pytest.raises(FormatError) as told:
            read()
        assert str(told.value).startswith(f"{path}: ") and "\n" not in str(told.value)
    with pytest.raises(FormatError):
        claim(tmp_path, {"architecture": "x"})


def test_something_else_in_the_folders_place(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(GenomeKerasError, match="expected a new or existing folder"):
            check_folder(path)
    check_folder(tmp_path / "new" / "run")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain Größe, 漢字", "plain Größe, 漢字"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\tb\nc", r"a\tb\nc"),
        ("\u202eabc\u2066", r"\u202eabc\u2066"),
        ("\x9b2J", r"\x9b2J"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_a_terminal_may_see(text, shown):
    assert printable(text) == shown and printable(text).isprintable()
    assert printable("a\tb\nc", keep="\n\t") == "a\tb\nc"
