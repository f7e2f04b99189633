"""In-silico mutagenesis: what each substitution of a window does to each task."""

from collections.abc import Sequence

import numpy as np

from genome_keras.encode import reverse_complement, tokens
from genome_keras.scoring import shared_kmers
from genome_keras.scoring.batch import is_keras
from genome_keras.scoring.choices import check_windows
from genome_keras.scoring.effects import effect as effect_of
from genome_keras.scoring.effects import kinds
from genome_keras.scoring.engines import backend_name
from genome_keras.scoring.model_in_use import ModelInUse, model_in_use
from genome_keras.scoring.scorer import Scorer, agree


def ism(
    model: object,
    seqs: Sequence[str] | np.ndarray,
    *,
    tasks: list[int] | None = None,
    effect: str = "diff",
    both_strands: bool | None = None,
    reuse: bool | None = None,
    batch_size: int | None = None,
    engine: str = "auto",
) -> np.ndarray:
    """Effects of every substitution in windows.

    The same numbers, to 1e-5, as the pairs of windows give one by one. Where the model
    allows it they cost less, as `Mutagenesis` tells.

    Args:
        model: a `keras.Model`, as `genome_keras.scoring.scorer.Scorer` takes it; a
            checkpoint's name, a `Checkpoint` or a `Scorer`.
        seqs: windows, as `genome_keras.encode.tokens` takes them.
        tasks: integer columns of the model's output; None is all.
        effect: "diff" or "logodds", as in `genome_keras.scoring.effects.effect`.
        both_strands: average over both strands; None does what the checkpoint or the
            scorer does.
        reuse: whether to compute what the substitutions share only once; None does
            where that was measured to be faster.
        batch_size: windows at a time; None is 256 (64 of 1000 bp), or what the scorer has.
        engine: of a checkpoint, as in `genome_keras.scoring.engines.model_without_keras`; but
            "auto" is "keras" on JAX for recurrent models, where what substitutions share is
            read once, and with `reuse`, which says how Keras is to compute.

    Returns:
        float32 (n, window, 4, tasks), letters A, C, G, T: alt - ref. 0 at the window's own
        letter; NaN at an N, which is no base to substitute.

    Raises:
        SequenceError: what `tokens` refuses.
        WeightsError: a checkpoint that cannot be used.
        ValueError: another window than the model's, or another `effect`.

    Example:
        >>> ism("kmer_logreg.human_chromatin.v1", "ACGT" * 25, tasks=[0]).shape
        (1, 100, 4, 1)
    """
    codes = tokens(seqs)
    sizes = {"both_strands": both_strands, "batch_size": batch_size}
    scorer = model_for(model, **sizes, engine=engine, reuse=reuse).scorer
    return Mutagenesis(scorer, tasks=tasks, reuse=reuse)(codes, effect=effect)


def model_for(
    model: object,
    *,
    both_strands: bool | None = None,
    batch_size: int | None = None,
    engine: str = "auto",
    reuse: bool | None = None,
) -> ModelInUse:
    """The model to mutate windows with: by "auto", what computes substitutions soonest.

    Args:
        model, both_strands, batch_size, engine, reuse: as in `ism`.

    Raises:
        As `genome_keras.scoring.model_in_use.model_in_use`.

    Example:
        >>> model_for("kmer_logreg.human_chromatin.v1").engine
        'numpy'
    """
    sizes = {"both_strands": both_strands, "batch_size": batch_size}
    if engine == "auto" and reuse is not None:
        engine = "keras"
    use = model_in_use(model, **sizes, engine=engine, sums=True)
    if engine != "auto" or backend_name() != "jax" or use.engine != "onnx":
        return use
    has_states = use.scorer.convolutions is None  # which JAX alone reads faster
    return model_in_use(model, **sizes, engine="keras") if has_states else use


