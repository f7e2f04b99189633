"""In-silico mutagenesis: what each substitution of a window does to each task."""

import numpy as np

from genome_keras.encode import reverse_complement, tokens
from genome_keras.scoring import shared_kmers
from genome_keras.scoring.choices import check_windows
from genome_keras.scoring.effects import effect as effect_of
from genome_keras.scoring.effects import kinds
from genome_keras.scoring.scorer import Scorer, agree


def ism(model, seqs, *, tasks=None, effect="diff", both_strands=False, reuse=None, batch_size=256):
    """Effects of every substitution in windows.

    The same numbers, to 1e-5, as the pairs of windows give one by one. Where the model
    allows it they cost less, as `Mutagenesis` tells.

    Args:
        model: a `keras.Model`, as `genome_keras.scoring.scorer.Scorer` takes it.
        seqs: windows, as `genome_keras.encode.tokens` takes them.
        tasks: integer columns of the model's output; None is all.
        effect: "diff" or "logodds", as in `genome_keras.scoring.effects.effect`.
        both_strands, batch_size: as in `Scorer`.
        reuse: whether to compute what the substitutions share only once; None does
            where that was measured to be faster.

    Returns:
        float32 (n, window, 4, tasks), letters A, C, G, T: alt - ref. 0 at the window's own
        letter; NaN at an N, which is no base to substitute.

    Raises:
        SequenceError: what `tokens` refuses.
        ValueError: another window than the model's, or another `effect`.
    """
    scorer = Scorer(model, both_strands=both_strands, batch_size=batch_size)
    return Mutagenesis(scorer, tasks=tasks, reuse=reuse)(tokens(seqs), effect=effect)


class Mutagenesis:
    """Every substitution of windows, by one model; what is compiled serves many calls.

    Full passes cost 3 w of them for a window of w bp. What is cheaper:

    - `bigru_multitask`, `char_rnn`: each substitution begins at the state that the window
      itself has a few steps before it; 1.5 (w + 10) passes.
    - `kmer_logreg`: only the k-mers over the letter are counted anew; less than one pass.

    Any other model takes full passes, in batches across windows, as does one that only
    has the name of these: the windows' own scores are compared.

    Args:
        scorer: a `genome_keras.scoring.scorer.Scorer`.
        tasks: integer columns of the scores; None is all.
        reuse: True begins at states or counts where the model allows it, False takes full
            passes; None is True, but for states on TensorFlow and torch: their full passes
            are the faster way there.

    Attributes:
        way: "states", "counts" or "full passes".
    """

    def __init__(self, scorer, *, tasks=None, reuse=None):
        from keras.backend import backend

        states = backend() == "jax" if reuse is None else reuse
        self.scorer = scorer
        self.tasks = slice(None) if tasks is None else tasks
        self.way, self._shared = "full passes", None
        if states and scorer.network is not None:
            self.way, self._shared = "states", scorer.network.substitutions
        elif (
            reuse is not False and (shared := shared_kmers.substitutions(scorer.model)) is not None
        ):
            self.way, self._shared = "counts", shared

    def __call__(self, codes, *, effect="diff"):
        """As `ism`: float32 (n, window, 4, tasks).

        Args:
            codes: uint8 (n, window).
            effect: "diff" or "logodds".
        """
        (effect,) = kinds(effect, language_model=self.scorer.is_language_model)
        check_windows(codes, self.scorer.window)
        every, own = self.scores(codes)
        effects = effect_of(effect, own[:, None, None], every)
        effects[codes == 4] = np.nan
        return effects

    def scores(self, codes):
        """Scores of all substitutions, and of the windows themselves.

        Args:
            codes: uint8 (n, window).

        Returns:
            float32 (n, window, 4, tasks) and (n, tasks). What stands at an N means nothing.
        """
        if self._shared is not None:
            every, own = self._both(self._shared, codes)
            theirs = self.scorer.scores(codes)[:, self.tasks]
            if agree(own, theirs):
                return every, own
            # Another network under known names: what it shares is not known.
            self.way, self._shared = "full passes", None
        return self._full(codes)

    def _both(self, shared, codes):
        every, own = shared(codes)
        if self.scorer.both_strands:
            other, theirs = shared(reverse_complement(codes))
            every = self.scorer.mean(every, other[:, ::-1, ::-1])
            own = self.scorer.mean(own, theirs)
        return every[..., self.tasks], own[:, self.tasks]

    def _full(self, codes):
        n, window = codes.shape
        own = self.scorer.scores(codes)[:, self.tasks]
        every = np.repeat(own[:, None], window * 4, 1).reshape(n, window, 4, -1)
        places = changes(codes)
        for first in range(0, len(places[0]), self.scorer.batch_size):
            rows, at, letters = (of[first : first + self.scorer.batch_size] for of in places)
            changed = codes[rows]
            changed[np.arange(len(rows)), at] = letters
            every[rows, at, letters] = self.scorer.scores(changed)[:, self.tasks]
        return every, own


def mean_loss(effects, codes):
    """What is lost, on average, when a letter is changed to each other one.

    Args:
        effects: float (..., window, 4), as `ism` gives them.
        codes: integer (..., window).

    Returns:
        float (..., window, 4), at the window's own letter; 0 elsewhere, and at an N.
    """
    lost = -np.nan_to_num(effects).sum(-1, keepdims=True) / 3
    return np.where(codes[..., None] == np.arange(4), lost, 0)


def changes(codes):
    """Row, position and letter of every substitution."""
    return np.nonzero((codes[..., None] != np.arange(4)) & (codes < 4)[..., None])
