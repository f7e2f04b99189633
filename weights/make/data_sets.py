"""Data sets that checkpoints are trained on: what cards say of them, and what is counted.

The words are in `data_sets/WORD.md` beside this file, one section a heading; WORD is the
middle of a checkpoint's name, or its beginning (`human_chromatin_200bp`). To describe a new
data set, add a file.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genome_keras.datasets.chromatin_data import open_chromatin
from genome_keras.datasets.deepsea_bundle import SPLITS
from genome_keras.io.h5_arrays import TEXT, array, open_h5

FOLDER = Path(__file__).with_name("data_sets")
SOURCES = ("source", "split")


@dataclass(frozen=True)
class Facts:
    """What is counted in a data set of labelled windows.

    Attributes:
        file: its name.
        bp: of a window in the file.
        windows: split -> number of windows.
        by_source: source -> split -> number of windows; empty where the file has none.
        measured: boolean (tasks,), whether the split "train" has a label of the task.
        kinds: for each task what its labels are; empty where the file does not say.
    """

    file: str
    bp: int
    windows: dict[str, int]
    by_source: dict[str, dict[str, int]]
    measured: np.ndarray
    kinds: tuple[str, ...] = ()


def facts_of(path) -> Facts:
    """Counts the windows of a data set, block by block.

    Args:
        path: HDF5 as `genome_keras.open_chromatin` reads it; a dataset `label_kind` (tasks,)
            of byte strings tells what the labels of each task are.

    Raises:
        FormatError: not such a file.
    """
    splits = {split: open_chromatin(path, split) for split in SPLITS}
    train = splits["train"]
    measured = np.zeros(len(train.tasks), bool)
    for first in range(0, len(train), train.chunk):
        measured |= (train.read_labels(first, first + train.chunk) >= 0).any(0)
    by_source, kinds = {}, ()
    with open_h5(path) as file:
        if "source" in file:
            columns = (array(file, path, name, ndim=1, kinds=(TEXT,)) for name in SOURCES)
            pairs = Counter(zip(*(column[:].tolist() for column in columns), strict=True))
            for (source, split), number in pairs.items():
                by_source.setdefault(source.decode(), {})[split.decode()] = number
        if "label_kind" in file:
            column = array(file, path, "label_kind", ndim=1, kinds=(TEXT,))
            kinds = tuple(kind.decode() for kind in column[:].tolist())
    return Facts(
        file=Path(path).name,
        bp=train.window,
        windows={split: len(stored) for split, stored in splits.items()},
        by_source=by_source,
        measured=measured,
        kinds=kinds,
    )


@dataclass(frozen=True)
class DataSet:
    """What cards say of a data set.

    Attributes:
        word: the name of its file.
        sections: heading -> text, in which words in braces are put in.
    """

    word: str
    sections: dict[str, str]

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that held-out scores are told of one by one."""
        return tuple(self.sections.get("Sources", "").split())

    def text(self, heading: str, **values) -> str:
        """A section with its values put in; "" where there is none."""
        return self.sections.get(heading, "").format(**values)

    def about(self, facts: Facts) -> str:
        """The section "Training data", and how many windows each source has."""
        others = self.text("Other sources") if set(facts.by_source) - set(self.sources) else ""
        windows = {split: facts.windows[split] for split in SPLITS}
        return self.text("Training data", bp=facts.bp, others=others, **windows)


def data_set(name: str) -> DataSet:
    """The words on the data set that a checkpoint's name or its middle word tells.

    Raises:
        ValueError: nothing is written on that data set.
    """
    word = name.split(".")[1] if "." in name else name
    known = {path.stem: path for path in FOLDER.glob("*.md")}
    fitting = [stem for stem in known if word == stem or word.startswith(f"{stem}_")]
    if not fitting:
        raise ValueError(
            f"{name}: nothing is written on the data set {word!r}. "
            f"Known: {', '.join(sorted(known))}; add {FOLDER.name}/{word}.md"
        )
    stem = max(fitting, key=len)
    parts = known[stem].read_text(encoding="utf-8").split("\n## ")[1:]
    heads = (part.partition("\n") for part in parts)
    return DataSet(stem, {head: text.strip("\n") for head, _, text in heads})
