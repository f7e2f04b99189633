"""The model card of a multi-task checkpoint, from its description and the evaluation."""

import numpy as np
import training_words
from data_sets import DataSet, Facts

from genome_keras.datasets.deepsea_bundle import SPLITS

CARD = """\
# {name}

`{architecture}({sizes})`: {parameters:,} parameters; integer codes (n, {window}) in, \
P(label = 1) for {many} tasks out. Scores are averaged over both strands \
(log-odds), so they do not depend on the strand.{stored}

    from genome_keras import {architecture}, tokens
    model = {architecture}(weights="{name}")
    scores = model.predict(tokens(["ACGT" * {quarter}]))

## Training data

{about}

## Training

{how}

## Held-out scores

Test chromosomes, means over tasks; F1 at threshold 0.5, "tuned F1" at thresholds chosen
on the validation split; `prior` scores every window with the positive rate of the
training split, `gc` is a logistic regression on GC content. Command:
{fitted}
    genome-keras evaluate {file} --split test --out RESULT \\
        {weights}

{tables}

{columns}## Limits

{limits}

## Licence

The weights are published under Apache-2.0. The training data keep the terms named above.

## Integrity

The probe sequences and their scores are in `{name}.json`; the sha256 of both files are in
`genome_keras.weights.PUBLISHED` and are checked whenever the checkpoint is loaded.
"""


def card(
    draft: dict,
    *,
    data: DataSet,
    facts: Facts,
    tables: str,
    compared: list[str],
    fitted: list[str] = (),
    backend: str = "jax",
    words: str = "",
) -> str:
    """The card as Markdown.

    Args:
        draft: what goes into the checkpoint's JSON.
        data, facts: of the data set.
        tables: the held-out scores, Markdown.
        compared: names and folders that were scored together, this checkpoint's among them.
        fitted: those of them that are folders of `genome-keras logreg`.
        backend: that trained it.
        words: the section "Training"; "" makes it of the draft's `training` and `log`.
    """
    untrained, tasks = draft["untrained"], draft["tasks"]
    numbers = {"tasks": len(tasks), "untrained": len(untrained)}
    numbers |= {"trained": len(tasks) - len(untrained), "window": draft["window"]}
    limits, making = data.text("Limits", **numbers), ""
    if untrained:
        limits += "\n" + data.text("Untrained columns", **numbers)
        making = data.text("Making the data set", file=facts.file)
    return CARD.format(
        name=draft["name"],
        architecture=draft["architecture"],
        sizes=", ".join(f"{key}={value!r}" for key, value in draft["arguments"].items()),
        parameters=draft["parameters"],
        window=draft["window"],
        many=len(tasks),
        stored=" The file has the weights in half precision (float16)."
        if "stored" in draft
        else "",
        quarter=draft["window"] // 4,
        about="\n\n".join(filter(None, (data.about(facts), windows_of_sources(facts, draft)))),
        how=words
        or training_words.of_tasks(
            draft, file=facts.file, bp=facts.bp, backend=backend, making=making
        ),
        fitted="".join(f"\n    genome-keras logreg {facts.file} --out {run}" for run in fitted),
        file=facts.file,
        weights=" \\\n        ".join(f"--weights {name}" for name in compared),
        tables=tables.strip(),
        columns=columns_of(draft),
        limits=limits,
    )


def windows_of_sources(facts: Facts, draft: dict) -> str:
    """How many windows each source has, as a table, where labels are of several kinds."""
    if "label_kinds" not in draft:
        return ""
    lines = ["| source | " + " | ".join(SPLITS) + " |", "|---" + "|---:" * len(SPLITS) + "|"]
    for source, found in facts.by_source.items():
        cells = (f"{found.get(split, 0):,}" for split in SPLITS)
        lines.append(f"| `{source}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def columns_of(draft: dict) -> str:
    """The section "Columns": how many have labels of each kind, and which were not trained."""
    if "label_kinds" not in draft:
        return ""
    kinds = np.array(draft["label_kinds"])
    untrained = np.isin(draft["tasks"], draft["untrained"])
    lines = ["## Columns", "", "| labels | columns | trained |", "|---|---:|---:|"]
    for kind in dict.fromkeys(kinds.tolist()):
        chosen = kinds == kind
        lines.append(f"| {kind} | {chosen.sum()} | {(chosen & ~untrained).sum()} |")
    if untrained.any():
        names = ", ".join(f"`{name}`" for name in draft["untrained"])
        lines += ["", f"Not trained, and marked `untrained` in the description: {names}."]
    return "\n".join([*lines, "", ""])
