"""First-layer filters of files: from sequences or places to motifs."""

from tqdm import tqdm

from genome_keras.io.motifs import open_meme
from genome_keras.scoring.choices import window_of
from genome_keras.scoring.inputs import windows_of
from genome_keras.scoring.load import described, load_model


def write_filters(
    path,
    out="-",
    *,
    genome=None,
    region=None,
    weights,
    fraction=0.5,
    window=None,
    on_short="error",
    unknown=None,
    batch_size=64,
):
    """Writes what the first filters of a checkpoint answer to, in MEME's minimal format.

    Args:
        path: FASTA, or with `genome` BED, as in `genome_keras.interpret.write_ism`; it is
            read twice.
        out: the file, whole or not at all; "-" is standard output. Without any motif where
            no filter has a site.
        genome, region, on_short, unknown: as in `write_ism`.
        weights: as in `genome_keras.scoring.load.load_model`.
        fraction: as in `genome_keras.interpret.filters`.
        window: bp; needed where the model takes any length.
        batch_size: windows at a time.

    Returns:
        `genome_keras.interpret.Filters`.

    Raises:
        FormatError, SequenceError, WeightsError, GenomeKerasError: as `write_ism`.
        ValueError: as `filters`; standard input.
    """
    if path == "-":
        raise ValueError("expected a file, for it is read twice. Received: standard input")
    checkpoint = described(weights)
    window = window_of(window, checkpoint.arguments.get("window"), weights)
    how = {"window": window, "on_short": on_short, "unknown": unknown}
    with open_meme(out) as write, tqdm(unit=" windows", disable=None) as bar:
        windows = _Windows(bar, path, genome, region, **how)
        next(iter(windows), None)  # bad input is told before a framework loads
        from genome_keras.motifs.first_filters import filters

        found = filters(load_model(weights)[0], windows, fraction=fraction, batch_size=batch_size)
        write(found.motifs(), background=found.background)
    windows.last.tell_skipped()
    return found


class _Windows:
    """Codes of the windows of a file, from its beginning each time.

    Attributes:
        last: the `genome_keras.scoring.inputs.Placed` gone through last.
    """

    def __init__(self, bar, *places, **how):
        self.bar, self.places, self.how, self.last = bar, places, how, None

    def __iter__(self):
        with windows_of(*self.places, **self.how) as self.last:
            for batch in self.last:
                yield batch.codes
                self.bar.update(len(batch.codes))
