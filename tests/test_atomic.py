"""Laws of genome_keras.io.atomic."""

import os

import pytest

from genome_keras.errors import GenomeKerasError
from genome_keras.io.atomic import atomic


@pytest.mark.parametrize(
    "name, temporary",
    [
        ("x.weights.h5", f".x-{os.getpid()}.weights.h5"),
        ("x.tsv.gz", f".x-{os.getpid()}.tsv.gz"),
        ("x", f".x-{os.getpid()}"),
    ],
)
def test_the_temporary_file_is_a_hidden_neighbour_with_all_suffixes(tmp_path, name, temporary):
    with atomic(tmp_path / name) as path:
        assert path == tmp_path / temporary
        assert os.listdir(tmp_path) == []
        path.write_text("new")
        assert os.listdir(tmp_path) == [temporary]
    assert (tmp_path / name).read_text() == "new"
    assert os.listdir(tmp_path) == [name]


def test_the_file_is_on_disk_before_it_is_renamed(tmp_path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (calls.append("fsync"), fsync(file)))
    monkeypatch.setattr(os, "replace", lambda *paths: (calls.append("replace"), replace(*paths)))
    with atomic(str(tmp_path / "x")) as path:
        path.write_text("new")
    assert calls == ["fsync", "replace"]


def test_a_symbolic_link_stays_and_its_file_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "x.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "there" / "x.txt")
    with atomic(tmp_path / "link.txt") as path:
        path.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "there" / "x.txt").read_text() == "new"


def test_a_block_that_writes_nothing_is_an_error_and_keeps_the_old_file(tmp_path):
    (tmp_path / "x").write_text("old")
    with pytest.raises(FileNotFoundError), atomic(tmp_path / "x"):
        pass
    assert (tmp_path / "x").read_text() == "old"


@pytest.mark.parametrize(
    "path, problem",
    [
        (".", "it is a folder, expected a file"),
        ("none/x.tsv", "there is no folder .*none"),
        ("fifo", "expected a regular file"),
        ("x" * 300, "File name too long"),
    ],
)
def test_a_path_that_cannot_be_written_is_told_before_any_work(tmp_path, path, problem):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(GenomeKerasError, match=f"cannot write: {problem}"), atomic(tmp_path / path):
        pytest.fail("the block ran")
    assert os.listdir(tmp_path) == ["fifo"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_told_before_any_work(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(GenomeKerasError, match="Permission denied"), atomic(tmp_path / "x"):
        pytest.fail("the block ran")
