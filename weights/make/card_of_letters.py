"""The model card of a language model, from its description and a table of others."""

from pathlib import Path

import training_words
from data_sets import DataSet

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
`genome_keras.weights.PUBLISHED` and are checked whenever the checkpoint is loaded.
"""


def card(draft: dict, *, data: DataSet, table: str = "") -> str:
    """The card as Markdown.

    Args:
        draft: what goes into the checkpoint's JSON.
        data: of the genome.
        table: of `others`, or "".
    """
    training = draft["training"]
    tail, names = training["tail"], training["hold_out"]
    return CARD.format(
        name=draft["name"],
        sizes=", ".join(f"{key}={value!r}" for key, value in draft["arguments"].items()),
        parameters=draft["parameters"],
        genome=data.text("Training data"),
        genome_sha256=training["genome_sha256"],
        rule=f"the last {tail:.0%}" if tail else ", ".join(names),
        how=training_words.of_letters(draft),
        table=table,
        **draft["held_out"]["all"],
    )


def others(path) -> str:
    """What other models reach on the same part, from the table of `lm baselines`."""
    header, *lines = Path(path).read_text(encoding="utf-8").splitlines()
    rows = [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
    text = "\nThe same part by other models (`genome-keras lm baselines`):\n\n"
    text += "| model | protocol | perplexity | bits per base |\n|---|---|---:|---:|\n"
    for row in rows:
        if row["scored"] == "held-out part":
            numbers = f"{float(row['perplexity']):.4f} | {float(row['bits_per_base']):.4f}"
            text += f"| {row['model']} | {row['protocol']} | {numbers} |\n"
    return text
