"""Large inputs, read, scored and written by a model that costs nothing: time and memory.

    OMP_NUM_THREADS=1 python benchmarks/streams.py [--only NAME ...] [--records N] [--bases N]

Makes each input in a temporary folder (TMPDIR), one after the other, and removes it again.
Each row is a process of its own; its processor time and its largest resident memory are
what the system counted for it, as `/usr/bin/time -v` shows them.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

RECORDS = 1_000_000
BASES = 3_100_000_000  # a human genome
SAMPLES, SAMPLED = 100_000, 300  # columns, lines
WINDOW, LONG_WINDOW = 200, 1000  # bp; of the record of one line
GENOME = 2_000_000  # bp of the genome around variants and places
LETTERS = bytes(b"ACGT"[byte & 3] for byte in range(256))
HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
INFO = "50\tPASS\tAC=1;AF=0.5;AN=2"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), metavar="NAME")
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--bases", type=int, default=BASES, help="of the record of one line")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, source = options.child
        CASES[name][2](source, source + ".out")
        return
    print("| input | size | work | processor s | us a record | peak MB |")
    print("|---|---:|---|---:|---:|---:|")
    for name in options.only:
        make, work, _ = CASES[name]
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            Path("genome.fa").write_bytes(b">chr1\n" + letters(GENOME) + b"\n")
            told, count = make(options)
            seconds, peak = measured(name)
            size = f"{os.path.getsize('input') / 1e6:,.0f} MB"
        each = f"{seconds / count * 1e6:.1f}"
        print(f"| {told} | {size} | {work} | {seconds:.1f} | {each} | {peak:.0f} |", flush=True)


def measured(name):
    """Processor time, s, and largest resident memory, MB, of one case."""
    command = [sys.executable, os.path.abspath(__file__), "--child", name, "input"]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{name}: status {child.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3


def letters(count):
    """Random A, C, G and T, as bytes."""
    return random.Random(count).randbytes(count).translate(LETTERS)


def nothing(options):
    Path("input").touch()
    return "nothing: start and imports", 1


def vcf(options):
    """One-letter changes, one a line, in the order of the genome."""
    write_vcf(options.records, HEAD, INFO)
    return f"VCF, {options.records:,} lines", options.records


def samples(options):
    head = "\t".join([HEAD, "FORMAT", *map("S{}".format, range(SAMPLES))])
    write_vcf(SAMPLED, head, INFO + "\tGT:DP" + "\t0/1:35" * SAMPLES)
    return f"VCF, {SAMPLED} lines of {SAMPLES:,} samples", SAMPLED


def write_vcf(lines, head, rest):
    genome = letters(GENOME).decode()
    with open("input", "w") as file:
        print(head, file=file)
        for line in range(lines):
            at = WINDOW + line * (GENOME - 2 * WINDOW) // lines
            ref, alt = genome[at], "CGTA"["ACGT".index(genome[at])]
            print("chr1", at + 1, f"v{line}", ref, alt, rest, sep="\t", file=file)


def bed(options):
    with open("input", "w") as file:
        for line in range(options.records):
            at = line * (GENOME - WINDOW) // options.records
            print("chr1", at, at + 150, f"peak{line}", 0, "+-"[line % 2], sep="\t", file=file)
    return f"BED, {options.records:,} lines", options.records


def records(options):
    text = letters(GENOME)
    with open("input", "wb") as file:
        for line in range(options.records):
            at = line * (GENOME - WINDOW) // options.records
            file.write(b">r%d\n%b\n" % (line, text[at : at + WINDOW]))
    return f"FASTA, {options.records:,} records of {WINDOW} bp", options.records


def one_line(options):
    piece = letters(1_000_003)
    with open("input", "wb") as file:
        file.write(b">one\n")
        for done in range(0, options.bases, len(piece)):
            file.write(piece[: options.bases - done])
        file.write(b"\n")
    return f"FASTA, one line of {options.bases:,} bp", options.bases // LONG_WINDOW


def free_scorer(window):
    """Scores that hang on one letter of the window."""
    import numpy as np
    from support.toy import Toy

    from genome_keras.scoring.scorer import Scorer

    class Free(Toy):
        def scores(self, codes):
            scores = (codes[:, window // 2, None] + 1) * np.float32(0.1)
            return np.repeat(scores, self.output_shape[1], 1)

    return Scorer(Free(window))


def score_vcf(source, out):
    from genome_keras.variants.score_variants import score_vcf

    score_vcf(source, out, genome="genome.fa", weights=free_scorer(WINDOW))


def predict_places(source, out):
    from genome_keras.scoring.predict import predict_intervals

    predict_intervals(source, "genome.fa", out, weights=free_scorer(WINDOW))


def predict_records(source, out, window=WINDOW):
    from genome_keras.scoring.predict import predict_fasta

    predict_fasta(source, out, weights=free_scorer(window))


def only_imports(source, out):
    import genome_keras.scoring.predict
    import genome_keras.variants.score_variants  # noqa: F401

    free_scorer(WINDOW)


def index(source, out):
    from genome_keras.io.reference import open_genome

    with open_genome(source) as genome:
        assert len(genome.contigs) == 1


CASES = {
    "start": (nothing, "-", only_imports),
    "vcf": (vcf, "`variants` to TSV", lambda one, out: score_vcf(one, out + ".tsv")),
    "vcf_kept": (
        vcf,
        "`variants` to VCF, all columns kept",
        lambda one, out: score_vcf(one, out + ".vcf"),
    ),
    "samples": (
        samples,
        "`variants` to VCF, all columns kept",
        lambda one, out: score_vcf(one, out + ".vcf"),
    ),
    "bed": (bed, "`predict --genome` to TSV", lambda one, out: predict_places(one, out + ".tsv")),
    "records": (records, "`predict` to TSV", lambda one, out: predict_records(one, out + ".tsv")),
    "one_line": (
        one_line,
        f"`predict` to TSV, windows of {LONG_WINDOW} bp",
        lambda one, out: predict_records(one, out + ".tsv", LONG_WINDOW),
    ),
    "index": (one_line, "an index in memory, to read at any place", index),
}

if __name__ == "__main__":
    main()
