"""The DeepSEA bundle from its server into a folder, whole or not at all."""

import hashlib
import json
import os
import shutil
import tarfile
import time
import urllib.error
import urllib.request
import zlib
from http.client import HTTPException
from pathlib import Path, PurePosixPath

import numpy as np
from tqdm import tqdm

from genome_keras.errors import FormatError, GenomeKerasError
from genome_keras.io.atomic import atomic
from genome_keras.io.download import check_address

DEEPSEA = "http://deepsea.princeton.edu/media/code/deepsea_train_bundle.v0.9.tar.gz"
# Examples, bp and tasks of each file, as published.
LAYOUT = {
    "train": (4_400_000, 1000, 919),
    "valid": (8_000, 1000, 919),
    "test": (455_024, 1000, 919),
}
UNPACKED = 40 << 30  # bytes an archive may hold
TRIES = 5  # in a row that bring nothing
TIMEOUT = 60  # seconds without a byte
BLOCK = 1 << 20
_AGAIN = (408, 429, 500, 502, 503, 504)


def fetch_deepsea(out, *, url=DEEPSEA):
    """Downloads the DeepSEA training bundle, checks it and puts it into a new folder.

    What has come so far lies beside the folder, in `.NAME.part`, so that the same call
    goes on after a kill or a broken line. Nobody has published a checksum of the bundle,
    and its server speaks plain http: the check is that each file opens, has the
    published number of examples, positions and tasks, and that the first and last
    examples are 0 and 1 and pairs of reverse complements. The SHA-256 of all is noted in
    `bundle.json`, to be compared with what others have.

    Args:
        out: folder that is made, with `train.mat`, `valid.mat`, `test.mat` and
            `bundle.json`. Where it is there already with all of them, nothing is done.
        url: of the archive, http or https.

    Returns:
        What is in `bundle.json`: `url`, `archive` and `files`, with `bytes` and `sha256`.

    Raises:
        GenomeKerasError: the server cannot be reached or has no such file; `out` is there
            and is something else.
        FormatError: the archive is not the bundle, or damaged; it is removed.
        OSError: the disk is full.
    """
    from filelock import FileLock

    out = Path(os.path.abspath(out))
    if (found := _record(out)) is not None:
        return found
    if not out.parent.is_dir():
        raise GenomeKerasError(f"{out}: cannot write: there is no folder {out.parent}")
    check_address(url, GenomeKerasError)
    part = out.with_name(f".{out.name}.part")
    note = out.with_name(f".{out.name}.part.json")
    new = out.with_name(f".{out.name}-{os.getpid()}")
    with FileLock(out.with_name(f".{out.name}.lock")):
        if (found := _record(out)) is not None:  # another process was faster
            return found
        _download(url, part, note)
        try:
            new.mkdir()
            record = {"url": url, "archive": _digest(part), "files": _unpack(url, part, new)}
            _check(url, new)
            with atomic(new / "bundle.json") as path:
                path.write_text(json.dumps(record, indent=1))
            if out.is_dir():
                out.rmdir()  # empty
            os.replace(new, out)
        except FormatError:
            part.unlink()
            note.unlink(missing_ok=True)
            raise
        finally:
            shutil.rmtree(new, ignore_errors=True)
        part.unlink()
        note.unlink(missing_ok=True)
    return record


