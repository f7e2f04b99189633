"""How a checkpoint was trained, in words and as a command, for its card."""

import shlex

ADAM = """\
Adam, batches of {batch_size}, learning rate {learning_rate} after {warmup} steps falling
along a cosine to zero over {epochs} epochs, gradient norm clipped at 1, each window on a
random strand. The epoch with the lowest validation perplexity was kept: epoch
{best[epoch]} ({best[val_perplexity]:.4f}{seconds}). Command (one CPU core, {title} backend):

    KERAS_BACKEND={backend} genome-keras train {data} --out {out}{model} \\
        --epochs {epochs} --batch-size {batch_size} --learning-rate {learning_rate} \\
        --warmup {warmup} --seed {seed}{more}

Another machine gives other last digits."""

# What ADAM says of the recipe, and the options that it leaves out.
TOLD = {"schedule": "cosine", "clip": 1.0, "reverse_complement": True, "precision": "float32"}
OPTIONS = {"examples": None, "patience": None, "positive_weight": 1.0, "trunk_rate": 1.0}
BACKENDS = {"jax": "JAX", "tensorflow": "TensorFlow", "torch": "PyTorch"}

V1 = """ When v1 was trained, the random state of
dropout ran on from epoch to epoch; the command now starts a new one in each, so that
interrupted runs resume exactly."""

LOGREG = """\
One logistic regression a task on the counts of all k-mers, k = 1 to 5, averaged over
both strands, fitted to convergence together by L-BFGS. The strength of the L2 penalty
was chosen by validation perplexity, one for all tasks: scikit-learn's C = {best[C]:g}
(perplexity {best[val_perplexity]:.4f}; with the paper's C = 1e6 it is {paper:.4f}). Command:

    genome-keras logreg {data} --out RUN"""

LETTERS = """\
{start}Adam, {batch_size} parallel streams, gradients through {window} bp, state carried on, \
gradient norm clipped at 5, highest learning rate {learning_rate:g} after {warmup} steps, \
decay {decay}, {epochs} epochs{strands}; {cpu_seconds:,.0f} core-seconds in all. The epoch \
with the lowest held-out perplexity was kept: epoch {best}. Choosing among {epochs} epochs by \
the held-out part flatters it by very little, but it does.

| epoch | training perplexity | held-out perplexity | core-seconds |
|---|---:|---:|---:|
{log}"""


def of_tasks(draft, *, file, bp, backend, making="") -> str:
    """Of a multi-task model, the runs it started from first.

    Args:
        draft: the description, with `training`, `log` and, if there are any, `before`.
        file, bp: of the data set, and the length of its windows.
        backend: that trained it.
        making: how the file was made, after the last run; "" says nothing of it.
    """
    if draft["architecture"] == "kmer_logreg":
        log = draft["log"]
        best = min(log, key=lambda row: row["val_perplexity"])
        paper = next(row["val_perplexity"] for row in log if row["C"] == 1e6)
        return LOGREG.format(best=best, paper=paper, data=file)
    more = "" if draft["window"] == bp else f" --window {draft['window']}"
    runs = [
        _adam(run, draft["architecture"], file, backend, more)
        for run in [*draft.get("before", []), draft]
    ]
    if draft["name"] == "bigru_multitask.human_chromatin.v1":
        runs[-1] += V1
    return "\n\n".join([*runs, making] if making else runs)


def _adam(run, architecture, file, backend, window):
    training, log = run["training"], run["log"]
    for key, value in TOLD.items():
        if training.get(key, value) != value:
            raise ValueError(
                f"the words on training tell of {key}={value!r}. Received: "
                f"{training[key]!r}; write training.md in the run's folder"
            )
    start, text, more = training.get("fine_tune"), ADAM, ""
    if start:
        text = f"Started from the weights of `{start}`. " + text
        more = f" --fine-tune {start}"
    for name, value in run.get("set", {}).items():
        more += f" --set {shlex.quote(f'{name}={value}')}"
    for name, usual in OPTIONS.items():
        if training.get(name, usual) != usual:
            more += f" --{name.replace('_', '-')} {training[name]}"
    spent = sum(row.get("cpu_seconds", 0) for row in log)
    return text.format(
        **training,
        best=min(log, key=lambda row: row["val_perplexity"]),
        seconds=f"; {spent:,.0f} core-seconds in all" if spent else "",
        data=file,
        backend=backend,
        title=BACKENDS[backend],
        model="" if architecture == "bigru_multitask" else f" --model {architecture}",
        more=more + window,
        out=run.get("out", "RUN"),
    )


def of_letters(draft) -> str:
    """Of a language model, the runs it started from first."""
    return "\n\n".join(_streams(run) for run in [*draft.get("before", []), draft])


def _streams(run):
    training, log = run["training"], run["log"]
    rows = [
        f"| {row['epoch']} | {row['training']:.4f} | {row['held_out']:.4f} "
        f"| {row['cpu_seconds']:,.0f} |"
        for row in log
    ]
    start = training.get("fine_tune")
    both = training["reverse_complement"]
    keys = ("batch_size", "window", "learning_rate", "warmup", "decay", "epochs")
    return LETTERS.format(
        start=f"Started from the weights of `{start}`, the run above. " if start else "",
        strands=", half of the streams read on the other strand" if both else "",
        cpu_seconds=sum(row["cpu_seconds"] for row in log),
        best=min(log, key=lambda row: row["held_out"])["epoch"],
        log="\n".join(rows),
        **{key: training[key] for key in keys},
    )
