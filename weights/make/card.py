"""The model card of a checkpoint, from its description and the evaluation."""

import shlex

from genome_keras.evaluation.markdown import as_markdown

DATA = """\
Human windows of {bp} bp, centred on 200-bp regions of hg19/hg38, labelled for 192
tracks: 148 transcription-factor tracks, 34 histone tracks and 10 DNase tracks of
ENCODE cell lines and tissues. A label is 1 where peaks cover at least half of the
200-bp region, 0 where they do not, and left out of the loss where the track was not
measured on that chromosome (109 TF tracks on chr1, chr8 and chr21). The windows come
from several collections: bins of chr20, chr21, chr22, chrX and pieces of chr1 and chr2
(`genome`: every bin with a TF label and as many without), all bins of 99 windows of
131 kb (`windows`: the natural rate of labels){peaks}.

Split by whole chromosomes: train {train:,} windows; valid {valid:,} (chr7, chr2), used to
choose the epoch; test {test:,} (chr9, chr10 and chr22 up to 38 Mb), used for the tables
below only.

Origins of the labels and sequences: FactorNet's conservative ENCODE-DREAM peaks (MIT),
svMIL's ENCODE peaks (MIT), H1-hESC histone peaks of intervene (MIT), fBrain DNase of
polars-bio (Apache-2.0), NF-kB p65 peaks (no licence stated), GRCh37/hg38 sequence
(public domain), Baskerville test windows (Apache-2.0), DeepSTARR demonstration
sequences (MIT), DNA-Diffusion DHS sequences (Apache-2.0, academic and non-profit use)."""

PEAKS = """, and windows centred on NF-kB, DNase,
CTCF and PU.1 peaks"""

LIMITS = """\
- Human only, and only these 192 tracks: a low score says nothing about other cells.
- Only {window} bp are read. What a region's neighbourhood decides (histone marks above all)
  is beyond the model; its scores for such tracks are weak.
- The training windows carry far more positives than a genome does. Scores are
  calibrated for that mixture, not for a genome-wide scan: see the rows `windows`.
- GC content alone predicts some tracks well: compare with the baseline `gc`.
- Not for clinical use."""

LIMITS_919 = """
- Only {trained} of the 919 columns were trained: those with the cell and target of one of
  the 192 tracks above, whose peaks are of other, mostly later, files than DeepSEA's. The
  other {untrained} score the positive rate published for them, the same for every sequence;
  `genome-keras predict` leaves them out unless `--all-tasks` asks for them. Fine-tuning on
  the DeepSEA bundle (`genome-keras train BUNDLE --fine-tune NAME`) trains them all."""

ADAM = """\
Adam, batches of {batch_size}, learning rate {learning_rate} after {warmup} steps falling
along a cosine to zero over {epochs} epochs, gradient norm clipped at 1, each window on a
random strand. The epoch with the lowest validation perplexity was kept: epoch
{best[epoch]} ({best[val_perplexity]:.4f}{seconds}). Command (one CPU core, {title} backend):

    KERAS_BACKEND={backend} genome-keras train {data} --out {out}{model} \\
        --epochs {epochs} --batch-size {batch_size} --learning-rate {learning_rate} \\
        --warmup {warmup} --seed {seed}{more}

Another machine gives other last digits."""

BACKENDS = {"jax": "JAX", "tensorflow": "TensorFlow", "torch": "PyTorch"}

V1 = """ When v1 was trained, the random state of
dropout ran on from epoch to epoch; the command now starts a new one in each, so that
interrupted runs resume exactly."""

LOGREG = """\
One logistic regression a task on the counts of all k-mers, k = 1 to 5, averaged over
both strands, fitted to convergence together by L-BFGS. The strength of the L2 penalty
was chosen by validation perplexity, one for all tasks: scikit-learn's C = {best[C]:g}
(perplexity {best[val_perplexity]:.4f}; with the paper's C = 1e6 it is {paper:.4f}). Command:

    genome-keras logreg human_chromatin_100bp.h5 --out RUN"""


