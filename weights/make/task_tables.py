"""Makes the task tables of the package from the published lists of tasks.

    python weights/make/task_tables.py DATA

DATA is a folder with `deepsea/deepsea_919_metadata.tsv` (supplementary table of Zhou &
Troyanskaya 2015), `deepsea/deepsea_danq_919_aucs.tsv` (supplementary table of Quang &
Xie 2016) and `human_chromatin/human_chromatin_tasks.tsv`. Writes `deepsea-919.tsv` and
`human-chromatin-192.tsv` beside the checkpoints.

A DeepSEA column is called `cell|target|treatment`; where several columns share that,
each also carries what tells its peak file apart: `GM12878|CTCF|None|BroadGm12878Ctcf`.
"""

import argparse
import csv
from collections import Counter
from pathlib import Path

from genome_keras.io.atomic import atomic

HERE = Path(__file__).parents[1]
MODELS = {"DeepSEA": "deepsea", "DanQ": "danq", "DanQ-JASPAR": "danq_jaspar"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of the published lists")
    data = parser.parse_args().data
    write("deepsea-919", deepsea(data / "deepsea"))
    write("human-chromatin-192", human_chromatin(data / "human_chromatin"))


def deepsea(folder):
    """Rows of the 919 tasks, in the order of the columns."""
    facts = read(folder / "deepsea_919_metadata.tsv")
    scores = read(folder / "deepsea_danq_919_aucs.tsv")
    keys = ("Cell Type", "TF/DNase/HistoneMark", "Treatment")
    plain = [tuple(row[key] for key in keys) for row in facts]
    assert plain == [tuple(row[key] for key in keys) for row in scores]
    shared = Counter(plain)
    for (cell, target, treatment), fact, score in zip(plain, facts, scores, strict=True):
        name, file = f"{cell}|{target}|{treatment}", fact["File accession"]
        if shared[cell, target, treatment] > 1:
            what = file.removesuffix("UniPk.narrowPeak").removeprefix("wgEncodeAwg")
            name += "|" + what.removeprefix("Tfbs")
        row = {"name": name, "cell": cell, "target": target, "treatment": treatment}
        row["group"] = group(target, file)
        row["peak_file"] = file
        row["positive_rate"] = number(fact["AUPRC Baseline"].replace(",", "."))
        for title, model in MODELS.items():
            row[f"{model}_auroc"] = number(score[f"{title} ROC AUC"])
            row[f"{model}_auprc"] = number(score[f"{title} PR AUC"])
        yield row


def human_chromatin(folder):
    """Rows of the 192 tasks, in the order of the columns."""
    for task in read(folder / "human_chromatin_tasks.tsv"):
        cell, target, treatment = task["name"].split("|")
        row = {"name": task["name"], "cell": cell, "target": target, "treatment": treatment}
        row |= {"group": task["group"], "build": task["build_of_peaks"], "peaks": task["peaks"]}
        yield row | {"origin": task["origin"], "deepsea_columns": task["deepsea_columns_0based"]}


def group(target, file):
    if target == "DNase":
        return "DNase"
    return "TF" if file.startswith("wgEncodeAwgTfbs") else "histone"


def number(text):
    """Six significant digits; empty where nothing was published."""
    return "" if not text or text.startswith("NA") else f"{float(text):.6g}"


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        # Some names of cells end in a space that does not break.
        return [{name: value.strip() for name, value in row.items()} for row in rows]


def write(name, rows):
    rows = list(rows)
    lines = [rows[0].keys(), *(row.values() for row in rows)]
    with atomic(HERE / f"{name}.tsv") as path:
        path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
