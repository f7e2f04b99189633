"""Finished training runs: the weights, how to build their model, and how they were trained."""

import inspect
from dataclasses import dataclass
from pathlib import Path

import genome_keras
from genome_keras.weights.resolve import find
from genome_keras.weights.run_files import RunFiles

STARTING = ("learning_rate", "seed", "weights", "motifs", "words")  # not of a trained model
PLAIN = ("window", "tasks", "both_strands")  # that other options of the command set


@dataclass(frozen=True)
class Run:
    """A run to be published.

    Attributes:
        weights: its `.weights.h5` file.
        architecture: name of the factory.
        arguments: of the factory.
        tasks: names, in the order of the output; empty of a language model.
        history: `training`, what was asked for, and `log`, of the run and, under `before`, of
            the runs it started from; empty where no command of this package trained it.
        words: `training.md` of the folder, which the card takes as it is; "" without.
    """

    weights: Path
    architecture: str
    arguments: dict
    tasks: list
    history: dict
    words: str = ""


def open_run(path) -> Run:
    """Reads a run.

    Args:
        path: the folder of `genome-keras train`, `logreg` or `lm train`; or a folder whose
            `best.weights.h5` and `best.json` another program wrote, with `training.md`, the
            section "Training" of the card in words.

    Raises:
        ValueError: nothing tells how it was trained.
        WeightsError: no weights, or none that are described.
    """
    folder = Path(path)
    checkpoint = find(folder)
    files, words = RunFiles(folder), folder / "training.md"
    if files.record.is_file():
        asked = files.asked()
        told = {key: asked[key] for key in ("architecture", "arguments")}
        told |= {"tasks": list(asked.get("tasks", ())), "history": history(folder)}
    elif words.is_file():
        told = {"architecture": checkpoint.architecture, "arguments": checkpoint.arguments}
        told |= {"tasks": checkpoint.tasks, "history": {}}
    else:
        raise ValueError(
            f"{path}: neither train.json nor training.md is there to tell how it was trained"
        )
    if words.is_file():
        told["words"] = words.read_text(encoding="utf-8").strip()
    told["arguments"] = {
        name: value
        for name, value in told["arguments"].items()
        if name not in STARTING and value is not None
    }
    return Run(weights=checkpoint.path, **told)


def history(folder: Path) -> dict:
    """What was asked of a run and its log, and of the run beside it that it started from.

    `set` are the factory's arguments that differ from those it started with.
    """
    files = RunFiles(folder)
    asked = files.asked()
    training = {key: value for key, value in asked.items() if key not in ("arguments", "tasks")}
    told = {"training": training}
    told["log"] = files.read_log()
    known = inspect.signature(getattr(genome_keras, asked["architecture"])).parameters
    usual = {name: known[name].default for name in known}
    start = folder.parent / (asked.get("fine_tune") or "")
    before = RunFiles(start.parent)
    if start == before.best and before.record.is_file():
        training["fine_tune"] = f"{start.parent.name}/{start.name}"
        told["before"] = [{**history(start.parent), "out": start.parent.name}]
        usual |= before.asked()["arguments"]
    told["set"] = {
        name: value
        for name, value in sorted(asked["arguments"].items())
        if name not in PLAIN and _listed(value) != _listed(usual[name])
    }
    return told


def _listed(value):
    return list(value) if isinstance(value, tuple) else value
