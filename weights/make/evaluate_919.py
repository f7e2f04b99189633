"""Scores of trained networks on the test split of the 919 columns, beside the published ones.

    python weights/make/evaluate_919.py DATA.h5 PUBLISHED NAME=RUN [NAME=RUN ...] \\
        [--sources tf_bins edge_bins windows] [--scores FOLDER] [--picture FILE.svg]

PUBLISHED is the folder with `deepsea_919_metadata.tsv` and `deepsea_danq_919_aucs.tsv`. RUN
is a folder with `best.weights.h5` and `best.json`. Each network reads both strands. The mean
of the log-odds of all of them is a row too; the first is compared with the others column by
column. Areas are means over the columns of kind
`exact` with 20 positive labels or more; lift is the area under the precision-recall curve
over the rate of positive labels. With --scores, those of each network are kept there, and
not computed again. The picture has a dot for each column: its area under the ROC curve
beside that published for DeepSEA, on the TF and edge bins.
"""

import argparse
import csv
import json
from pathlib import Path

import h5py
import numpy as np

import genome_keras
from genome_keras import scores as score
from genome_keras.scoring.effects import sigmoid
from genome_keras.weights.calibration import log_odds

LEAST = 20
PUBLISHED = ("DeepSEA", "DanQ", "DanQ-JASPAR")
CELLS = ("K562", "GM12878", "HeLa-S3")
GROUPS = ("DNase", "TF", "histone", "all")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("published", type=Path)
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN")
    parser.add_argument("--sources", nargs="+", default=["tf_bins", "edge_bins", "windows"])
    parser.add_argument("--scores", type=Path)
    parser.add_argument("--picture", help="needs matplotlib")
    options = parser.parse_args()
    data = read(options.data, options.sources)
    runs = dict(run.split("=", 1) for run in options.runs)
    found = {name: predicted(name, run, data, options.scores) for name, run in runs.items()}
    if len(found) > 1:
        odds = np.mean([log_odds(values) for values in found.values()], 0)
        found["mean of their log-odds"] = sigmoid(odds)
    bins = np.isin(data["source"], ("tf_bins", "edge_bins"))
    published = read_published(options.published, data)
    for title, some in {
        "TF and edge bins, all test chromosomes": bins,
        "TF and edge bins, chr22": bins & (data["chrom"] == "chr22"),
    }.items():
        print(f"\n### {title}: {some.sum():,} regions\n")
        ours = beside(data, found, some, published)
        ahead(ours)
        by_cell(data, ours, some, published)
        if options.picture and title.endswith("all test chromosomes"):
            draw(options.picture, ours, published["DeepSEA"], data)
    print("\n### By source and kind of label\n")
    print("| model | source | regions | kind | columns | AUROC | AUPRC | lift | perplexity |")
    print("|---|---|---:|---|---:|---:|---:|---:|---:|")
    for source in options.sources:
        for kind in ("exact", "touched", "other caller"):
            for name, values in found.items():
                by_kind(name, source, kind, values, data)


def read(path, sources):
    with h5py.File(path) as file:
        wanted = {n: file[n].asstr()[:] for n in ("source", "split", "chrom")}
        rows = np.flatnonzero((wanted["split"] == "test") & np.isin(wanted["source"], sources))
        data = {"x": file["x"][:][rows], "y": file["y"][:][rows]}
        data |= {n: file[n].asstr()[:] for n in ("tasks", "label_kind")}
    return data | {n: wanted[n][rows] for n in ("source", "chrom")}


def predicted(name, run, data, kept):
    """P(label = 1) of each region and column, both strands read."""
    file = kept / f"{name}.npy" if kept else None
    if file and file.exists():
        found = np.load(file)
        if found.shape != data["y"].shape:
            raise SystemExit(f"{file}: scores of other --sources; remove it, or take those again")
        return found
    made = json.loads((Path(run) / "best.json").read_text())
    arguments = made["arguments"] | {"both_strands": True}
    model = getattr(genome_keras, made["architecture"])(**arguments)
    model.load_weights(str(Path(run) / "best.weights.h5"))
    window = model.input_shape[1]
    left = (data["x"].shape[1] - window) // 2
    found = model.predict(data["x"][:, left : left + window], batch_size=64, verbose=2)
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, found)
    return found


def group_of(task):
    assay = task.split("|")[1]
    if assay == "DNase":
        return assay
    return "histone" if assay.startswith(("H2", "H3", "H4")) else "TF"


