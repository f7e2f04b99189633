"""The DeepSEA bundle from its server into a folder, whole or not at all."""

import hashlib
import json
import os
import shutil
from pathlib import Path, PurePosixPath

import numpy as np

from genome_keras.errors import FormatError, GenomeKerasError
from genome_keras.io import tar
from genome_keras.io.atomic import atomic
from genome_keras.io.digest import sha256_of
from genome_keras.io.download import FULL, Patience, Transfer, alone
from genome_keras.io.http import check_address
from genome_keras.progress import progress

DEEPSEA = "http://deepsea.princeton.edu/media/code/deepsea_train_bundle.v0.9.tar.gz"
# Examples, bp and tasks of each file, as published.
LAYOUT = {
    "train": (4_400_000, 1000, 919),
    "valid": (8_000, 1000, 919),
    "test": (455_024, 1000, 919),
}
PACKED = 20 << 30  # bytes an archive may have
UNPACKED = 40 << 30  # bytes it may hold
MEMBERS = 1000  # files it may hold
BLOCK = 1 << 20


def fetch_deepsea(
    out: str | os.PathLike, *, url: str = DEEPSEA, patience: Patience | None = None
) -> dict:
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
        patience: how long the server is waited for; None takes the usual.

    Returns:
        What is in `bundle.json`: `url`, `archive` and `files`, with `bytes` and `sha256`.

    Raises:
        GenomeKerasError: the server cannot be reached, is too slow or has no such file;
            `out` is there and is something else, or cannot be written.
        FormatError: the archive is not the bundle, or damaged; it is removed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     files = {f"{split}.mat": {"bytes": 0} for split in LAYOUT}
        ...     record = {"url": DEEPSEA, "files": files}
        ...     _ = Path(folder, "bundle.json").write_text(json.dumps(record))
        ...     for name in files:
        ...         Path(folder, name).touch()
        ...     # What an earlier call has fetched is not asked for again.
        ...     print(fetch_deepsea(folder) == record)
        True
    """
    out = Path(os.path.abspath(out))
    if (earlier := _record(out)) is not None:
        return earlier
    if not out.parent.is_dir():
        raise GenomeKerasError(f"{out}: cannot write: there is no folder {out.parent}")
    check_address(url)
    part = out.with_name(f".{out.name}.part")
    try:
        with alone(out):
            if (earlier := _record(out)) is not None:  # another process was faster
                return earlier
            with progress(unit="B", unit_scale=True) as bar:
                archive = Transfer(url, part, ceiling=PACKED, patience=patience, bar=bar)
                archive.run()
            try:
                record = _unpacked(url, part, out)
            except (FormatError, OSError) as error:
                if isinstance(error, FormatError) or error.errno in FULL:
                    archive.forget()
                raise
            archive.forget()
            return record
    except OSError as error:
        raise GenomeKerasError(f"{out}: cannot write: {error.strerror or error}") from error


def _unpacked(url, archive, out):
    """Makes the folder of the archive, whole or not at all, and gives its record."""
    new = out.with_name(f".{out.name}-{os.getpid()}")
    try:
        new.mkdir()
        packed = {"bytes": archive.stat().st_size, "sha256": sha256_of(archive)}
        record = {"url": url, "archive": packed, "files": _unpack(url, archive, new)}
        _check(url, new)
        with atomic(new / "bundle.json") as path:
            path.write_text(json.dumps(record, indent=1))
        if out.is_dir():
            out.rmdir()  # empty
        os.replace(new, out)
        return record
    finally:
        shutil.rmtree(new, ignore_errors=True)


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


def _unpack(url, archive, folder):
    """Writes the three files, under names of our own; nothing else leaves the archive."""
    written = {}
    for member, source in tar.members(archive, total=UNPACKED, most=MEMBERS, where=url):
        place = PurePosixPath(member.name)
        if place.name not in _names():
            continue
        if place.is_absolute() or ".." in place.parts or not member.isreg():
            problem = f"expected plain files in the archive, got {member.name!r:.200}"
            raise FormatError(url, None, problem)
        if place.name in written:
            raise FormatError(url, None, f"the archive has {place.name} twice")
        written[place.name] = _write(url, source, folder / place.name, member)
    missing = [name for name in _names() if name not in written]
    if missing:
        raise FormatError(url, None, f"expected {', '.join(missing)} in the archive")
    return {name: written[name] for name in _names()}


def _write(url, source, path, member):
    digest = hashlib.sha256()
    bar = progress(desc=path.name, total=member.size, unit="B", unit_scale=True, leave=False)
    with bar, open(path, "xb") as file:
        while block := source.read(BLOCK):
            file.write(block)
            digest.update(block)
            bar.update(len(block))
        file.flush()
        os.fsync(file.fileno())
    if path.stat().st_size != member.size:
        raise FormatError(url, None, f"damaged archive: {path.name} ends early")
    return {"bytes": member.size, "sha256": digest.hexdigest()}


def _check(url, folder):
    """Opens each file and looks at its first and last pairs."""
    from genome_keras.datasets.deepsea_bundle import deepsea

    for split, (n, window, tasks) in LAYOUT.items():
        try:
            names = [str(i) for i in range(tasks)]
            examples = deepsea(folder, split, strands="pairs", tasks=names)
            if (len(examples), examples.window) != (n, window):
                wanted = f"expected {n} examples of {window} bp"
                raise FormatError(
                    url, None, f"{wanted}, got {len(examples)} of {examples.window} bp"
                )
            for start in (0, max(0, n - 256)):
                examples.read_codes(start, min(n, start + 256))
                labels = examples.read_labels(start, min(n, start + 256))
                if not np.array_equal(labels[::2], labels[1::2]):
                    raise FormatError(url, None, "the two strands have other labels")
        except FormatError as error:
            raise FormatError(url, None, f"not the bundle: {split}.mat: {error.problem}") from error
