"""Which letters of a window carry its scores: gradients, paths of them, and occlusion."""

import numpy as np

from genome_keras.encode import tokens
from genome_keras.scoring.choices import check_windows
from genome_keras.scoring.effects import effect as effect_of
from genome_keras.scoring.effects import sigmoid
from genome_keras.scoring.scorer import Scorer, agree

METHODS = ("gradient_x_input", "integrated_gradients", "smoothgrad", "occlusion")
MOST_POINTS = 4096  # of integrated gradients; finding them takes their number squared
_BASELINES = {"n": 0.0, "uniform": 0.25}


def attribute(
    model,
    seqs,
    *,
    tasks,
    method="integrated_gradients",
    target="logodds",
    steps=32,
    baseline="n",
    sigma=0.1,
    seed=0,
    width=1,
    hypothetical=False,
    both_strands=False,
    batch_size=256,
):
    """What each letter of windows adds to their scores.

    - "gradient_x_input": the derivative of the target for the letter that stands there.
    - "integrated_gradients": its mean on the straight way from `baseline` to the window,
      at Gauss-Legendre points, times the change of the letters. The sum over a window is
      target(window) - target(baseline), to what the points can tell.
    - "smoothgrad": as the first, the mean over copies of the window with normal noise on
      the one-hot letters.
    - "occlusion": how far the target falls when the letter becomes N; of stretches of
      `width`, the mean over those with the letter. For any model; it needs no gradient.

    Args:
        model: a `keras.Model` of tasks, as `genome_keras.interpret.letters.letter_model`
            takes it; for "occlusion", as `genome_keras.scoring.scorer.Scorer` does.
        seqs: windows, as `genome_keras.encode.tokens` takes them.
        tasks: an integer column of the model's output, or a list of them.
        method: one of the above.
        target: "logodds" or "score", P(label = 1).
        steps: points of the way, at most `MOST_POINTS`, or noisy copies.
        baseline: where the way begins: "n", all letters N; "uniform", a quarter of each;
            or float that broadcasts to (n, window, 4). At an N of the window it is N.
        sigma: standard deviation of the noise.
        seed: of the noise.
        width: bp that become N at once.
        hypothetical: also tell what each other letter would add, by the same gradients
            (TF-MoDISco asks for these). Without it, only the window's own letters have
            numbers, and all others 0.
        both_strands: of the mean log-odds of the window and its reverse complement, as in
            `Scorer`; for a model that reads one strand.
        batch_size: windows, points or copies at a time.

    Returns:
        float32 (n, window, 4), letters A, C, G, T; for a list of tasks, (n, window, 4,
        tasks). 0 at an N.

    Raises:
        SequenceError: what `tokens` refuses.
        ValueError: another method, target, baseline or window; a column that the model has
            not; a language model; a model that gradients do not go through.

    Source: Simonyan et al. 2013 (arXiv:1312.6034) and Shrikumar et al. 2016
        (arXiv:1605.01713) for gradient x input; Sundararajan et al. 2017
        (arXiv:1703.01365); Smilkov et al. 2017 (arXiv:1706.03825); Zeiler & Fergus 2013
        (arXiv:1311.2901) for occlusion.
    """
    found = Attribution(
        model,
        tasks=tasks,
        method=method,
        target=target,
        steps=steps,
        baseline=baseline,
        sigma=sigma,
        seed=seed,
        width=width,
        hypothetical=hypothetical,
        both_strands=both_strands,
        batch_size=batch_size,
    )
    return found(tokens(seqs))


def of_letters(attributions, codes):
    """The attributions of the letters that stand in the windows.

    Args:
        attributions: float (n, window, 4) or (n, window, 4, tasks).
        codes: integer (n, window).

    Returns:
        float (n, window) or (n, window, tasks); 0 at an N.
    """
    own = np.asarray(codes)[..., None] == np.arange(4)
    return np.where(own.reshape(*own.shape, *[1] * (attributions.ndim - 3)), attributions, 0).sum(2)


