"""Train character models on the two artificial genomes of Zhang & Kamath 2016.

A repeat of AGCTTGAGGC, where every base follows from those before it, and a random
genome, where none does. On the first the held-out perplexity must fall to 1, on the
second it cannot fall below 4; the training perplexity can, for a network learns by heart.

python examples/language_model.py [UNITS]
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from genome_keras.lm.sample import sample
from genome_keras.lm.train import load_lm, train_genome

LENGTH = 30_000


def main():
    units = int(sys.argv[1]) if len(sys.argv) > 1 else 32
    draw = np.random.default_rng(0)
    genomes = {
        "repeat": "AGCTTGAGGC" * (LENGTH // 10),
        "random": "".join(np.array(list("ACGT"))[draw.integers(0, 4, LENGTH)]),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, letters in genomes.items():
            path, run = Path(folder) / f"{name}.fa", Path(folder) / name
            path.write_text(f">{name}\n{letters}\n")
            log = train_genome(
                path,
                out=run,
                cell="gru",
                units=units,
                window=50,
                batch_size=50,
                epochs=10,
                learning_rate=0.01 if name == "repeat" else 0.002,
                decay="exponential",
                tail=0.1,
            )
            last = log[-1]
            print(f"{name}: training {last['training']:.4f}, held out {last['held_out']:.4f}")
        model = load_lm(Path(folder) / "repeat" / "best.weights.h5")
        print("drawn after AGCTT:", sample(model, length=20, prime="AGCTT")[0])


if __name__ == "__main__":
    main()
