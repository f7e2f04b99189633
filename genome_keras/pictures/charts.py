"""Small charts as SVG text: axes, lines and dots, coloured by the page they stand in."""

import math
from collections.abc import Iterable, Sequence
from html import escape

LEFT, RIGHT, TOP, BOTTOM = 66, 12, 10, 40


class Chart:
    """A chart of one pair of axes.

    Args:
        x, y: (low, high) of the axes.
        x_label, y_label: what they are.
        width, height: of the picture, in pixels.
        log: both axes are logarithmic; then low must be above 0.
        x_ticks: places of the ticks; None chooses them.

    Example:
        >>> chart = Chart((0, 10), (0, 1), x_label="epoch", y_label="F1")
        >>> chart.line([(0, 0.2), (10, 0.8)], colour=0)
        >>> chart.svg("F1 by epoch").count("<polyline")
        1
    """

    def __init__(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        x_label: str,
        y_label: str,
        width: int = 640,
        height: int = 320,
        log: bool = False,
        x_ticks: Iterable[float] | None = None,
    ) -> None:
        self.x, self.y, self.log = x, y, log
        self.width, self.height = width, height
        self._parts = []
        for value in _ticks(*x, log) if x_ticks is None else x_ticks:
            at = self._at(value, y[0])[0]
            self._draw_tick(at, TOP, at, height - BOTTOM)
            self._text(at, height - BOTTOM + 16, _number(value), "middle")
        for value in _ticks(*y, log):
            at = self._at(x[0], value)[1]
            self._draw_tick(LEFT, at, width - RIGHT, at)
            self._text(LEFT - 6, at + 4, _number(value), "end")
        self._text((LEFT + width - RIGHT) / 2, height - 6, x_label, "middle")
        middle = (TOP + height - BOTTOM) / 2
        turn = f' transform="rotate(-90 14 {middle:.0f})"'
        self._text(14, middle, y_label, "middle", turn)

    def line(
        self, points: Iterable[tuple[float, float]], colour: int | None, *, dashed: bool = False
    ) -> None:
        """Joins points (x, y) in the colour of this number; None is neutral."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self._at(*point) for point in points))
        style = ' stroke-dasharray="5 4"' if dashed else ""
        self._parts.append(f'<polyline class="{_class(colour)}" points="{path}"{style}/>')

    def dots(
        self,
        points: Iterable[tuple[float, float]],
        colour: int | None,
        *,
        titles: Sequence[str] | None = None,
        radius: float = 2.5,
    ) -> None:
        """Dots at points (x, y); a title is shown when the pointer is on its dot."""
        self._parts.append(f'<g class="{_class(colour)}">')
        for number, point in enumerate(points):
            x, y = self._at(*point)
            title = f"<title>{escape(titles[number])}</title>" if titles else ""
            self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}">{title}</circle>')
        self._parts.append("</g>")

    def svg(self, label: str) -> str:
        """The picture; `label` is what a screen reader says."""
        return (
            f'<svg viewBox="0 0 {self.width} {self.height}" style="max-width: {self.width}px" '
            f'role="img" aria-label="{escape(label)}">{"".join(self._parts)}</svg>'
        )

    def _at(self, x, y):
        across = _share(x, *self.x, self.log) * (self.width - LEFT - RIGHT)
        up = _share(y, *self.y, self.log) * (self.height - TOP - BOTTOM)
        return LEFT + across, self.height - BOTTOM - up

    def _draw_tick(self, x1, y1, x2, y2):
        self._parts.append(
            f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
        )

    def _text(self, x, y, text, anchor, more=""):
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(text)}</text>'
        )


def _class(colour):
    return "neutral" if colour is None else f"c{colour % 6}"


def _share(value, low, high, log):
    """Where a value lies between the ends, 0 to 1; what is beyond is put at the end."""
    value = min(max(value, low), high)
    if log:
        value, low, high = math.log(value), math.log(low), math.log(high)
    return (value - low) / (high - low)


def _ticks(low, high, log):
    if log:
        powers = range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)
        return [10.0**power for power in powers]
    step = 10 ** math.floor(math.log10((high - low) / 3))
    step *= next(m for m in (1, 2, 5, 10) if (high - low) / (step * m) <= 6)
    first = math.ceil(low / step - 1e-9)
    return [step * n for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _number(value):
    return f"{value:.6g}"