class Attribution:
    """As `attribute`, for many calls: what is compiled serves all of them.

    Args: as `attribute`.
    """

    def __init__(
        self,
        model,
        *,
        tasks,
        method="integrated_gradients",
        target="logodds",
        steps=32,
        baseline="n",
        sigma=0.1,
        seed=0,
        width=1,
        hypothetical=False,
        both_strands=False,
        batch_size=256,
    ):
        from genome_keras.interpret.letters import TARGETS, letter_model
        from genome_keras.layers._gradients import gradient
        from genome_keras.layers.strands import strand_symmetric

        for name, value, accepted in (("method", method, METHODS), ("target", target, TARGETS)):
            if value not in accepted:
                raise ValueError(f"{name} must be one of {accepted}. Received: {name}={value!r}")
        for name, value in (("steps", steps), ("width", width), ("batch_size", batch_size)):
            if type(value) is not int or value < 1:
                raise ValueError(
                    f"{name} must be an integer of at least 1. Received: {name}={value!r}"
                )
        if method == "integrated_gradients" and steps > MOST_POINTS:
            raise ValueError(f"steps must be at most {MOST_POINTS}. Received: steps={steps}")
        if not isinstance(seed, int) or seed < 0:
            raise ValueError(f"seed must be an integer of at least 0. Received: seed={seed!r}")
        if not sigma >= 0:
            raise ValueError(f"sigma must be at least 0. Received: sigma={sigma!r}")
        if isinstance(baseline, str) and baseline not in _BASELINES:
            accepted = " or ".join(map(repr, _BASELINES))
            raise ValueError(f"baseline must be {accepted}, or float. Received: {baseline!r}")
        if hypothetical and method == "occlusion":
            raise ValueError("occlusion tells nothing of other letters; mutagenesis (ism) does")
        self.scorer = Scorer(model, both_strands=both_strands, batch_size=batch_size)
        if self.scorer.is_language_model:
            raise ValueError(f"expected a model of tasks. Received: {model.name}, a language model")
        _columns(tasks, len(self.scorer.tasks))
        self.tasks, self.method, self.target = tasks, method, target
        self.steps, self.width = steps, width
        self.baseline = _BASELINES[baseline] if isinstance(baseline, str) else baseline
        self.sigma, self.seed = sigma, seed
        self.hypothetical, self.batch_size, self._checked = hypothetical, batch_size, False
        if method != "occlusion":
            self._model = strand_symmetric(model) if both_strands else model
            self._network = letter_model(self._model, target=target)
            self._gradient = gradient(self._network)

    def __call__(self, codes, *, tasks=None):
        """As `attribute`.

        Args:
            codes: uint8 (n, window).
            tasks: other ones than those of the object, in this call; None is those.
        """
        check_windows(codes, self.scorer.window)
        tasks = self.tasks if tasks is None else tasks
        columns, letters = _columns(tasks, len(self.scorer.tasks)), _one_hot(codes)
        if self.method == "occlusion":
            found = self._occlusion(codes, columns)[:, :, None]
        else:
            self._check(codes[:1])
            found = self._gradients(letters, columns)
        known = letters.any(-1, keepdims=True) if self.hypothetical else letters
        found = np.where(known[..., None], found, 0).astype(np.float32)
        return found[..., 0] if np.ndim(tasks) == 0 else found

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
        if not agree(ours, own):
            raise ValueError(
                f"{self.scorer.model.name}: its scores from letters are not those from codes, so "
                "gradients do not tell of it; method='occlusion' does"
            )
        self._checked = True

    def _gradients(self, letters, tasks):
        """Attributions of all four letters, float64 (n, window, 4, tasks)."""
        if self.method != "integrated_gradients":
            copies, sigma = (self.steps, self.sigma) if self.method == "smoothgrad" else (1, 0)
            ones = np.ones(copies)
            return self._mean(letters, tasks, np.zeros_like(letters), ones, ones / copies, sigma)
        base = np.broadcast_to(np.asarray(self.baseline, np.float32), letters.shape)
        base = base * letters.any(-1, keepdims=True)
        places, weights = np.polynomial.legendre.leggauss(self.steps)
        mean = self._mean(letters, tasks, base, (places + 1) / 2, weights / 2, 0)
        return mean - (base[..., None] * mean).sum(2, keepdims=True)

    def _mean(self, letters, tasks, base, places, weights, sigma):
        """Weighted mean of gradients at base + place (letters - base) for all places."""
        n, size = len(letters), self.batch_size
        found = np.zeros((*letters.shape, len(tasks)))
        random = np.random.default_rng(self.seed)
        chosen = np.zeros((len(tasks), size, len(self.scorer.tasks)), np.float32)
        for at, task in enumerate(tasks):
            chosen[at, :, task] = 1
        for first in range(0, n * len(places), size):
            row, place = np.divmod(
                np.arange(first, min(first + size, n * len(places))), len(places)
            )
            points = np.zeros((size, *letters.shape[1:]), np.float32)  # one shape, compiled once
            share = places.astype(np.float32)[place, None, None]
            points[: len(row)] = base[row] + share * (letters[row] - base[row])
            if sigma:
                noise = sigma * random.standard_normal((len(row), *letters.shape[1:]))
                points[: len(row)] += noise * letters[row].any(-1, keepdims=True)
            for at in range(len(tasks)):
                one = self._gradient(points, chosen[at])[: len(row)]
                np.add.at(found[..., at], row, weights[place, None, None] * one)
        return found

    def _occlusion(self, codes, tasks):
        """Falls of the target, float64 (n, window, tasks)."""
        n, window = codes.shape
        if self.width > window:
            raise ValueError(f"width={self.width} is more than the window, {window} bp")
        kind = "logodds" if self.target == "logodds" else "diff"
        starts = window - self.width + 1
        own, falls = self.scorer.scores(codes)[:, tasks], np.zeros((n, window, len(tasks)))
        for first in range(0, n * starts, self.batch_size):
            row, start = np.divmod(
                np.arange(first, min(first + self.batch_size, n * starts)), starts
            )
            stretch = start[:, None] + np.arange(self.width)
            hidden = codes[row]
            hidden[np.arange(len(row))[:, None], stretch] = 4
            without = self.scorer.scores(hidden)[:, tasks]
            fall = effect_of(kind, without, own[row])
            np.add.at(falls, (row[:, None], stretch), fall[:, None])
        covers = np.convolve(np.ones(starts), np.ones(self.width))
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
