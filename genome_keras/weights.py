"""The checkpoints: what there is, where its files are, and whether they are intact.

A checkpoint is three files with one stem: `NAME.weights.h5`, `NAME.json` (how to
build the model, its tasks, a probe with its scores, held-out scores) and
`NAME.md` (the card). A published name never changes its bytes.
"""

import hashlib
import json
import os
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from genome_keras.errors import WeightsError

DEFAULT = "bigru_multitask.human_chromatin.v1"

# name -> sha256 of NAME.weights.h5, sha256 of NAME.json
PUBLISHED = {
    "bigru_multitask.human_chromatin.v1": (
        "037259a6680446e73c545de236d254d5389adc3bd20881f5481fe9aecd03439a",
        "476c1255a7c52a9f1d1be060beb4cacefefa00694b1122d484c9250558a8b787",
    ),
    "kmer_logreg.human_chromatin.v1": (
        "86809a27ce78b4d16702b6177988b1d25f21a5d161255a5d79622c53dc97590d",
        "af1bfdec84d96f54d7f9840756e3396d151231b970e104a78090ff527b81316f",
    ),
}

# Arguments a caller may choose freely: no weight and no task depends on them.
_FREE = ("dropout", "learning_rate", "seed", "both_strands", "initializer")


def folder():
    """Where the checkpoints that came with the package lie."""
    installed = Path(__file__).parent / "checkpoints"
    return installed if installed.is_dir() else Path(__file__).parents[1] / "weights"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint on this machine.

    Attributes:
        name: `architecture.data.vN`, or the path the caller gave.
        path: the `.weights.h5` file.
        config: what `NAME.json` says; empty for bare weights.
        sha256: what the file must hash to; None where nobody has published that.
    """

    name: str
    path: Path
    config: dict
    sha256: str | None = None

    @property
    def arguments(self):
        """The factory's arguments."""
        return dict(self.config.get("arguments", {}))

    @property
    def sizes(self):
        """The arguments that a caller may not contradict."""
        return {k: v for k, v in self.arguments.items() if k not in _FREE}

    @cached_property
    def tasks(self):
        """Names of the tasks, in the order of the model's output."""
        return list(self.config.get("tasks", []))

    @property
    def card(self):
        """The text of the model card."""
        path = self.path.with_name(self.name + ".md")
        try:
            return path.read_text(encoding="utf-8")
        except OSError as error:
            raise WeightsError(f"{self.name}: no card at {path}") from error

    def load_into(self, model):
        """Loads the weights into a model of the same architecture and sizes.

        Raises:
            WeightsError: the file is missing, damaged, or does not fit.
        """
        if self.sha256 is not None:
            _check(self.path, self.sha256)
        elif not self.path.is_file():
            raise WeightsError(f"{self.path}: no such file")
        try:
            with warnings.catch_warnings():
                # The file of a training state also has an optimizer.
                warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
                model.load_weights(self.path)
        except Exception as error:  # Keras and h5py raise many kinds here
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error)
            raise WeightsError(
                f"{self.path}: not the weights of this {model.name} ({reason})"
            ) from error


def save_bare(model, path):
    """Saves the weights of a functional model without the state of its optimizer.

    Args:
        model: a `keras.Model`.
        path: ends in `.weights.h5`.
    """
    type(model)(model.inputs, model.outputs, name=model.name).save_weights(path)


def list_weights(architecture=None):
    """Names of the published checkpoints, sorted.

    Args:
        architecture: list only those of this factory.
    """
    return sorted(n for n in PUBLISHED if architecture in (None, n.partition(".")[0]))


def find(weights, *, architecture=None):
    """The checkpoint behind a name or a path.

    Args:
        weights: a published name, or the path of a `.weights.h5` file. A
            `.json` of the same stem beside it, if any, describes it.
        architecture: the factory that will load it, or None.

    Returns:
        A `Checkpoint`; its JSON is verified, its weights are on loading.

    Raises:
        WeightsError: unknown, missing, damaged, or of another architecture.
    """
    text = os.fspath(weights)
    if text in PUBLISHED:
        sha256, sha256_json = PUBLISHED[text]
        path = folder() / f"{text}.weights.h5"
        config_path = folder() / f"{text}.json"
        _check(config_path, sha256_json)
        found = Checkpoint(text, path, _read_json(config_path), sha256)
    elif text.endswith(".weights.h5"):
        path = Path(text)
        config_path = path.with_name(path.name.removesuffix(".weights.h5") + ".json")
        config = _read_json(config_path) if config_path.is_file() else {}
        found = Checkpoint(text, path, config)
    else:
        raise WeightsError(
            f"no checkpoint {text!r}. Accepted: a path ending in .weights.h5, or one of: "
            + ", ".join(list_weights())
        )
    made_by = found.config.get("architecture", architecture)
    if architecture is not None and made_by != architecture:
        raise WeightsError(f"{text}: weights of {made_by}, not of {architecture}")
    return found


def sha256_of(path):
    """The SHA-256 of a file, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _read_json(path):
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: not readable as JSON ({error})") from error
    if not isinstance(config, dict):
        raise WeightsError(f"{path}: expected a JSON object")
    return config


def _check(path, sha256):
    if not path.is_file():
        raise WeightsError(f"{path}: the file is missing; install genome_keras again")
    found = sha256_of(path)
    if found != sha256:
        raise WeightsError(
            f"{path}: damaged (sha256 {found[:12]}…, published {sha256[:12]}…); "
            "install genome_keras again"
        )
