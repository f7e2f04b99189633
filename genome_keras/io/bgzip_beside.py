"""A genome of plain gzip, written once as bgzip, which can be read at any place."""

import logging
import os
from pathlib import Path

from genome_keras.io import faidx
from genome_keras.io.atomic import atomic
from genome_keras.io.bgzf import HEADER, BgzipWriter, is_bgzf
from genome_keras.io.lines import check_regular, opened, texts

_log = logging.getLogger(__name__)


def bgzip_beside(path: str | os.PathLike) -> Path:
    """The path of a genome that `genome_keras.open_genome` reads.

    Of FASTA in plain gzip, `x.fa.gz`, that is `x.fa.bgz`, which is made beside it with its
    index `x.fa.bgz.fai`, unless it is there and not older. Any other file is itself.

    Args:
        path: a file.

    Returns:
        `pathlib.Path`.

    Raises:
        FormatError: damaged gzip, or no FASTA whose letters can be found by counting.
        GenomeKerasError: the folder cannot be written.

    Example:
        >>> import gzip, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.fa.gz")
        ...     _ = path.write_bytes(gzip.compress(b">chr1\\nACGT\\n"))
        ...     made = bgzip_beside(path)
        ...     print(made.name, gzip.decompress(made.read_bytes()), bgzip_beside(made) == made)
        x.fa.bgz b'>chr1\\nACGT\\n' True
    """
    path = Path(path)
    check_regular(path)
    with opened(path) as file:
        head = file.peek(HEADER)[:HEADER]
    if head[:2] != b"\x1f\x8b" or is_bgzf(head):
        return path
    made = path.with_name(path.name.removesuffix(".gz") + ".bgz")
    if made.exists() and os.path.getmtime(made) >= os.path.getmtime(path):
        return made
    _log.info("writing %s, once", made)
    index = faidx.build(path)  # what is no FASTA is told before anything is written
    with atomic(made) as temporary, open(temporary, "wb") as file:
        out = BgzipWriter(file)
        for text in texts(path, "FASTA", keep_mark=True):
            out.write(text)
        out.finish()
    faidx.write(f"{made}.fai", index)
    return made
