"""Which letters of both alleles carry the score of a task."""

from collections.abc import Sequence

import numpy as np

from genome_keras.interpret.mutagenesis import Mutagenesis, mean_loss
from genome_keras.scoring.effects import effect
from genome_keras.scoring.scorer import Scorer

METHODS = {
    "occlusion": "how far the log-odds fall when a letter is hidden",
    "ism": "how far the log-likelihood falls, on average, when a letter is changed",
}
BEFORE, AFTER = 40, 80  # bp around the middle, where alleles begin: a picture has 80 columns


def carried_letters(
    scorer: Scorer, codes: np.ndarray, tasks: Sequence[int]
) -> tuple[np.ndarray, str]:
    """What the letters of windows carry, near the middle.

    Of tasks it is occlusion, which of all methods agrees best with mutagenesis and needs no
    gradient; of a language model mutagenesis.

    Args:
        scorer: a `genome_keras.scoring.scorer.Scorer`.
        codes: uint8 (n, 2, window).
        tasks: a column for each of n.

    Returns:
        float (n, 2, window, 4), of tasks 0 where it is more than `BEFORE` bp left or `AFTER` bp
        right of the middle; and a word of `METHODS`.

    Example:
        >>> from genome_keras import kmer_logreg, tokens
        >>> scorer = Scorer(kmer_logreg(k=(1, 2), window=12, tasks=3))
        >>> codes = tokens(["ACGTACGTACGT", "ACGTACTTACGT"])[None]  # ref and alt of one variant
        >>> letters, method = carried_letters(scorer, codes, tasks=[2])
        >>> letters.shape, method
        ((1, 2, 12, 4), 'occlusion')
    """
    if scorer.is_language_model:
        effects = Mutagenesis(scorer)(codes.reshape(-1, codes.shape[2]))[..., 0]
        return mean_loss(effects.reshape(*codes.shape, 4), codes), "ism"
    middle = codes.shape[2] // 2
    near = np.arange(max(0, middle - BEFORE), min(codes.shape[2], middle + AFTER))
    kind = "logodds" if scorer.gives_probabilities else "diff"
    letters = np.zeros((*codes.shape, 4), np.float32)
    for pair, task, carried in zip(codes, tasks, letters, strict=True):
        hidden = np.repeat(pair[:, None], len(near), 1)
        hidden[:, np.arange(len(near)), near] = 4
        windows = np.concatenate([pair, hidden.reshape(-1, pair.shape[1])])
        scores = scorer.scores(windows)[:, task]
        falls = effect(kind, scores[2:].reshape(2, -1), scores[:2, None])
        own = pair[:, near, None] == np.arange(4)
        carried[:, near] = np.where(own, falls[..., None], 0)
    return letters, "occlusion"
