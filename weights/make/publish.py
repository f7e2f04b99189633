"""Turns finished runs into checkpoints: weights, description, card, checksums.

    python weights/make/publish.py DATA.h5 NAME=RUN [NAME=RUN ...] [NAME ...] \\
        [--half] [--backend tensorflow] [--into DIR] [--replicates N]

NAME is `architecture.data.vN`; RUN is a folder with `best.weights.h5` and `train.json`, or,
where another program trained it, `best.json` and `training.md` (the card's section
"Training"). All are evaluated together on the split "test" of DATA, so that each card shows
the others beside it; a NAME alone is something to compare with: a published checkpoint, or
the folder of a run of `genome-keras logreg DATA.h5`. What the card says of the data is in
`weights/make/data_sets`.
With --half the file has weights of half precision: half the bytes, and what is evaluated.
A task without a label in the split "train" gets the positive rate published for it as
its constant score, and is called untrained. Prints the result, the rows of
`docs/scores.md` and the lines for `PUBLISHED` in genome_keras/weights/registry.py.
"""

import argparse
import inspect
import json
import sys
import tempfile
from pathlib import Path

import checkpoint_files
import numpy as np
from card import card
from data_sets import data_set, facts_of
from runs import open_run
from score_tables import by_kind, expected_and_observed, means_by_kind

import genome_keras
from genome_keras.datasets.task_table import tasks
from genome_keras.errors import GenomeKerasError
from genome_keras.evaluation.evaluate import evaluate
from genome_keras.evaluation.markdown import as_markdown
from genome_keras.evaluation.score_files import read_scores
from genome_keras.weights.resolve import find

HERE = Path(__file__).parents[1]
METRICS = ("f1_mean", "f1_tuned_mean", "auroc_mean", "auprc_mean", "overall_perplexity")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="the data set the runs were trained on")
    parser.add_argument("runs", nargs="+", metavar="NAME[=RUN]")
    parser.add_argument("--half", action="store_true", help="round the weights to float16")
    parser.add_argument("--backend", default="jax", help="that trained the runs (default: jax)")
    parser.add_argument("--into", type=Path, default=HERE, help="folder (default: weights)")
    parser.add_argument("--replicates", type=int, default=200, help="for the intervals")
    options = parser.parse_args()
    runs = dict(run.split("=", 1) for run in options.runs if "=" in run)
    others = [name for name in options.runs if "=" not in name]
    result = publish(
        options.data,
        runs,
        others=others,
        into=options.into,
        half=options.half,
        backend=options.backend,
        replicates=options.replicates,
    )
    print(as_markdown(result))
    print(*score_rows(result), sep="\n")
    print(*(checkpoint_files.entry(options.into, name) for name in runs), sep="\n")


def publish(data, runs, *, others=(), into=HERE, half=False, backend="jax", replicates=200):
    """Writes the files of checkpoints and the checksums of their folder.

    Args:
        data: path of the HDF5 data set.
        runs: name of a checkpoint -> path of its run.
        others: names and folders to compare with.
        into: folder for the files.
        half: round the weights to float16.
        backend: that trained the runs, for the cards.
        replicates: resamples for the intervals.

    Returns:
        The result of `genome_keras.evaluate`, with the names of the checkpoints.

    Raises:
        ValueError: a name that lies in `weights` already or is of an unknown data set, a run
            that nothing tells of, or a task that was not trained and has no published rate.
    """
    checkpoint_files.refuse_published(runs, into=into)
    about = {name: data_set(name) for name in runs}
    opened = {name: open_run(path) for name, path in runs.items()}
    facts = facts_of(data)
    sources = next(iter(about.values())).sources
    sources = [name for name in sources if "test" in facts.by_source.get(name, ())]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        drafts = {
            name: draft_of(name, run, folder / f"{name}.weights.h5", facts, half=half)
            for name, run in opened.items()
        }
        for name, draft in drafts.items():
            (folder / f"{name}.json").write_text(json.dumps(draft))
        result, rows = scored(data, list(runs), others, sources, folder, replicates)
        means = means_by_kind(rows, dict(zip(drafts[name]["tasks"], facts.kinds, strict=False)))
        for name, draft in drafts.items():
            draft["held_out"] = held_out(result, name)
            tables = as_markdown(result)
            if facts.kinds:
                draft["held_out_by_kind"] = {
                    subset: {kind: models[name] for kind, models in kinds.items()}
                    for subset, kinds in means.items()
                }
                told = [by_kind(means), expected_and_observed(result, [name])]
                tables = "\n".join([tables.rstrip("\n"), "", *told])
            text = card(
                draft,
                data=about[name],
                facts=facts,
                tables=tables,
                compared=[*runs, *others],
                fitted=[other for other in others if Path(other).is_dir()],
                backend=backend,
                words=opened[name].words,
            )
            weights = folder / f"{name}.weights.h5"
            checkpoint_files.write(into, name, weights=weights, draft=draft, card=text)
    checkpoint_files.write_sums(into)
    return result


