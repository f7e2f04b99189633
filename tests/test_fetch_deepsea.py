"""Fetching the bundle, from a server in this process: whole, resumed, or not at all."""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from support.deepsea_files import TASKS, WINDOW, write_bundle, write_v5

from genome_keras.cli import main
from genome_keras.datasets import fetch
from genome_keras.datasets.deepsea_bundle import deepsea
from genome_keras.datasets.fetch import fetch_deepsea
from genome_keras.errors import FormatError, GenomeKerasError
from genome_keras.io.download import Patience

SIZES = (64, 16, 32)
ONCE = Patience(tries=1)


class Server(ThreadingHTTPServer):
    """Serves `content` at /bundle.tar.gz; `drops` are bytes after which it hangs up."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.etag, self.drops = b"", '"one"', []
        self.ranges, self.status, self.headers = True, [], {}
        self.asked = []
        self.url = f"http://127.0.0.1:{self.server_port}/bundle.tar.gz"

    def handle_error(self, request, address):
        """The client may hang up."""


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        """Nothing."""

    def do_GET(self):
        server = self.server
        server.asked.append(self.headers.get("Range"))
        if server.status:
            self.send_error(server.status.pop(0))
            return
        start, content = 0, server.content
        wanted = self.headers.get("Range")
        if server.ranges and wanted and self.headers.get("If-Range") == server.etag:
            start = int(wanted[6:-1])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        headers = {"ETag": server.etag, "Content-Length": len(content) - start} | server.headers
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, str(value))
        self.end_headers()
        part = content[start:]
        if server.drops:
            part = part[: server.drops.pop(0)]
        for at in range(0, len(part), 4096):
            self.wfile.write(part[at : at + 4096])


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def bundle(tmp_path, monkeypatch, server):
    """A small bundle, its archive on the server, and a layout that fits."""
    layout = {
        split: (n, WINDOW, TASKS)
        for split, n in zip(("train", "valid", "test"), SIZES, strict=True)
    }
    monkeypatch.setattr(fetch, "LAYOUT", layout)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    folder = tmp_path / "made"
    folder.mkdir()
    write_bundle(folder, n=SIZES)
    server.content = archive(folder)
    work = tmp_path / "work"
    work.mkdir()
    return folder, work


def archive(folder, change=None):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as members:
        members.addfile(*plain("deepsea_train/readme.txt", b"read me"))
        for path in sorted(folder.iterdir()):
            members.add(path, f"deepsea_train/{path.name}")
        if change is not None:
            change(members)
    return packed.getvalue()


def plain(name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    return member, io.BytesIO(content)


def left(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def assert_whole(folder, made):
    assert left(folder) == ["bundle.json", "test.mat", "train.mat", "valid.mat"]
    for path in made.iterdir():
        assert (folder / path.name).read_bytes() == path.read_bytes()
    names = [str(i) for i in range(TASKS)]
    assert len(deepsea(folder, "valid", tasks=names)) == 16


def test_the_bundle_arrives_and_is_noted(bundle, server, capsys):
    made, work = bundle
    assert main(["fetch", "deepsea", "--out", str(work / "d"), "--url", server.url]) == 0
    assert_whole(work / "d", made)
    assert left(work) == ["d"]
    record = json.loads((work / "d" / "bundle.json").read_text())
    assert record["url"] == server.url
    assert record["archive"] == {
        "bytes": len(server.content),
        "sha256": hashlib.sha256(server.content).hexdigest(),
    }
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in made.iterdir()}
    assert {name: file["sha256"] for name, file in record["files"].items()} == sums
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert {name: sha256 for name, _, sha256 in lines} == sums
    assert fetch_deepsea(work / "d", url=server.url) == record and len(server.asked) == 1


def test_a_line_that_breaks_is_taken_up_again(bundle, server):
    made, work = bundle
    server.drops = [1000, 0, 500, 700]
    fetch_deepsea(work / "d", url=server.url)
    assert_whole(work / "d", made)
    wanted = [None, "bytes=1000-", "bytes=1000-", "bytes=1500-", "bytes=2200-"]
    assert server.asked == wanted


def test_an_earlier_run_is_taken_up_again(bundle, server):
    made, work = bundle
    server.drops = [3000, 0]
    with pytest.raises(GenomeKerasError, match=r"the connection ended after 3000 bytes \(asked 1"):
        fetch_deepsea(work / "d", url=server.url, patience=ONCE)
    assert left(work) == [".d.part", ".d.part.json"]
    fetch_deepsea(work / "d", url=server.url)
    assert server.asked[-1] == "bytes=3000-"
    assert_whole(work / "d", made)
    assert left(work) == ["d"]


@pytest.mark.parametrize("change", ["another file", "no ranges", "another address"])
def test_what_cannot_be_continued_starts_anew(bundle, server, change):
    made, work = bundle
    server.drops = [3000, 0]
    with pytest.raises(GenomeKerasError):
        fetch_deepsea(work / "d", url=server.url, patience=ONCE)
    if change == "another file":
        write_v5(made / "valid.mat", "valid", *_contents(16), compressed=False)
        server.content, server.etag = archive(made), '"two"'
    elif change == "no ranges":
        server.ranges = False
    url = server.url.replace("127.0.0.1", "localhost") if change.endswith("address") else server.url
    fetch_deepsea(work / "d", url=url)
    assert_whole(work / "d", made)


def _contents(n):
    from support.deepsea_files import contents

    return contents(n, 9)


def test_a_busy_server_is_asked_again(bundle, server):
    made, work = bundle
    server.status = [503, 500, 429]
    fetch_deepsea(work / "d", url=server.url)
    assert_whole(work / "d", made)
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("change", "message", "kept"),
    [
        ({"status": [404]}, "HTTP 404", True),
        ({"status": [503] * 9}, r"HTTP 503 .*\(asked 5 times\)", True),
        ({"headers": {"Content-Length": None}}, "does not tell the length", True),
        ({"headers": {"Content-Length": 1 << 50}}, "announces 1125899906842624 bytes", True),
        ({"content": b"no archive"}, "damaged archive", False),
    ],
)
def test_what_the_server_does_wrong(bundle, server, change, message, kept):
    _, work = bundle
    vars(server).update(change)
    with pytest.raises(GenomeKerasError, match=message):
        fetch_deepsea(work / "d", url=server.url)
    assert set(left(work)) <= ({".d.part", ".d.part.json"} if kept else set())


def escaping(members):
    members.addfile(*plain("deepsea_train/../../train.mat", b"x"))


def absolute(members):
    members.addfile(*plain("/tmp/train.mat", b"x"))


def linked(members):
    member = tarfile.TarInfo("other/train.mat")
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    members.addfile(member)


def twice(members):
    members.addfile(*plain("other/train.mat", b"x"))


def huge(members):
    # Only the header: the archive claims far more than it holds.
    member = tarfile.TarInfo("other/readme")
    member.size = 1 << 50
    members.fileobj.write(member.tobuf(tarfile.GNU_FORMAT))


def one_huge_header(members):
    """A header that says how long the next header is: 64 MB, of zeros, in a few kB."""
    member = tarfile.TarInfo("././@PaxHeader")
    member.type, member.size = tarfile.XHDTYPE, 64 << 20
    members.fileobj.write(member.tobuf(tarfile.USTAR_FORMAT))
    for _ in range(64):
        members.fileobj.write(bytes(1 << 20))


def one_huge_name(members):
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 64 << 20
    members.fileobj.write(member.tobuf(tarfile.GNU_FORMAT))
    for _ in range(64):
        members.fileobj.write(b"x" * (1 << 20))


def headers_upon_headers(members):
    content = b"12 comment=\n"
    for _ in range(2000):
        member = tarfile.TarInfo("././@PaxHeader")
        member.type, member.size = tarfile.XHDTYPE, len(content)
        members.fileobj.write(member.tobuf(tarfile.USTAR_FORMAT) + content.ljust(512, b"\0"))


def many_files(members):
    for number in range(1001):
        members.addfile(tarfile.TarInfo(f"empty-{number}"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (one_huge_header, "a header of the archive has more than 1048576 bytes"),
        (one_huge_name, "a header of the archive has more than 1048576 bytes"),
        (headers_upon_headers, "damaged archive: |a header of the archive has more"),
        (many_files, "the archive claims more than .* or 1000 files"),
        (escaping, r"expected plain files in the archive, got 'deepsea_train/../../train.mat'"),
        (absolute, "expected plain files in the archive, got '/tmp/train.mat'"),
        (linked, "expected plain files in the archive, got 'other/train.mat'"),
        (twice, "the archive has train.mat twice"),
        (huge, "the archive claims more than"),
    ],
)
def test_archives_that_are_not_to_be_trusted(bundle, server, change, message):
    made, work = bundle
    server.content = archive(made, change)
    with pytest.raises(FormatError, match=message):
        fetch_deepsea(work / "d", url=server.url)
    assert left(work) == []
    assert sorted(os.listdir(work.parent)) == ["made", "work"]


@pytest.mark.parametrize("case", ["missing", "truncated", "shape", "strands", "labels", "text"])
def test_what_is_not_the_bundle(bundle, server, case):
    made, work = bundle
    codes, labels = _contents(16)
    if case == "missing":
        (made / "test.mat").unlink()
    elif case == "shape":
        write_v5(made / "valid.mat", "valid", codes[:8], labels[:8])
    elif case == "strands":
        write_v5(made / "valid.mat", "valid", np.concatenate([codes[:8], codes[:8]]), labels)
    elif case == "labels":
        write_v5(made / "valid.mat", "valid", codes, np.where(np.arange(16)[:, None] < 8, 0, 1))
    elif case == "text":
        (made / "valid.mat").write_text("text")
    server.content = archive(made)
    message = "not the bundle: valid.mat: "
    if case == "truncated":
        server.content, message = server.content[:-300], "damaged archive"
    if case == "missing":
        message = "expected test.mat in the archive"
    with pytest.raises(FormatError, match=message) as caught:
        fetch_deepsea(work / "d", url=server.url)
    assert str(caught.value).count("\n") == 0 and left(work) == []


def test_a_folder_that_is_something_else_stays(bundle, server, capsys):
    _, work = bundle
    (work / "d").mkdir()
    (work / "d" / "mine.txt").write_text("mine")
    assert main(["fetch", "deepsea", "--out", str(work / "d"), "--url", server.url]) == 1
    assert "expected a new or empty folder" in capsys.readouterr().err
    assert left(work / "d") == ["mine.txt"] and server.asked == []
    with pytest.raises(GenomeKerasError, match="there is no folder"):
        fetch_deepsea(work / "none" / "d", url=server.url)
    with pytest.raises(GenomeKerasError, match="expected an address with http or https"):
        fetch_deepsea(work / "e", url="file:///etc/passwd")
    assert not [path for path in work.iterdir() if path.name.startswith(".e")]


class BusyAfterOne(list):
    """Statuses of a server that is busy from the second request on."""

    def __init__(self, server):
        self.server = server

    def __bool__(self):
        return len(self.server.asked) > 1

    def pop(self, _):
        return 503


@pytest.mark.skipif(os.name != "posix", reason="SIGTERM is POSIX")
def test_a_killed_run_goes_on(bundle, server):
    made, work = bundle
    server.drops, server.status = [1000], BusyAfterOne(server)
    command = [sys.executable, "-m", "genome_keras", "fetch", "deepsea"]
    command += ["--out", str(work / "d"), "--url", server.url]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        while len(server.asked) < 2:
            assert process.poll() is None
        process.terminate()
        error = process.communicate()[1]
    assert process.returncode == 143 and b"stopped by SIGTERM" in error
    assert left(work) == [".d.part", ".d.part.json"]
    server.status = []
    fetch_deepsea(work / "d", url=server.url)
    assert server.asked[-1] == "bytes=1000-"
    assert_whole(work / "d", made)
