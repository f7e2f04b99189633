"""Do the attributions of a checkpoint hold the motifs that biology knows?

    python benchmarks/motifs.py DATA.h5 [--weights NAME] [--out TABLE.tsv]

For each factor, the windows of the test chromosomes with the strongest predictions of one
task are attributed, patterns are found in the attributions and compared with all
vertebrate matrices of JASPAR (`pip install pyjaspar`: MIT; the matrices are CC BY 4.0).
The same windows go through gradient x input, and through an untrained model of the same
factory. `docs/motifs.md` tells what the columns are. With --cache, scores and attributions
are kept in a folder, and a second run makes only the tables.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

import genome_keras
from genome_keras.datasets.chromatin_data import chromatin, open_chromatin
from genome_keras.encode import decode
from genome_keras.interpret import Attribution, of_letters
from genome_keras.io.motifs import Motif
from genome_keras.io.tables import open_table
from genome_keras.motifs.match import match_pvalue, similarities
from genome_keras.motifs.patterns import find_patterns
from genome_keras.motifs.sites import inside, scan
from genome_keras.scoring.batch import batch_scores
from genome_keras.scoring.load import load_model

FACTORS = (
    *("CTCF", "SPI1", "REST", "CEBPB", "JUND", "RELA", "MAFK", "GABPA", "YY1"),
    *("EGR1", "SRF", "TEAD4", "MAX", "FOXA1", "HNF4A", "RFX5", "ZNF143"),
)
RELEASE = "JASPAR2026"
SEED = 0  # of the untrained model, and of the shuffled matrices
FIELDS = {
    **dict.fromkeys(("factor", "task", "model", "method"), str),
    **dict.fromkeys(("patterns", "stretches"), int),
    **dict.fromkeys(("consensus", "motif", "closest", "site_matrix"), str),
    **dict.fromkeys(("rank", "family_rank", "sites"), int),
}
NUMBERS = ("least_score", "positive", "correlation", "p_value", "auroc", "enrichment")


class Known(NamedTuple):
    """The vertebrate matrices of JASPAR: `Motif`s, upper-case factors and families of each."""

    motifs: list
    factors: list
    families: list

    def of(self, factor):
        """Indices of the factor's own matrices, dimers among them, and of its families'."""
        own = [i for i, names in enumerate(self.factors) if factor in names]
        families = set().union(*(self.families[i] for i in own))
        return own, [i for i, of in enumerate(self.families) if i in own or families & of]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", help="data set of labelled windows, HDF5")
    parser.add_argument("--weights", default="bigru_multitask.human_chromatin.v1")
    parser.add_argument("--out", help="table with all columns: TSV, gzip or Parquet")
    parser.add_argument("--factors", nargs="+", default=FACTORS, metavar="NAME")
    parser.add_argument("--windows", type=int, default=200, help="of each factor")
    parser.add_argument("--steps", type=int, default=8, help="of integrated gradients")
    parser.add_argument("--p-value", type=float, default=1e-4, help="of a site")
    parser.add_argument("--cache", type=Path, help="folder for the scores and attributions of DATA")
    options = parser.parse_args()
    known, data = jaspar(), chromatin(options.data, "test")
    tasks = tasks_of(options.factors, open_chromatin(options.data, "train"))
    if options.cache:
        options.cache.mkdir(parents=True, exist_ok=True)
    name, kept = Path(options.weights).name, lambda *key: _kept(options.cache, *key)
    models = Models(options.weights)
    scores = kept(lambda: models.scores(data), name, "scores")
    rows = []
    ways = [(name, "integrated_gradients"), (name, "gradient_x_input")]
    ways.append(("untrained", "integrated_gradients"))
    with tqdm(total=len(tasks) * len(ways), unit=" attributions", disable=None) as bar:
        for factor, task in tasks.items():
            strongest = np.argsort(-scores[:, task], kind="stable")[: options.windows]
            codes, labels = data.codes[strongest], data.labels[strongest, task]
            measured = labels >= 0
            first = {"factor": factor, "task": data.tasks[task]}
            first["least_score"] = scores[strongest[-1], task]
            first["positive"] = (labels[measured] == 1).mean() if measured.any() else np.nan
            for model, method in ways:
                steps = options.steps if method == "integrated_gradients" else 1
                way = models.attribution(model != "untrained", method, steps)
                key = (name, model, method, steps, len(codes), task)
                found = kept(lambda way=way, task=task, codes=codes: way(task, codes), *key)
                rows.append({**first, "model": model, "method": method})
                rows[-1] |= matched(factor, known, find_patterns(found, codes))
                if (model, method) == ways[0]:  # the same sites for all ways
                    sites, matrix = sites_of(factor, known, codes, options.p_value)
                within = inside(found, sites)._asdict()
                rows[-1] |= {"sites": len(sites.windows), "site_matrix": matrix}
                rows[-1] |= {k: np.nanmean(v) if len(v) else np.nan for k, v in within.items()}
                bar.update()
    if options.out:
        with open_table(options.out, NUMBERS, fields=FIELDS) as table:
            columns = [[row[field] for row in rows] for field in FIELDS]
            numbers = [[row[number] for number in NUMBERS] for row in rows]
            table.write(*columns, np.array(numbers, float))
    show(rows, name, len(known.motifs))


def jaspar():
    """The vertebrate matrices of the packaged JASPAR, as `Known`."""
    try:
        from pyjaspar import jaspardb
    except ImportError as error:
        raise SystemExit("the matrices of JASPAR are in pyjaspar: pip install pyjaspar") from error
    found = jaspardb(release=RELEASE).fetch_motifs(collection="CORE", tax_group=["vertebrates"])
    counts = [np.array([motif.counts[letter] for letter in "ACGT"], float).T for motif in found]
    return Known(
        [
            Motif(f"{motif.matrix_id} {motif.name}", of / of.sum(1, keepdims=True))
            for motif, of in zip(found, counts, strict=True)
        ],
        [set(motif.name.upper().split("::")) for motif in found],
        [set(motif.tf_family or ()) for motif in found],
    )


def tasks_of(factors, train):
    """Of each factor, the column with the most positives in training."""
    positives = np.zeros(len(train.tasks), int)
    for start in range(0, len(train), train.chunk):
        positives += (train.read_labels(start, start + train.chunk) == 1).sum(0)
    targets = [task.split("|")[1] for task in train.tasks]
    columns = {}
    for factor in factors:
        if factor not in targets:
            raise SystemExit(f"no task of {factor}; the targets are {sorted(set(targets))}")
        own = [column for column, target in enumerate(targets) if target == factor]
        columns[factor] = max(own, key=lambda column: positives[column])
    return columns


class Models:
    """The checkpoint and an untrained model of its factory, each built when it is needed."""

    def __init__(self, weights):
        self.weights, self.built, self.ways = weights, {}, {}

    def model(self, trained):
        if trained not in self.built:
            model = load_model(self.weights)
            checkpoint = model.checkpoint
            self.built[True] = model
            factory = getattr(genome_keras, checkpoint.architecture)
            self.built[False] = factory(**checkpoint.arguments, seed=SEED)
        return self.built[trained]

    def scores(self, data):
        """Scores of all windows of the data, float32 (n, tasks)."""
        parts = []
        for start in tqdm(range(0, len(data), 256), unit=" batches", disable=None):
            parts.append(batch_scores(self.model(True), data.codes[start : start + 256], 256))
        return np.concatenate(parts)

    def attribution(self, trained, method, steps):
        """A function of a task and codes, compiled once for all tasks."""

        def call(task, codes):
            key = trained, method
            if key not in self.ways:
                settings = {"method": method, "batch_size": 200}
                if method == "integrated_gradients":
                    settings["steps"] = steps
                self.ways[key] = Attribution(self.model(trained), tasks=0, **settings)
            return of_letters(self.ways[key](codes, tasks=task), codes)

        return call


def matched(factor, known, patterns):
    """The pattern that is most like a matrix of the factor, and how like."""
    own, family = known.of(factor)
    if not own:
        raise SystemExit(f"no vertebrate matrix of {factor} in {RELEASE}")
    names = [motif.name for motif in known.motifs]
    if not patterns:
        none = {"consensus": "", "motif": names[own[0]], "closest": "", "correlation": 0.0}
        ranks = {"rank": len(names), "family_rank": len(names), "p_value": 1.0}
        return {"patterns": 0, "stretches": 0, **none, **ranks}
    values = [similarities(pattern.matrix, known.motifs) for pattern in patterns]
    best = int(np.argmax([of[own].max() for of in values]))
    pattern, values = patterns[best], values[best]
    right = own[int(values[own].argmax())]
    p_value = match_pvalue(pattern.matrix, [known.motifs[i] for i in own], shuffles=9999, seed=SEED)
    return {
        "patterns": len(patterns),
        "stretches": len(pattern.places),
        "consensus": consensus(pattern.matrix),
        "motif": names[right],
        "closest": names[int(values.argmax())],
        "correlation": values[right],
        "p_value": min(1.0, p_value * len(patterns)),
        "rank": 1 + int((values > values[right]).sum()),
        "family_rank": 1 + int((values > values[family].max()).sum()),
    }


def sites_of(factor, known, codes, p_value):
    """The matches of that matrix of the factor which has most, and its name."""
    motifs = [known.motifs[i] for i in known.of(factor)[0]]
    found = [scan(codes, motif, p_value=p_value) for motif in motifs]
    most = int(np.argmax([len(sites.windows) for sites in found]))
    return found[most], motifs[most].name


def consensus(matrix):
    """The commonest letters, lower-case where they are rarer than a half."""
    letters = decode(matrix.argmax(1).astype(np.uint8))[0]
    often = matrix.max(1) >= 0.5
    return "".join(x if o else x.lower() for x, o in zip(letters, often, strict=True))


def show(rows, name, matrices):
    """Prints the two tables of `docs/motifs.md`."""
    print(f"{name}, {RELEASE}, {matrices} matrices\n")
    print(
        "| factor | task | P | labelled | pattern | places | correlation | p | rank | family "
        "| gradient x input | untrained | untrained p |\n" + "|---|---|" + "---:|" * 11
    )
    every = [rows[first : first + 3] for first in range(0, len(rows), 3)]
    for own, gradient, none in every:
        task = " ".join(part for part in own["task"].split("|") if part != "None")
        cells = [own["factor"], task, f"{own['least_score']:.2f}"]
        cells += [f"{own['positive']:.2f}", f"`{own['consensus']}`", str(own["stretches"])]
        cells += [f"{own['correlation']:.2f}", f"{own['p_value']:.2g}", str(own["rank"])]
        cells += [str(own["family_rank"])]
        cells += [f"{of['correlation']:.2f} ({of['rank']})" for of in (gradient, none)]
        print("| " + " | ".join([*cells, f"{none['p_value']:.2g}"]) + " |")
    print("\n| factor | matrix | sites | integrated gradients | gradient x input | untrained |")
    print("|---|---|---:|---:|---:|---:|")
    for own, *others in every:
        cells = [own["factor"], own["site_matrix"], str(own["sites"])]
        cells += [f"{of['auroc']:.2f}, {of['enrichment']:.2f}" for of in (own, *others)]
        print("| " + " | ".join(cells) + " |")


def _kept(folder, make, *key):
    """What was made in an earlier run, or now."""
    path = folder and folder / ("-".join(map(str, key)) + ".npy")
    if path and path.exists():
        return np.load(path, allow_pickle=False)
    made = make()
    if path:
        np.save(path, made)
    return made


if __name__ == "__main__":
    main()
