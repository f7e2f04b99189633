"""The one downloader, against servers that do what servers must not."""

import errno
import hashlib
import logging
import subprocess
import sys
import threading
import time

import pytest
from support.scripted_server import answer, dripping, scripted

from genome_keras.errors import GenomeKerasError, WeightsError
from genome_keras.io.download import Patience, Transfer, alone, download

DATA = bytes(range(256)) * 400
SHA256 = hashlib.sha256(DATA).hexdigest()
WHOLE = answer(body=DATA, ETag='"one"')
HASTY = Patience(timeout=0.3, over=0.3, rate=10_000, longest=0)


@pytest.fixture
def part(tmp_path):
    return tmp_path / ".x.part"


def transfer(url, part, **given):
    Transfer(url, part, **{"ceiling": 1 << 20, "patience": HASTY, **given}).run()


def refused(answers, part, match, **given):
    """One line that a terminal can show, for a file of unknown size and for one of known size."""
    for size in (None, len(DATA)):
        with scripted(*answers) as server, pytest.raises(GenomeKerasError, match=match) as told:
            transfer(server.url, part, size=size, **given)
        assert str(told.value).isprintable()
        part.unlink(missing_ok=True)


def test_a_file_arrives(part):
    for size in (None, len(DATA)):
        with scripted(WHOLE) as server:
            transfer(server.url, part, size=size)
            transfer(server.url, part, size=size)
        assert part.read_bytes() == DATA and len(server.asked) == 1
        part.unlink()


# No end in sight.


ENDLESS = dripping(answer(Content_Length=None, Connection="close"), bytes(1 << 16), 0)
CHUNKED = answer(Content_Length=None, Transfer_Encoding="chunked") + b"5\r\n"


@pytest.mark.parametrize(
    ("given", "size", "match"),
    [
        (ENDLESS, None, "does not tell the length"),
        (ENDLESS, len(DATA), f"sends more than the {len(DATA)} bytes announced"),
        (dripping(CHUNKED, b"0", 0.01), None, "does not tell the length"),
        (dripping(CHUNKED, b"0", 0.01), len(DATA), "does not tell the length"),
        (dripping(answer(Content_Length=1 << 40), bytes(99), 0), None, "announces 1099511627776"),
        (dripping(answer(Content_Length=1 << 40), bytes(99), 0), 7, "the server has 1099511627776"),
        (answer(Content_Length="9" * 30), None, "does not tell the length"),
        (answer(Content_Length="-5"), None, "does not tell the length"),
    ],
)
def test_no_more_is_written_than_announced_and_accepted(part, given, size, match):
    with scripted(given) as server, pytest.raises(GenomeKerasError, match=match):
        transfer(server.url, part, size=size)
    assert not part.exists() or part.stat().st_size <= (size or 0)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "given",
    [
        dripping(answer(Content_Length=len(DATA), ETag='"one"'), b"x", 0.02),
        dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x", 0.02),
        dripping(b"", b"H", 0.02),
        dripping(answer(Content_Length=len(DATA), ETag='"one"'), b"", 0.02),
        dripping(b"", b"", 0.02),
    ],
    ids=["body", "header", "status", "silence", "silence from the start"],
)
def test_a_line_that_drips_is_given_up(part, given):
    """It is asked again as often as any other, and then told in one line."""
    for size in (None, len(DATA)):
        match = r"\(asked 5 times\)"
        with scripted(given) as server, pytest.raises(GenomeKerasError, match=match) as told:
            transfer(server.url, part, size=size)
        assert str(told.value).isprintable() and len(server.asked) == 5
        part.unlink(missing_ok=True)


# Where a server sends us.


@pytest.mark.parametrize(
    "target",
    [
        *("ftp://127.0.0.1/x", "file:///etc/passwd", "data:text/plain,x", "gopher://x/"),
        *("FILE:///etc/passwd", "jar:http://x!/y"),
    ],
)
@pytest.mark.parametrize("hops", [0, 2])
def test_only_http_at_every_hop(part, target, hops):
    inside = [answer("302 Found", Location="/again")] * hops
    last = answer("302 Found", Location=target)
    refused([*inside, last], part, r"expected an address with http or https|HTTP 302")


def test_hops_that_lead_nowhere(part):
    refused([answer("302 Found", Location="/again")], part, "HTTP 302")
    refused([answer("302 Found")], part, "HTTP 302")
    refused([answer("302 Found", Location="http://[")], part, "HTTP 302|expected an address")


