"""DeepBind's parameter files: one network a file, lines of "name = numbers"."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genome_keras.errors import FormatError, WeightsError
from genome_keras.io import tar

_LARGEST = 1 << 20  # bytes of one file; the authors' have at most 48,330
_MEMBERS, _ALL = 20_000, 1 << 28  # files, and bytes, of an archive
_COUNTS = ("reverse_complement", "num_detectors", "detector_len", "has_avg_pooling", "num_hidden")
_ARRAYS = ("detectors", "thresholds", "weights1", "biases1", "weights2", "biases2")
_COUNT = re.compile(r"\d{1,4}")
_NUMBERS = re.compile(r"[0-9eE.+\-, \t]*")
_ID = re.compile(r"D\d{5}\.\d{3}")
_CELL = re.compile(r"'CellLine=([^',]+)'")


class DeepBindNetwork(NamedTuple):
    """One published network.

    Attributes:
        both_strands: whether it takes the larger score of both strands.
        width: letters of a detector.
        readout: "max" of a detector, or "both" its maximum and mean.
        hidden: units of the hidden layer; 0 for none.
        detectors: float32 (width, 4, filters).
        thresholds: float32 (filters,), added before the rectification.
        layers: kernel (features, units) and bias (units,) of each dense layer, float32.

    Example:
        >>> lines = ["reverse_complement = 1", "num_detectors = 1", "detector_len = 2"]
        >>> lines += ["has_avg_pooling = 0", "num_hidden = 0", "detectors = 1,0,0,0,0,1,0,0"]
        >>> lines += ["thresholds = 0", "weights1 = 1", "biases1 = 0", "weights2 =", "biases2 ="]
        >>> network = parse("\\n".join(lines).encode(), "D00001.001.txt")
        >>> network.detectors.shape, network.readout, network.hidden
        ((2, 4, 1), 'max', 0)
    """

    both_strands: bool
    width: int
    readout: str
    hidden: int
    detectors: np.ndarray
    thresholds: np.ndarray
    layers: tuple[tuple[np.ndarray, np.ndarray], ...]


def read_deepbind(
    path: str | os.PathLike, models: Iterable[str] | None = None
) -> dict[str, DeepBindNetwork]:
    """Reads networks of the authors' program.

    Args:
        path: a parameter file, a folder of them, or an archive (`.tar`, compressed or not)
            that has them; a file is called as the model, `D00328.003.txt`.
        models: names such as "D00328.003", in the order wanted; None takes all.

    Returns:
        dict name -> `DeepBindNetwork`.

    Raises:
        FormatError: a malformed file, with its line; nothing is guessed.
        WeightsError: no such file or model, one asked for twice, or more bytes than such
            files have.

    Example:
        >>> import tempfile
        >>> lines = ["reverse_complement = 1", "num_detectors = 1", "detector_len = 2"]
        >>> lines += ["has_avg_pooling = 0", "num_hidden = 0", "detectors = 1,0,0,0,0,1,0,0"]
        >>> lines += ["thresholds = 0", "weights1 = 1", "biases1 = 0", "weights2 =", "biases2 ="]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "D00001.001.txt").write_text("\\n".join(lines))
        ...     list(read_deepbind(folder))
        ['D00001.001']
    """
    path = Path(path)
    asked = None if models is None else list(models)
    if asked is not None and len(set(asked)) < len(asked):
        twice = next(name for name in asked if asked.count(name) > 1)
        raise WeightsError(f"{path}: {twice} is asked for twice")
    if path.is_dir():
        names = sorted(p.stem for p in path.glob("D*.txt")) if asked is None else asked
        contents = {name: _bytes_of(path / f"{name}.txt") for name in names if _ID.fullmatch(name)}
        places = {name: path / f"{name}.txt" for name in contents}
    elif path.suffix == ".txt":
        contents, places = {path.stem: _bytes_of(path)}, {path.stem: path}
    else:
        contents = _members(path, None if asked is None else set(asked))
        places = {name: f"{path}: {name}.txt" for name in contents}
    names = sorted(contents) if asked is None else asked
    if missing := [name for name in names if name not in contents]:
        raise WeightsError(f"{path}: has no model {missing[0]!r:.40}")
    if not names:
        raise WeightsError(f"{path}: has no files such as D00328.003.txt")
    return {name: parse(contents[name], places[name]) for name in names}


def parse(data: bytes, where: object) -> DeepBindNetwork:
    """The network that a parameter file holds.

    Args:
        data: the file.
        where: what to call it in errors.

    Raises:
        FormatError: another format, names, sizes or numbers.

    Example:
        >>> lines = ["reverse_complement = 1", "num_detectors = 1", "detector_len = 2"]
        >>> lines += ["has_avg_pooling = 0", "num_hidden = 0", "detectors = 1,0,0,0,0,1,0,0"]
        >>> lines += ["thresholds = 0", "weights1 = 1", "biases1 = 0", "weights2 =", "biases2 ="]
        >>> parse("\\n".join(lines).encode(), "D00001.001.txt").both_strands
        True
        >>> parse(b"detectors = many", "D00001.001.txt")
        Traceback (most recent call last):
        genome_keras.errors.FormatError: D00001.001.txt: expected a line 'reverse_complement = ...'
    """
    try:
        lines = data.decode("ascii").splitlines()
    except UnicodeDecodeError as error:
        raise FormatError(where, None, "expected ASCII text") from error
    texts = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, equals, text = line.partition("=")
        name = name.strip()
        if not equals or name not in _COUNTS + _ARRAYS or name in texts:
            raise FormatError(where, number, f"expected a new 'name = numbers', got {line!r:.60}")
        texts[name] = number, text.strip()
    if missing := [name for name in _COUNTS + _ARRAYS if name not in texts]:
        raise FormatError(where, None, f"expected a line '{missing[0]} = ...'")
    counts = {name: _count(where, name, *texts[name]) for name in _COUNTS}
    filters, width, hidden = (counts[n] for n in ("num_detectors", "detector_len", "num_hidden"))
    features = filters * (2 if counts["has_avg_pooling"] else 1)
    shapes = {
        "detectors": (width, 4, filters),
        "thresholds": (filters,),
        "weights1": (features, hidden or 1),
        "biases1": (hidden or 1,),
        "weights2": (hidden, 1) if hidden else (0,),
        "biases2": (1,) if hidden else (0,),
    }
    arrays = {name: _array(where, name, *texts[name], shapes[name]) for name in _ARRAYS}
    layers = [(arrays["weights1"], arrays["biases1"]), (arrays["weights2"], arrays["biases2"])]
    return DeepBindNetwork(
        bool(counts["reverse_complement"]),
        width,
        "both" if counts["has_avg_pooling"] else "max",
        hidden,
        arrays["detectors"],
        arrays["thresholds"],
        tuple(layers if hidden else layers[:1]),
    )


def read_table(path: str | os.PathLike) -> dict[str, str]:
    """Names of models from the authors' table `db.tsv`.

    Returns:
        dict such as "D00736.002" -> "K562|ARID3A|D00736.002": cell (where the table has
        one), protein, model.

    Raises:
        FormatError: not that table.

    Example:
        >>> import tempfile
        >>> rows = ["ID", "Protein", "Experiment Details"]
        >>> rows = rows, ["D00736.002", "ARID3A", "'CellLine=K562'"]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "db.tsv").write_text("\\n".join(map("\\t".join, rows)))
        ...     read_table(Path(folder, "db.tsv"))
        {'D00736.002': 'K562|ARID3A|D00736.002'}
    """
    from genome_keras.io.lines import rows

    names, header = {}, None
    for number, line in rows(path, "DeepBind's table"):
        if line.startswith("#") or not line.strip():
            continue
        fields = line.split("\t")
        if header is None:
            header = fields
            if not {"ID", "Protein", "Experiment Details"} <= set(header):
                raise FormatError(path, number, "expected the columns ID, Protein, ... of db.tsv")
            continue
        row = dict(zip(header, fields, strict=False))
        cell = _CELL.search(row.get("Experiment Details", ""))
        if not _ID.fullmatch(row.get("ID", "")) or not row.get("Protein"):
            raise FormatError(path, number, f"expected a model and its protein, got {line!r:.60}")
        parts = [cell[1]] if cell else []
        names[row["ID"]] = "|".join([*parts, row["Protein"], row["ID"]])
    if not names:
        raise FormatError(path, None, "expected the table db.tsv, got no models")
    return names


def _count(where, name, number, text):
    largest = 1 if name in ("reverse_complement", "has_avg_pooling") else 1000
    smallest = {"num_detectors": 1, "detector_len": 2}.get(name, 0)
    if not _COUNT.fullmatch(text) or not smallest <= int(text) <= largest:
        problem = f"{name}: expected an integer from {smallest} to {largest}, got {text!r:.40}"
        raise FormatError(where, number, problem)
    return int(text)


def _array(where, name, number, text, shape):
    if not _NUMBERS.fullmatch(text):
        raise FormatError(where, number, f"{name}: expected numbers between commas")
    fields = text.split(",") if text else []
    if len(fields) != int(np.prod(shape)):
        problem = f"{name}: expected {int(np.prod(shape))} numbers, got {len(fields)}"
        raise FormatError(where, number, problem)
    try:
        values = np.array([float(field) for field in fields], "float32").reshape(shape)
    except ValueError as error:
        raise FormatError(where, number, f"{name}: expected numbers ({error})") from error
    if not np.isfinite(values).all():
        raise FormatError(where, number, f"{name}: a number that is not finite")
    return values


def _bytes_of(path):
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise WeightsError(f"{path}: cannot read: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise WeightsError(f"{path}: more than {_LARGEST} bytes")
    return data


def _members(path, asked):
    """The parameter files in an archive; nothing is unpacked to the disk."""
    contents = {}
    try:
        for member, source in tar.members(path, total=_ALL, most=_MEMBERS):
            name = member.name.rpartition("/")[2].removesuffix(".txt")
            if not member.isfile() or not _ID.fullmatch(name) or name in contents:
                continue
            if asked is None or name in asked:
                if member.size > _LARGEST:
                    raise WeightsError(f"{path}: {name}.txt: more than {_LARGEST} bytes")
                contents[name] = source.read()
    except FormatError as error:
        problem = f"{path}: not an archive of parameter files ({error.problem})"
        raise WeightsError(problem) from error
    except OSError as error:
        raise WeightsError(f"{path}: cannot read: {error.strerror or error}") from error
    return contents
