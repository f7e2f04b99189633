"""Which letters of a window carry its scores: gradients, paths of them, and occlusion."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from genome_keras.arguments import one_of
from genome_keras.encode import tokens
from genome_keras.interpret.dinucleotides import shuffled
from genome_keras.interpret.methods import (
    TARGETS,
    DeepLiftShap,
    IntegratedGradients,
    Method,
    Occlusion,
    SmoothGrad,
    method_of,
)
from genome_keras.scoring.choices import check_windows
from genome_keras.scoring.effects import effect as effect_of
from genome_keras.scoring.effects import sigmoid
from genome_keras.scoring.model_in_use import model_in_use
from genome_keras.scoring.scorer import agree


def attribute(
    model: object,
    seqs: Sequence[str] | np.ndarray,
    *,
    tasks: int | Sequence[int],
    method: str | Method | None = None,
    target: str = "logodds",
    hypothetical: bool = False,
    both_strands: bool | None = None,
    batch_size: int | None = None,
    steps: int | None = None,
    baseline: Any = None,
    sigma: float | None = None,
    seed: int | None = None,
    width: int | None = None,
    references: int | None = None,
) -> np.ndarray:
    """What each letter of windows adds to their scores.

    Args:
        model: a `keras.Model` of tasks, as `genome_keras.interpret.letters.letter_model`
            takes it; for `Occlusion`, as `genome_keras.scoring.scorer.Scorer` does; or a
            `Scorer`, a `Checkpoint`, or the name of one.
        seqs: windows, as `genome_keras.encode.tokens` takes them.
        tasks: an integer column of the model's output, or a list of them.
        method: settings of `genome_keras.interpret.methods`, such as
            `IntegratedGradients(steps=50)` or `Occlusion(width=5)`; or their name, one of
            "gradient_x_input", "integrated_gradients", "deep_lift_shap", "smoothgrad" and
            "occlusion". None is "occlusion", which agrees best with mutagenesis; and
            "integrated_gradients" where `hypothetical`, `steps` or `baseline` ask for it.
        target: "logodds" or "score", P(label = 1).
        hypothetical: also tell what each other letter would add, by the same gradients
            (TF-MoDISco asks for these). Without it, only the window's own letters have
            numbers, and all others 0.
        both_strands: of the mean log-odds of the window and its reverse complement, as in
            `Scorer`; None does what the checkpoint or the scorer does.
        batch_size: windows, points or copies at a time; None is 256 (64 of 1000 bp), or
            what the scorer has.
        steps, baseline, sigma, seed, width, references: where `method` is a name, settings of
            it.

    Returns:
        float32 (n, window, 4), letters A, C, G, T; for a list of tasks, (n, window, 4,
        tasks). 0 at an N.

    Raises:
        SequenceError: what `tokens` refuses.
        ValueError: another method, target or window; a setting that the method does not
            take, or a value that it does not; a column that the model has not; a language
            model; a model that gradients do not go through.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> attribute(model, "ACGTACGTACGT", tasks=1, method="gradient_x_input").shape
        (1, 12, 4)
    """
    attribution = Attribution(
        model,
        tasks=tasks,
        method=method,
        target=target,
        hypothetical=hypothetical,
        both_strands=both_strands,
        batch_size=batch_size,
        steps=steps,
        baseline=baseline,
        sigma=sigma,
        seed=seed,
        width=width,
        references=references,
    )
    return attribution(tokens(seqs))


def of_letters(attributions: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The attributions of the letters that stand in the windows.

    Args:
        attributions: float (n, window, 4) or (n, window, 4, tasks).
        codes: integer (n, window).

    Returns:
        float (n, window) or (n, window, tasks); 0 at an N.

    Example:
        >>> of_letters(np.array([[[1, 2, 3, 4], [5, 6, 7, 8]]]), np.array([[0, 4]])).tolist()
        [[1, 0]]
    """
    own = np.asarray(codes)[..., None] == np.arange(4)
    return np.where(own.reshape(*own.shape, *[1] * (attributions.ndim - 3)), attributions, 0).sum(2)


