"""Labelled sequences as people have them: CSV, TSV and FASTA, plain or gzip.

A table has a header, a column `sequence` (or `seq`) and a column of labels for each task:
0, 1, and empty or NA for "not measured". `split`, `source`, `chrom` and `start` (0-based) are
known by these names, `end`, `strand`, `name` and `id` are not looked at; in either case. All
other columns are labels, unless they are named.

    sequence,split,CTCF,DNase
    ACGTACGT,train,1,0
    TTGACGTA,test,0,

FASTA says the same in its headers: `>name split=train CTCF=1 DNase=0`.
"""

import hashlib
import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from genome_keras.datasets.chromatin_data import Examples, check_sources
from genome_keras.datasets.labelled_rows import FASTA, TABLES, is_fasta, rows_of
from genome_keras.encode import ACCEPTED, reverse_complement, translate
from genome_keras.errors import FormatError
from genome_keras.io.lines import is_position
from genome_keras.windows import centre

LABELS = {"1": 1, "1.0": 1, "0": 0, "0.0": 0}
MISSING = ("", "na", "nan", "n/a", ".", "-1", "-1.0")
SPLITS = {"val": "valid", "validation": "valid", "dev": "valid", "training": "train"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Labelled:
    """Labelled sequences in memory, with their splits; stands for its path wherever one does.

    Attributes:
        path: of the file.
        codes: uint8 (n, longest); a shorter sequence is in the middle of N.
        labels: int8 (n, tasks).
        tasks: names.
        split, source: str (n,); "" where the file names no source.
        chrom, start: str (n,) and int64 (n,), or None.
        told_split: whether the file names splits.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        ...     _ = file.write("sequence,CTCF\\nACGT,1\\nACG,\\n")
        ...     file.flush()
        ...     read = read_labelled(file.name)
        >>> read.codes.tolist(), read.labels.tolist(), read.split.tolist()
        ([[0, 1, 2, 3], [4, 0, 1, 2]], [[1], [-1]], ['test', 'test'])
    """

    path: str
    codes: np.ndarray
    labels: np.ndarray
    tasks: list[str]
    split: np.ndarray
    source: np.ndarray
    chrom: np.ndarray | None
    start: np.ndarray | None
    told_split: bool

    def __fspath__(self) -> str:
        return self.path

    def __str__(self) -> str:
        return self.path

    def chosen(self, split: str, sources: Iterable[str] | None = None) -> np.ndarray:
        """Rows of a split and of some sources, int64, rising.

        Raises:
            FormatError: there is none.
            ValueError: a source that the file has not.
        """
        chosen = self.split == split
        if sources is not None:
            sources = [sources] if isinstance(sources, str) else list(sources)
            check_sources(sources, set(self.source.tolist()) - {""}, self.path)
            chosen = chosen & np.isin(self.source, sources)
        if not chosen.any():
            known = ", ".join(map(repr, np.unique(self.split).tolist()))
            problem = f"no example of split {split!r}; it has {known}"
            if split == "valid" and "train" in self.split:
                problem += "; --valid-share 0.1 (valid_share) takes some of 'train'"
            elif not self.told_split:
                problem += ", for no column 'split' tells; to train give --valid-share 0.1"
            raise FormatError(self.path, None, problem)
        return np.flatnonzero(chosen)

    def examples(
        self, split: str, *, window: int | None = None, sources: Iterable[str] | None = None
    ) -> Examples:
        """The examples of a split.

        Args:
            split: its name.
            window: bp in the middle; None takes all.
            sources: only these; None takes all.

        Raises: as `chosen`, and ValueError for a window that is too long.
        """
        rows = self.chosen(split, sources)
        codes = self.codes[rows, centre(self.codes.shape[1], window, exact=False)]
        return Examples(codes, self.labels[rows], self.source[rows], list(self.tasks))


def is_labelled(path: str | os.PathLike) -> bool:
    """Whether a data set is a table or FASTA, by its name.

    Example:
        >>> is_labelled("peaks.csv.gz"), is_labelled("peaks.fa"), is_labelled("peaks.h5")
        (True, True, False)
    """
    if isinstance(path, Labelled):
        return True
    name = os.fspath(path).lower().removesuffix(".gz")
    return name.endswith((*TABLES, *FASTA)) and not os.path.isdir(path)


def read_labelled(
    path: str | os.PathLike,
    *,
    labels: Sequence[str] | None = None,
    valid_share: float | None = None,
    unknown: str | None = None,
) -> Labelled:
    """Reads labelled sequences into memory.

    Args:
        path: CSV, TSV or FASTA, see the module; or a `Labelled`, which is returned.
        labels: columns that are labels, in this order; None takes all that are not known.
        valid_share: put this share of the split "train" (of all rows where the file names
            no splits) into the split "valid". Which sequences depends on their letters
            alone: equal ones, on either strand, stay together. None leaves all as it is;
            without splits all rows are then "test".
        unknown: "N" reads foreign letters as N; None refuses them.

    Raises:
        FormatError: not such a file: no sequences, no labels, another label than 0, 1 and
            those for "not measured", a foreign letter.
        ValueError: another `valid_share`, or one for a file with a split "valid".

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile("w", suffix=".fa") as file:
        ...     _ = file.write(">a CTCF=1\\nACGT\\n>b CTCF=0\\nGGCA\\n")
        ...     file.flush()
        ...     read = read_labelled(file.name, valid_share=0.5)
        >>> sorted(read.split.tolist())
        ['train', 'valid']
    """
    if isinstance(path, Labelled):
        return path
    if valid_share is not None and not 0 < valid_share < 1:
        raise ValueError(f"valid_share must be above 0 and below 1. Received: {valid_share!r}")
    read = list(rows_of(path, labels))
    tasks = list(labels or dict.fromkeys(task for row in read for task in row.labels))
    if not read or not tasks:
        wanted = "'>name TASK=1'" if is_fasta(path) else "a column of 0 and 1 beside 'sequence'"
        missing = "labels" if read else "sequences"
        raise FormatError(path, None, f"no {missing}; expected {wanted}")
    codes, numbers = _codes(path, read, unknown), _labels(path, read, tasks)
    told = all("split" in row.values for row in read)
    split = [_split(path, row) for row in read] if told else ["test"] * len(read)
    return Labelled(
        os.fspath(path),
        codes,
        numbers,
        tasks,
        _held_out(path, np.array(split), codes, valid_share, told),
        np.array([row.values.get("source", "") for row in read]),
        *_places(path, read),
        told,
    )


def labelled(data: object, **how: object) -> object:
    """A data set with what is a table or FASTA read into memory, all else as it is.

    Args:
        data: a path, or a list of paths.
        how: arguments of `read_labelled`.

    Raises: as `read_labelled`; ValueError for an argument without anything to read.

    Example:
        >>> labelled("data.h5"), labelled(["a.h5", "b.h5"])
        ('data.h5', ['a.h5', 'b.h5'])
    """
    paths = [data] if isinstance(data, str | os.PathLike) else list(data)
    given = {name: value for name, value in how.items() if value is not None}
    if given and not any(map(is_labelled, paths)):
        told = " and ".join("--" + name.replace("_", "-") for name in given)
        raise ValueError(f"{told}: for CSV, TSV and FASTA alone")
    read = [read_labelled(path, **given) if is_labelled(path) else path for path in paths]
    return read[0] if isinstance(data, str | os.PathLike) else read


def _codes(path, read, unknown):
    lengths = [len(row.values["sequence"]) for row in read]
    width = max(lengths)
    codes = np.full((len(read), width), 4, np.uint8)
    for row, length, into in zip(read, lengths, codes, strict=True):
        translated, foreign = translate(
            row.values["sequence"].encode("ascii", "replace"), unknown=unknown
        )
        if not length:
            raise FormatError(path, row.line, "an empty sequence")
        if foreign >= 0:
            letter = row.values["sequence"][foreign]
            raise FormatError(path, row.line, f"letter {foreign + 1} is {letter!r}; {ACCEPTED}")
        start = width // 2 - length // 2
        into[start : start + length] = translated
    if min(lengths) < width:
        _log.info("%s: sequences of %d to %d bp; N around the shorter", path, min(lengths), width)
    return codes


def _labels(path, read, tasks):
    labels = np.full((len(read), len(tasks)), -1, np.int8)
    for row, into in zip(read, labels, strict=True):
        for column, task in enumerate(tasks):
            text = row.labels.get(task, "")
            if text in LABELS:
                into[column] = LABELS[text]
            elif text.lower() not in MISSING:
                problem = (
                    f"label {task!r}: expected 0, 1, or empty or NA for not measured, got "
                    f"{text!r:.40}; --labels names the columns that are labels"
                )
                raise FormatError(path, row.line, problem)
    return labels


def _split(path, row):
    if not (name := row.values["split"]):
        raise FormatError(path, row.line, "an empty split; expected a name such as train")
    return SPLITS.get(name.lower(), name)


def _held_out(path, split, codes, share, told):
    """The splits, after a share of "train" has become "valid"."""
    if share is None:
        return split
    if not told:
        split = np.full(len(split), "train")
    if "valid" in split:
        raise ValueError(f"{path}: it has a split 'valid'; leave valid_share out")
    learned = np.flatnonzero(split == "train")
    pairs = zip(codes[learned], reverse_complement(codes[learned]), strict=True)
    same = [min(forward.tobytes(), reverse.tobytes()) for forward, reverse in pairs]
    draws = np.array([hashlib.blake2b(each, digest_size=8).hexdigest() for each in same])
    values = np.unique(draws)
    few = values[: max(1, round(share * len(values)))]
    split = split.astype(object)
    split[learned[np.isin(draws, few)]] = "valid"
    return split.astype(str)


def _places(path, read):
    """Chromosomes and starts; None for what is not told of every row."""
    chrom = [row.values.get("chrom") for row in read]
    start = [row.values.get("start") for row in read]
    for row, text in zip(read, start, strict=True):
        if text and not is_position(text):
            raise FormatError(path, row.line, f"expected a start of 0 or more, got {text!r:.40}")
    return (
        np.array(chrom) if all(chrom) else None,
        np.array(start, np.int64) if all(start) else None,
    )
