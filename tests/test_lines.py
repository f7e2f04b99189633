"""Laws of genome_keras.io.lines: what bytes of a file or pipe are, and when they are whole."""

import gzip
import os
import sys
import threading
import zlib

import pytest

from genome_keras.errors import FormatError
from genome_keras.io.bgzf import END
from genome_keras.io.lines import check_regular, opened, rows, texts

TEXT = b"".join(b"line %d\n" % number for number in range(20_000))


def block(data):
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = deflate.compress(data) + deflate.flush()
    size = (len(body) + 25).to_bytes(2, "little")
    end = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return END[:16] + size + body + end


BLOCKS = [block(TEXT[at : at + 60_000]) for at in range(0, len(TEXT), 60_000)]


def write(folder, data):
    path = folder / "any.name"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "data",
    [
        TEXT,
        gzip.compress(TEXT),
        b"".join(BLOCKS) + END,
        b"".join(BLOCKS[:2]) + END + b"".join(BLOCKS[2:]) + END,  # two files, one after the other
        gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:]),
    ],
)
def test_whole_files_are_read_to_their_end(folder, data):
    assert b"".join(texts(write(folder, data), "some")) == TEXT
    assert list(texts(write(folder, END), "some")) == []


@pytest.mark.parametrize(
    "data, problem",
    [
        (b"".join(BLOCKS), "truncated bgzip: the empty block at its end is missing"),
        (BLOCKS[0], "truncated bgzip: the empty block"),
        (b"".join(BLOCKS) + END[:-1], "truncated or damaged gzip"),
        (b"".join(BLOCKS) + END[:20], "truncated or damaged gzip"),
        ((b"".join(BLOCKS) + END)[:-99], "truncated or damaged gzip"),
        (gzip.compress(TEXT)[:-9], "truncated or damaged gzip"),
    ],
)
def test_a_cut_at_any_place_is_noticed(folder, data, problem):
    path = write(folder, data)
    with pytest.raises(FormatError) as caught:
        list(texts(path, "some"))
    assert problem in caught.value.problem and caught.value.path == path


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_byte_order_mark_is_no_text(folder, pack):
    path = write(folder, pack(b"\xef\xbb\xbfa\nb\n"))
    assert list(rows(path, "some")) == [(1, "a"), (2, "b")]
    assert next(texts(path, "some", keep_mark=True)) == b"\xef\xbb\xbfa\n"


@pytest.mark.skipif(os.name != "posix", reason="named pipes are POSIX")
@pytest.mark.parametrize("data", [TEXT, gzip.compress(TEXT), b"".join(BLOCKS) + END])
def test_a_pipe_is_read_once_and_refused_where_that_is_not_enough(tmp_path, data):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FormatError, match="a pipe or device, but it is read more than once"):
        check_regular(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    assert b"".join(texts(pipe, "some")) == TEXT
    writer.join()
    check_regular(tmp_path / "none")
    check_regular(tmp_path)
    check_regular(write(tmp_path, data))


def test_closed_standard_input_is_an_error(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(FormatError, match="standard input is closed"), opened("-"):
        pytest.fail("nothing to read")


def test_a_folder_is_an_error(tmp_path):
    with pytest.raises(FormatError, match="cannot read: Is a directory"):
        list(texts(tmp_path, "some"))
