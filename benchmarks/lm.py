"""Cell x window x depth on a genome, beside the figure of Zhang & Kamath 2016.

    python benchmarks/lm.py GENOME.fa --out DIR [--paper 3.679] [--cells gru lstm rnn]
        [--windows 50 100 500 1000] [--depths 2 3] [--tail 0.1]

The authors' protocol: layers of 128, 50 streams, one epoch, learning rate 0.0008; what
they print is the training perplexity of that epoch. Here every base is scored before the
step that learns it, so in one epoch `training` is `prequential` too; with --tail the
fraction at the end is not learned from and scored at the end of the epoch.

Each run has a folder in DIR: a killed one goes on, a finished one is only read.
E. coli: 20 to 95 core-seconds a run on JAX and a processor with AVX-512; P. falciparum five
times as much.
"""

import argparse
import itertools
from pathlib import Path

from genome_keras.lm.train import train_genome


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("genome")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--paper", type=float, help="the paper's training perplexity")
    parser.add_argument("--cells", nargs="+", default=("gru", "lstm", "rnn"))
    parser.add_argument("--windows", nargs="+", type=int, default=(50, 100, 500, 1000))
    parser.add_argument("--depths", nargs="+", type=int, default=(2, 3))
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--embedding", type=int, help="(default: units, as the authors)")
    parser.add_argument("--learning-rate", type=float, default=8e-4)
    parser.add_argument("--tail", type=float, default=0.0)
    options = parser.parse_args()
    print("cell", "window", "depth", "training", "held_out", "paper", "ratio", "cpu_s", sep="\t")
    options.out.mkdir(parents=True, exist_ok=True)
    grid = itertools.product(options.cells, options.depths, options.windows)
    for cell, depth, window in grid:
        log = train_genome(
            options.genome,
            out=options.out / f"{cell}-{depth}-{window}",
            cell=cell,
            depth=depth,
            window=window,
            units=options.units,
            embedding=options.embedding,
            batch_size=50,
            epochs=1,
            learning_rate=options.learning_rate,
            tail=options.tail,
        )
        row = log[-1]
        ours, paper = row["training"], options.paper
        ratio = f"{ours / paper:.4f}" if paper else "-"
        print(
            cell,
            window,
            depth,
            f"{ours:.4f}",
            f"{row['held_out']:.4f}" if options.tail else "-",
            paper or "-",
            ratio,
            row["cpu_seconds"],
            sep="\t",
            flush=True,
        )


if __name__ == "__main__":
    main()
