"""Windows to score, from sequences or from places of a genome."""

import logging
from contextlib import closing, contextmanager

import numpy as np

from genome_keras.encode import LETTERS
from genome_keras.genome import Interval
from genome_keras.io import bed, fasta
from genome_keras.io.reference import open_genome
from genome_keras.windows import Slider, of_intervals

WINDOWS = 32  # read at a time
BASES = np.array(list(LETTERS))
FIELDS = {"name": str, "start": int, "end": int, "pos": int, "ref": str}  # of `places`

_log = logging.getLogger(__name__)


@contextmanager
def windows_of(path, genome, region, *, window, on_short="error", unknown=None, rows=WINDOWS):
    """Gives the windows that `write_ism` reads.

    Args:
        path, genome, region, window, on_short, unknown: as in `write_ism`.
        rows: windows of a batch, at most.

    Yields:
        `Placed`.
    """
    sizes = {"window": window, "batch_size": rows, "unknown": unknown}
    if (path is None) == (region is None) or (region is not None and genome is None):
        given = (("a file", path), ("a genome", genome), ("a region", region))
        received = " and ".join(what for what, one in given if one is not None) or "nothing"
        raise ValueError(
            f"expected FASTA, or a genome with BED or with a region. Received: {received}"
        )
    if genome is None:
        with closing(fasta.chunks(path)) as pieces:
            yield Placed(Slider(pieces, on_short=on_short, **sizes))
        return
    with open_genome(genome) as letters:
        places = [Interval.from_region(region)] if path is None else bed.read(path)
        yield Placed(of_intervals(places, letters, **sizes))


class Placed:
    """Batches of windows, gone through once; starts and ends are those of whole windows.

    The window of a short record begins before it, in N, as one beyond a contig does.

    Args:
        batches: iterable of `genome_keras.windows.Batch`.
    """

    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        for batch in self.batches:
            window = batch.codes.shape[1]
            starts = batch.starts - (window - (batch.ends - batch.starts)) // 2
            yield batch._replace(starts=starts, ends=starts + window)

    def tell_skipped(self):
        """Logs how many short records were left out, if any."""
        if skipped := getattr(self.batches, "skipped", 0):
            _log.info("left out %d short records", skipped)


def places(batch, row, at):
    """The columns of `FIELDS`, of letters of windows.

    Args:
        batch: `genome_keras.windows.Batch`.
        row, at: integer (n,), the window, and the place in it from 0.
    """
    names = [batch.names[i] for i in row.tolist()]
    columns = [names, batch.starts[row].tolist(), batch.ends[row].tolist()]
    return [*columns, (batch.starts[row] + at + 1).tolist(), BASES[batch.codes[row, at]].tolist()]
