"""BCF, the binary form of VCF, through pysam."""

import io
import mmap
import os
import zlib
from collections.abc import Iterator

from genome_keras.errors import FormatError, GenomeKerasError
from genome_keras.genome import Variant
from genome_keras.io.bgzf import HEADER, Blocks, is_bgzf
from genome_keras.io.lines import BUFFER
from genome_keras.io.vcf_alleles import Malformed, alleles

MAGIC = b"BCF"


def is_bcf(path: str | os.PathLike, file: io.BufferedReader) -> bool:
    """Whether a file is BCF that can be read, whatever its name; a pipe is not.

    Args:
        path: of the file; "-" is standard input.
        file: what `genome_keras.io.lines.opened` gave for it, at its beginning.

    Example:
        >>> import tempfile
        >>> from genome_keras.io.lines import opened
        >>> with tempfile.NamedTemporaryFile() as file, opened(file.name) as begun:
        ...     print(is_bcf(file.name, begun))  # it is empty
        False
    """
    if str(path) == "-" or not os.path.isfile(path):
        return False
    head = file.peek(BUFFER)
    if head[:2] == b"\x1f\x8b":
        try:
            head = zlib.decompressobj(31).decompress(head, len(MAGIC))
        except zlib.error:  # said by whoever reads it
            return False
    return head[: len(MAGIC)] == MAGIC


def read(path: str | os.PathLike) -> Iterator[tuple[int, Variant | Malformed]]:
    """Reads contig, position, name and alleles of BCF.

    Args:
        path: a file, bgzip or not compressed.

    Yields:
        (record, allele): 1-based number of the record, where a file of lines has the
        line; the rest as `genome_keras.io.vcf.read`.

    Raises:
        FormatError: the file is truncated or damaged.
        GenomeKerasError: pysam is missing.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import pysam
        >>> header = pysam.VariantHeader()
        >>> header.add_line("##contig=<ID=chr1,length=1000>")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.bcf")
        ...     with pysam.VariantFile(str(path), "wb", header=header) as out:
        ...         _ = out.write(out.new_record("chr1", 9, alleles=("A", "C", "T")))
        ...     for number, variant in read(path):
        ...         print(number, variant.position, variant.ref, variant.alt)
        1 10 A C
        1 10 A T
    """
    for number, fields in enumerate(_records(path, _fields)):
        if number:  # the first is the header
            for allele in alleles(fields):
                yield number, allele


def _fields(record):
    place = record.contig, str(record.pos), record.id or ".", record.ref or "."
    return [*place, ",".join(record.alts or ".")]


def texts(path: str | os.PathLike) -> Iterator[bytes]:
    """The lines of a BCF file as VCF, those of its header first.

    Args, Raises: as `read`.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import pysam
        >>> header = pysam.VariantHeader()
        >>> header.add_line("##contig=<ID=chr1,length=1000>")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.bcf")
        ...     with pysam.VariantFile(str(path), "wb", header=header) as out:
        ...         _ = out.write(out.new_record("chr1", 9, alleles=("A", "C", "T")))
        ...     print(list(texts(path))[-1])
        b'chr1\\t10\\t.\\tA\\tC,T\\t.\\t.\\t.\\n'
    """
    for number, record in enumerate(_records(path, str)):
        text = record.encode("utf-8", "surrogateescape")
        yield from text.splitlines(keepends=True) if number == 0 else (text,)


def _records(path, content):
    """The header as text, and then what `content` gives for each record of pysam."""
    pysam = _pysam()
    _check_whole(path)
    number = 0
    verbosity = pysam.set_verbosity(0)  # htslib's own words on standard error
    try:
        with pysam.VariantFile(str(path), "rb") as file:
            yield str(file.header)
            for record in file:
                number += 1
                yield content(record)
    except (ValueError, TypeError, OSError, NotImplementedError, KeyError) as error:
        where = f"after record {number}" if number else "in its header or first record"
        text = " ".join(str(error).split()).replace(str(path), "the file")
        problem = f"truncated or damaged BCF, {where}: {text:.120}"
        raise FormatError(path, None, problem) from error
    finally:
        pysam.set_verbosity(verbosity)


def _check_whole(path):
    """htslib takes a file that ends between two blocks for a whole one."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if is_bgzf(data[:HEADER]):
            Blocks(path, data)


def _pysam():
    try:
        import pysam
    except ImportError as error:
        raise GenomeKerasError(
            'BCF needs pysam: pip install "genome_keras[htslib]", or write VCF: '
            "bcftools view x.bcf > x.vcf"
        ) from error
    return pysam
