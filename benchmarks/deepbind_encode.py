"""DeepBind's 137 published networks of human ChIP-seq, on regions of whole chromosomes.

    python benchmarks/deepbind_encode.py DATA.h5 --params PARAMS --table db.tsv
        [--window 200 101] [--draw 5000] [--seed 0] [--beside NAME=SCORES.npy ...]
        [--kept FOLDER] [--out RESULT.json]

DATA has regions labelled in DeepSEA's 919 columns, such as human_deepsea919_1200bp.h5. A network
is compared with the column of its cell and of its protein or its antibody's target; where there
are several, with the one of its laboratory. Scored are, of the split "test", all `windows` (every
bin of some pieces of the genome) and a draw of the bins with a peak of any factor (`tf_bins` and
`edge_bins`). `gc` ranks by the share of G and C in the middle 200 bp. SCORES.npy has the scores of
another model in all 919 columns, as `weights/make/evaluate_919.py DATA.h5 ... --scores FOLDER`
keeps them. With --kept, those of DeepBind are kept there, and not computed again. Printed are
AUROCs with 95 % of 1,000 resamples of blocks of 1 Mb, of networks with 20 positives or more; no
others are computed. Nothing says that the authors kept these chromosomes out of their training.
The networks are computed by `deepbind_loop.py`, which is compared with the model first, by every
tenth network.
"""

import argparse
import ast
import csv
import json
import re
import time
from pathlib import Path

import h5py
import numpy as np

import deepbind_loop
from genome_keras import scores as score
from genome_keras.evaluation.bootstrap import genome_blocks, interval, replicate, resamples
from genome_keras.scoring.effects import sigmoid
from genome_keras.sharing.deepbind_files import read_deepbind