def draft_of(name, run, path, facts, *, half):
    """Writes the weights alone, and gives all of the description that needs no test data."""
    factory = getattr(genome_keras, run.architecture)
    arguments = dict(run.arguments)
    if "both_strands" in inspect.signature(factory).parameters:
        arguments["both_strands"] = True
    model = factory(**arguments)
    find(run.weights).load_into(model)
    untrained = make_constant(model.get_layer("head"), run.tasks, ~facts.measured)
    checkpoint_files.save_weights(model, path, half=half)
    draft = checkpoint_files.described(
        model,
        name,
        architecture=run.architecture,
        arguments=arguments,
        window=arguments["window"],
    )
    draft |= {**run.history, "tasks": run.tasks, "untrained": untrained}
    if facts.kinds:
        draft["label_kinds"] = list(facts.kinds)
    return draft | {"stored": "float16"} if half else draft


def make_constant(head, names, chosen):
    """Makes the scores of some tasks their published positive rates; returns their names.

    Args:
        head: a layer of `genome_keras.layers.task_head`.
        names: of all tasks.
        chosen: boolean (tasks,).
    """
    if not chosen.any():
        return []
    table = tasks("deepsea-919")
    if list(table.names) != list(names):
        raise ValueError("tasks without a label in training, and no published rate for them")
    kernel, bias = head.get_weights()
    head.set_rates(np.clip(table.positive_rates, 1e-6, 1 - 1e-6))  # one is published as 0
    kernel[..., chosen], bias[..., chosen] = 0, head.get_weights()[1][..., chosen]
    head.set_weights([kernel, bias])
    return [name for name, one in zip(names, chosen, strict=True) if one]


def scored(data, names, others, sources, folder, replicates):
    """The result and the rows of one evaluation, under the names of the checkpoints."""
    paths = {name: str(folder / f"{name}.weights.h5") for name in names}
    out = folder / "scores"
    evaluate(
        data,
        weights=[*paths.values(), *others],
        sources=sources,
        replicates=replicates,
        out=out,
    )
    for path in out.iterdir():
        text = path.read_text(encoding="utf-8")
        for name, long in paths.items():
            text = text.replace(json.dumps(long), json.dumps(name)).replace(
                f"\t{long}\t", f"\t{name}\t"
            )
        path.write_text(text, encoding="utf-8")
    return read_scores([out])


def held_out(result, name):
    """Scores of one checkpoint on the frequent tasks, by subset."""
    return {
        subset: part["groups"]["frequent"]["models"][name]
        | {"tasks": part["groups"]["frequent"]["tasks"], "examples": part["examples"]}
        for subset, part in result["subsets"].items()
    }


def score_rows(result):
    """Rows of `docs/scores.md`, frequent tasks only."""
    for subset, part in result["subsets"].items():
        for name, summary in part["groups"]["frequent"]["models"].items():
            numbers = " | ".join(f"{summary[metric]:.4f}" for metric in METRICS)
            yield f"| `{name}` | {subset} | {numbers} |"


if __name__ == "__main__":
    try:
        main()
    except (GenomeKerasError, ValueError) as error:
        sys.exit(f"publish: {error}")
