"""Ways of choosing edits: each a frozen value of its settings."""

from dataclasses import dataclass
from typing import ClassVar

from genome_keras.settings import Number, Settings, Whole, setting


@dataclass(frozen=True)
class Greedy(Settings):
    """Every allowed substitution is scored, and the best is made, until none is better.

    >>> Greedy().name
    'greedy'

    Source: in-silico evolution, as of Vaishnav et al. 2022 (Nature 603:455) and Taskiran et
        al. 2024 (Nature 626:212).
    """

    name: ClassVar[str] = "greedy"


@dataclass(frozen=True)
class GradientGuided(Settings):
    """As `Greedy`, but only the substitutions that the gradient thinks best are scored.

    >>> GradientGuided(tried=8)
    GradientGuided(tried=8)

    Args:
        tried: substitutions that are scored for each edit.

    Source: Linder & Seelig 2021 (BMC Bioinformatics 22:510) for gradients of one-hot
        letters; here they only propose, and scores decide.
    """

    name: ClassVar[str] = "gradient"

    tried: int = setting(16, Whole(1), "substitutions scored for each edit", metavar="N")


@dataclass(frozen=True)
class Annealing(Settings):
    """Random substitutions, worse ones too while it is hot; the best sequence that was seen.

    >>> Annealing(rounds=50).chains
    16

    Args:
        rounds: substitutions that each chain tries.
        chains: walks side by side, a batch; the best is taken.
        hot, cold: temperatures at the begin and the end, of log-odds.

    Source: Kirkpatrick et al. 1983 (Science 220:671).
    """

    name: ClassVar[str] = "annealing"

    rounds: int = setting(300, Whole(1), "substitutions that each chain tries", metavar="N")
    chains: int = setting(16, Whole(1), "walks side by side", metavar="N")
    hot: float = setting(1.0, Number(0, above=True), "temperature at the begin", metavar="X")
    cold: float = setting(0.01, Number(0, above=True), "temperature at the end", metavar="X")


EDIT_WAYS = {way.name: way for way in (Greedy, GradientGuided, Annealing)}
DEFAULT_WAY = Greedy.name
EditWay = Greedy | GradientGuided | Annealing


def engine_for(method: str | EditWay) -> str:
    """The engine that computes a way: gradients are Keras's, scores anyone's.

    >>> engine_for("greedy"), engine_for(GradientGuided())
    ('auto', 'keras')
    """
    by_gradient = method == GradientGuided.name or isinstance(method, GradientGuided)
    return "keras" if by_gradient else "auto"
