"""VCF: variants, one alternative allele at a time."""

import os
import re
from collections.abc import Iterator
from typing import Any

from genome_keras.errors import FormatError
from genome_keras.genome import Variant
from genome_keras.io import bcf
from genome_keras.io.lines import opened, texts
from genome_keras.io.vcf_alleles import Malformed, Teller, alleles, malformed

COLUMNS = ["#CHROM", "POS", "ID", "REF", "ALT"]
LINE = 1 << 20  # bytes within which the columns above must end

_PLAIN = re.compile(rb"([ -~]*)\t" * 4 + rb"([ -~]*)(?:\t|\r?\n)")  # as most records begin


def read(path: str | os.PathLike, *, copy: Any = None) -> Iterator[tuple[int, Variant | Malformed]]:
    """Reads the first five columns of VCF; samples and INFO are not looked at.

    A record that is not as VCF has it does not stop the others: its alleles are
    `Malformed`, and the first few of them are told as warnings, with their lines.

    Args:
        path: a file, plain or gzip whatever its name; "-" is standard input. It is opened
            once. A file of BCF is read by `genome_keras.io.bcf`, and has records in place
            of lines; a pipe of it is an error: `bcftools view x.bcf` prints it as VCF.
        copy: an object whose `write` is given all that is read of a text, in bytes, or None.

    Yields:
        (line, allele): 1-based line number, and a `Variant` or `Malformed` for each allele
        of ALT, in their order, so several may have one line. An ALT of "." gives one too.

    Raises:
        FormatError: the file cannot be read, is truncated or binary, or has no "#CHROM" line.
        GenomeKerasError: BCF, and pysam is missing.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.vcf")
        ...     _ = path.write_text("#CHROM\\tPOS\\tID\\tREF\\tALT\\nchr1\\t10\\trs1\\tA\\tC,T\\n")
        ...     for line, variant in read(path):
        ...         print(line, variant.contig, variant.position, variant.ref, variant.alt)
        2 chr1 10 A C
        2 chr1 10 A T
    """
    teller = Teller(path)
    with opened(path) as file:
        records = bcf.read(path) if bcf.is_bcf(path, file) else _read(path, file, copy)
        for line, allele in records:
            if isinstance(allele, Malformed):
                teller.tell(line, allele)
            yield line, allele


def _read(path, file, copy):
    number, line_ended, header = 0, True, False
    for text in texts(path, "VCF", size=LINE, file=file):
        if copy is not None:
            copy.write(text)
        begins, line_ended = line_ended, text.endswith(b"\n")
        number += begins
        if not begins or not text.strip():
            continue
        if text.startswith(b"#"):
            header = _is_header(path, number, text) or header
        elif not header:
            _check_text(path, number, _fields(text)[0])
            raise FormatError(path, number, f"expected the columns {COLUMNS} before records")
        else:
            yield from ((number, allele) for allele in _alleles(path, number, text))
    if not header:
        raise FormatError(path, None, f"no records; expected VCF, the columns {COLUMNS}")


def _is_header(path, number, text):
    """Whether a line that begins with "#" names the columns; others are comments."""
    if not text.startswith(COLUMNS[0].encode()):
        return False
    fields = _fields(text)[: len(COLUMNS)]
    if fields != COLUMNS:
        raise FormatError(path, number, f"expected the columns {COLUMNS}, got {fields}")
    return True


def _alleles(path, number, text):
    """The alleles of a record that begins with `text`."""
    if (plain := _PLAIN.match(text)) is not None:
        return alleles([field.decode("ascii") for field in plain.groups()])
    fields = _fields(text)[: len(COLUMNS)]
    for field in fields:
        _check_text(path, number, field)
    if len(text) == LINE and text.count(b"\t", 0, LINE) < len(COLUMNS):
        problem = f"expected the first {len(COLUMNS)} columns within {LINE} bytes"
    elif len(fields) < len(COLUMNS):
        problem = f"expected {len(COLUMNS)} columns or more, parted by tabs, got {len(fields)}"
    elif not all(map(str.isprintable, fields)):
        problem = "expected UTF-8 that can be printed"
    else:
        return alleles(fields)
    return [malformed(fields, problem)]


def _fields(text):
    """The columns as text; bytes that are no UTF-8 become what cannot be printed."""
    fields = text.rstrip(b"\r\n").split(b"\t", len(COLUMNS))
    return [field.decode("utf-8", "surrogateescape") for field in fields]


def _check_text(path, number, field):
    """Binary data is damage of the whole file; a carriage return is what editors leave."""
    binary = (letter < " " or letter == "\x7f" for letter in field if letter != "\r")
    if not field.isprintable() and any(binary):
        raise FormatError(path, number, f"expected VCF text, got {field!r:.60}")
