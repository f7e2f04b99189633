"""Turns a finished run of `genome-keras lm train` into a checkpoint with its card.

    python weights/make/publish_lm.py GENOME.fa NAME=RUN [--table TABLE.tsv]

NAME is `char_rnn.genome.vN`; RUN is the folder of the run; TABLE is what `genome-keras lm
baselines GENOME.fa --tail ... --mix RUN/best.weights.h5` printed for the same held-out
part. The held-out part is scored anew. Prints the lines for `PUBLISHED` in
genome_keras/registry.py.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np

from genome_keras.io.atomic import atomic
from genome_keras.io.digest import sha256_of
from genome_keras.lm.genome import read_genome, split
from genome_keras.lm.score import held_out
from genome_keras.lm.train import load_lm
from genome_keras.weights.checkpoint import save_bare
from genome_keras.weights.registry import PUBLISHED

HERE = Path(__file__).parents[1]
LETTERS = "ACGTN"

GENOMES = {
    "ecoli": "Escherichia coli K-12 MG1655, 4,639,675 bp, the length of the paper's genome "
    "(public domain).",
    "pfalciparum": "Plasmodium falciparum 3D7, chromosomes MAL1 to MAL14, 23,264,425 bp with "
    "947 N (public domain).",
}

RUN = """\
{start}Adam, {batch_size} parallel streams, gradients through {window} bp, state carried on, \
gradient norm clipped at 5, highest learning rate {learning_rate:g} after {warmup} steps, \
decay {decay}, {epochs} epochs{strands}; {cpu_seconds:,.0f} core-seconds in all. The epoch \
with the lowest held-out perplexity was kept: epoch {best}. Choosing among {epochs} epochs by \
the held-out part flatters it by very little, but it does.

| epoch | training perplexity | held-out perplexity | core-seconds |
|---|---:|---:|---:|
{log}"""

CARD = """\
# {name}

`char_rnn({sizes})`: {parameters:,} parameters; integer codes (n, window) in, probabilities \
of the next base (n, window, 4) out.

    genome-keras lm score IN.fa --weights {name}
    genome-keras lm sample --weights {name} --length 1000

## Training data

{genome} Held out: {rule}. sha256 of the file: `{genome_sha256}`.

## Training

{how}

In the first epoch each base was scored before it was learned (prequential). Commands: \
`weights/make/train_char_rnn.sh`.

## Held-out scores

Perplexity {perplexity:.4f}, {bits_per_base:.4f} bits per base, over {bases:,} bases; N and \
what nothing precedes are not scored. Reading went on from 1000 bp before the held-out part.
{table}
## Limits

- One genome, one strain: it describes this genome's composition, codons and repeats.
- 4 is a blind guess; much of what lies below is base composition. Compare with the counts.
- The likelihood of a variant is how usual it looks here, not what it does.
- Not for clinical use.

## Licence

The weights are published under Apache-2.0. The genome keeps its own terms.

## Integrity

