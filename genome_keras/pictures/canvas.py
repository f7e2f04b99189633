"""What the pictures share: colours, sizes, rows of letters, axes of positions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from genome_keras.errors import GenomeKerasError
from genome_keras.pictures.html_page import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, RULE = LIGHT["ink"], LIGHT["soft"], LIGHT["rule"]
BASES, GAP = "ACGT", "\N{EN DASH}"
LETTER_COLOURS = {letter: LIGHT[letter] for letter in BASES}
COLOURS = tuple(LIGHT[f"c{number}"] for number in range(6))
LESS, MORE = COLOURS[0], COLOURS[1]  # of changes
WIDTH, LEFT, RIGHT = 12.0, 0.85, 0.85  # inches: the whole picture, and beside its axes
_STYLE = {
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 9,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.edgecolor": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.facecolor": "none",
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "text.parse_math": False,  # a name with $ is a name
}


def load_plotting() -> ModuleType:
    """Loads matplotlib and logomaker.

    Returns:
        The module logomaker.

    Raises:
        GenomeKerasError: one is missing.

    Example:
        >>> load_plotting().__name__
        'logomaker'
    """
    try:
        import logomaker
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise GenomeKerasError(
            "pictures need matplotlib and logomaker: pip install 'genome_keras[plot]'"
        ) from error
    return logomaker


@contextmanager
def style() -> Iterator[None]:
    """The look of the package's pictures, in the block only.

    Example:
        >>> from matplotlib import rcParams
        >>> with style():
        ...     rcParams["font.size"]
        9.0
    """
    load_plotting()
    from matplotlib import rc_context

    with rc_context(_STYLE):
        yield


def stack(
    heights: Sequence[float],
    *,
    gaps: float | Sequence[float],
    top: float = 0.45,
    bottom: float = 0.55,
) -> tuple["Figure", list["Axes"]]:
    """A figure with axes one below the other.

    Args:
        heights: inches, of each.
        gaps: inches between two: a number, or one for each pair.
        top, bottom: inches above and below them.

    Returns:
        A `matplotlib.figure.Figure` that pyplot does not know, and a list of axes.

    Example:
        >>> figure, axes = stack([1.25, 0.8], gaps=0.2, top=0.5, bottom=0.5)
        >>> figure.get_size_inches().tolist(), len(axes)
        ([12.0, 3.25], 2)
    """
    from matplotlib.figure import Figure

    between = np.broadcast_to(gaps, len(heights) - 1).tolist()
    high = top + sum(heights) + sum(between) + bottom
    figure, axes, above = Figure(figsize=(WIDTH, high), facecolor="white"), [], high - top
    for height, gap in zip(heights, [*between, 0], strict=True):
        above -= height
        place = (LEFT / WIDTH, above / high, 1 - (LEFT + RIGHT) / WIDTH, height / high)
        axes.append(figure.add_axes(place))
        above -= gap
    return figure, axes


def checked(
    values: ArrayLike, codes: ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Checks values (window, 4), and codes (window,) where there are any.

    Raises:
        ValueError: another shape.

    Example:
        >>> values, codes = checked([[1, 0, 0, 0], [0, 0, 2, 0]], codes=[0, 2])
        >>> values.shape, codes.tolist()
        ((2, 4), [0, 2])
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or values.shape[1] != 4 or not len(values):
        raise ValueError(f"expected values (window, 4). Received: {values.shape}")
    if codes is None:
        return values, None
    codes = np.asarray(codes)
    if codes.shape != values.shape[:1]:
        raise ValueError(f"expected codes ({len(values)},). Received: {codes.shape}")
    return values, codes


def draw_letters(axis: "Axes", values: ArrayLike, positions: np.ndarray) -> None:
    """Draws letters whose heights are the values; those below 0 hang upside down.

    Args:
        axis: `matplotlib.axes.Axes`.
        values: float (n, 4), letters A, C, G, T; NaN counts as 0.
        positions: int (n,), where they stand.

    Example:
        >>> with style():
        ...     figure, (axis,) = stack([1], gaps=0.2)
        >>> draw_letters(axis, np.eye(4)[[0, 2]], np.array([101, 102]))
        >>> len(axis.patches)  # A and G
        2
    """
    from pandas import DataFrame

    heights = np.nan_to_num(np.asarray(values, np.float64))
    if heights.any():
        load_plotting().Logo(
            DataFrame(heights, index=positions, columns=list(BASES)),
            ax=axis,
            color_scheme=LETTER_COLOURS,
            baseline_width=0,
            font_name="DejaVu Sans",
            font_weight="bold",
            width=0.95,
        )
    axis.axhline(0, color=SOFT, linewidth=0.6, zorder=0)
    axis.spines[["top", "right"]].set_visible(False)


def limits(*heights: np.ndarray) -> tuple[float, float]:
    """Ends of an axis on which all stacks of letters fit, with 0 among them.

    Example:
        >>> low, high = limits(np.array([[1, 1, 0, 0], [0, 0, -1, 0]]))
        >>> round(float(low), 2), round(float(high), 2)
        (-1.18, 2.18)
    """
    values = np.nan_to_num(np.concatenate([height.reshape(-1, 4) for height in heights]))
    low = np.minimum(values, 0).sum(1).min()
    high = np.maximum(values, 0).sum(1).max()
    room = 0.06 * (high - low) or 1.0
    return low - (room if low < 0 else 0), high + room


def draw_sequence(
    axis: "Axes",
    codes: Sequence[int] | np.ndarray,
    positions: Sequence[int] | np.ndarray,
    *,
    below: float,
) -> None:
    """Writes the letters of a sequence under an axis.

    Args:
        codes: integer (n,); those below 0 are gaps.
        positions: int (n,).
        below: share of the axis' height.

    Example:
        >>> with style():
        ...     figure, (axis,) = stack([1], gaps=0.2)
        >>> draw_sequence(axis, [0, 3, 4, -1], [1, 2, 3, 4], below=0.1)
        >>> [text.get_text() for text in axis.texts]
        ['A', 'T', 'N', '–']
    """
    for position, code in zip(positions, codes, strict=True):
        letter = f"{BASES}N{GAP}"[code]  # -1 is the last
        axis.text(
            position,
            -below,
            letter,
            transform=axis.get_xaxis_transform(),
            color=LETTER_COLOURS.get(letter, SOFT),
            fontsize=7,
            fontweight="bold",
            ha="center",
            va="center",
        )


def mark_positions(axis: "Axes", first: int, count: int, *, last: int, pad: float = 3.5) -> None:
    """Ticks at positions up to `last`, with thousands separators; the axis has `count`.

    Example:
        >>> with style():
        ...     figure, (axis,) = stack([1], gaps=0.2)
        >>> mark_positions(axis, 1001, 20, last=1010)
        >>> [float(end) for end in axis.get_xlim()]
        [1000.5, 1020.5]
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_xlim(first - 0.5, first + count - 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}" if x <= last else ""))
    axis.tick_params(axis="x", pad=pad)


def name_positions(contig: str | None, start: int | None) -> str:
    """What positions are, as a label.

    Example:
        >>> name_positions("chr1", 1000)
        'position on chr1 (1-based)'
    """
    if start is None:
        return "position in the window (1-based)"
    return "position (1-based)" if contig is None else f"position on {contig} (1-based)"
