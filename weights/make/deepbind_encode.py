"""Makes `deepbind_2015.encode.v1`: DeepBind's 137 networks of human ChIP-seq in one model.

    python weights/make/deepbind_encode.py --params deepbind_params_927.tar.xz --table db.tsv \\
        --licence LICENSE.TXT --result RESULT.json --into DIR

RESULT.json is what `benchmarks/deepbind_encode.py DATA.h5 --window 101 --out RESULT.json`
wrote: the held-out scores. Nothing is trained: the weights are the authors', as they are.
"""

import argparse
import csv
import json
import tempfile
from pathlib import Path

import checkpoint_files
import numpy as np

from genome_keras.sharing.deepbind_files import read_deepbind, read_table
from genome_keras.sharing.deepbind_stack import stacked

NAME, WINDOW = "deepbind_2015.encode.v1", 101
CARD = """\
# {name}

`deepbind_2015({sizes})`: {parameters:,} parameters; integer codes (n, {window}) in, {tasks} \
probabilities out, one for each published network: the sigmoid of its score, which is the
larger one of both strands. `deepbind_2015(weights="{name}", output="score")` gives the score
itself.

    from genome_keras import deepbind_2015, tokens
    model = deepbind_2015(weights="{name}")
    scores = model.predict(tokens(["ACGTACGTAC" * 10 + "A"]))

## Training data

The authors' (Alipanahi et al. 2015, doi:10.1038/nbt.3300): peaks of ENCODE's ChIP-seq in
human cells against shuffled sequences; the paper's supplement tells which. Nothing says that
the chromosomes called test below were kept out of it: peaks there may have been trained on.

## Training

The authors', once, with 16 detectors of 24 or 36 letters. The weights are those of their
parameter files, number by number, which the command `genome-keras import deepbind` reads too;
`weights/make/deepbind_encode.py` makes these files. The program that reads them gives the
scores recorded by the authors' own, to 1e-4 (`tests/test_deepbind_2015.py`).

## Held-out scores

A draw of the 200-bp bins of chr9, chr10 and chr22 up to 38 Mb, {regions:,} of them, weighted so
that the AUROC is that of all bins; their middle {window} bp. Labels are the peaks in DeepSEA's
column of the same cell and of the protein or the antibody's target: {matched} of the {tasks}
networks have one. Networks with fewer than 20 drawn positives are left out. `gc` ranks by the
share of G and C. Command: `python benchmarks/deepbind_encode.py` on the set
`human_deepsea919_200bp.h5`.

| scores | bins | networks | median AUROC | mean AUROC |
|---|---|---:|---:|---:|
{rows}

## Limits

- A network tells peaks from shuffled peaks: its probability is that of neither a bin nor a
  genome; rank by it, and compare networks by rank alone.
- 101 bp are read, in stretches of 1.5 motif lengths; what lies around them decides nothing.
- Human cells and these proteins only. Not for clinical use.

## Licence

The weights are under the authors' licence (BSD, 3 clauses):

{licence}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("params", "table", "licence", "result", "into"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    options = parser.parse_args()
    checkpoint_files.refuse_published([NAME])
    networks = read_deepbind(options.params)
    chosen = {name: networks[name] for name in chip_models(options.table) if name in networks}
    names = read_table(options.table)
    model, order = stacked(chosen, window=WINDOW, output="probability")
    arguments = model.made_with["arguments"]
    draft = checkpoint_files.described(
        model, NAME, architecture="deepbind_2015", arguments=arguments, window=WINDOW
    )
    result = json.loads(options.result.read_text())
    draft |= {"license": "BSD-3-Clause", "tasks": [names[name] for name in order]}
    draft["untrained"] = []
    draft["held_out"] = {
        subset.replace("all bins", "all"): summary(values, result["regions"])
        for subset, values in result["auroc"][f"window {WINDOW}"].items()
    }
    card = CARD.format(
        name=NAME,
        sizes=", ".join(f"{key}={value!r}" for key, value in arguments.items()),
        parameters=draft["parameters"],
        window=WINDOW,
        tasks=len(order),
        regions=result["regions"],
        matched=len(result["pairs"]),
        rows="\n".join(rows(result)),
        licence="\n".join(
            f"    {line}".rstrip() for line in options.licence.read_text().splitlines()
        ),
    )
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / f"{NAME}.weights.h5"
        checkpoint_files.save_weights(model, weights)
        options.into.mkdir(exist_ok=True, parents=True)
        checkpoint_files.write(options.into, NAME, weights=weights, draft=draft, card=card)
    print(checkpoint_files.entry(options.into, NAME))


def chip_models(table):
    """Names of the models of human ChIP-seq that no other supersedes, in the table's order."""
    lines = [line for line in table.read_text().splitlines() if line and not line.startswith("#")]
    return [
        row["ID"]
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        if (row["Species"], row["Experiment"]) == ("Homo sapiens", "ChIP-seq") and not row["Labels"]
    ]


def summary(values, regions):
    found = [value for value in values if value is not None]
    return {
        "auroc_mean": float(np.mean(found)),
        "auroc_median": float(np.median(found)),
        "tasks": len(found),
        "examples": regions,
    }


def rows(result):
    for name, subsets in result["auroc"].items():
        for subset, values in subsets.items():
            told = summary(values, 0)
            numbers = f"{told['auroc_median']:.3f} | {told['auroc_mean']:.3f}"
            yield f"| {name} | {subset} | {told['tasks']} | {numbers} |"


if __name__ == "__main__":
    main()
