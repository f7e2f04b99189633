"""Where the three files of a checkpoint are: weights, description and card.

Each function here returns another that takes "weights", "json" or "card" and gives a
path on this machine, fetching the file first where it must.
"""

import os
from pathlib import Path

from genome_keras.errors import WeightsError
from genome_keras.io.digest import is_intact, sha256_of
from genome_keras.io.download import download
from genome_keras.weights import hub
from genome_keras.weights.description_checks import MAX_TEXT
from genome_keras.weights.file_checks import MAX_WEIGHTS

SUFFIXES = {"weights": ".weights.h5", "json": ".json", "card": ".md"}
IN_FOLDER = {
    "weights": "model.weights.h5",
    "json": "config.json",
    "card": "README.md",
    "tasks": "tasks.tsv",
}
_LIMITS = {"weights": MAX_WEIGHTS, "json": MAX_TEXT, "card": MAX_TEXT, "tasks": MAX_TEXT}


def packaged():
    """The folder of the checkpoints that came with the package."""
    installed = Path(__file__).parents[1] / "checkpoints"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "weights"


def cache():
    """The user's folder of fetched checkpoints: `GENOME_KERAS_CACHE`, or the usual one."""
    if given := os.environ.get("GENOME_KERAS_CACHE"):
        return Path(given)
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "genome_keras"


def beside(path):
    """The files beside a `.weights.h5` or `.keras` file, of the same stem."""
    path = Path(path)
    stem = path.name.removesuffix(".keras").removesuffix(".weights.h5")

    def locate(what):
        return path if what == "weights" else path.with_name(stem + SUFFIXES.get(what, "."))

    return locate


def inside(folder):
    """The files of a folder that `save_pretrained` wrote."""
    return lambda what: Path(folder) / IN_FOLDER[what]


def on_hub(reference):
    """The files of somebody's repository on the Hub."""
    return lambda what: hub.fetch(reference, IN_FOLDER[what], limit=_LIMITS[what])


def of_published(name, entry, folder):
    """The files of a published checkpoint: package, cache, Hub, mirror, in this order.

    Args:
        name: of the checkpoint.
        entry: its `genome_keras.weights.registry.Published`.
        folder: of the checkpoints that came with the package.
    """
    sums = {"weights": (entry.size, entry.sha256), "json": (entry.json_size, entry.json_sha256)}

    def locate(what):
        filename = name + SUFFIXES[what]
        if (folder / filename).is_file():
            return folder / filename
        kept = cache() / filename
        if what not in sums:
            if entry.hub is None or kept.is_file():
                return kept
            return on_hub(hub.parse(f"{hub.PREFIX}{entry.hub}/{name}"))(what)
        size, sha256 = sums[what]
        if is_intact(kept, size=size, sha256=sha256):
            return kept
        tried = []
        if entry.hub is not None:
            try:
                return _from_hub(name, entry.hub, IN_FOLDER[what], sha256)
            except WeightsError as error:
                tried.append(str(error))
        if mirror := os.environ.get("GENOME_KERAS_MIRROR"):
            url = f"{mirror.rstrip('/')}/{filename}"
            try:
                if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
                    raise WeightsError(f"{url}: not asked, HF_HUB_OFFLINE is set")
                download(url, kept, size=size, sha256=sha256)
                return kept
            except WeightsError as error:
                tried.append(str(error))
        if tried:
            raise WeightsError(f"{name}: {'; '.join(tried)}")
        raise WeightsError(
            f"{folder / filename}: the file is missing, and {kept} too; install genome_keras "
            "again, or set GENOME_KERAS_MIRROR to the address of a copy"
        )

    return locate


def _from_hub(name, address, filename, sha256):
    reference = hub.parse(f"{hub.PREFIX}{address}/{name}")
    for _ in range(2):  # a damaged file in the Hub's cache is fetched once more
        path = hub.fetch(reference, filename, limit=MAX_WEIGHTS)
        if sha256_of(path) == sha256:
            return path
        hub.forget(path)
    raise WeightsError(f"{reference}: {filename} is not the published file (sha256 differs)")
