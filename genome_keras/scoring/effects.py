"""What a change does to scores: differences, log-odds, log-likelihoods."""

import numpy as np
from numpy.typing import ArrayLike

from genome_keras.arguments import one_of
from genome_keras.scoring import EFFECTS

LIKELIHOOD = "log_likelihood"  # the one task of a language model
KEPT = 1e-7  # the least probability whose logarithm is taken, as in training

# Between the nearest float32 to 0 and to 1, log-odds are finite.
_ROUNDING = 1e-5  # of a mean of probabilities
_LEAST, _MOST = float(np.finfo(np.float32).tiny), 1 - 2.0**-24


def effect(kind: str, ref: np.ndarray, alt: np.ndarray) -> np.ndarray:
    """What changes from the scores of one allele to those of another.

    Args:
        kind: "diff", alt - ref (of a language model the log-likelihood ratio, nats);
            or "logodds", the difference of log(P / (1 - P)), of tasks only.
        ref, alt: float32 (..., tasks); they broadcast.

    Returns:
        float32 (..., tasks).

    Raises:
        ValueError: log-odds of scores that are no probabilities, as of `deepbind_2015` with
            `output="score"`.

    Example:
        >>> ref, alt = np.float32([0.5, 0.25]), np.float32([0.75, 0.25])
        >>> effect("diff", ref, alt).tolist()
        [0.25, 0.0]
        >>> effect("logodds", ref, alt).round(4)
        array([1.0986, 0.    ], dtype=float32)
    """
    if kind == "diff":
        return alt - ref
    for scores in map(np.asarray, (ref, alt)):
        outside = scores[(scores < -_ROUNDING) | (scores > 1 + _ROUNDING)]
        if outside.size:
            raise ValueError(
                "log-odds are of probabilities, from 0 to 1: effect must be 'diff' here. "
                f"Received: a score of {outside[0]:g}"
            )
    return (logit(alt) - logit(ref)).astype(np.float32)


def kinds(
    effect: str, *, language_model: bool = False, probabilities: bool = True
) -> tuple[str, ...]:
    """The effects behind a word.

    Args:
        effect: "diff", "logodds" or "both".
        language_model: whether the score is a log-likelihood.
        probabilities: whether it is P(label = 1), and not the logarithm of a signal.

    Returns:
        Tuple of words of `EFFECTS`.

    Raises:
        ValueError: another word, or log-odds of a language model or of signal.

    Example:
        >>> kinds("both")
        ('diff', 'logodds')
    """
    one_of(effect=effect, accepted=(*EFFECTS, "both"))
    chosen = EFFECTS if effect == "both" else (effect,)
    if language_model and "logodds" in chosen:
        raise ValueError(
            "a language model has no log-odds: effect must be 'diff', the log-likelihood "
            f"ratio. Received: effect={effect!r}"
        )
    if not probabilities and "logodds" in chosen:
        raise ValueError(
            "measured signal has no log-odds: effect must be 'diff', the log2-fold change. "
            f"Received: effect={effect!r}"
        )
    return chosen


def logit(probabilities: ArrayLike) -> np.ndarray:
    """log(p / (1 - p)) as float64; 0 and 1 count as the nearest float32 inside.

    A float32 next to 1 tells it less well: to 1e-5 up to 0.99, to 1e-3 at 0.9999.

    Example:
        >>> logit([0.5, 0.75]).round(3).tolist()
        [0.0, 1.099]
    """
    p = np.clip(np.asarray(probabilities, np.float64), _LEAST, _MOST)
    return np.log(p) - np.log1p(-p)


def sigmoid(x: ArrayLike) -> np.ndarray:
    """1 / (1 + exp(-x)), for any x.

    Example:
        >>> float(sigmoid(0.0)), sigmoid(np.array([-1e9, 1e9])).tolist()
        (0.5, [0.0, 1.0])
    """
    return np.exp(-np.logaddexp(0, -x))


def likelihood(next_base: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Log-likelihoods of windows under a language model.

    Args:
        next_base: float (n, window, 4): at t, probabilities of the base at t + 1.
        codes: integer (n, window); N does not count, nor does the first base.

    Returns:
        float32 (n, 1), nats.

    Example:
        >>> uniform = np.full((1, 4, 4), 0.25)
        >>> likelihood(uniform, np.array([[0, 1, 2, 4]])).round(3)  # two bases follow one
        array([[-2.773]], dtype=float32)
    """
    following = codes[:, 1:, None]
    chances = np.take_along_axis(next_base[:, :-1], np.minimum(following, 3), 2)
    logs = np.log(np.clip(chances, KEPT, 1.0)) * (following < 4)
    return logs.sum(1, dtype=np.float64).astype(np.float32)


_CHANGES = {"diff": "change of P(label = 1)", "logodds": "change of log-odds"}


def name_change(effect: str, tasks: list[str]) -> str:
    """What an effect is, as text: "diff" or "logodds", of these tasks.

    Example:
        >>> name_change("logodds", ["DNase|K562"])
        'change of log-odds'
    """
    return "log-likelihood ratio, nats" if tasks == [LIKELIHOOD] else _CHANGES[effect]