The probe sequences and their scores are in `{name}.json`; the sha256 of both files are in
`genome_keras.weights.registry.PUBLISHED` and are checked whenever the checkpoint is loaded.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("genome", help="the FASTA file it was trained on")
    parser.add_argument("run", metavar="NAME=RUN")
    parser.add_argument("--table", type=Path, help="of lm baselines, for the card")
    options = parser.parse_args()
    name, run = options.run.split("=", 1)
    run = Path(run)
    if name in PUBLISHED:
        sys.exit(f"{name} is published: a published file never changes")
    trained = json.loads((run / "train.json").read_text())
    if sha256_of(options.genome) != trained["genome_sha256"]:
        sys.exit(f"{options.genome}: not the file that {run} was trained on")
    model = load_lm(run / "best.weights.h5")
    _, parts = split(
        read_genome(options.genome, unknown=trained["unknown"]),
        hold_out=trained["hold_out"],
        tail=trained["tail"],
    )
    if not parts:
        sys.exit(f"{run}: nothing was held out; train with --tail or --hold-out")
    bases = sum(len(part.codes) - part.first for part in parts)
    cost = held_out(model, parts, batch_size=50, window=200, piece=max(20_000, bases // 50))
    probe = np.random.default_rng(0).integers(0, 4, (2, 60), dtype=np.uint8)
    probe[1, 15:30] = 4
    scores = keras.ops.convert_to_numpy(model(probe, training=False))
    draft = {
        "name": name,
        "architecture": "char_rnn",
        "arguments": {k: v for k, v in trained["arguments"].items() if v is not None},
        "window": None,
        "parameters": int(model.count_params()),
        "license": "Apache-2.0",
        **_how(run),
        "held_out": {
            "all": {
                "perplexity": cost.perplexity,
                "bits_per_base": cost.bits_per_base,
                "bases": cost.bases,
            }
        },
        "probe": ["".join(LETTERS[code] for code in row) for row in probe],
        "probe_scores": np.round(scores.astype(float), 7).tolist(),
    }
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.weights.h5"
        save_bare(model, bare)
        with atomic(HERE / f"{name}.weights.h5") as temporary:
            temporary.write_bytes(bare.read_bytes())
    _write(HERE / f"{name}.json", json.dumps(draft, indent=1) + "\n")
    _write(HERE / f"{name}.md", card(name, draft, cost, options.table))
    files = sorted(p for p in HERE.iterdir() if p.name.endswith((".weights.h5", ".json")))
    _write(HERE / "SHA256SUMS", "".join(f"{sha256_of(p)}  {p.name}\n" for p in files))
    print(f'    "{name}": Published(')
    for suffix in (".weights.h5", ".json"):
        path = HERE / f"{name}{suffix}"
        print(f'        "{sha256_of(path)}",\n        {path.stat().st_size},')
    print("        PAPER,\n    ),")


def card(name, draft, cost, table):
    """The card as Markdown.

    Args:
        name: of the checkpoint.
        draft: what goes into its JSON.
        cost: `Tally` of the held-out part.
        table: path of the table of baselines, or None.
    """
    training = draft["training"]
    tail, names = training["tail"], training["hold_out"]
    return CARD.format(
        name=name,
        sizes=", ".join(f"{key}={value!r}" for key, value in draft["arguments"].items()),
        parameters=draft["parameters"],
        genome=GENOMES.get(name.split(".")[1], "A genome."),
        genome_sha256=training["genome_sha256"],
        rule=f"the last {tail:.0%}" if tail else ", ".join(names),
        how="\n\n".join(_paragraph(run) for run in [*draft.get("before", []), draft]),
        perplexity=cost.perplexity,
        bits_per_base=cost.bits_per_base,
        bases=cost.bases,
        table=_table(table),
    )


def _how(run):
    """What was asked of a run and its log, and of the run beside it that it started from."""
    asked = json.loads((run / "train.json").read_text())
    how = {"log": json.loads((run / "log.json").read_text())}
    start = run.parent / asked.get("fine_tune", "")
    if start.name == "best.weights.h5":
        asked["fine_tune"] = f"{start.parent.name}/{start.name}"
        how["before"] = [_how(start.parent)]
    return {"training": {k: v for k, v in asked.items() if k != "arguments"}, **how}


def _paragraph(run):
    training, log = run["training"], run["log"]
    rows = [
        f"| {row['epoch']} | {row['training']:.4f} | {row['held_out']:.4f} "
        f"| {row['cpu_seconds']:,.0f} |"
        for row in log
    ]
    start = training.get("fine_tune")
    return RUN.format(
        start=f"Started from the weights of `{start}`, the run above. " if start else "",
        strands=", half of the streams read on the other strand"
        if training["reverse_complement"]
        else "",
        cpu_seconds=sum(row["cpu_seconds"] for row in log),
        best=min(log, key=lambda row: row["held_out"])["epoch"],
        log="\n".join(rows),
        **{key: training[key] for key in ("batch_size", "window", "learning_rate", "warmup")},
        **{key: training[key] for key in ("decay", "epochs")},
    )


def _table(path):
    if path is None:
        return ""
    header, *lines = path.read_text().splitlines()
    rows = [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
    shown = [row for row in rows if row["scored"] == "held-out part"]
    text = "\nThe same part by other models (`genome-keras lm baselines`):\n\n"
    text += "| model | protocol | perplexity | bits per base |\n|---|---|---:|---:|\n"
    for row in shown:
        numbers = f"{float(row['perplexity']):.4f} | {float(row['bits_per_base']):.4f}"
        text += f"| {row['model']} | {row['protocol']} | {numbers} |\n"
    return text


def _write(path, text):
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
