"""Damaged files for readers: bytes that are lost, changed, repeated, moved or foreign."""

import gzip
import random
import signal
from contextlib import contextmanager

from genome_keras.errors import GenomeKerasError

HANG = 60  # seconds
SPECIAL = [
    b"\0", b"\n", b"\r", b"\t", b" ", b">", b"#", b"-1", b"-", b"0", b"9" * 19, b"1e3", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\xe9", "é".encode(), b"\x1f\x8b", b"BCF\2\2", b"\x89HDF", b"\n>\n", b"\n\n",
    b">chr1\n", b"A" * 600, b"\t" * 99, b"R", b".", b",", b"\x0b", b"\x7f", b"\xc2\xa0", b"9" * 400,
    b"nan", b"inf", b"1e400", b"-0", b'"', b"{", b"[", b"[" * 9999, b"null", b"[]", b"{}", b"=",
    "٣".encode(), "²".encode(), b"\xed\xa0\x80", b"\\ud800", b"\x1b[2J", b"\xe2\x80\xa8", b"\x1c",
]  # fmt: skip
KINDS = ["insert", "replace", "delete", "repeat", "cut", "swap", "byte", "pack"]


def cases(sound, count):
    """Numbers and bytes of damaged files, always the same for the same sound ones."""
    for number in range(count):
        yield number, damaged(sound, random.Random(number))


def damaged(sound, draw):
    """One of these files, with some of its bytes lost, changed, repeated, moved or foreign."""
    data = draw.choice(sound)
    for _ in range(draw.randint(1, 5)):
        at = draw.randint(0, len(data))
        to = min(len(data), at + draw.randint(0, 12))
        kind = draw.choice(KINDS)
        if kind == "insert":
            data = data[:at] + draw.choice(SPECIAL) + data[at:]
        elif kind == "replace":
            data = data[:at] + draw.randbytes(draw.randint(0, 6)) + data[to:]
        elif kind == "delete":
            data = data[:at] + data[to:]
        elif kind == "repeat":
            data = data[:to] + data[at:to] * draw.randint(1, 3) + data[to:]
        elif kind == "cut":
            data = data[:at]
        elif kind == "swap":
            data = data[to:] + data[at:to] + data[:at]
        elif kind == "byte":
            data = data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :]
        elif len(data) < 1 << 20 and not draw.randrange(4):
            data = gzip.compress(data, mtime=0)
    return data


@contextmanager
def no_hang():
    """An endless loop becomes a failure."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def stop(*_):
        raise AssertionError(f"no answer after {HANG} s")

    handler = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANG)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)


def answers(call, path):
    """Whether a call gives a result; anything but one clear error is raised."""
    with no_hang():
        try:
            call()
        except GenomeKerasError as error:
            message = str(error)
            assert message.isprintable() and len(message) < 2_000, message
            assert message.startswith(str(path.parent)), "expected the file in the message"
            return False
    return True


@contextmanager
def told(kind, number):
    """Tells of which case an error is."""
    try:
        yield
    except Exception as error:
        raise AssertionError(f"{kind}: case {number}: {error!r:.2000}") from error
