"""The data set of a run that begins with a genome and peaks."""

import logging
import os
from collections.abc import Iterable
from contextlib import contextmanager, suppress
from pathlib import Path

from genome_keras.building.build import build

_log = logging.getLogger(__name__)


def data_from_peaks(
    out: str | os.PathLike,
    *,
    genome: str | os.PathLike,
    peaks: Iterable[str | os.PathLike],
    valid: Iterable[str],
    test: Iterable[str] = (),
    window: int | None = None,
    unknown: str | None = None,
    on_outside: str = "error",
    seed: int = 0,
) -> Path:
    """Builds the data set of a run as `out/data.h5`, or finds it there.

    Args:
        out: folder of the run; where the building fails, none that was made for it stays.
        genome, peaks, valid, test, unknown, on_outside, seed: as in
            `genome_keras.building.build.build`; what is left out is logged.
        window: bp of the examples; None is 200.

    Returns:
        `pathlib.Path` of the data set.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     genome, peaks = Path(folder, "genome.fa"), Path(folder, "CTCF.bed")
        ...     _ = genome.write_text("".join(f">chr{i}\\n{'ACGT' * 200}\\n" for i in (1, 2)))
        ...     _ = peaks.write_text("chr1\\t200\\t400\\nchr2\\t200\\t400\\n")
        ...     how = {"genome": genome, "peaks": [peaks], "valid": ["chr2"]}
        ...     path = data_from_peaks(Path(folder, "run"), **how)
        ...     path.name, path.exists()
        ('data.h5', True)
    """
    path = Path(out) / "data.h5"
    if not path.exists():  # whole or not there: a killed run goes on with it
        with _new_folder(path.parent):
            done = build(
                genome,
                peaks,
                path,
                context=window or 200,
                valid=valid,
                test=test,
                unknown=unknown,
                on_outside=on_outside,
                seed=seed,
            )
        for told in done.left_out:
            _log.info("%s", told)
    return path


@contextmanager
def _new_folder(path):
    """Makes a folder; where the block fails, what was made and is empty goes again."""
    made = [place for place in (path, *path.parents) if not place.exists()]
    path.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            for place in made:
                place.rmdir()
        raise
