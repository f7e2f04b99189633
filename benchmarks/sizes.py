"""How large tables of `predict` are: bytes a window in each form, and of 3.1 Gb.

    OMP_NUM_THREADS=1 python benchmarks/sizes.py [--windows 2000]

Random letters in windows of 100 bp, 192 tasks. How many calls are above a threshold hangs on
the model and the genome; those of random letters are few.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from turns import Row

WEIGHTS = "kmer_logreg.human_chromatin.v1"
GENOME = 3.1e9
FORMS = {
    "TSV": ("x.tsv", {}),
    "Parquet": ("x.parquet", {}),
    "Parquet, half": ("x.parquet", {"half": True}),
    "TSV, above 0.5": ("x.tsv", {"above": 0.5}),
    "bigWig, one task": ("x.bw", {}),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--windows", type=int, default=2000)
    print("| form | bytes a window | GB of 3.1 Gb |\n|---|---:|---:|")
    for row in compare(parser.parse_args()):
        (size,) = row.ours
        print(f"| {row.what} | {size:,.0f} | {size * GENOME / 100 / 1e9:,.2f} |", flush=True)


def compare(options):
    """Rows of `table.py`."""
    from genome_keras import predict_fasta
    from genome_keras.weights import find

    count = getattr(options, "windows", 2000)
    task = find(WEIGHTS).tasks[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.fa")
        letters = "".join(np.random.default_rng(0).choice(list("ACGT"), count * 100))
        path.write_text(f">chr1\n{letters}\n")
        for form, (name, how) in FORMS.items():
            out = Path(folder, name)
            if name.endswith(".bw"):
                how = {**how, "tasks": [task]}
            predict_fasta(path, out, weights=WEIGHTS, **how)
            size = out.stat().st_size / count
            told = f"{form} of {WEIGHTS}, {size * GENOME / 100 / 1e9:,.2f} GB of 3.1 Gb"
            yield Row(told, "bytes a window", [size], "-", goal="-")


if __name__ == "__main__":
    main()
