"""Score the windows of a FASTA file from Python and name the highest tasks of each.

python examples/quickstart.py [IN.fa]
"""

import sys
from pathlib import Path

from genome_keras import list_weights, predict


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("demo.fa")
    print("checkpoints in this package:", list_weights(), sep="\n")
    found = predict(Path(path))  # by the best checkpoint for sequences of this length
    print(f"\n{len(found.scores)} windows x {len(found.tasks)} tasks")
    for name, row in zip(found.names, found.scores, strict=True):
        best = row.argsort()[::-1][:3]
        print(f"{name:12}", *(f"{found.tasks[i]} {row[i]:.3f}" for i in best), sep="  ")


if __name__ == "__main__":
    main()