def _record(out):
    """What an earlier call has noted in `out`; None where there is nothing yet."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    try:
        record = json.loads((out / "bundle.json").read_text())
        sizes = {name: file["bytes"] for name, file in record["files"].items()}
        if sizes == {name: (out / name).stat().st_size for name in _names()}:
            return record
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    raise GenomeKerasError(f"{out}: expected a new or empty folder, or a whole bundle")


def _names():
    return [f"{split}.mat" for split in LAYOUT]


def _download(url, part, note):
    """Appends to `part` until the whole archive is there."""
    failed = 0
    with open(part, "ab") as file, tqdm(unit="B", unit_scale=True, disable=None) as progress:
        while True:
            before = file.tell()
            try:
                if _append(url, file, note, progress):
                    os.fsync(file.fileno())
                    return
                problem, wait = f"the connection ended after {file.tell()} bytes", 0
            except urllib.error.HTTPError as error:
                if error.code not in _AGAIN:
                    raise GenomeKerasError(f"{url}: HTTP {error.code} {error.reason}") from error
                problem, wait = f"HTTP {error.code} {error.reason}", 2**failed
            except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
                problem, wait = getattr(error, "reason", None) or error, 2**failed
            failed = 0 if file.tell() > before else failed + 1
            if failed == TRIES:
                raise GenomeKerasError(f"{url}: {problem} (asked {TRIES} times)")
            time.sleep(wait)


def _append(url, file, note, progress):
    """One request; whether the archive is complete."""
    have, known = file.tell(), _known(note, url)
    headers = {"Accept-Encoding": "identity", "User-Agent": "genome_keras"}
    if have and known is None:  # of which archive it is, nobody knows
        file.truncate(0)
        have = 0
    elif have and have == known["bytes"]:
        return True
    elif have:
        headers |= {"Range": f"bytes={have}-", "If-Range": known["version"]}
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        version = response.headers.get("ETag", "W/")
        if version.startswith("W/"):  # a weak one tells no bytes apart
            version = response.headers.get("Last-Modified")
        length = response.headers.get("Content-Length", "")
        total = have + int(length) if length.isdecimal() else None
        if response.status == 206:
            place = response.headers.get("Content-Range", "")
            if place != f"bytes {have}-{known['bytes'] - 1}/{known['bytes']}":
                raise GenomeKerasError(f"{url}: asked for bytes from {have} on, got {place!r}")
            total = known["bytes"]
        else:  # all of it, from the beginning
            file.truncate(0)
            total = int(length) if length.isdecimal() else None
            note.unlink(missing_ok=True)
            if version and total is not None:
                with atomic(note) as path:
                    path.write_text(json.dumps({"url": url, "version": version, "bytes": total}))
        progress.total, progress.n = total, file.tell()
        while block := response.read1(BLOCK):
            file.write(block)
            progress.update(len(block))
        file.flush()
    if total is None:
        raise GenomeKerasError(f"{url}: the server does not tell the length of the file")
    if file.tell() > total:
        raise GenomeKerasError(f"{url}: the server sends more than the {total} bytes it announced")
    return file.tell() == total


def _known(note, url):
    """Length and version of the archive that `.part` is the beginning of."""
    try:
        known = json.loads(note.read_text())
        right = known["url"] == url and type(known["bytes"]) is int and known["version"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return known if right and isinstance(known["version"], str) else None


def _digest(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}


def _unpack(url, archive, folder):
    """Writes the three files, under names of our own; nothing else leaves the archive."""
    found, total = {}, 0
    try:
        with tarfile.open(archive, "r|gz") as members:
            for member in members:
                total += member.size
                if total > UNPACKED:
                    raise FormatError(url, None, f"the archive claims more than {UNPACKED} bytes")
                place = PurePosixPath(member.name)
                if place.name not in _names():
                    continue
                if place.is_absolute() or ".." in place.parts or not member.isreg():
                    problem = f"expected plain files in the archive, got {member.name!r}"
                    raise FormatError(url, None, problem)
                if place.name in found:
                    raise FormatError(url, None, f"the archive has {place.name} twice")
                found[place.name] = _write(members.extractfile(member), folder / place.name, member)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise FormatError(url, None, f"damaged archive: {error}") from error
    missing = [name for name in _names() if name not in found]
    if missing:
        raise FormatError(url, None, f"expected {', '.join(missing)} in the archive")
    return {name: found[name] for name in _names()}


def _write(source, path, member):
    digest = hashlib.sha256()
    bar = tqdm(
        desc=path.name, total=member.size, unit="B", unit_scale=True, disable=None, leave=False
    )
    with bar, open(path, "xb") as file:
        while block := source.read(BLOCK):
            file.write(block)
            digest.update(block)
            bar.update(len(block))
        file.flush()
        os.fsync(file.fileno())
    if path.stat().st_size != member.size:
        raise EOFError(f"{path.name} ends early")
    return {"bytes": member.size, "sha256": digest.hexdigest()}


def _check(url, folder):
    """Opens each file and looks at its first and last pairs."""
    from genome_keras.datasets.deepsea_bundle import deepsea

    for split, (n, window, tasks) in LAYOUT.items():
        try:
            names = [str(i) for i in range(tasks)]
            found = deepsea(folder, split, strands="pairs", tasks=names)
            if (len(found), found.window) != (n, window):
                wanted = f"expected {n} examples of {window} bp"
                raise FormatError(url, None, f"{wanted}, got {len(found)} of {found.window} bp")
            for start in (0, max(0, n - 256)):
                found.read_codes(start, min(n, start + 256))
                labels = found.read_labels(start, min(n, start + 256))
                if not np.array_equal(labels[::2], labels[1::2]):
                    raise FormatError(url, None, "the two strands have other labels")
        except FormatError as error:
            raise FormatError(url, None, f"not the bundle: {split}.mat: {error.problem}") from error
