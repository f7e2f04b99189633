"""Which letters of both alleles carry the score of a task."""

from collections.abc import Sequence

import numpy as np

from genome_keras.interpret.attribution import Attribution
from genome_keras.interpret.mutagenesis import Mutagenesis, mean_loss
from genome_keras.scoring.scorer import Scorer

METHODS = {
    "integrated_gradients": "what each letter adds to the log-odds, by integrated gradients",
    "occlusion": "how far the log-odds fall when a letter is hidden",
    "ism": "how far the log-likelihood falls, on average, when a letter is changed",
}


def carried_letters(
    scorer: Scorer, codes: np.ndarray, tasks: Sequence[int]
) -> tuple[np.ndarray, str]:
    """What the letters of windows carry.

    Args:
        scorer: a `genome_keras.scoring.scorer.Scorer`.
        codes: uint8 (n, 2, window).
        tasks: a column for each of n.

    Returns:
        float (n, 2, window, 4), and a word of `METHODS`.

    Example:
        >>> from genome_keras import kmer_logreg, tokens
        >>> scorer = Scorer(kmer_logreg(k=(1, 2), window=12, tasks=3))
        >>> codes = tokens(["ACGTACGTACGT", "ACGTACTTACGT"])[None]  # ref and alt of one variant
        >>> letters, method = carried_letters(scorer, codes, tasks=[2])
        >>> letters.shape, method
        ((1, 2, 12, 4), 'integrated_gradients')
    """
    if scorer.is_language_model:
        effects = Mutagenesis(scorer)(codes.reshape(-1, codes.shape[2]))[..., 0]
        return mean_loss(effects.reshape(*codes.shape, 4), codes), "ism"
    method, strands = "integrated_gradients", scorer.both_strands
    try:
        attribute = Attribution(
            scorer.model, tasks=0, method=method, both_strands=strands, batch_size=64
        )
        attribute(codes[:1, 0])
    except ValueError:  # gradients do not go through this network
        method = "occlusion"
        attribute = Attribution(scorer, tasks=0, method=method)
    letters = np.empty((*codes.shape, 4), np.float32)
    for task in set(tasks):
        rows = np.array(tasks) == task
        values = attribute(codes[rows].reshape(-1, codes.shape[2]), tasks=task)
        letters[rows] = values.reshape(-1, *codes.shape[1:], 4)
    return letters, method