class Mutagenesis:
    """Every substitution of windows, by one model; what is compiled serves many calls.

    Full passes cost 3 w + 1 of them for a window of w bp. What is cheaper:

    - convolutions under other layers, as `basset` and `conv_bigru`: of each the positions that
      a letter can change are computed anew, as `genome_keras.scoring.shared_convolutions`
      tells, and the layers after them as a whole.
    - recurrent stacks that `genome_keras.scoring.shared_reading.network` knows, as those of
      `bigru_multitask` and `char_rnn`: each substitution begins at the state that the
      window itself has a few steps before it; 1.5 (w + 10) passes.
    - k-mer counts under one dense layer, as `kmer_logreg`: only the k-mers over the letter
      are counted anew; less than one pass.

    Any other model takes full passes, in batches across windows, as does one that only
    looks like these: the windows' own scores are compared.

    Args:
        scorer: a `genome_keras.scoring.scorer.Scorer`.
        tasks: integer columns of the scores; None is all.
        reuse: True takes a cheaper way where the model allows it, False full passes; None is
            True, but for states on TensorFlow and torch: their full passes are the faster
            way there.

    Attributes:
        way: "changed positions", "states", "counts" or "full passes".

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> mutagenesis = Mutagenesis(Scorer(model), tasks=[0])
        >>> mutagenesis(tokens("ACGTACGTACGT")).shape, mutagenesis.way
        ((1, 12, 4, 1), 'counts')
    """

    def __init__(
        self,
        scorer: Scorer,
        *,
        tasks: slice | list[int] | None = None,
        reuse: bool | None = None,
    ) -> None:
        self.scorer = scorer
        self.tasks = slice(None) if tasks is None else tasks
        self.way, self._shared = "full passes", None
        if reuse is False:
            return
        states = reuse or _states_pay(scorer.model)
        if (network := scorer.network if states else scorer.convolutions) is not None:
            self.way, self._shared = network.way, network.substitutions
        elif (shared := shared_kmers.substitutions(scorer.model)) is not None:
            self.way, self._shared = "counts", shared

    def __call__(self, codes: np.ndarray, *, effect: str = "diff") -> np.ndarray:
        """As `ism`: float32 (n, window, 4, tasks).

        Args:
            codes: uint8 (n, window).
            effect: "diff" or "logodds".
        """
        (effect,) = kinds(
            effect,
            language_model=self.scorer.is_language_model,
            probabilities=self.scorer.gives_probabilities,
        )
        check_windows(codes, self.scorer.window)
        changed, own = self.scores(codes)
        effects = effect_of(effect, own[:, None, None], changed)
        effects[codes == 4] = np.nan
        return effects

    def scores(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores of all substitutions, and of the windows themselves.

        Args:
            codes: uint8 (n, window).

        Returns:
            float32 (n, window, 4, tasks) and (n, tasks). What stands at an N means nothing.
        """
        if self._shared is not None:
            pair = self._both(self._shared, codes)
            if pair is not None and agree(pair[1], self.scorer.scores(codes)[:, self.tasks]):
                return pair
            # Another network of the same layers: what it shares is not known.
            self.way, self._shared = "full passes", None
        return self._full(codes)

    def _both(self, shared, codes):
        pair = shared(codes)
        if pair is None:
            return None
        changed, own = pair
        if self.scorer.both_strands:
            other, own_of_other = shared(reverse_complement(codes))
            changed = self.scorer.mean(changed, other[:, ::-1, ::-1])
            own = self.scorer.mean(own, own_of_other)
        return changed[..., self.tasks], own[:, self.tasks]

    def _full(self, codes):
        """Full passes, the windows' own in the batches of their substitutions."""
        n = len(codes)
        row, at, letter = changes(codes)
        rows = np.concatenate([np.arange(n), row])
        places = np.concatenate([np.zeros(n, np.int64), at])
        letters = np.concatenate([codes[:, 0], letter])  # a window's own letter changes nothing
        size = -(-len(rows) // -(-len(rows) // self.scorer.batch_size))
        tasks = len(np.arange(len(self.scorer.tasks))[self.tasks])
        changed = np.zeros((*codes.shape, 4, tasks), np.float32)
        own = np.empty((n, tasks), np.float32)
        for first in range(0, len(rows), size):
            some = slice(first, first + size)
            windows = codes[rows[some]]
            windows[np.arange(len(windows)), places[some]] = letters[some]
            scores = self.scorer.scores(windows)[:, self.tasks]
            number = np.arange(first, first + len(windows)) - n
            own[number[number < 0]] = scores[number < 0]
            number, scores = number[number >= 0], scores[number >= 0]
            changed[row[number], at[number], letter[number]] = scores
        kept = np.minimum(codes, 3)[..., None, None]
        np.put_along_axis(changed, kept, own[:, None, None], 2)
        return changed, own


def _states_pay(model):
    """Whether beginning at states was measured to be the faster way on this backend."""
    return is_keras(model) and backend_name() == "jax"


def mean_loss(effects: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """What is lost, on average, when a letter is changed to each other one.

    Args:
        effects: float (..., window, 4), as `ism` gives them.
        codes: integer (..., window).

    Returns:
        float (..., window, 4), at the window's own letter; 0 elsewhere, and at an N.

    Example:
        >>> effects = np.array([[np.nan, -1, -2, -3]])  # of one base, A
        >>> mean_loss(effects, np.array([0])).tolist()
        [[2.0, 0.0, 0.0, 0.0]]
    """
    lost = -np.nan_to_num(effects).sum(-1, keepdims=True) / 3
    return np.where(codes[..., None] == np.arange(4), lost, 0)


def changes(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, position and letter of every substitution.

    Example:
        >>> row, position, letter = changes(np.array([[0, 4]]))  # A, and N, which is no base
        >>> row.tolist(), position.tolist(), letter.tolist()
        ([0, 0, 0], [0, 0, 0], [1, 2, 3])
    """
    return np.nonzero((codes[..., None] != np.arange(4)) & (codes < 4)[..., None])
