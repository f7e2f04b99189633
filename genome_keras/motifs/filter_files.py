"""First-layer filters of files: from sequences or places to motifs."""

import os
from typing import TYPE_CHECKING

from genome_keras.io.motifs import open_meme
from genome_keras.io.reference import Genome
from genome_keras.scoring.file_run import file_run
from genome_keras.scoring.inputs import windows_of
from genome_keras.scoring.model_in_use import model_in_use

if TYPE_CHECKING:
    from genome_keras.motifs.first_filters import Filters


def write_filters(
    path: str | os.PathLike | None,
    out: str | os.PathLike = "-",
    *,
    genome: str | os.PathLike | Genome | None = None,
    region: str | None = None,
    weights: object,
    fraction: float = 0.5,
    window: int | None = None,
    on_short: str = "error",
    on_outside: str = "error",
    unknown: str | None = None,
    batch_size: int = 64,
) -> "Filters":
    """Writes what the first filters of a model answer to, in MEME's minimal format.

    Args:
        path: FASTA, or with `genome` BED, as in `genome_keras.interpret.write_ism`; it is
            read twice.
        out: the file, whole or not at all; "-" is standard output. Without any motif where
            no filter has a site.
        genome, region, on_short, on_outside, unknown: as in `write_ism`.
        weights: as in `genome_keras.scoring.model_in_use.model_in_use`: a name, a
            `Checkpoint`, a `keras.Model` or a `Scorer`.
        fraction: as in `genome_keras.interpret.filters`.
        window: bp; needed where the model takes any length.
        batch_size: windows at a time.

    Returns:
        `genome_keras.interpret.Filters`.

    Raises:
        FormatError, SequenceError, WeightsError, GenomeKerasError: as `write_ism`.
        ValueError: as `filters`; standard input.

    Example:
        >>> from genome_keras import deepbind
        >>> model = deepbind(filters=2, width=4, hidden=None, window=12, tasks=2)
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "seqs.fa")
        ...     with open(path, "w") as file:
        ...         print(">read", "ACGTACGGTTCA", sep="\\n", file=file)
        ...     found = write_filters(path, path + ".meme", weights=model)
        >>> found.counts.shape
        (2, 4, 4)
    """
    if path == "-":
        raise ValueError("expected a file, for it is read twice. Received: standard input")
    use = model_in_use(weights, sums=True)
    how = {
        "window": use.window_of(window),
        "on_short": on_short,
        "unknown": unknown,
        "on_outside": on_outside,
    }

    def load():
        from genome_keras.motifs.first_filters import FilterSites

        return FilterSites(use.scorer.model, fraction=fraction, batch_size=batch_size)

    with (
        windows_of(path, genome, region, **how) as windows,
        file_run(windows, open_meme(out), load) as run,
    ):
        for batch in run.batches:
            run.work.look(batch.codes)
        with windows_of(path, genome, region, **how) as again:
            for batch in again:
                run.work.count(batch.codes)
        filters = run.work.filters()
        run.out(filters.motifs(), background=filters.background)
    windows.tell_skipped()
    return filters
