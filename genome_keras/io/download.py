"""A file of known size and sha256 from a plain HTTP server, whole or not at all."""

import errno
import os
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path

from genome_keras.errors import WeightsError
from genome_keras.io.digest import is_intact, sha256_of

TRIES = 5
TIMEOUT = 30  # seconds without a byte
LONGEST_WAIT = 60  # seconds, whatever the server asks for
_WORTH_ANOTHER = (408, 429, 500, 502, 503, 504)


def check_address(url, error):
    """Raises `error`, a class, for an address that is not http or https."""
    if not url.startswith(("http://", "https://")):
        raise error(f"{url}: expected an address with http or https")


def download(url, path, *, size, sha256):
    """Fetches a file, resuming what an earlier run or connection has left.

    What has come so far lies in `.NAME.part` beside `path`, behind a lock that dies with
    its process. It becomes `path` when its size and SHA-256 are right, and is removed
    when they are not. Asks up to five times where the server is busy or the line breaks.

    Args:
        url: http or https.
        path: where the file goes; its folder is made.
        size: bytes; no more are ever written.
        sha256: 64 hexadecimal digits.

    Raises:
        WeightsError: the server has no such file or another one, cannot be reached, or
            the file cannot be written.
    """
    from filelock import FileLock

    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")):
            if is_intact(path, size=size, sha256=sha256):  # another process was faster
                return
            _fill(url, part, size)
            if sha256_of(part) != sha256:
                part.unlink()
                raise WeightsError(f"{url}: not the published file (sha256 differs)")
            os.replace(part, path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            part.unlink(missing_ok=True)
        raise WeightsError(f"{path}: cannot write: {error.strerror or error}") from error


def _fill(url, part, size):
    """Appends to `part` until it has `size` bytes and is on the disk."""
    if part.exists() and part.stat().st_size > size:
        part.unlink()
    with part.open("ab") as file:
        for attempt in range(TRIES):
            if file.tell() == size:
                break
            try:
                _append(url, file, size)
                problem, wait = f"the connection ended after {file.tell()} of {size} bytes", 0
            except urllib.error.HTTPError as error:
                problem = f"HTTP {error.code} {error.reason}"
                if error.code == 416:  # what we have is not a beginning of it
                    _empty(file)
                elif error.code not in _WORTH_ANOTHER:
                    raise WeightsError(f"{url}: {problem}") from error
                after = error.headers.get("Retry-After", "")
                wait = int(after) if after.isdecimal() else 0
            except urllib.error.URLError as error:
                problem, wait = getattr(error.reason, "strerror", None) or error.reason, 0
            except _Unwritable as error:
                raise error.cause from error
            except (HTTPException, OSError) as error:
                problem, wait = str(error) or type(error).__name__, 0
            if attempt + 1 < TRIES and file.tell() < size:
                time.sleep(min(max(wait, 2**attempt), LONGEST_WAIT))
        if file.tell() != size:
            raise WeightsError(f"{url}: {problem} (asked {TRIES} times)")
        os.fsync(file.fileno())


class _Unwritable(Exception):
    """The disk's fault, not the network's: asking again is no use."""

    def __init__(self, cause):
        super().__init__(str(cause))
        self.cause = cause


def _append(url, file, size):
    have = file.tell()
    headers = {"Accept-Encoding": "identity", "User-Agent": "genome_keras"}
    if have:
        headers["Range"] = f"bytes={have}-"
    check_address(url, WeightsError)
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        if have and response.status != 206:  # the server sends all of it again
            _empty(file)
            have = 0
        announced = response.headers.get("Content-Length", "")
        if announced.isdecimal() and have + int(announced) != size:
            raise WeightsError(
                f"{url}: the server has {have + int(announced)} bytes, published were {size}"
            )
        while block := response.read1(1 << 16):
            if file.tell() + len(block) > size:
                _empty(file)
                raise WeightsError(f"{url}: the server sends more than the {size} bytes published")
            try:
                file.write(block)
                file.flush()
            except OSError as error:
                raise _Unwritable(error) from error


def _empty(file):
    file.seek(0)
    file.truncate()
