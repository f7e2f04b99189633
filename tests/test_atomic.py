"""Laws of genome_keras.io.atomic."""

import errno
import os
import re
import subprocess
import sys
from contextlib import suppress

import pytest

from genome_keras.errors import GenomeKerasError
from genome_keras.io import interruption, leftovers
from genome_keras.io.atomic import atomic, check_outputs, protected


@pytest.mark.parametrize(
    "name, begin, end",
    [
        ("x.weights.h5", ".x-", ".weights.h5"),
        ("x.tsv.gz", ".x-", ".tsv.gz"),
        ("x", ".x-", ""),
        (".hidden", ".-", ".hidden"),
    ],
)
def test_the_temporary_file_is_a_hidden_neighbour_with_all_suffixes(tmp_path, name, begin, end):
    with atomic(tmp_path / name) as path:
        owner = path.name.removeprefix(begin).removesuffix(end)
        assert re.fullmatch(rf"[0-9a-f]{{8}}-{os.getpid()}-[0-9a-f]{{8}}", owner)
        assert path.parent == tmp_path and os.listdir(tmp_path) == []
        path.write_text("new")
        assert os.listdir(tmp_path) == [path.name]
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


def linked(folder, kind):
    """Another name of `in.txt`."""
    name = folder / "other.txt"
    if kind == "itself":
        return folder / "in.txt"
    if kind == "hard link":
        os.link(folder / "in.txt", name)
    elif kind == "symbolic link":
        name.symlink_to("in.txt")
    elif kind == "link to a link":
        (folder / "between").symlink_to(folder / "in.txt")
        name.symlink_to("between")
    else:
        (folder / "sub").mkdir()
        return folder / "sub" / ".." / "in.txt"
    return name


KINDS = ["itself", "hard link", "symbolic link", "link to a link", "another way"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("told", [str, os.fspath, lambda path: path])
def test_no_output_is_an_input(tmp_path, kind, told):
    (tmp_path / "in.txt").write_text("old")
    out = linked(tmp_path, kind)
    with protected([told(tmp_path / "in.txt"), None, "-", tmp_path / "none"]):
        with pytest.raises(GenomeKerasError, match="cannot write: it is an input too"):
            check_outputs([out])
        with pytest.raises(GenomeKerasError, match="an input too"), atomic(out):
            pytest.fail("the block ran")
        with atomic(tmp_path / "new.txt") as path:
            path.write_text("new")
    assert (tmp_path / "in.txt").read_text() == "old"
    with atomic(out) as path:  # nobody reads it any more
        path.write_text("new")
    assert (tmp_path / "in.txt").read_text() == "new" or kind == "hard link"


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_no_output_is_another_output(tmp_path, kind, there):
    if there:
        (tmp_path / "in.txt").write_text("old")
    elif kind == "hard link":
        pytest.skip("nothing to link to")
    out = linked(tmp_path, kind)
    with pytest.raises(GenomeKerasError, match="it is another output too"):
        check_outputs([None, "-", tmp_path / "in.txt", out])
    with (
        pytest.raises(GenomeKerasError, match="it is another output too"),
        atomic(tmp_path / "in.txt") as path,
    ):
        path.write_text("new")
        with atomic(out):
            pytest.fail("the block ran")
    check_outputs([tmp_path / "in.txt", tmp_path / "b.txt", "-", "-", None, None])
    assert (tmp_path / "in.txt").exists() is there
    for _ in range(2):  # one after the other is no harm
        with atomic(tmp_path / "in.txt") as path:
            path.write_text("new")


def test_files_of_dead_processes_of_this_machine_are_swept(tmp_path):
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], stdout=-1)
    dead = int(dead.stdout)
    own = f".x-{leftovers.machine()}"
    swept = f"{own}-{dead}-01234567.tsv"
    kept = [
        f"{own}-{os.getpid()}-01234567.tsv",  # alive
        f"{own}-{os.getppid()}-01234567.tsv",
        f".x-00000000-{dead}-01234567.tsv",  # of another machine, or container
        f"{own}-{dead}-01234567.tsv.gz",  # of another file
        f".y-{leftovers.machine()}-{dead}-01234567.tsv",
        f"{own}-{dead}.tsv",  # not ours
        f"{own}-{dead}-notours0.tsv",
    ]
    for name in (swept, *kept):
        (tmp_path / name).write_text("half")
    with atomic(tmp_path / "x.tsv") as path:
        path.write_text("new")
    assert sorted(os.listdir(tmp_path)) == sorted([*kept, "x.tsv"])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
@pytest.mark.parametrize("named", [True, False])
def test_a_full_disk_is_told_with_the_file(tmp_path, number, named):
    with pytest.raises(OSError) as caught, atomic(tmp_path / "x.tsv") as path:
        path.write_text("half")
        raise OSError(number, os.strerror(number), *([str(path)] if named else []))
    assert caught.value.errno == number and caught.value.filename == str(tmp_path / "x.tsv")
    assert os.listdir(tmp_path) == []


def test_faults_of_other_files_are_told_as_they_are(tmp_path):
    with pytest.raises(OSError) as caught, atomic(tmp_path / "x.tsv"):
        raise OSError(errno.ENOSPC, "No space left on device", "/elsewhere")
    assert caught.value.filename == "/elsewhere"


def test_nothing_is_finished_after_a_signal_whose_exception_was_swallowed(tmp_path):
    (tmp_path / "x.txt").write_text("before")
    try:
        with pytest.raises(KeyboardInterrupt), atomic(tmp_path / "x.txt") as path:
            path.write_text("half")
            with suppress(KeyboardInterrupt):  # as C does that calls back into Python
                raise interruption.note(KeyboardInterrupt())
    finally:
        interruption.forget()
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]
    assert (tmp_path / "x.txt").read_text() == "before"