class Attribution:
    """As `attribute`, for many calls: what is compiled serves all of them.

    Args: as `attribute`.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> occlusion = Attribution(model, tasks=[0, 2], method="occlusion", width=4)
        >>> occlusion(tokens("ACGTACGTACGT")).shape
        (1, 12, 4, 2)
    """

    def __init__(
        self,
        model: object,
        *,
        tasks: int | Sequence[int],
        method: str | Method | None = None,
        target: str = "logodds",
        hypothetical: bool = False,
        both_strands: bool | None = None,
        batch_size: int | None = None,
        steps: int | None = None,
        baseline: Any = None,
        sigma: float | None = None,
        seed: int | None = None,
        width: int | None = None,
        references: int | None = None,
    ) -> None:
        given = {"steps": steps, "baseline": baseline, "sigma": sigma, "seed": seed}
        given |= {"width": width, "references": references}
        self.method = method_of(method, hypothetical=hypothetical, **given)
        one_of(accepted=TARGETS, target=target)
        if hypothetical and not self.method.tells_other_letters:
            raise ValueError(
                f"{self.method.name} tells nothing of other letters; mutagenesis (ism) does"
            )
        engine = "auto" if isinstance(self.method, Occlusion) else "keras"  # no gradients there
        sizes = {"both_strands": both_strands, "batch_size": batch_size}
        self.scorer = model_in_use(model, **sizes, engine=engine, sums=True).scorer
        model = self.scorer.model
        if target == "logodds" and not self.scorer.gives_probabilities:
            raise ValueError(
                "measured signal has no log-odds: target must be 'score', log2(1 + sum). "
                f"Received: target={target!r}"
            )
        if self.scorer.is_language_model:
            raise ValueError(f"expected a model of tasks. Received: {model.name}, a language model")
        _columns(tasks, len(self.scorer.tasks))
        self.tasks, self.target = tasks, target
        self.hypothetical, self.batch_size = hypothetical, self.scorer.batch_size
        self._checked = False
        if not isinstance(self.method, Occlusion):
            from genome_keras.interpret.letters import letter_model
            from genome_keras.layers._gradients import outputs_and_gradients
            from genome_keras.layers.strands import strand_symmetric

            self._model = strand_symmetric(model) if self.scorer.both_strands else model
            self._network = letter_model(self._model, target=target)
            if isinstance(self.method, DeepLiftShap):
                from genome_keras.interpret.deep_lift_shap import DeepLift

                self._lift = DeepLift(self._network, batch_size=self.batch_size)
            else:
                self._several = outputs_and_gradients(self._network)

    def __call__(
        self, codes: np.ndarray, *, tasks: int | Sequence[int] | None = None
    ) -> np.ndarray:
        """As `attribute`.

        Args:
            codes: uint8 (n, window).
            tasks: other ones than those of the object, in this call; None is those.
        """
        return self.explained(codes, tasks=tasks)[0]

    def explained(
        self, codes: np.ndarray, *, tasks: int | Sequence[int] | None = None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Attributions, and by how much their sums miss what they should be.

        Args:
            codes, tasks: as of a call.

        Returns:
            What a call gives; and of "deep_lift_shap" float32 (n,) or (n, tasks), the sum over
            each window minus what the target changes from the references to it, of other
            methods None.
        """
        check_windows(codes, self.scorer.window)
        tasks = self.tasks if tasks is None else tasks
        columns, letters = _columns(tasks, len(self.scorer.tasks)), _one_hot(codes)
        missed = None
        if isinstance(self.method, Occlusion):
            attributions = self._occlusion(codes, columns)[:, :, None]
        else:
            self._check(codes[:1])
            if isinstance(self.method, DeepLiftShap):
                attributions, missed = self._beside_shuffles(codes, letters, columns)
            else:
                attributions = self._gradients(letters, columns)
        known = letters.any(-1, keepdims=True) if self.hypothetical else letters
        attributions = np.where(known[..., None], attributions, 0).astype(np.float32)
        if np.ndim(tasks) == 0:
            return attributions[..., 0], None if missed is None else missed[..., 0]
        return attributions, missed

    def _beside_shuffles(self, codes, letters, columns):
        """Attributions of all four letters (n, window, 4, tasks), and what their sums miss."""
        way = self.method
        references = _one_hot(shuffled(codes, way.references, seed=way.seed))
        attributions, change = self._lift(letters, references, outputs=columns)
        missed = (attributions * letters[..., None]).sum((1, 2)) - change
        return attributions, missed.astype(np.float32)

    def _check(self, codes):
        """The network of letters must be the model: it may read its codes in ways of its own."""
        if self._checked:
            return
        from keras import ops

        codes = np.repeat(codes, 2, 0)
        codes[1, ::7] = 4
        own, ours = (
            ops.convert_to_numpy(network(given, training=False))
            for network, given in ((self._model, codes), (self._network, _one_hot(codes)))
        )
        if self.target == "logodds":
            ours = sigmoid(ours.astype(np.float64))
        same = agree(ours, own)
        if isinstance(self.method, DeepLiftShap) and same:
            again = self._lift.model(_one_hot(codes), training=False)
            plain = self._network(_one_hot(codes), training=False)
            same = agree(ops.convert_to_numpy(again), ops.convert_to_numpy(plain))
        if not same:
            raise ValueError(
                f"{self.scorer.model.name}: its scores from letters are not those from codes, so "
                "gradients do not tell of it; method='occlusion' does"
            )
        self._checked = True

    def _gradients(self, letters, tasks):
        """Attributions of all four letters, float64 (n, window, 4, tasks)."""
        way = self.method
        if not isinstance(way, IntegratedGradients):
            noisy = isinstance(way, SmoothGrad)
            copies, noise = (way.steps, (way.sigma, way.seed)) if noisy else (1, None)
            ones = np.ones(copies)
            return self._mean(letters, tasks, np.zeros_like(letters), ones, ones / copies, noise)
        base = np.broadcast_to(np.asarray(way.letters, np.float32), letters.shape)
        base = base * letters.any(-1, keepdims=True)
        places, weights = np.polynomial.legendre.leggauss(way.steps)
        mean = self._mean(letters, tasks, base, (places + 1) / 2, weights / 2)
        return mean - (base[..., None] * mean).sum(2, keepdims=True)

    def _mean(self, letters, tasks, base, places, weights, noise=None):
        """Weighted mean of gradients at base + place (letters - base) for all places.

        `noise` is None, or the standard deviation and the seed of what is added to them.
        """
        from genome_keras.layers._gradients import weights_of_columns

        n, size, outputs = len(letters), self.batch_size, len(self.scorer.tasks)
        total = np.zeros((*letters.shape, len(tasks)))
        sigma, seed = noise or (0, 0)
        random = np.random.default_rng(seed)
        for first in range(0, n * len(places), size):
            row, place = np.divmod(
                np.arange(first, min(first + size, n * len(places))), len(places)
            )
            points = np.zeros((size, *letters.shape[1:]), np.float32)  # one shape, compiled once
            share = places.astype(np.float32)[place, None, None]
            points[: len(row)] = base[row] + share * (letters[row] - base[row])
            if sigma:
                moved = sigma * random.standard_normal((len(row), *letters.shape[1:]))
                points[: len(row)] += moved * letters[row].any(-1, keepdims=True)
            for before, chosen in weights_of_columns(tasks, rows=size, outputs=outputs):
                _, derivatives = self._several(points, chosen)
                for at, each in zip(range(before, len(tasks)), derivatives, strict=False):
                    np.add.at(total[..., at], row, weights[place, None, None] * each[: len(row)])
        return total

    def _occlusion(self, codes, tasks):
        """Falls of the target, float64 (n, window, tasks)."""
        (n, window), width = codes.shape, self.method.width
        if width > window:
            raise ValueError(f"width={width} is more than the window, {window} bp")
        kind = "logodds" if self.target == "logodds" else "diff"
        starts = self.method.points(window)
        own, falls = self.scorer.scores(codes)[:, tasks], np.zeros((n, window, len(tasks)))
        for first in range(0, n * starts, self.batch_size):
            row, start = np.divmod(
                np.arange(first, min(first + self.batch_size, n * starts)), starts
            )
            stretch = start[:, None] + np.arange(width)
            hidden = codes[row]
            hidden[np.arange(len(row))[:, None], stretch] = 4
            without = self.scorer.scores(hidden)[:, tasks]
            fall = effect_of(kind, without, own[row])
            np.add.at(falls, (row[:, None], stretch), fall[:, None])
        covers = np.convolve(np.ones(starts), np.ones(width))
        return falls / covers[:, None]


def _one_hot(codes):
    return (codes[..., None] == np.arange(4)).astype(np.float32)


def _columns(tasks, count):
    """Columns of the scores as a list.

    Raises:
        ValueError: one that is not there, or none.
    """
    columns = [tasks] if np.ndim(tasks) == 0 else list(tasks)
    for column in columns:
        if isinstance(column, bool) or not isinstance(column, int | np.integer):
            raise ValueError(f"tasks must be integer columns. Received: {column!r}")
        if not 0 <= column < count:
            raise ValueError(f"tasks must be from 0 to {count - 1}. Received: {column}")
    if not columns:
        raise ValueError("expected at least one task. Received: none")
    return [int(column) for column in columns]
