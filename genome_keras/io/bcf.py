"""BCF, the binary form of VCF, through pysam."""

import gzip
import mmap
import zlib

from genome_keras.errors import FormatError, GenomeKerasError
from genome_keras.genome import Variant
from genome_keras.io.bgzf import HEADER, Blocks, is_bgzf
from genome_keras.io.lines import opened

MAGIC = b"BCF"


def is_bcf(path):
    """Whether a file is BCF, whatever its name; one that cannot be unpacked is not.

    Raises:
        FormatError: the file cannot be read.
    """
    with opened(path) as file:
        head = file.peek(2)[: len(MAGIC)]
        if head[:2] == b"\x1f\x8b":
            try:
                head = gzip.GzipFile(fileobj=file).read(len(MAGIC))
            except (EOFError, OSError, zlib.error):
                return False
    return head == MAGIC


def read(path):
    """Reads contig, position, name and alleles of BCF.

    Args:
        path: a file, bgzip or not compressed.

    Yields:
        (record, `Variant`): 1-based number of the record, where a file of lines has the
        line; the rest as `genome_keras.io.vcf.read`.

    Raises:
        FormatError: the file is truncated or damaged.
        GenomeKerasError: pysam is missing.
    """
    pysam = _pysam()
    _check_whole(path)
    number = 0
    verbosity = pysam.set_verbosity(0)  # htslib's own words on standard error
    try:
        with pysam.VariantFile(str(path), "rb") as file:
            for number, record in enumerate(file, 1):
                name, alts = record.id, record.alts or (".",)
                for alt in alts:
                    yield number, Variant(record.contig, record.pos, record.ref, alt, name)
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
