"""DeepBind's 137 published networks of human ChIP-seq, on regions of whole chromosomes.

    python benchmarks/deepbind_encode.py DATA.h5 --params PARAMS --table db.tsv
        [--window 200 101] [--share 0.5 0.05] [--seed 0] [--out RESULT.json]

DATA has regions of 200 bp labelled in DeepSEA's 919 columns. A network is compared with the
column of its cell and of its protein or its antibody's target; where there are several, with
the one of its laboratory. Scored are a share of the bins of the split "test" with a TF label
(`tf_bins`) and a share of the others (`edge_bins`, `other_bins`), each region weighted by the
inverse of its share, so that the AUROC is that of all of them. `gc` ranks by the share of G
and C. Nothing says that the authors kept these chromosomes out of their training. The backend
is KERAS_BACKEND.
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
from sklearn.metrics import roc_auc_score

from genome_keras.sharing.deepbind_files import read_deepbind
from genome_keras.sharing.deepbind_stack import stacked

SUBSETS = {
    "tf_bins + edge_bins": ("tf_bins", "edge_bins"),
    "all bins": ("tf_bins", "edge_bins", "other_bins"),
}
# The laboratories of ENCODE, and how they are called in the names of its peak files.
LABS = {"HudsonAlpha": "Haib", "Broad": "Broad", "UT-A": "Uta", "UChicago": "Uchicago"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--params", required=True)
    parser.add_argument("--table", required=True)
    parser.add_argument("--columns", help="default: beside DATA")
    parser.add_argument("--window", type=int, nargs="+", default=[200, 101])
    parser.add_argument("--share", type=float, nargs=2, default=[0.5, 0.05])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    columns = options.columns or Path(options.data).with_name("human_deepsea919_columns.tsv")
    models = chip_models(options.table)
    pairs = matched(models, columns)
    print(f"{len(pairs)} of {len(models)} networks have a column of the same cell and target")
    regions = drawn(options.data, options.share, options.seed)
    networks = read_deepbind(options.params, pairs)
    result = {"pairs": pairs, "regions": len(regions["x"]), "seconds": {}, "auroc": {}}
    scores = {"gc": np.isin(regions["x"], (1, 2)).mean(1)[:, None].repeat(len(pairs), 1)}
    for window in options.window:
        begin = time.process_time()
        scores[f"window {window}"] = scored(networks, regions["x"], window)
        result["seconds"][window] = time.process_time() - begin
    for name, values in scores.items():
        result["auroc"][name] = {
            subset: aurocs(values, list(pairs.values()), regions, sources)
            for subset, sources in SUBSETS.items()
        }
    print(f"{result['regions']} regions; seconds of the processor: {result['seconds']}")
    print("| scores | bins | networks | median AUROC | mean | quartiles |")
    print("|---|---|---:|---:|---:|---:|")
    for name, subsets in result["auroc"].items():
        for subset, found in subsets.items():
            values = [value for value in found if value is not None]
            if not values:
                continue
            low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
            print(
                f"| {name} | {subset} | {len(values)} | {middle:.3f} | {np.mean(values):.3f} "
                f"| {low:.3f}, {high:.3f} |"
            )
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


def drawn(data, shares, seed):
    """A sample of the test regions: codes, labels, sources, and the weight of each."""
    with h5py.File(data) as file:
        source = file["source"][:].astype(str)
        share = np.select(
            [source == "tf_bins", np.isin(source, ("edge_bins", "other_bins"))], shares, 0.0
        )
        share[file["split"][:].astype(str) != "test"] = 0
        rows = np.flatnonzero(np.random.default_rng(seed).random(len(share)) < share)
        return {
            "x": file["x"][rows],
            "y": file["y"][rows],
            "source": source[rows],
            "weight": 1 / share[rows],
        }


def scored(networks, codes, window):
    """Scores of the middle of the regions, (regions, networks) in the order given."""
    import keras

    keras.utils.disable_interactive_logging()
    model, order = stacked(networks, window=window, output="score")
    first = (codes.shape[1] - window) // 2
    codes, size = np.ascontiguousarray(codes[:, first : first + window]), 2  # fits the cache
    scores = np.empty((len(codes), len(order)), "float32")
    for at in range(0, len(codes), size):
        batch = codes[at : at + size]
        filled = np.pad(batch, ((0, size - len(batch)), (0, 0)))
        scores[at : at + size] = model.predict_on_batch(filled)[: len(batch)]
        if at // size % 500 == 0:
            print(f"window {window}: {at} regions", flush=True)
    return scores[:, [order.index(name) for name in networks]]


def aurocs(scores, columns, regions, sources):
    """The AUROC of each network; None where fewer than 20 positives were drawn."""
    chosen, found = np.isin(regions["source"], sources), []
    for score, column in zip(scores.T, columns, strict=True):
        labels = regions["y"][:, column]
        here = chosen & (labels >= 0)
        if (labels[here] == 1).sum() < 20:
            found.append(None)
            continue
        weights = regions["weight"][here]
        found.append(float(roc_auc_score(labels[here], score[here], sample_weight=weights)))
    return found


if __name__ == "__main__":
    main()
