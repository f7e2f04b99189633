"""Turns a finished run of `genome-keras lm train` into a checkpoint with its card.

    python weights/make/publish_lm.py GENOME.fa NAME=RUN [--table TABLE.tsv] [--into DIR]

NAME is `char_rnn.genome.vN`; RUN is the folder of the run; TABLE is what `genome-keras lm
baselines GENOME.fa --tail ... --mix RUN/best.weights.h5` printed for the same held-out
part. The held-out part is scored anew. What the card says of the genome is in
`weights/make/data_sets`. Prints the lines for `PUBLISHED` in genome_keras/weights/registry.py.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import checkpoint_files
from card_of_letters import card, others
from data_sets import data_set
from runs import open_run

from genome_keras.errors import GenomeKerasError
from genome_keras.io.digest import sha256_of
from genome_keras.lm.genome import read_genome, split
from genome_keras.lm.score import held_out
from genome_keras.lm.train import load_lm

HERE = Path(__file__).parents[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("genome", help="the FASTA file it was trained on")
    parser.add_argument("run", metavar="NAME=RUN")
    parser.add_argument("--table", type=Path, help="of lm baselines, for the card")
    parser.add_argument("--into", type=Path, default=HERE, help="folder (default: weights)")
    options = parser.parse_args()
    name, path = options.run.split("=", 1)
    table = others(options.table) if options.table else ""
    publish(options.genome, name, path, table=table, into=options.into)
    print(checkpoint_files.entry(options.into, name))


def publish(genome, name, path, *, table="", into=HERE):
    """Writes the files of a checkpoint and the checksums of their folder.

    Args:
        genome: path of the FASTA file.
        name: of the checkpoint.
        path: folder of the run.
        table: of `card_of_letters.others`, or "".
        into: folder for the files.

    Raises:
        ValueError: a name that lies in `weights` already or is of an unknown genome, another
            file than the run's, or nothing held out.
    """
    checkpoint_files.refuse_published([name], into=into)
    about, run = data_set(name), open_run(path)
    asked = run.history["training"]
    if sha256_of(genome) != asked["genome_sha256"]:
        raise ValueError(f"{genome}: not the file that {path} was trained on")
    _, parts = split(
        read_genome(genome, unknown=asked["unknown"]),
        hold_out=asked["hold_out"],
        tail=asked["tail"],
    )
    if not parts:
        raise ValueError(f"{path}: nothing was held out; train with --tail or --hold-out")
    model = load_lm(run.weights)
    bases = sum(len(part.codes) - part.first for part in parts)
    cost = held_out(model, parts, batch_size=50, window=200, piece=max(20_000, bases // 50))
    draft = checkpoint_files.described(
        model, name, architecture=run.architecture, arguments=run.arguments, window=None
    )
    scores = {key: getattr(cost, key) for key in ("perplexity", "bits_per_base", "bases")}
    draft |= {**run.history, "held_out": {"all": scores}}
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "bare.weights.h5"
        checkpoint_files.save_weights(model, weights)
        text = card(draft, data=about, table=table)
        checkpoint_files.write(into, name, weights=weights, draft=draft, card=text)
    checkpoint_files.write_sums(into)


if __name__ == "__main__":
    try:
        main()
    except (GenomeKerasError, ValueError) as error:
        sys.exit(f"publish_lm: {error}")
