"""Experiments on windows: what a function of a model says before and after changes of letters.

The function is called with the model's `Scorer` and codes, uint8 (n, window), and gives an
array (n, ...): `log_odds`, `Scorer.scores`, or one of your own, such as
`lambda scorer, codes: attribute(scorer, codes, tasks=3)`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from genome_keras.encode import LETTERS, tokens
from genome_keras.scoring.choices import check_windows
from genome_keras.scoring.effects import logit
from genome_keras.scoring.model_in_use import model_in_use
from genome_keras.scoring.scorer import Scorer

Function = Callable[[Scorer, np.ndarray], np.ndarray]


class Experiment(NamedTuple):
    """What a function says of windows before and after k changes of each.

    Attributes:
        before: (n, ...).
        after: (n, k, ...).

    Example:
        >>> done = Experiment(before=np.array([0.5]), after=np.array([[0.75, 0.25]]))
        >>> done.change.tolist()
        [[0.25, -0.25]]
    """

    before: np.ndarray
    after: np.ndarray

    @property
    def change(self) -> np.ndarray:
        """(n, k, ...): after - before."""
        return self.after - self.before[:, None]


def log_odds(scorer: Scorer, codes: np.ndarray) -> np.ndarray:
    """Scores on the scale on which independent effects add up.

    Args:
        scorer: `genome_keras.scoring.scorer.Scorer`.
        codes: uint8 (n, window).

    Returns:
        float64 (n, tasks): log(P / (1 - P)), or the log-likelihood of a language model, nats.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> scorer = Scorer(kmer_logreg(k=(1, 2), window=12, tasks=3))
        >>> log_odds(scorer, tokens("ACGTACGTACGT")).shape
        (1, 3)
    """
    scores = scorer.scores(codes)
    return scores.astype(np.float64) if scorer.is_language_model else logit(scores)


def scorer_for(
    function: Function,
    model: object,
    *,
    both_strands: bool | None = None,
    batch_size: int | None = None,
) -> Scorer:
    """The scorer that a function is called with: without Keras where it asks for scores alone.

    Args:
        function: as above; another one than `log_odds` may want the `keras.Model`.
        model: a checkpoint's name, a `Checkpoint`, a `keras.Model` or a `Scorer`.
        both_strands, batch_size: as in `genome_keras.scoring.model_in_use.model_in_use`.

    Raises:
        WeightsError, ValueError: as `model_in_use`.

    Example:
        >>> scorer_for(log_odds, "kmer_logreg.human_chromatin.v1").window
        100
    """
    engine = "auto" if function is log_odds else "keras"
    sizes = {"both_strands": both_strands, "batch_size": batch_size}
    return model_in_use(model, **sizes, engine=engine).scorer


def put(codes: np.ndarray, motif: str, start: int) -> np.ndarray:
    """Windows with a motif in them; where the motif has N, their own letters stay.

    Args:
        codes: uint8 (n, window).
        motif: letters.
        start: of the motif in the window, 0-based.

    Returns:
        uint8 (n, window), a copy.

    Raises:
        SequenceError: a foreign letter.
        ValueError: no letters, or some that lie outside the window.

    Example:
        >>> from genome_keras import decode
        >>> decode(put(tokens(["AAAAAA"]), "CNG", start=2))
        ['AACAGA']
    """
    letters, window = motif_codes(motif), codes.shape[1]
    if not 0 <= start <= window - len(letters):
        raise ValueError(
            f"a motif of {len(letters)} bp must begin at 0 to {window - len(letters)} of a window "
            f"of {window} bp. Received: start={start}"
        )
    changed, at = codes.copy(), start + np.flatnonzero(letters < 4)
    changed[:, at] = letters[letters < 4]
    return changed


def motif_codes(motif: str) -> np.ndarray:
    """Codes of a motif, uint8 (length,).

    Raises:
        SequenceError: a foreign letter.
        ValueError: no letters.

    Example:
        >>> motif_codes("GATA").tolist()
        [2, 0, 3, 0]
    """
    letters = tokens(motif)[0] if len(motif) else np.empty(0, np.uint8)
    if not (letters < 4).any():
        raise ValueError(f"a motif must have letters of {LETTERS[:4]}. Received: {motif!r:.60}")
    return letters


def applied(function: Function, scorer: Scorer, changed: np.ndarray) -> np.ndarray:
    """A function of windows and of changes of each.

    Args:
        function: as above.
        scorer: `genome_keras.scoring.scorer.Scorer`.
        changed: uint8 (n, k, window).

    Returns:
        What the function gives, (n, k, ...).

    Raises:
        ValueError: windows of another length than the model's, or another number of rows.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> scorer = Scorer(kmer_logreg(k=(1, 2), window=12, tasks=3))
        >>> applied(log_odds, scorer, np.zeros((2, 5, 12), np.uint8)).shape
        (2, 5, 3)
    """
    flat = changed.reshape(-1, changed.shape[-1])
    check_windows(flat, scorer.window)
    scores = np.asarray(function(scorer, flat))
    if scores.shape[:1] != (len(flat),):
        raise ValueError(
            f"the function must give {len(flat)} rows, one a window. Received: {scores.shape}"
        )
    return scores.reshape(*changed.shape[:2], *scores.shape[1:])