def read_published(folder, data):
    """For each model AUROC, AUPRC and lift of all 919 columns, NaN where there is none."""
    with (folder / "deepsea_danq_919_aucs.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    with (folder / "deepsea_919_metadata.tsv").open() as file:
        rates = [r["AUPRC Baseline"] for r in csv.DictReader(file, delimiter="\t")]
    targets = [row["TF/DNase/HistoneMark"] for row in rows]
    named = [task.split("|")[1] for task in data["tasks"]]
    if targets != named:
        raise SystemExit("the published rows are not in the order of the columns")
    rates = np.array([_number(rate) for rate in rates])
    table = {}
    for name in PUBLISHED:
        areas = [np.array([_number(r[f"{name} {a} AUC"]) for r in rows]) for a in ("ROC", "PR")]
        table[name] = (*areas, areas[1] / rates)
    return table


def by_cell(data, ours, some, published):
    """Columns of TFs by cell: areas, and how much more often labels are positive than published."""
    cells = np.array([task.split("|")[0] for task in data["tasks"]])
    is_tf = np.array([group_of(task) == "TF" for task in data["tasks"]])
    rates = published["DeepSEA"][1] / published["DeepSEA"][2]
    times = score.positive_rates(data["y"][some]) / rates
    print("\n| | cell | TF columns | AUROC | DeepSEA's | rate / published rate, median |")
    print("|---|---|---:|---:|---:|---:|")
    for name, areas in ours.items():
        enough = is_tf & ~np.isnan(areas[0] + published["DeepSEA"][0])
        for cell in (*CELLS, "others"):
            columns = enough & (~np.isin(cells, CELLS) if cell == "others" else cells == cell)
            if columns.any():
                pair = areas[0][columns].mean(), published["DeepSEA"][0][columns].mean()
                row = f"| {name} | {cell} | {columns.sum()} | {pair[0]:.4f} | {pair[1]:.4f} "
                print(row + f"| {np.median(times[columns]):.2f} |")


def _number(text):
    return np.nan if text.startswith("NA") else float(text.replace(",", "."))


def beside(data, found, some, published):
    """Prints the table of groups; returns what `read_published` does, of our networks."""
    labels = data["y"][some]
    enough = (data["label_kind"] == "exact") & ((labels == 1).sum(0) >= LEAST)
    groups = np.array([group_of(task) for task in data["tasks"]])
    rate = score.positive_rates(labels)
    print("| | group | columns | AUROC | AUPRC | lift | lift / DeepSEA's | rank correlation |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    ours = {}
    for name, values in found.items():
        areas = np.full((3, len(groups)), np.nan)
        areas[0, enough] = score.auroc(labels[:, enough], values[some][:, enough])
        areas[1, enough] = score.auprc(labels[:, enough], values[some][:, enough])
        areas[2] = areas[1] / rate
        ours[name] = tuple(areas)
    for name, areas in (ours | {f"published {n}": a for n, a in published.items()}).items():
        for group in GROUPS:
            columns = enough & ((groups == group) | (group == "all"))
            columns &= ~np.isnan(published["DeepSEA"][0])
            if not columns.any():
                continue
            means = [float(np.nanmean(area[columns])) for area in areas]
            ratio = means[2] / np.nanmean(published["DeepSEA"][2][columns])
            both = areas[0][columns], published["DeepSEA"][0][columns]
            ranks = [np.argsort(np.argsort(area)) for area in both]
            row = f"| {name} | {group} | {columns.sum()} | {means[0]:.4f} | {means[1]:.4f} "
            print(row + f"| {means[2]:.2f} | {ratio:.3f} | {np.corrcoef(*ranks)[0, 1]:.3f} |")
    return ours


def ahead(ours):
    """In how many columns the first network has the larger areas."""
    (first, own), *others = ours.items()
    if not others:
        return
    print(f"\n| columns in which {first} is ahead of | columns | AUROC | AUPRC |")
    print("|---|---:|---:|---:|")
    for name, areas in others:
        known = ~np.isnan(own[0] + areas[0])
        shares = [np.mean(own[n][known] > areas[n][known]) for n in (0, 1)]
        print(f"| {name} | {known.sum()} | {shares[0]:.1%} | {shares[1]:.1%} |")


def draw(path, ours, published, data):
    from matplotlib.figure import Figure

    groups = np.array([group_of(task) for task in data["tasks"]])
    figure = Figure(figsize=(4.2 * len(ours), 4.4), layout="constrained")
    panels = figure.subplots(1, len(ours), squeeze=False)[0]
    for axes, (name, areas) in zip(panels, ours.items(), strict=True):
        axes.plot([0.5, 1], [0.5, 1], color="0.7", linewidth=1)
        for group in GROUPS[:-1]:
            some = (groups == group) & ~np.isnan(areas[0] + published[0])
            label = f"{group}, {some.sum()}"
            axes.scatter(published[0][some], areas[0][some], s=9, alpha=0.7, label=label)
        axes.set(xlim=(0.5, 1), ylim=(0.5, 1), title=name, aspect="equal")
        axes.set(xlabel="AUROC of DeepSEA, as published (chr8, chr9)", ylabel="AUROC here (chr22)")
        axes.legend(frameon=False, loc="upper left")
    figure.savefig(path, metadata={"Date": None})


def by_kind(name, source, kind, values, data):
    some = data["source"] == source
    of_kind = data["label_kind"] == kind
    labels = data["y"][some]
    enough = of_kind & ((labels == 1).sum(0) >= LEAST)
    if not enough.any():
        return
    own, rate = values[some][:, enough], score.positive_rates(labels[:, enough])
    areas = [f(labels[:, enough], own) for f in (score.auroc, score.auprc)]
    means = f"{areas[0].mean():.4f} | {areas[1].mean():.4f} | {(areas[1] / rate).mean():.2f}"
    loss = score.overall_perplexity(labels[:, of_kind], values[some][:, of_kind])
    place = f"| {name} | {source} | {some.sum():,} | {kind} | {enough.sum()} "
    print(place + f"| {means} | {loss:.5f} |")


if __name__ == "__main__":
    main()
