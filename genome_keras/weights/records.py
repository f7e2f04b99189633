"""Lists of records that show themselves as a table and become a DataFrame."""

from collections.abc import Iterable, Sequence
from typing import Any

from genome_keras.errors import GenomeKerasError, printable


class Records(list):
    """A list whose `print` and last line of a notebook cell are a table.

    Args:
        rows: the records.
        columns: names of the attributes that are shown.

    Example:
        >>> from fractions import Fraction
        >>> Records([Fraction(1, 2), Fraction(3, 14)], columns=("numerator", "denominator"))
        numerator  denominator
        1          2
        3          14
    """

    def __init__(self, rows: Iterable = (), *, columns: Sequence[str] = ()) -> None:
        super().__init__(rows)
        self.columns = tuple(columns)

    def cells(self) -> list[tuple]:
        """What the table holds: a tuple for each record.

        Example:
            >>> Records([1 + 2j], columns=("real", "imag")).cells()
            [(1.0, 2.0)]
        """
        return [tuple(getattr(row, name) for name in self.columns) for row in self]

    def __repr__(self) -> str:
        rows = [self.columns, *([_text(cell) for cell in row] for row in self.cells())]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
        return "\n".join(lines)

    __str__ = __repr__

    def as_frame(self) -> Any:
        """A `pandas.DataFrame` with a row for each record.

        Raises:
            GenomeKerasError: pandas is missing.

        Example:
            >>> Records([1 + 2j], columns=("real", "imag")).as_frame().shape
            (1, 2)
        """
        return data_frame({name: [getattr(row, name) for row in self] for name in self.columns})


def data_frame(columns: dict[str, Any]) -> Any:
    """A `pandas.DataFrame` of columns.

    Raises:
        GenomeKerasError: pandas is missing.

    Example:
        >>> data_frame({"name": ["chr1"], "start": [5]}).shape
        (1, 2)
    """
    try:
        from pandas import DataFrame
    except ModuleNotFoundError as error:
        raise GenomeKerasError("a DataFrame needs pandas: pip install pandas") from error
    return DataFrame(columns)


def _text(cell):
    if cell is None:
        return "-"
    if isinstance(cell, tuple):
        return ", ".join(map(str, cell)) or "-"
    return f"{cell:.4f}" if isinstance(cell, float) else printable(str(cell)) or "-"
