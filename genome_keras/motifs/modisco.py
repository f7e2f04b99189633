"""Motifs of attributions by TF-MoDISco, through the package modisco-lite."""

import os
from contextlib import nullcontext

import numpy as np
from numpy.typing import ArrayLike

from genome_keras.arguments import at_least_one
from genome_keras.errors import GenomeKerasError
from genome_keras.io.atomic import atomic
from genome_keras.io.motifs import Motif, open_meme

CORE = 20  # bp of a seqlet's core
FLANK = 5  # bp on both sides of it


def modisco(
    letters: ArrayLike,
    hypothetical: ArrayLike,
    *,
    out: str | os.PathLike | None = None,
    meme: str | os.PathLike | None = None,
    window: int = 400,
    max_seqlets: int = 20_000,
    leiden_runs: int = 2,
) -> list[Motif]:
    """Patterns that carry attributions again and again, as motifs.

    The defaults are those of the command `modisco motifs` of modisco-lite.

    Args:
        letters: one-hot letters A, C, G, T, (n, 4, window), zeros at an N.
        hypothetical: what each of the four would add, (n, 4, window), as
            `genome_keras.interpret.attribute(..., hypothetical=True)` with its last two axes
            exchanged, or `read_attributions`.
        out: HDF5 to write with all that was found, as `modisco report` reads it; or None.
        meme: file to write with the motifs in MEME's format, without any where none was
            found; or None.
        window: bp around the centre of the windows that are looked at; at most theirs.
        max_seqlets: stretches of each sign that are compared.
        leiden_runs: clusterings, of which the best is taken.

    Returns:
        List of `genome_keras.io.motifs.Motif`: frequencies of the letters in the patterns,
        "pos_pattern_0" with the most seqlets first, then those that lower the score,
        "neg_pattern_0"... None were found where fewer than 100 stretches stand out.

    Raises:
        GenomeKerasError: modisco-lite is missing; a file cannot be written.
        ValueError: other shapes, a value of an argument, windows that are too few or too
            short for it.

    Source: Shrikumar et al. 2018 (arXiv:1811.00416), and modisco-lite, its program.

    Example:
        >>> from genome_keras.interpret import attribute
        >>> given = attribute(model, codes, tasks=0, hypothetical=True)  # doctest: +SKIP
        >>> letters = codes[:, None] == np.arange(4)[:, None]  # doctest: +SKIP
        >>> motifs = modisco(letters, given.transpose(0, 2, 1), window=200)  # doctest: +SKIP
        >>> motifs[0].name  # doctest: +SKIP
        'pos_pattern_0'
    """
    modiscolite = _modiscolite()
    letters, hypothetical = np.asarray(letters), np.asarray(hypothetical)
    if letters.shape != hypothetical.shape or letters.ndim != 3 or letters.shape[1] != 4:
        raise ValueError(
            "expected letters and hypothetical attributions of one shape (n, 4, window). "
            f"Received: {letters.shape} and {hypothetical.shape}"
        )
    if not np.isfinite(hypothetical).all():
        raise ValueError("expected finite attributions. Received: infinite ones, or NaN")
    if not np.any(letters * hypothetical):
        raise ValueError("expected attributions of letters. Received: nothing but 0")
    at_least_one(max_seqlets=max_seqlets, leiden_runs=leiden_runs)
    length = letters.shape[2]
    window = min(window, length)
    if window < CORE + 2 * FLANK:
        raise ValueError(f"window must be at least {CORE + 2 * FLANK} bp. Received: {window}")
    first = length // 2 - window // 2
    given = [
        np.ascontiguousarray(arrays[:, :, first : first + window].transpose(0, 2, 1), np.float32)
        for arrays in (letters, hypothetical)
    ]
    with (
        nullcontext() if out is None else atomic(out) as temporary,
        nullcontext() if meme is None else open_meme(meme) as write,
    ):
        both_signs = modiscolite.tfmodisco.TFMoDISco(
            one_hot=given[0],
            hypothetical_contribs=given[1],
            max_seqlets_per_metacluster=max_seqlets,
            sliding_window_size=CORE,
            flank_size=FLANK,
            target_seqlet_fdr=0.05,
            n_leiden_runs=leiden_runs,
        )
        if temporary is not None:
            modiscolite.io.save_hdf5(temporary, *both_signs, window)
        motifs = [
            _motif(f"{sign}_pattern_{number}", pattern)
            for sign, patterns in zip(("pos", "neg"), both_signs, strict=True)
            for number, pattern in enumerate(patterns or ())
        ]
        if write is not None:
            write(motifs)
    return motifs


def modisco_file(
    path: str | os.PathLike,
    out: str | os.PathLike | None,
    *,
    meme: str | os.PathLike | None = None,
    window: int = 400,
    max_seqlets: int = 20_000,
    leiden_runs: int = 2,
) -> list[Motif]:
    """Runs `modisco` on a file of `genome_keras.interpret.write_attributions`.

    Args:
        path: HDF5, read whole.
        out, meme, window, max_seqlets, leiden_runs: as in `modisco`.

    Returns:
        As `modisco`.

    Raises:
        FormatError: another file.
        GenomeKerasError, ValueError: as `modisco`.

    Example:
        >>> modisco_file("attributions.h5", "modisco.h5", meme="motifs.meme")  # doctest: +SKIP
    """
    from genome_keras.interpret.attribution_files import read_attributions

    _modiscolite()
    given = read_attributions(path)
    return modisco(
        *given,
        out=out,
        meme=meme,
        window=window,
        max_seqlets=max_seqlets,
        leiden_runs=leiden_runs,
    )


def _motif(name, pattern):
    matrix = np.asarray(pattern.sequence, np.float64)
    sums = matrix.sum(1, keepdims=True)
    # Where all sequences have an N there, nothing is known.
    matrix = np.where(sums > 0, matrix / np.where(sums > 0, sums, 1), 0.25)
    return Motif(name, matrix, len(pattern.seqlets))


def _modiscolite():
    try:
        import modiscolite.io
        import modiscolite.tfmodisco
    except ImportError as error:
        raise GenomeKerasError(
            'TF-MoDISco needs modisco-lite: pip install "genome_keras[modisco]"'
        ) from error
    return modiscolite
