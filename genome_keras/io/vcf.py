"""VCF: variants, one alternative allele at a time."""

from genome_keras.errors import FormatError
from genome_keras.genome import Variant
from genome_keras.io import bcf
from genome_keras.io.lines import is_position, texts

COLUMNS = ["#CHROM", "POS", "ID", "REF", "ALT"]
LINE = 1 << 20  # bytes within which the columns above must end


def read(path):
    """Reads the first five columns of VCF; samples and INFO are not looked at.

    Args:
        path: a file, plain or gzip whatever its name; "-" is standard input. A file of BCF
            is read by `genome_keras.io.bcf`, and has records in place of lines; on
            standard input it is an error: `bcftools view x.bcf` prints it as VCF.

    Yields:
        (line, `Variant`): 1-based line number, and one variant for each allele of ALT, in
        their order, so several may have one line. An ALT of "." gives one too.

    Raises:
        FormatError: the file cannot be read, has no "#CHROM" line, or a malformed record.
        GenomeKerasError: BCF, and pysam is missing.
    """
    if str(path) != "-" and bcf.is_bcf(path):
        yield from bcf.read(path)
        return
    number, line_ended, header = 0, True, False
    for text in texts(path, "VCF", size=LINE):
        begins, line_ended = line_ended, text.endswith(b"\n")
        number += begins
        if not begins or text.startswith(b"##") or not text.strip():
            continue
        fields = _fields(path, number, text)
        if text.startswith(b"#"):
            if fields != COLUMNS:
                problem = f"expected the columns {COLUMNS}, got {fields}"
                raise FormatError(path, number, problem)
            header = True
            continue
        if not header:
            raise FormatError(path, number, f"expected the columns {COLUMNS} before records")
        yield from _variants(path, number, fields)
    if not header:
        raise FormatError(path, None, f"no records; expected VCF, the columns {COLUMNS}")


def _fields(path, number, text):
    fields = text.rstrip(b"\r\n").split(b"\t", len(COLUMNS))
    if len(fields) < len(COLUMNS):
        problem = f"expected {len(COLUMNS)} columns or more, parted by tabs, got {len(fields)}"
        raise FormatError(path, number, problem)
    if len(fields) == len(COLUMNS) and len(text) == LINE:
        problem = f"expected the first {len(COLUMNS)} columns within {LINE} bytes"
        raise FormatError(path, number, problem)
    try:
        fields = [field.decode("utf-8") for field in fields[: len(COLUMNS)]]
    except UnicodeDecodeError as error:
        problem = f"expected VCF text, got byte 0x{error.object[error.start]:02x}: not UTF-8"
        raise FormatError(path, number, problem) from error
    for field in fields:
        if not field.isprintable():
            raise FormatError(path, number, f"expected VCF text, got {field!r:.60}")
    return fields


def _variants(path, number, fields):
    contig, position, name, ref, alts = fields
    if not is_position(position):
        problem = f"POS: expected a whole number, 0 or more, got {position!r:.40}"
        raise FormatError(path, number, problem)
    name = None if name == "." else name
    try:
        for alt in alts.split(","):
            yield number, Variant(contig, int(position), ref, alt, name)
    except ValueError as error:
        raise FormatError(path, number, str(error)) from error
