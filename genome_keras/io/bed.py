"""BED and narrowPeak: places, one a line."""

from itertools import islice

from genome_keras.errors import FormatError
from genome_keras.genome import Interval
from genome_keras.io.lines import DIGITS, is_position, rows

COLUMNS = ("contig", "start", "end", "name", "score", "strand")
STRANDS = {"+": "+", "-": "-", ".": None}
NARROW_PEAK = 10
ELSEWHERE = ("error", "skip")
NAMED = 5  # contigs that a message names


def read(path, *, contigs=None, elsewhere="error"):
    """Reads BED of three columns or more: contig, start, end, name, score, strand.

    Blank lines, comments (#) and the lines "track" and "browser" are left out. Columns
    are parted by tabs, or, in a line without a tab, by runs of blanks. Columns after the
    sixth are not looked at, nor is the score.

    Args:
        path: a file, plain or gzip whatever its name; "-" is standard input.
        contigs: mapping name -> length, bp, in which each place must lie; None checks no
            place.
        elsewhere: "error", or "skip" to leave out places on other contigs than these.

    Yields:
        `Interval`, in the order of the file; name and strand are None where the column
        is absent or ".".

    Raises:
        FormatError: the file cannot be read, a line is malformed, or its place is not in
            `contigs`.
        ValueError: another value of `elsewhere`.
    """
    for _, _, interval in _places(path, contigs, elsewhere):
        yield interval


def read_peaks(path, *, contigs=None, elsewhere="error"):
    """Reads narrowPeak, BED of ten columns; the tenth is a peak's summit.

    Args:
        path, contigs, elsewhere: as in `read`, and the same errors.

    Yields:
        (`Interval`, summit): 0-based position on the contig, or None where the file has
        -1. The file itself counts from the interval's start.

    Raises:
        FormatError: fewer than ten columns, or a summit outside its interval.
    """
    for number, fields, interval in _places(path, contigs, elsewhere):
        if len(fields) < NARROW_PEAK:
            problem = f"expected the {NARROW_PEAK} columns of narrowPeak, got {len(fields)}"
            raise FormatError(path, number, problem)
        field = fields[NARROW_PEAK - 1]
        if field == "-1":
            yield interval, None
        elif is_position(field) and int(field) < interval.length:
            yield interval, interval.start + int(field)
        else:
            raise FormatError(
                path,
                number,
                f"column {NARROW_PEAK} (summit): expected -1 or an offset from the start, "
                f"0 to {interval.length - 1}, got {field!r:.40}",
            )


def _places(path, contigs, elsewhere):
    """Yields line number, fields and `Interval`."""
    if elsewhere not in ELSEWHERE:
        raise ValueError(f"elsewhere must be one of {ELSEWHERE}. Received: {elsewhere!r}")
    for number, fields in _lines(path):
        interval = _interval(path, number, fields)
        if contigs is not None:
            length = contigs.get(interval.contig)
            if length is None and elsewhere == "skip":
                continue
            if length is None:
                first = ", ".join(map(repr, islice(contigs, NAMED)))
                more = ", ..." if len(contigs) > NAMED else ""
                problem = f"no contig {interval.contig!r:.60} in the genome, which has "
                raise FormatError(path, number, f"{problem}{len(contigs)}: {first}{more}")
            if interval.end > length:
                problem = f"expected an end of at most {length}, the length of "
                problem += f"{interval.contig!r}, got {interval.end}; is it of another assembly?"
                raise FormatError(path, number, problem)
        yield number, fields, interval


def _lines(path):
    for number, line in rows(path, "BED"):
        words = line.split(None, 1)
        if not words or words[0] in ("track", "browser") or words[0].startswith("#"):
            continue
        yield number, line.split("\t") if "\t" in line else line.split()


def _interval(path, number, fields):
    if len(fields) < 3:
        problem = f"expected at least 3 columns, contig, start and end, got {len(fields)}"
        raise FormatError(path, number, problem)
    contig, start, end = fields[:3]
    if not contig or contig != contig.strip():
        problem = f"column 1 (contig): expected a name, got {contig!r:.40}"
        raise FormatError(path, number, problem)
    for column, field in ((2, start), (3, end)):
        if not is_position(field):
            raise FormatError(
                path,
                number,
                f"column {column} ({COLUMNS[column - 1]}): expected a whole number, 0 or more, "
                f"of at most {DIGITS} digits, got {field!r:.40}",
            )
    start, end = int(start), int(end)
    if start >= end:
        problem = f"expected start < end (0-based, half-open), got start {start} and end {end}"
        raise FormatError(path, number, problem)
    name = fields[3] if len(fields) > 3 and fields[3] not in ("", ".") else None
    strand = fields[5] if len(fields) > 5 else "."
    if strand not in STRANDS:
        problem = f"column 6 (strand): expected '+', '-' or '.', got {strand!r:.40}"
        raise FormatError(path, number, problem)
    return Interval(contig, start, end, name, STRANDS[strand])