def test_hops_over_http_are_followed(part):
    with scripted(answer("301 Moved", Location="/a"), answer("307 x", Location="/b"), WHOLE) as one:
        transfer(one.url, part)
    assert part.read_bytes() == DATA
    assert [request.split()[1] for request in one.asked] == ["", "/a", "/b"] or len(one.asked) == 3


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://x/y", "file:///etc/passwd", "x", "", "\x1b[2J", "http://", "http://[::1"),
        *("http://x:port/", "http://" + "x" * 300 + "/", "http://x/\n", "http://\x1b[2J/"),
    ],
)
def test_addresses(part, url):
    match = "expected an address with http or https|not an address|asked 5 times"
    with pytest.raises(GenomeKerasError, match=match) as told:
        transfer(url, part)
    assert str(told.value).isprintable() and part.read_bytes() == b""


# What a server says.


def test_what_a_server_says_cannot_steer_a_terminal(part):
    given = answer("404 \x1b[2J\x1b]0;owned\x07\u202egone".encode().decode("latin-1"))
    refused([given], part, r"HTTP 404 .*\\x1b\[2J")


@pytest.mark.parametrize("place", ["bytes 0-9/10", "bytes 7-99/100", "", "x" * 500])
def test_another_piece_than_the_one_asked_for(part, place):
    part.write_bytes(DATA[:7])
    given = answer("206 Partial Content", body=DATA[7:], Content_Range=place)
    match = r"got ''|asked for bytes from 7|the server has"
    with scripted(given) as server, pytest.raises(GenomeKerasError, match=match):
        transfer(server.url, part, size=len(DATA))
    assert part.read_bytes() == DATA[:7]


def test_a_line_that_brings_little_again_and_again(part):
    """Pieces too small to count as progress end; larger ones are worth another request."""
    head = answer(Content_Length=len(DATA), ETag='"one"')
    refused([head + DATA[:9]], part, r"ended after .* bytes \(asked 5 times\)")
    pieces = [head + DATA[:20_000]]
    for have in range(20_000, len(DATA), 20_000):
        more = {"Content_Range": f"bytes {have}-{len(DATA) - 1}/{len(DATA)}"}
        more["Content_Length"] = len(DATA) - have
        pieces.append(answer("206 Partial Content", **more) + DATA[have : have + 20_000])
    with scripted(*pieces) as server:
        transfer(server.url, part)
    assert part.read_bytes() == DATA and len(server.asked) == 6


# This machine.


def test_who_waits_for_another_process_says_so(tmp_path, caplog):
    path = tmp_path / "x"
    with scripted(WHOLE) as server:
        rest = (server.url, path)
        more = {"size": len(DATA), "sha256": SHA256, "patience": HASTY}
        with alone(path):
            waiting = threading.Thread(target=download, args=rest, kwargs=more)
            waiting.start()
            while not caplog.records:
                time.sleep(0.01)
            assert not server.asked
        waiting.join()
    assert path.read_bytes() == DATA
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == f"{path}: waiting for another process that fetches it"


FULL = """
import resource, signal, sys
from pathlib import Path
from genome_keras.errors import GenomeKerasError
{imports}
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
try:
    {call}
except GenomeKerasError as error:
    sys.exit(str(error))
"""
BOTH = [
    (
        "from genome_keras.io.download import download",
        f"download(sys.argv[1], Path('out'), size={len(DATA)}, sha256={SHA256!r})",
    ),
    (
        "from genome_keras.datasets.fetch import fetch_deepsea",
        "fetch_deepsea('out', url=sys.argv[1])",
    ),
]


@pytest.mark.skipif(sys.platform == "win32", reason="the limit is POSIX")
@pytest.mark.parametrize(("imports", "call"), BOTH, ids=["known", "bundle"])
def test_a_full_disk_is_told_and_left_empty(tmp_path, imports, call):
    """The process may not write large files; the limit stands for the disk."""
    code = FULL.format(imports=imports, call=call)
    with scripted(WHOLE) as server:
        command = [sys.executable, "-c", code, server.url]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert done.stderr.strip().endswith("out: cannot write: File too large")
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == [".out.lock"]


def test_other_bytes_than_published(tmp_path):
    path = tmp_path / "x"
    with scripted(WHOLE) as server, pytest.raises(WeightsError, match="not the published file"):
        download(server.url, path, size=len(DATA), sha256="0" * 64, patience=HASTY)
    assert [path.name for path in tmp_path.iterdir()] == [".x.lock"]


def test_a_folder_that_takes_no_files(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WeightsError, match="cannot write: ") as told:
        download("http://x/", tmp_path / "file" / "x", size=1, sha256=SHA256)
    assert told.value.__cause__.errno in (errno.ENOTDIR, errno.EEXIST)
