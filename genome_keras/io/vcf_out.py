"""VCF of effects: the records of the input, with effects in INFO."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext

import numpy as np

from genome_keras import __version__
from genome_keras.genome import Variant
from genome_keras.io.atomic import atomic
from genome_keras.io.bgzf import BgzipWriter
from genome_keras.io.vcf_source import COLUMNS, Copy, VcfSource

SUFFIXES = (".vcf", ".vcf.gz")

_SPECIAL = re.compile(r"[:;=%,\s\x00-\x1f\x7f]")  # what VCF 4.3 wants percent-encoded


@contextmanager
def open_vcf(
    path: str | os.PathLike,
    *,
    contigs: Mapping[str, int],
    tasks: Sequence[str],
    effects: Sequence[str],
    about: Iterable[tuple[str, str]] = (),
    source: str | os.PathLike | Copy | None = None,
) -> Iterator["_Vcf"]:
    """Opens a VCF of effects; the file is there, whole, when the block succeeds.

    INFO of a record, where an effect is "diff" or "logodds" in upper case:

    | key | Number | content |
    |---|---|---|
    | `GK_STATUS` | A | "ok", or why an allele has no effects |
    | `GK_MAX_DIFF` | A | largest absolute effect over the tasks |
    | `GK_MAX_DIFF_TASK` | A | the task that has it, percent-encoded |
    | `GK_DIFF` | . | effects, allele after allele, each in the order of the tasks |

    The header has one line for each task: `##genome_keras_task=<ID=0,Description="...">`.
    Alleles without effects have "." for each number; a record without any has only
    `GK_STATUS`. With a `source`, the rest is as there: header, QUAL, FILTER, other keys of
    INFO, samples; keys `GK_...` of an earlier run are replaced.

    Args:
        path: ".vcf", or ".vcf.gz", which is bgzip, so that it can be indexed.
        contigs: dict name -> length, bp, for the header.
        tasks: names of the tasks.
        effects: words, in the order of the arrays to come.
        about: (key, value) pairs of header lines.
        source: the VCF or BCF of the records, read a second time along with what is
            written, or what `io.vcf.read` copied of it; None leaves out all but places and
            effects.

    Yields:
        An object with `write(lines, variants, statuses, values)`: as `io.vcf.read` yields
        them, alleles of one line in one call or the next; n str; floats (n, effects,
        tasks), NaN where there is none. A record is written when the next one comes.

    Raises:
        ValueError: another suffix.
        GenomeKerasError: the file cannot be written; before the block runs.
        OSError: the disk is full; no file is left.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.vcf")
        ...     settings = {"contigs": {"chr1": 1000}, "tasks": ["CTCF"], "effects": ["diff"]}
        ...     with open_vcf(path, **settings) as out:
        ...         out.write([1], [Variant("chr1", 10, "A", "C")], ["ok"], np.array([[[0.25]]]))
        ...     print(path.read_text().splitlines()[-1].split("\\t")[-1])
        GK_STATUS=ok;GK_MAX_DIFF=0.25;GK_MAX_DIFF_TASK=CTCF;GK_DIFF=0.25
    """
    path = str(path)
    if not path.endswith(SUFFIXES):
        raise ValueError(f"a VCF must end in one of {SUFFIXES}. Received: {path!r}")
    with (
        nullcontext() if source is None else closing(VcfSource(source)) as source,
        atomic(path) as temporary,
        open(temporary, "wb") as file,
    ):
        out = BgzipWriter(file) if path.endswith(".gz") else file
        ours = _header(tasks, effects)
        writer = _Vcf(out, tasks, effects, lambda: _all_lines(source, contigs, about, ours), source)
        yield writer
        writer.flush()
        writer.begin()
        if out is not file:
            out.finish()


class _Vcf:
    def __init__(self, out, tasks, effects, header, source):
        self.out, self.effects = out, [effect.upper() for effect in effects]
        self.header, self.source = header, source
        self.tasks = [_encoded(task) for task in tasks]
        self.none = ".", ".", ",".join("." * len(tasks))  # of an allele without effects
        self.line, self.held = None, []  # alleles of one record

    def write(self, lines, variants, statuses, values):
        numbers = zip(*map(self._texts, values.swapaxes(0, 1)), strict=True)
        for line, *allele in zip(lines, variants, statuses, numbers, strict=True):
            if line != self.line:
                self.flush()
                self.line = line
            self.held.append(allele)

    def _texts(self, values):
        """For each allele the largest of one effect, its task, and all; None where none is."""
        sizes = np.where(np.isnan(values), -1, np.abs(values))
        at = sizes.argmax(1)
        largest, row = sizes[np.arange(len(at)), at], ",".join(["%.6g"] * len(self.tasks))
        for size, task, numbers in zip(largest.tolist(), at.tolist(), values.tolist(), strict=True):
            if size < 0:
                yield None
            else:
                told = (row % tuple(numbers)).replace("nan", ".")
                yield f"{size:.6g}", self.tasks[task], told

    def begin(self):
        """Writes the header, if it is not there: a source may have none before this."""
        if self.header is not None:
            self.out.write(b"".join(line + b"\n" for line in self.header()))
            self.header = None

    def flush(self):
        if not self.held:
            return
        self.begin()
        variants, statuses, values = zip(*self.held, strict=True)
        first = variants[0]
        info = ["GK_STATUS=" + ",".join(statuses)]
        for effect, alleles in zip(self.effects, zip(*values, strict=True), strict=True):
            if not any(alleles):
                break
            largest, tasks, numbers = zip(*(told or self.none for told in alleles), strict=True)
            info.append(f"GK_MAX_{effect}={','.join(largest)}")
            info.append(f"GK_MAX_{effect}_TASK={','.join(tasks)}")
            info.append(f"GK_{effect}={','.join(numbers)}")
        self.held = []
        if self.source is not None:
            self.source.write(self.line, ";".join(info), self.out)
            return
        if not any(isinstance(variant, Variant) for variant in variants):
            return  # malformed: no record that VCF can hold
        alts = ",".join(variant.alt for variant in variants)
        place = (first.contig, str(first.position), first.id or ".", first.ref, alts, ".", ".")
        self.out.write(("\t".join((*place, ";".join(info))) + "\n").encode())


def _all_lines(source, contigs, about, ours):
    """The header, as bytes without line ends: the source's own lines, then those of effects."""
    theirs = [b"##fileformat=VCFv4.3"] if source is None else source.header()
    if not theirs or not theirs[0].startswith(b"##fileformat="):
        theirs = [b"##fileformat=VCFv4.3", *theirs]
    known = set() if source is None else source.contigs()
    lines = [f"##source=genome_keras {__version__}"]
    keys = {line.partition(b"=")[0] for line in theirs}
    lines += [f"##{key}={value}" for key, value in about if f"##{key}".encode() not in keys]
    lines += [
        f"##contig=<ID={name},length={length}>"
        for name, length in contigs.items()
        if name.encode() not in known
    ]
    columns = COLUMNS if source is None else source.columns
    return [*theirs, *(line.encode() for line in (*lines, *ours)), b"\t".join(columns)]


def _header(tasks, effects):
    """The lines of the header that tell what the effects are."""
    lines = [
        f'##genome_keras_task=<ID={task},Description="{_quoted(name)}">'
        for task, name in enumerate(tasks)
    ]
    lines.append(_info("GK_STATUS", "A", "String", "ok, or why the allele has no effects"))
    for effect in effects:
        key, what = effect.upper(), _MEANING[effect]
        lines.append(_info(f"GK_MAX_{key}", "A", "Float", f"Largest absolute {what} over tasks"))
        lines.append(_info(f"GK_MAX_{key}_TASK", "A", "String", f"Task of GK_MAX_{key}"))
        order = "one for each genome_keras_task of the header, allele after allele"
        lines.append(_info(f"GK_{key}", ".", "Float", f"{what.capitalize()}: {order}"))
    return lines


_MEANING = {"diff": "difference alt - ref", "logodds": "difference of log-odds alt - ref"}


def _info(key, number, kind, text):
    return f'##INFO=<ID={key},Number={number},Type={kind},Description="{text}">'


def _quoted(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _encoded(text):
    return _SPECIAL.sub(lambda match: f"%{ord(match[0]):02X}", text)
