"""Makes `deepbind_2015.encode.v1`: DeepBind's 137 networks of human ChIP-seq in one model.

    python weights/make/deepbind_encode.py --params deepbind_params_927.tar.xz --table db.tsv \\
        --licence LICENSE.TXT --result RESULT.json --into DIR

RESULT.json is what `benchmarks/deepbind_encode.py DATA.h5 --window 200 --beside
center_context.deepsea919.v1=SCORES.npy --out RESULT.json` wrote: the held-out scores. Nothing is
trained: the weights are the authors', as they are.
"""

import argparse
import csv
import json
import tempfile
from pathlib import Path

import checkpoint_files

from genome_keras.sharing.deepbind_files import read_deepbind, read_table
from genome_keras.sharing.deepbind_stack import stacked
from genome_keras.sharing.import_cards import origin_of

NAME, WINDOW = "deepbind_2015.encode.v1", 200
SCORES, BESIDE = f"DeepBind, {WINDOW} bp", "center_context.deepsea919.v1"
BINS = "tf_bins + edge_bins"
CARD = """\
# {name}

`deepbind_2015({sizes})`: {parameters:,} parameters; integer codes (n, {window}) in, {tasks} \
probabilities out, one for each published network: the sigmoid of its score, which is the
larger one of both strands. `deepbind_2015(weights="{name}", output="score")` gives the score
itself.

    from genome_keras import deepbind_2015, tokens
    model = deepbind_2015(weights="{name}")
    scores = model.predict(tokens(["ACGT" * 50]))

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

Bins of {window} bp of chr9, chr10 and chr22 up to hg38 38 Mb. `windows` are all {windows:,} bins of
some pieces of 131 kb, at the natural rate; `tf_bins + edge_bins` a draw of {bins:,} of the 28,502
with a peak of any factor. Labels are the peaks in DeepSEA's column of the same cell and of the
protein, or the antibody's target: {matched} of the {tasks} networks have one. Given are areas under
the ROC curve of networks with 20 positive labels or more, and 95 % of 1,000 resamples of blocks of
1 Mb. `gc` ranks by the share of G and C alone, and `center_context.deepsea919.v1` is this package's
network of 1000 bp, trained on other chromosomes in these columns, peaks of other factors among
its negatives. Command:

    python benchmarks/deepbind_encode.py human_deepsea919_1200bp.h5 --params PARAMS \\
        --table db.tsv --window {window} --out RESULT.json \\
        --beside center_context.deepsea919.v1=SCORES.npy

| bins | scores | networks | median AUROC | mean AUROC |
|---|---|---:|---:|---:|
{rows}

{verdict}
They were trained to tell peaks of a factor from shuffled ones, which is another question than that
of these bins, where the others are peaks of other factors or a whole stretch of genome; and they
read no more at a time than 1.5 motif lengths.

Each network, beside the two others ("-": fewer than 20 positive labels):

| network | column | bins | positive | DeepBind | gc | center_context.deepsea919.v1 |
|---|---:|---|---:|---:|---:|---:|
{each}

## Limits

- A network tells peaks from shuffled peaks: its probability is that of neither a bin nor a
  genome; rank by it, and compare networks by rank alone.
- The largest stretch of 1.5 motif lengths decides; what lies around it tells nothing.
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
    checkpoint_files.refuse_published([NAME], into=options.into)
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
    draft |= origin_of("deepbind_2015", options.params) | {"untrained": []}
    draft["held_out"] = {
        subset: {
            "auroc_mean": found["models"][SCORES]["mean"][0],
            "auroc_median": found["models"][SCORES]["median"][0],
            "tasks": sum(value is not None for value in found["models"][SCORES]["auroc"]),
            "examples": found["regions"],
        }
        for subset, found in result["subsets"].items()
    }
    card = CARD.format(
        name=NAME,
        sizes=", ".join(f"{key}={value!r}" for key, value in arguments.items()),
        parameters=draft["parameters"],
        window=WINDOW,
        tasks=len(order),
        windows=result["subsets"]["windows"]["regions"],
        bins=result["subsets"][BINS]["regions"],
        matched=len(result["pairs"]),
        rows="\n".join(rows(result)),
        verdict=verdict(result),
        each="\n".join(each(result, names)),
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


def rows(result):
    """Of the table of subsets and scores; the mean in the digits of the description."""
    for subset, found in result["subsets"].items():
        for name, told in found["models"].items():
            many = sum(value is not None for value in told["auroc"])
            numbers = " | ".join(
                "{:.4f} ({:.3f} to {:.3f})".format(*told[of]) for of in ("median", "mean")
            )
            yield f"| {subset} | {name} | {many} | {numbers} |"


def verdict(result):
    """How many networks have a larger area than `gc`, and than the third, by subset."""
    told = []
    for subset, found in result["subsets"].items():
        own, *others = (
            [value[0] for value in found["models"][name]["auroc"] if value]
            for name in (SCORES, "gc", BESIDE)
        )
        above, ours = (sum(a > b for a, b in zip(own, other, strict=True)) for other in others)
        told.append(
            f"In `{subset}` {above} of {len(own)} networks have a larger area than `gc`, and "
            f"{ours} a larger one than `{BESIDE}`."
        )
    return "\n".join(told)


def each(result, names):
    """Of the table of networks."""
    for number, (name, column) in enumerate(result["pairs"].items()):
        for subset, found in result["subsets"].items():
            areas = [found["models"][of]["auroc"][number] for of in (SCORES, "gc", BESIDE)]
            if areas[0] is None and subset == "windows":
                continue
            told = ["{:.3f} ({:.3f} to {:.3f})".format(*a) if a else "-" for a in areas]
            place = f"| {names[name].replace('|', ' ')} | {column} | {subset} "
            yield f"{place}| {found['positives'][number]} | {' | '.join(told)} |"


if __name__ == "__main__":
    main()