def how(draft, data):
    """How a checkpoint was trained, in words and as a command.

    Args:
        draft: what goes into its JSON.
        data: as in `card`.
    """
    if draft["architecture"] == "kmer_logreg":
        log = draft["log"]
        best = min(log, key=lambda row: row["val_perplexity"])
        paper = next(row["val_perplexity"] for row in log if row["C"] == 1e6)
        return LOGREG.format(best=best, paper=paper)
    return "\n\n".join(_run(one, draft, data) for one in [*draft.get("before", []), draft])


def _run(run, draft, data):
    """One run of `genome-keras train`, in words and as a command."""
    training, log = run["training"], run["log"]
    start, text = training.get("fine_tune"), ADAM
    model, more = "", ""
    if draft["architecture"] != "bigru_multitask":
        model = f" --model {draft['architecture']}"
    if start:
        text = f"Started from the weights of `{start}`. " + text
        more = f" --fine-tune {start}"
    for name, value in run.get("set", {}).items():
        more += f" --set {shlex.quote(f'{name}={value}')}"
    if draft["window"] != data["bp"]:
        more += f" --window {draft['window']}"
    if draft["untrained"]:
        text += (
            f"\n\n`{data['file']}` is the data set with its labels in the columns of the DeepSEA\n"
            f"tasks: `python weights/make/map_919.py human_chromatin_100bp.h5 {data['file']}`."
        )
    elif draft["name"] == "bigru_multitask.human_chromatin.v1":
        text += V1
    spent = sum(row.get("cpu_seconds", 0) for row in log)
    return text.format(
        **training,
        best=min(log, key=lambda row: row["val_perplexity"]),
        seconds=f"; {spent:,.0f} core-seconds in all" if spent else "",
        data=data["file"],
        backend=data["backend"],
        title=BACKENDS[data["backend"]],
        model=model,
        more=more,
        out=run.get("out", "RUN"),
    )


def card(name, draft, result, data):
    """The card as Markdown.

    Args:
        name: of the checkpoint.
        draft: what goes into its JSON.
        data: facts of the data set: its `file`, `bp` of a window, numbers of windows in
            `train`, `valid` and `test`, whether it has centres of `peaks`, and the
            `logregs`, folders of logistic regressions on it to compare with; and the `backend`
            that trained.
        result: of `genome_keras.evaluation.evaluate.evaluate`, on the split "test".
    """
    architecture, untrained = draft["architecture"], len(draft["untrained"])
    window, tasks = draft["window"], len(draft["tasks"])
    limits = LIMITS.format(window=window)
    fitted = "".join(
        f"\n    genome-keras logreg {data['file']} --out {run}" for run in data["logregs"]
    )
    about = DATA.format(**{**data, "peaks": PEAKS if data["peaks"] else ""})
    if untrained:
        limits += LIMITS_919.format(trained=tasks - untrained, untrained=untrained)
    models = [name for name, about in result["models"].items() if about["kind"] == "model"]
    weights = " \\\n        ".join(f"--weights {name}" for name in models)
    stored = " The file has the weights in half precision (float16)." if "stored" in draft else ""
    sizes = ", ".join(f"{key}={value!r}" for key, value in draft["arguments"].items())
    return f"""# {name}

`{architecture}({sizes})`: {draft["parameters"]:,} parameters; integer codes (n, {window}) in, \
P(label = 1) for {tasks} tasks out. Scores are averaged over both strands \
(log-odds), so they do not depend on the strand.{stored}

    from genome_keras import {architecture}, tokens
    model = {architecture}(weights="{name}")
    scores = model.predict(tokens(["ACGT" * {window // 4}]))

## Training data

{about}

## Training

{how(draft, data)}

## Held-out scores

Test chromosomes, means over tasks; F1 at threshold 0.5, "tuned F1" at thresholds chosen
on the validation split; `prior` scores every window with the positive rate of the
training split, `gc` is a logistic regression on GC content. Command:
{fitted}
    genome-keras evaluate {data["file"]} --split test --out RESULT \\
        {weights}

{as_markdown(result).strip()}

## Limits

{limits}

## Licence

The weights are published under Apache-2.0. The training data keep the terms named above.

## Integrity

The probe sequences and their scores are in `{name}.json`; the sha256 of both files are in
`genome_keras.weights.registry.PUBLISHED` and are checked whenever the checkpoint is loaded.
"""
