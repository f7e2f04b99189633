"""Score the sequences of a FASTA file from Python and name the highest tasks.

python examples/quickstart.py [IN.fa]
"""

import sys
from pathlib import Path

from genome_keras import list_weights, load_model
from genome_keras.io import fasta


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("demo.fa")
    print("checkpoints in this package:", list_weights(), sep="\n")
    model = load_model()
    records = {name: letters[: model.window] for name, letters in fasta.read(path)}
    scores = model.predict(list(records.values()), verbose=0)
    told = f"{len(records)} records x {len(model.tasks)} tasks"
    print(f"\nscores of the first {model.window} bp, {told}")
    for name, row in zip(records, scores, strict=True):
        best = row.argsort()[::-1][:3]
        print(f"{name:12}", *(f"{model.tasks[i]} {row[i]:.3f}" for i in best), sep="  ")


if __name__ == "__main__":
    main()
