"""The methods of attribution: each a frozen value of its settings, which checks itself.

A new method is one more class here, its name in `METHODS`, and what finds it in
`genome_keras.interpret.attribution`; the command line has its options then.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from genome_keras.settings import Number, Settings, Whole, chosen, setting

MOST_POINTS = 4096  # of integrated gradients; finding them takes their number squared
BASELINES = {"n": 0.0, "uniform": 0.25}
TARGETS = ("logodds", "score")


@dataclass(frozen=True)
class _Letters:
    """A word of `BASELINES`, or float that broadcasts to (n, window, 4)."""

    accepted: tuple[str, ...] = tuple(BASELINES)

    def checked(self, name, value):
        """The word, or a float32 array that is read only; or ValueError."""
        if isinstance(value, str):
            if value not in BASELINES:
                words = " or ".join(map(repr, BASELINES))
                raise ValueError(f"{name} must be {words}, or float. Received: {name}={value!r}")
            return value
        import numpy as np  # the command line asks for the settings before it loads anything

        try:
            letters = np.array(value, np.float32)
        except (TypeError, ValueError):
            letters = np.array(np.nan)
        if letters.ndim > 3 or not np.isfinite(letters).all():
            raise ValueError(
                f"{name} must be finite float that broadcasts to (n, window, 4). "
                f"Received: {name}={value!r:.60}"
            )
        letters.flags.writeable = False
        return letters

    def parsed(self, text):
        """The text: the command line has words only."""
        return text


@dataclass(frozen=True)
class GradientXInput(Settings):
    """The derivative of the target for the letter that stands there.

    >>> GradientXInput().points(window=200)
    1

    Source: Simonyan et al. 2013 (arXiv:1312.6034), Shrikumar et al. 2016 (arXiv:1605.01713).
    """

    name: ClassVar[str] = "gradient_x_input"
    tells_other_letters: ClassVar[bool] = True

    def points(self, window: int) -> int:
        """Passes through the model that one window takes."""
        return 1


@dataclass(frozen=True)
class IntegratedGradients(Settings):
    """The mean derivative on the straight way from a baseline, times the change of letters.

    The mean is taken at Gauss-Legendre points. The sum over a window is target(window) -
    target(baseline), to what the points can tell.

    >>> IntegratedGradients(steps=50)
    IntegratedGradients(steps=50, baseline='n')

    Args:
        steps: points of the way, at most `MOST_POINTS`.
        baseline: where it begins: "n", all letters N; "uniform", a quarter of each; or float
            that broadcasts to (n, window, 4). At an N of the window it is N.

    Source: Sundararajan et al. 2017 (arXiv:1703.01365).
    """

    name: ClassVar[str] = "integrated_gradients"
    tells_other_letters: ClassVar[bool] = True

    steps: int = setting(
        32, Whole(1, MOST_POINTS), "points from the baseline to the window", metavar="N"
    )
    baseline: Any = setting(  # noqa: RUF009, a frozen default
        "n", _Letters(), "where the way begins: all N, or a quarter of each letter", compare=False
    )
    _same: Any = field(init=False, repr=False, default=None)  # compared in place of an array

    def __post_init__(self) -> None:
        super().__post_init__()
        import numpy as np

        array = np.asarray(self.letters, np.float32)
        object.__setattr__(self, "_same", (array.shape, array.tobytes()))

    def points(self, window: int) -> int:
        """Passes through the model that one window takes."""
        return self.steps

    @property
    def letters(self) -> Any:
        """The baseline as a number or float32 array."""
        return BASELINES[self.baseline] if isinstance(self.baseline, str) else self.baseline


@dataclass(frozen=True)
class SmoothGrad(Settings):
    """As `GradientXInput`, the mean over copies of the window with normal noise.

    >>> SmoothGrad(sigma=0.2).points(window=200)
    32

    Args:
        steps: noisy copies.
        sigma: standard deviation of the noise on the one-hot letters.
        seed: of the noise.

    Source: Smilkov et al. 2017 (arXiv:1706.03825).
    """

    name: ClassVar[str] = "smoothgrad"
    tells_other_letters: ClassVar[bool] = True

    steps: int = setting(32, Whole(1), "noisy copies", metavar="N")
    sigma: float = setting(0.1, Number(0), "noise on the one-hot letters", metavar="X")
    seed: int = setting(0, Whole(0), "of the noise", metavar="N")

    def points(self, window: int) -> int:
        """Passes through the model that one window takes."""
        return self.steps


@dataclass(frozen=True)
class Occlusion(Settings):
    """How far the target falls when letters become N; for any model, it needs no gradient.

    Of stretches of `width`, the mean over those with the letter.

    >>> Occlusion(width=10).points(window=200)
    191

    Args:
        width: bp that become N at once.

    Source: Zeiler & Fergus 2013 (arXiv:1311.2901).
    """

    name: ClassVar[str] = "occlusion"
    tells_other_letters: ClassVar[bool] = False

    width: int = setting(1, Whole(1), "bp hidden at once", metavar="BP")

    def points(self, window: int) -> int:
        """Passes through the model that one window takes."""
        return max(1, window - self.width + 1)


@dataclass(frozen=True)
class DeepLiftShap(Settings):
    """What letters add beside shuffles of the window, its dinucleotides kept; the mean of these.

    Multipliers take the place of derivatives: the rescale rule through activations, SHAP's
    rule through maxima. Changes of a product, as with the gates of GRUs and LSTMs, are
    shared evenly between its factors, which is an approximation. The sum over a window is
    target(window) - mean target(shuffles), to rounding.

    >>> DeepLiftShap(references=5).points(window=200)
    10

    Args:
        references: shuffles of each window.
        seed: of the shuffles.

    Source: Shrikumar et al. 2017 (arXiv:1704.02685); Lundberg & Lee 2017 (arXiv:1705.07874).
    """

    name: ClassVar[str] = "deep_lift_shap"
    tells_other_letters: ClassVar[bool] = True

    references: int = setting(20, Whole(1), "shuffles of each window", metavar="N")
    seed: int = setting(0, Whole(0), "of the shuffles", metavar="N")

    def points(self, window: int) -> int:
        """Passes through the model that one window takes."""
        return 2 * self.references


_CLASSES = (GradientXInput, IntegratedGradients, DeepLiftShap, SmoothGrad, Occlusion)
METHODS = {method.name: method for method in _CLASSES}
ASK_GRADIENTS = ("steps", "baseline")  # settings that no other method needs to be named for
Method = GradientXInput | IntegratedGradients | DeepLiftShap | SmoothGrad | Occlusion


def method_of(
    method: str | Method | None = None, *, hypothetical: bool = False, **given: Any
) -> Method:
    """The settings of a method, from its name and arguments.

    >>> method_of("occlusion", width=5)
    Occlusion(width=5)
    >>> method_of(), method_of(hypothetical=True).name  # occlusion tells of no other letters
    (Occlusion(width=1), 'integrated_gradients')

    Args:
        method: a name of `METHODS`, or settings, which stay as they are. None is "occlusion",
            and "integrated_gradients" where `hypothetical`, `steps` or `baseline` ask for it.
        hypothetical: whether other letters than the window's own are asked about.
        given: fields of the method's class; None is its own.

    Raises:
        ValueError: another method, or an argument that it does not take.
    """
    if method is None:
        gradients = hypothetical or any(given.get(name) is not None for name in ASK_GRADIENTS)
        method = (IntegratedGradients if gradients else Occlusion).name
    return chosen(METHODS, what="method", choice=method, given=given)
