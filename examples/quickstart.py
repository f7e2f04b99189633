"""Score the sequences of a FASTA file from Python and name the highest tasks.

python examples/quickstart.py [IN.fa]
"""

import sys
from pathlib import Path

from genome_keras import bigru_multitask, list_weights, tokens
from genome_keras.io import fasta
from genome_keras.weights.resolve import DEFAULT, find


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("demo.fa")
    print("checkpoints in this package:", *list_weights(), sep="\n  ")
    tasks = find(DEFAULT).tasks
    model = bigru_multitask(weights=DEFAULT)
    records = {name: letters[:100] for name, letters in fasta.read(path)}
    scores = model.predict(tokens(list(records.values())), verbose=0)
    print(f"\nscores of the first 100 bp, {len(records)} records x {len(tasks)} tasks")
    for name, row in zip(records, scores, strict=True):
        best = row.argsort()[::-1][:3]
        print(f"{name:12}", *(f"{tasks[i]} {row[i]:.3f}" for i in best), sep="  ")


if __name__ == "__main__":
    main()