SUBSETS = {"windows": ("windows",), "tf_bins + edge_bins": ("tf_bins", "edge_bins")}
LEAST, REPLICATES = 20, 1000
# The laboratories of ENCODE, and how they are called in the names of its peak files.
LABS = {"HudsonAlpha": "Haib", "Broad": "Broad", "UT-A": "Uta", "UChicago": "Uchicago"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--params", required=True)
    parser.add_argument("--table", required=True)
    parser.add_argument("--columns", help="default: beside DATA")
    parser.add_argument("--window", type=int, nargs="+", default=[200, 101])
    parser.add_argument("--draw", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--beside", nargs="*", default=[], metavar="NAME=SCORES.npy")
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    columns = options.columns or Path(options.data).with_name("human_deepsea919_columns.tsv")
    models = chip_models(options.table)
    pairs = matched(models, columns)
    print(f"{len(pairs)} of {len(models)} networks have a column of the same cell and target")
    regions = drawn(options.data, options.draw, options.seed)
    networks = read_deepbind(options.params, pairs)
    result = {"pairs": pairs, "subsets": {}, "seconds": {}, "difference": compared(networks)}
    needed = enough_positives(regions, list(pairs.values()))
    scores = {}
    for window in options.window:
        begin, kept = time.process_time(), options.kept and options.kept / f"{window}bp.npy"
        if kept and kept.exists():
            found = np.load(kept)
        else:
            found = scored(networks, middle(regions["x"], window), needed)
            result["seconds"][window] = time.process_time() - begin
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.save(kept, found)
        with np.errstate(invalid="ignore"):  # of what was not needed
            scores[f"DeepBind, {window} bp"] = sigmoid(found.astype(float))  # areas are of 0 to 1
    gc = np.isin(middle(regions["x"], 200), (1, 2)).mean(1, dtype="float32")
    scores["gc"] = gc[:, None].repeat(len(pairs), 1)
    for text in options.beside:
        name, _, path = text.partition("=")
        scores[name] = np.load(path, mmap_mode="r")[regions["row"]][:, list(pairs.values())]
    print(f"seconds of the processor: {result['seconds']}")
    print(f"largest difference of the loop from the model: {result['difference']:.1e}")
    for subset, sources in SUBSETS.items():
        result["subsets"][subset] = measured(scores, list(pairs.values()), regions, sources)
    printed(result)
    if options.out:
        options.out.write_text(json.dumps(result, indent=1))


def chip_models(table):
    """The current networks of human ChIP-seq: ID -> (cell, targets, laboratory)."""
    lines = [line for line in Path(table).read_text().splitlines() if line[:1] not in ("", "#")]
    found = {}
    for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
        human = row["Species"] == "Homo sapiens" and row["Experiment"] == "ChIP-seq"
        if human and not row["Labels"]:
            details = dict(
                part.split("=", 1) for part in ast.literal_eval(row["Experiment Details"])
            )
            antibody = re.sub(r"_?\(.*|_v\d.*", "", details["Antibody"])
            targets = {plain(row["Protein"]), plain(antibody.removeprefix("eGFP-"))}
            found[row["ID"]] = details["CellLine"], targets, details["Lab"]
    return found


def plain(target):
    return re.sub(r"[^A-Z0-9]", "", target.upper())


def matched(models, columns):
    """ID -> number of the column, for the networks that have one with labels."""
    with open(columns, newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["label_kind"] != "none"]
    pairs = {}
    for name, (cell, targets, lab) in models.items():
        fitting = [
            row
            for row in rows
            if row["name"].split("|")[0] == cell
            and plain(row["name"].split("|")[1]) in targets
            and row["name"].split("|")[2] == "None"
        ]
        fitting.sort(key=lambda row: LABS.get(lab, "Sydh") not in row["peak_file"])
        if fitting:
            pairs[name] = int(fitting[0]["column"])
    return pairs


def drawn(data, draw, seed):
    """The test regions to score; `row` counts those of `SUBSETS`, as evaluate_919.py does."""
    with h5py.File(data) as file:
        source, split, chrom = (file[name].asstr()[:] for name in ("source", "split", "chrom"))
        wanted = np.isin(source, [name for names in SUBSETS.values() for name in names])
        rows = np.flatnonzero((split == "test") & wanted)
        kept = source[rows] == "windows"
        bins = np.flatnonzero(~kept)
        kept[np.random.default_rng(seed).choice(bins, min(draw, len(bins)), replace=False)] = True
        row = np.flatnonzero(kept)
        rows = rows[row]
        found = {"x": file["x"][rows], "y": file["y"][rows], "start": file["start_hg38"][rows]}
    return found | {"source": source[rows], "chrom": chrom[rows], "row": row}


def middle(codes, window):
    first = (codes.shape[1] - window) // 2
    return np.ascontiguousarray(codes[:, first : first + window])


def compared(networks):
    """The largest difference of a score between the loop and the model, on random letters."""
    from genome_keras.sharing.deepbind_stack import stacked

    some = {name: networks[name] for name in list(networks)[::10]}
    model, order = stacked(some, window=60, output="score")
    codes = np.random.default_rng(0).integers(0, 5, (2, 60), dtype=np.uint8)
    loop = np.stack([deepbind_loop.scores(networks[name], codes) for name in order], 1)
    return float(np.abs(loop - np.asarray(model.predict_on_batch(codes))).max())


def enough_positives(regions, columns):
    """Which regions to score by which network, (regions, networks): of the subsets with enough."""
    needed = np.zeros((len(regions["x"]), len(columns)), bool)
    for sources in SUBSETS.values():
        here = np.isin(regions["source"], sources)
        needed |= here[:, None] & ((regions["y"][here][:, columns] == 1).sum(0) >= LEAST)
    return needed


def scored(networks, codes, needed):
    """Scores (regions, networks), NaN where none is needed."""
    scores = np.full(needed.shape, np.nan, "float32")
    for number, network in enumerate(networks.values()):
        rows = np.flatnonzero(needed[:, number])
        scores[rows, number] = deepbind_loop.scores(network, codes[rows]) if len(rows) else np.nan
        print(f"{codes.shape[1]} bp: {number + 1} of {len(networks)} networks", flush=True)
    return scores


def measured(scores, columns, regions, sources):
    """Of a subset: its size, positives of each network, AUROCs and their intervals by model."""
    here = np.isin(regions["source"], sources)
    labels = regions["y"][here][:, columns]
    positives = (labels == 1).sum(0)
    enough = positives >= LEAST
    blocks = genome_blocks(regions["chrom"][here], regions["start"][here])
    draws = resamples(int(blocks.max()) + 1, replicates=REPLICATES)
    found = {"regions": int(here.sum()), "blocks": len(draws), "positives": positives.tolist()}
    models = {}
    for name, values in scores.items():
        chosen = {"labels": labels[:, enough], "scores": values[here][:, enough]}
        areas = score.task_scores(**chosen)
        again = replicate(**chosen, blocks=blocks, drawn=draws, exact=areas)["auroc"]
        ends, each = interval(again), np.full((3, len(columns)), np.nan)
        each[:, enough] = [areas["auroc"], *ends]
        models[name] = {"auroc": [None if np.isnan(row[0]) else row.tolist() for row in each.T]} | {
            what: [float(of(areas["auroc"])), *interval(of(again, 1)).tolist()]
            for what, of in (("median", np.nanmedian), ("mean", np.nanmean))
        }
    return found | {"models": models}


def printed(result):
    print("| bins | regions | scores | networks | median AUROC | mean AUROC |")
    print("|---|---:|---|---:|---:|---:|")
    for subset, found in result["subsets"].items():
        for name, told in found["models"].items():
            many = sum(value is not None for value in told["auroc"])
            middle, mean = (
                "{:.3f} ({:.3f} to {:.3f})".format(*told[key]) for key in ("median", "mean")
            )
            print(f"| {subset} | {found['regions']:,} | {name} | {many} | {middle} | {mean} |")


if __name__ == "__main__":
    main()
