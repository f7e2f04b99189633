"""Where the three files of a checkpoint are: weights, description and card.

Each function here returns another that takes "weights", "json" or "card" and gives a
path on this machine, fetching the file first where it must. It can be pickled.
"""

import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from genome_keras.errors import WeightsError
from genome_keras.io.digest import is_intact, sha256_of
from genome_keras.io.download import download
from genome_keras.weights import hub
from genome_keras.weights.description import MAX_TEXT
from genome_keras.weights.file_checks import MAX_WEIGHTS
from genome_keras.weights.registry import Published

SUFFIXES = {"weights": ".weights.h5", "json": ".json", "card": ".md"}
IN_FOLDER = {
    "weights": "model.weights.h5",
    "json": "config.json",
    "card": "README.md",
    "tasks": "tasks.tsv",
}
_LIMITS = {"weights": MAX_WEIGHTS, "json": MAX_TEXT, "card": MAX_TEXT, "tasks": MAX_TEXT}


def packaged() -> Path:
    """The folder of the checkpoints that came with the package.

    Example:
        >>> (packaged() / "kmer_logreg.human_chromatin.v1.json").is_file()
        True
    """
    installed = Path(__file__).parents[1] / "checkpoints"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "weights"


def cache() -> Path:
    """The user's folder of fetched checkpoints: `GENOME_KERAS_CACHE`, or the usual one.

    Example:
        >>> from unittest import mock
        >>> with mock.patch.dict(os.environ, GENOME_KERAS_CACHE="weights"):
        ...     print(cache())
        weights
    """
    if given := os.environ.get("GENOME_KERAS_CACHE"):
        return Path(given)
    caches = os.environ.get("XDG_CACHE_HOME") or _home_cache()
    return Path(caches) / "genome_keras"


def _home_cache():
    try:
        return Path.home() / ".cache"
    except RuntimeError:  # no HOME, and a user without an entry, as in some containers
        own = Path(tempfile.gettempdir()) / f"genome_keras-{os.getuid()}"
        own.mkdir(mode=0o700, exist_ok=True)
        if own.stat().st_uid != os.getuid():
            problem = "not ours; set GENOME_KERAS_CACHE to a folder for weights"
            raise WeightsError(f"{own}: {problem}") from None
        return own


def beside(path: str | os.PathLike) -> Callable[[str], Path]:
    """The files beside a `.weights.h5` or `.keras` file, of the same stem.

    Example:
        >>> locate = beside("run/best.weights.h5")
        >>> locate("json").name, locate("card").name
        ('best.json', 'best.md')
    """
    return partial(_beside, Path(path))


def _beside(path, what):
    stem = path.name.removesuffix(".keras").removesuffix(".weights.h5")
    return path if what == "weights" else path.with_name(stem + SUFFIXES.get(what, "."))


def inside(folder: str | os.PathLike) -> Callable[[str], Path]:
    """The files of a folder that `save_pretrained` wrote.

    Example:
        >>> inside("danq")("json").name
        'config.json'
    """
    return partial(_inside, Path(folder))


def _inside(folder, what):
    return folder / IN_FOLDER[what]


def on_hub(reference: hub.Reference) -> Callable[[str], Path]:
    """The files of somebody's repository on the Hub.

    Example:
        >>> locate = on_hub(hub.parse("hf://owner/repo/danq.mouse.v1"))  # nothing is fetched yet
        >>> locate("json")  # doctest: +SKIP
    """
    return partial(_on_hub, reference)


def _on_hub(reference, what):
    return hub.download(reference, IN_FOLDER[what], limit=_LIMITS[what])


def of_published(name: str, entry: Published, folder: Path) -> Callable[[str], Path]:
    """The files of a published checkpoint: package, cache, Hub, mirror, in this order.

    The bytes of the weights and of the description are checked when they are found.

    Args:
        name: of the checkpoint.
        entry: its `genome_keras.weights.registry.Published`.
        folder: of the checkpoints that came with the package.

    Example:
        >>> from genome_keras.weights.registry import PUBLISHED
        >>> name = "kmer_logreg.human_chromatin.v1"
        >>> of_published(name, PUBLISHED[name], packaged())("json").name
        'kmer_logreg.human_chromatin.v1.json'
    """
    return partial(_published, name, entry, folder)


def _published(name, entry, folder, what):
    came, kept = folder / (name + SUFFIXES[what]), cache() / (name + SUFFIXES[what])
    if what == "card":
        if came.is_file() or kept.is_file() or entry.hub is None:
            return came if came.is_file() else kept
        return _on_hub(hub.parse(f"{hub.PREFIX}{entry.hub}/{name}"), what)
    size, sha256 = {
        "weights": (entry.size, entry.sha256),
        "json": (entry.json_size, entry.json_sha256),
    }[what]
    if came.is_file():
        _check(came, sha256)
        return came
    if is_intact(kept, size=size, sha256=sha256):
        return kept
    tried = []
    if entry.hub is not None:
        try:
            return _from_hub(name, entry.hub, IN_FOLDER[what], sha256)
        except WeightsError as error:
            tried.append(str(error))
    if mirror := os.environ.get("GENOME_KERAS_MIRROR"):
        try:
            _from_mirror(f"{mirror.rstrip('/')}/{kept.name}", kept, size, sha256)
            return kept
        except WeightsError as error:
            tried.append(str(error))
    if tried:
        raise WeightsError(f"{name}: {'; '.join(tried)}")
    raise WeightsError(
        f"{came}: the file is missing, and {kept} too; install genome_keras "
        "again, or set GENOME_KERAS_MIRROR to the address of a copy"
    )


def _check(path, sha256):
    actual = sha256_of(path)
    if actual != sha256:
        raise WeightsError(
            f"{path}: damaged (sha256 {actual[:12]}…, published {sha256[:12]}…); "
            "install genome_keras again"
        )


def _from_mirror(url, kept, size, sha256):
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise WeightsError(f"{url}: not asked, HF_HUB_OFFLINE is set")
    download(url, kept, size=size, sha256=sha256)


def _from_hub(name, address, filename, sha256):
    reference = hub.parse(f"{hub.PREFIX}{address}/{name}")
    for _ in range(2):  # a damaged file in the Hub's cache is fetched once more
        path = hub.download(reference, filename, limit=MAX_WEIGHTS)
        if sha256_of(path) == sha256:
            return path
        hub.forget(path)
    raise WeightsError(f"{reference}: {filename} is not the published file (sha256 differs)")
