"""A file from a plain HTTP server, whole or not at all, resumed where a line broke.

What has come so far lies in a file beside its goal, behind a lock that dies with its
process. No more is ever written than the server announced and the caller accepts.
"""

import errno
import json
import logging
import os
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, BinaryIO

from genome_keras.errors import GenomeKerasError, WeightsError, printable
from genome_keras.io.atomic import atomic
from genome_keras.io.digest import is_intact, sha256_of
from genome_keras.io.http import request

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_AGAIN = (408, 416, 429, 500, 502, 503, 504)
_BLOCK = 1 << 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for.

    Args:
        tries: requests in a row that bring little, before giving up.
        timeout: seconds without a byte.
        rate: bytes a second that are enough.
        over: seconds over which the rate is that of.
        longest: seconds between two requests, whatever the server asks for.

    Example:
        >>> Patience(tries=2, rate=100).little
        1000
    """

    tries: int = 5
    timeout: float = 30.0
    rate: int = 1024
    over: float = 10.0
    longest: float = 60.0

    @property
    def little(self) -> int:
        """Bytes that a request must bring not to count as failed."""
        return int(self.rate * self.over)


PATIENCE = Patience()


def download(
    url: str, path: str | os.PathLike, *, size: int, sha256: str, patience: Patience | None = None
) -> None:
    """Fetches a file of known size and hash.

    What has come so far lies in `.NAME.part` beside `path`. It becomes `path` when its
    size and SHA-256 are right, and is removed when they are not, or where the disk is full.

    Args:
        url: http or https.
        path: where the file goes; its folder is made.
        size: bytes; no more are ever written.
        sha256: 64 hexadecimal digits.
        patience: None takes `PATIENCE`.

    Raises:
        WeightsError: the server has no such file or another one, cannot be reached, or
            the file cannot be written.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from genome_keras.io.digest import sha256_of
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.h5")
        ...     _ = path.write_bytes(b"ACGT")
        ...     # What is there already, whole, is not asked for.
        ...     download("http://localhost/x.h5", path, size=4, sha256=sha256_of(path))
        ...     print(path.read_bytes())
        b'ACGT'
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with alone(path):
            if is_intact(path, size=size, sha256=sha256):  # another process was faster
                return
            Transfer(url, part, size=size, ceiling=size, patience=patience).run()
            if sha256_of(part) != sha256:
                part.unlink()
                raise WeightsError(f"{printable(url)}: not the published file (sha256 differs)")
            os.replace(part, path)
    except WeightsError:
        raise
    except GenomeKerasError as error:
        raise WeightsError(str(error)) from error
    except OSError as error:
        raise WeightsError(f"{path}: cannot write: {error.strerror or error}") from error


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """The block runs in one process at a time for each path; who waits says so.

    Args:
        path: what is written in the block; the lock is `.NAME.lock` beside it.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with alone(Path(folder, "x.h5")):
        ...         print(os.listdir(folder))
        ['.x.h5.lock']
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _log.warning("%s: waiting for another process that fetches it", path)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


class Transfer:
    """One file on its way.

    Args:
        url: http or https.
        part: what has come so far; the first bytes of the file.
        size: bytes of the file; None takes what the server announces, and refuses one
            that announces nothing. Then `.json` beside `part` notes which version of the
            file it is the beginning of.
        ceiling: bytes; a file that is said to be larger is refused.
        patience: None takes `PATIENCE`.
        bar: a progress bar with `total`, `n` and `update`, or None.

    Example:
        >>> import threading
        >>> from http.server import HTTPServer, SimpleHTTPRequestHandler
        >>> from tempfile import TemporaryDirectory
        >>> class Quiet(SimpleHTTPRequestHandler):
        ...     def log_message(self, *_):
        ...         pass
        >>> with TemporaryDirectory() as folder, HTTPServer(("localhost", 0), Quiet) as server:
        ...     threading.Thread(target=server.handle_request).start()
        ...     part, url = Path(folder, "part"), f"http://localhost:{server.server_port}/"
        ...     Transfer(url, part, ceiling=1_000_000).run()
        ...     print(part.stat().st_size > 0)
        True
    """

    def __init__(
        self,
        url: str,
        part: Path,
        *,
        size: int | None = None,
        ceiling: int,
        patience: Patience | None = None,
        bar: Any = None,
    ) -> None:
        self.url, self.part, self.size, self.ceiling = url, part, size, ceiling
        self.where = printable(url)
        self.patience, self.bar = patience or PATIENCE, bar
        self.note = part.with_name(f"{part.name}.json")

    def run(self) -> None:
        """Appends to `part` until the whole file is there and on the disk.

        Raises:
            GenomeKerasError: the server has no such file, another one, or does not answer.
            OSError: it cannot be written; where the disk is full, `part` is removed.
        """
        try:
            with self.part.open("ab") as file:
                self._fill(file)
                _written(file)
        except _Unwritable as error:
            if error.cause.errno in FULL:
                self.forget()
            raise error.cause from error

    def forget(self) -> None:
        """Removes what has come so far."""
        self.part.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def _fill(self, file):
        failed = 0
        while True:
            before, after = file.tell(), 0
            try:
                if self._ask(file):
                    return
                problem = f"the connection ended after {file.tell()} bytes"
            except urllib.error.HTTPError as error:
                problem = f"HTTP {error.code} {printable(str(error.reason))}".strip()
                if error.code == 416:  # what we have is not a beginning of it
                    self._empty(file)
                elif error.code not in _AGAIN:
                    error.close()
                    raise GenomeKerasError(f"{self.where}: {problem}") from error
                error.close()
                asked = error.headers.get("Retry-After", "")
                after = int(asked) if asked.isdecimal() and len(asked) < 9 else 0
            except urllib.error.URLError as error:
                problem = getattr(error.reason, "strerror", None) or error.reason
            except (HTTPException, TimeoutError, OSError) as error:
                problem = printable(str(error)) or type(error).__name__
            brought = file.tell() - before
            failed = 0 if brought >= self.patience.little else failed + 1
            if failed == self.patience.tries:
                raise GenomeKerasError(f"{self.where}: {problem} (asked {failed} times)")
            wait = 0 if brought > 0 and not after else max(after, 2 ** (failed - 1))
            time.sleep(min(wait, self.patience.longest))

    def _ask(self, file):
        """One request; whether the file is complete."""
        have, known = self._begun(file)
        if have and have == known["bytes"]:
            return True
        headers = {"Accept-Encoding": "identity", "User-Agent": "genome_keras"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if known["version"] is not None:
                headers["If-Range"] = known["version"]
        with request(self.url, headers, timeout=self.patience.timeout) as response:
            if have and response.status != 206:  # the server sends all of it again
                self._empty(file)
                have = 0
            total = self._total(response, have, known)
            if not have:
                self._note(response, total)
            if self.bar is not None:
                self.bar.total, self.bar.n = total, have
            self._append(response, file, total)
        return file.tell() == total

    def _begun(self, file):
        """Bytes that have come, and "bytes" and "version" of the file they are of."""
        have = file.tell()
        if self.size is not None:
            if have > self.size:
                self._empty(file)
            return file.tell(), {"bytes": self.size, "version": None}
        try:
            known = json.loads(self.note.read_text())
            right = known["url"] == self.url and type(known["bytes"]) is int
            if right and have <= known["bytes"] and isinstance(known["version"], str):
                return have, known
        except (OSError, ValueError, KeyError, TypeError):
            pass
        self._empty(file)  # of which file it is, nobody knows
        return 0, None

    def _total(self, response, have, known):
        """Bytes of the whole file, if the server says what it should."""
        if response.status == 206:
            total = known["bytes"]
            place = response.headers.get("Content-Range", "")
            if place.rpartition("/")[2].isdecimal() and place.rpartition("/")[2] != str(total):
                raise self._other_size(place.rpartition("/")[2], total)
            if place != f"bytes {have}-{total - 1}/{total}":
                raise GenomeKerasError(
                    f"{self.where}: asked for bytes from {have} on, got {place!r:.80}"
                )
            return total
        length = response.headers.get("Content-Length", "")
        if response.chunked:  # of any length, each piece after a line that may come slowly
            raise GenomeKerasError(f"{self.where}: the server does not tell the length of the file")
        announced = int(length) if length.isdecimal() and len(length) < 20 else None
        if self.size is not None:
            if announced not in (None, self.size):
                raise self._other_size(announced, self.size)
            return self.size
        if announced is None:
            raise GenomeKerasError(f"{self.where}: the server does not tell the length of the file")
        if announced > self.ceiling:
            raise GenomeKerasError(
                f"{self.where}: the server announces {announced} bytes, more than the "
                f"{self.ceiling} that are accepted"
            )
        return announced

    def _other_size(self, announced, expected):
        return GenomeKerasError(
            f"{self.where}: the server has {announced} bytes, published were {expected}"
            if self.size is not None
            else f"{self.where}: the server has {announced} bytes, at first it had {expected}"
        )

    def _note(self, response: HTTPResponse, total):
        """Notes which version of the file begins now, where the server tells them apart."""
        self.note.unlink(missing_ok=True)
        version = response.headers.get("ETag", "W/")
        if version.startswith("W/"):  # a weak one tells no bytes apart
            version = response.headers.get("Last-Modified")
        if self.size is None and version:
            with _writing(), atomic(self.note) as path:
                path.write_text(json.dumps({"url": self.url, "version": version, "bytes": total}))

    def _append(self, response, file: BinaryIO, total):
        began, had = time.monotonic(), file.tell()
        while block := response.read1(_BLOCK):
            if file.tell() + len(block) > total:
                self._empty(file)
                raise GenomeKerasError(
                    f"{self.where}: the server sends more than the {total} bytes announced"
                )
            with _writing():
                file.write(block)
                file.flush()
            if self.bar is not None:
                self.bar.update(len(block))
            if (spent := time.monotonic() - began) >= self.patience.over:
                if file.tell() - had < self.patience.rate * spent:
                    raise TimeoutError(
                        f"too slow: fewer than {self.patience.rate} bytes a second "
                        f"for {spent:.0f} s"
                    )
                began, had = time.monotonic(), file.tell()

    def _empty(self, file):
        with _writing():
            file.seek(0)
            file.truncate()
        self.note.unlink(missing_ok=True)


class _Unwritable(Exception):
    """The disk's fault, not the network's: asking again is no use."""

    def __init__(self, cause):
        super().__init__(str(cause))
        self.cause = cause


@contextmanager
def _writing():
    try:
        yield
    except OSError as error:
        raise _Unwritable(error) from error


def _written(file):
    with _writing():
        file.flush()
        os.fsync(file.fileno())
