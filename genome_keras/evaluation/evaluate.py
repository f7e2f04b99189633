"""How good models are on held-out windows, beside baselines, per task and per source."""

import hashlib
import logging
import os
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from genome_keras.errors import WeightsError
from genome_keras.evaluation.baselines import gc_scores
from genome_keras.evaluation.compare import side_by_side
from genome_keras.evaluation.epochs import Epochs
from genome_keras.evaluation.markdown import as_markdown
from genome_keras.evaluation.measure import measure, split_of
from genome_keras.evaluation.score_files import keep
from genome_keras.progress import progress
from genome_keras.scores import best_threshold
from genome_keras.weights.task_choice import chosen_tasks

if TYPE_CHECKING:
    from genome_keras.datasets.splits import Data

__all__ = ["as_markdown", "evaluate"]

_log = logging.getLogger(__name__)


def evaluate(
    data: "Data",
    *,
    weights: object,
    tasks: Iterable[str] | None = None,
    choose: Iterable[str] | str | None = None,
    split: str = "test",
    sources: Iterable[str] | None = None,
    only: Iterable[str] | None = None,
    batch_size: int = 512,
    engine: str = "auto",
    tuned_on: str | None = "valid",
    replicates: int = 200,
    seed: int = 0,
    out: str | os.PathLike | None = None,
    report: str | os.PathLike | None = None,
) -> dict[str, Any]:
    """Scores models and training runs on one split of a data set, beside baselines.

    The baselines, `gc` and `prior`, are fitted on the split "train"; data without one have
    none. What windows of `split` a model may know from training is logged: those that share 31
    letters with the split "train" of the same data, and those on chromosomes that the checkpoint
    was trained on, where data and checkpoint tell. The scores of one
    model on two splits are in memory at once. A run that kept the weights of its epochs
    is scored at each of them. It appears three times: as the epoch with the lowest
    perplexity on `tuned_on`, with each task's best epoch on `tuned_on`, and with each
    task's best epoch on `split` itself, as in the paper; the last is called optimistic.

    Args:
        data: HDF5 as `genome_keras.datasets.chromatin_data.chromatin` reads it, or the
            folder of the DeepSEA bundle, whose test set brings the published scores of
            others along; or labelled sequences (CSV, TSV, FASTA), see
            `genome_keras.datasets.labelled`; or several with the same tasks. A model of a
            shorter window reads the middle of each example; of one with more tasks, those
            of the data are scored.
        weights: what to score, the best expected first: one, a list, or a dict of name ->
            one. Each is the name or path of a checkpoint, a `Checkpoint`, a `keras.Model`,
            a `Scorer`, or the folder of `genome_keras.train`.
        tasks: names for those of a model that has none, in the order of its output.
        choose: score only these tasks of the data, chosen as in `genome_keras.predict`, and
            without the published scores of others; None is all.
        split: name of the split to score.
        sources: collections to score on their own too; None takes those of `only`, or else
            those of "genome" and "windows" that are there.
        only: read no other collections of the data, in any split: "all" is these together.
        batch_size: windows at a time.
        engine: what computes, of checkpoints: "auto", "keras" or "onnx", as in
            `genome_keras.predict`; the epochs of a run are computed by Keras.
        tuned_on: split on which epochs and the thresholds of `f1_tuned` are chosen;
            None, `split` itself, or one that the data have not leaves that out.
        replicates: resamples for the 95 % intervals, see `genome_keras.evaluation.bootstrap`; 0
            leaves them out.
        seed: of the resamples.
        out: folder for the files of `genome_keras.evaluation.score_files`; None writes none.
        report: HTML file of `genome_keras.evaluation.report`; None writes none.

    Returns:
        The result of `compare`, with `split`, `tuned_on`, `window` (bp) and what else
        the scores depend on before it.

    Raises:
        FormatError: a data set or run that cannot be read, or lacks a split.
        WeightsError: a checkpoint that cannot be loaded, or with other tasks or a
            longer window than the data.
        ValueError: epochs of a run, and no split to choose among them; two models of one
            name; another value of an argument.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=2)
        >>> import tempfile
        >>> from genome_keras.datasets import write_examples
        >>> draw = np.random.default_rng(0)
        >>> codes, labels = draw.integers(0, 4, (80, 12)), draw.integers(0, 2, (80, 2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     split = np.repeat(["train", "valid", "test"], [40, 20, 20])
        ...     about = {"split": split, "tasks": ["CTCF", "DNase"], "source": "genome"}
        ...     write_examples(f"{folder}/data.h5", codes, labels, **about)
        ...     about = {"tasks": ["CTCF", "DNase"], "replicates": 10}
        ...     result = evaluate(f"{folder}/data.h5", weights={"small": model}, **about)
        >>> list(result["models"])
        ['small', 'gc', 'prior']
    """
    from genome_keras.datasets.labelled import labelled
    from genome_keras.datasets.splits import splits_in
    from genome_keras.evaluation.contenders import contenders
    from genome_keras.evaluation.data import blocks, held_out, published, training

    scored = contenders(weights, tasks=tasks, batch_size=batch_size, engine=engine)
    data = labelled(data)
    known = splits_in(data)
    if tuned_on not in known:
        tuned_on = None
    if only is not None:
        only = [only] if isinstance(only, str) else list(only)
    examples = held_out(data, split, sources=only)
    train = None
    if "train" in known:
        rates, train = training(data, sources=only)
    else:
        rates = examples.positive_rates
        _log.info("%s: no split 'train': no baselines, gc and prior", _named(data))
    valid = None if tuned_on in (None, split) else held_out(data, tuned_on, sources=only)
    if choose is not None:
        kept = chosen_tasks(examples.tasks, choose, where=_named(data))
        rates = rates[[examples.tasks.index(task) for task in kept]]
        examples, train, valid = (
            part and _of_tasks(part, kept) for part in (examples, train, valid)
        )
    columns = {}
    for contender in scored:
        columns[contender.name] = _columns(contender, examples, data)
        if len(contender.epochs) > 1 and valid is None:
            raise ValueError(
                f"{contender.name}: its epochs need tuned_on, a split to choose among them"
            )
    if sources is None:
        sources = [name for name in only or ("genome", "windows") if name in examples.source]
    resampled, what = blocks(data, split, len(examples), sources=only)
    labels = split_of(
        examples.labels,
        train_rates=rates,
        source=examples.source,
        sources=sources,
        blocks=resampled,
        replicates=replicates,
        seed=seed,
    )
    models = {}
    for contender in scored:
        # A score that was never trained is a constant, not a prediction: it counts nowhere.
        own, trained = labels, np.asarray(contender.trained)[columns[contender.name]]
        if not all(trained):
            own = labels._replace(labels=np.where(trained, labels.labels, -1))
        chosen = {"columns": columns[contender.name], "step": 8 * batch_size}
        models |= _measured(contender, own, examples, valid, **chosen)
    if choose is None:
        models |= published(data, split, examples.labels)
    for name, baseline in (_baselines(rates, train) if train else {}).items():
        tuned = valid and best_threshold(valid.labels, baseline(valid.codes))
        models[name] = measure(labels, baseline(examples.codes), tuned=tuned, kind="baseline")
    header = {
        "split": split,
        "tuned_on": tuned_on if valid else None,
        "window": examples.codes.shape[1],
        "labels_sha256": hashlib.sha256(np.ascontiguousarray(examples.labels)).hexdigest(),
        "bootstrap": {
            "blocks": what,
            "number": int(resampled.max()) + 1,
            "replicates": replicates,
            "seed": seed,
        },
        "threshold": 0.5,
        "min_rate": 0.01,
    }
    if only is not None:
        header["only"] = only
    if train is None:
        header["rates_of"] = split
    header |= _seen(scored, data, split, examples, train, sources=only)
    sizes = {name: len(examples.labels[chosen]) for name, chosen in labels.subsets.items()}
    result, rows = side_by_side(
        models, header=header, tasks=examples.tasks, train_rates=rates, sizes=sizes
    )
    keep(result, rows, out=out, report=report)
    return result


def _measured(contender, split, examples, valid, *, columns, step):
    """Name -> `Measured` of one contender; a run with epochs gives three."""
    from genome_keras.windows import centre

    middle = centre(examples.codes.shape[1], contender.window, exact=False)

    def scores(epoch, windows):
        codes, parts = windows.codes[:, middle], []
        about = {
            "desc": os.path.basename(contender.name)[:30],
            "unit": " windows",
            "quiet": len(contender.epochs) > 1,
        }
        with progress(total=len(codes), **about) as bar:
            for first in range(0, len(codes), step):
                parts.append(contender.scores(epoch, codes[first : first + step])[:, columns])
                bar.update(len(parts[-1]))
        return np.concatenate(parts)

    facts = {"window": contender.window, "log": contender.log}
    epoch, more = contender.epochs[0], {}
    if len(contender.epochs) > 1:
        seen = Epochs(split, valid.labels)
        for number in progress(contender.epochs, desc=contender.name, unit=" epochs"):
            seen.add(number, scores(number, examples), scores(number, valid))
        epoch = seen.best
        facts["epochs"] = {"best": epoch, "each": seen.each()}
        more = {
            f"{contender.name} (each task's epoch)": seen.by_task(),
            f"{contender.name} (each task's epoch, optimistic)": seen.by_task_optimistic(),
        }
    tuned = valid and best_threshold(valid.labels, scores(epoch, valid))
    best = measure(split, scores(epoch, examples), tuned=tuned, facts=facts)
    return {contender.name: best, **more}


def _of_tasks(examples, names):
    columns = [examples.tasks.index(name) for name in names]
    return replace(examples, labels=examples.labels[:, columns], tasks=names)


def _baselines(rates, train):
    """Name -> what scores codes (n, window)."""
    return {
        "gc": lambda codes: gc_scores(train.codes, train.labels, codes),
        "prior": lambda codes: np.broadcast_to(rates, (len(codes), len(rates))),
    }


def _named(data):
    from genome_keras.datasets.splits import paths_of

    return ", ".join(os.fspath(path) for path in paths_of(data))


def _seen(scored, data, split, examples, train, *, sources):
    """What of the windows may be known from training: logged, and noted in the result."""
    from genome_keras.evaluation.data import places
    from genome_keras.evaluation.seen_in_training import MOST, K, cost, sharing
    from genome_keras.weights.trained_on import same_names, trained_on

    overlaps, n = {}, len(examples.labels)
    if train is not None and split != "train" and 0 < cost(train.codes) <= MOST:
        overlaps["shared_31mers"] = sharing(examples.codes, train.codes)
        _log.info(
            "%d of %d windows of %r share %d letters in a row with one of 'train'",
            *(overlaps["shared_31mers"], n, split, K),
        )
    where = places(data, split, sources=sources)
    for contender in scored if where is not None else ():
        learned = contender.checkpoint and trained_on(contender.checkpoint)
        if learned:
            names, counts = np.unique(where[0], return_counts=True)
            known = [bool(same_names([name]) & same_names(learned)) for name in names.tolist()]
            seen = int(counts[known].sum())
            overlaps.setdefault("on_trained_chromosomes", {})[contender.name] = seen
            told = "%s: %d of %d windows of %r lie on chromosomes named as those it was trained on"
            _log.info(told, contender.name, seen, n, split)
    return {"seen_in_training": overlaps} if overlaps else {}


def _columns(contender, examples, data):
    """The columns of a model's scores that are the tasks of the data."""
    _check(contender, examples, data)
    if contender.tasks == examples.tasks:
        return slice(None)
    told = "%s: %d of its %d tasks are in the data, and are scored"
    _log.info(told, contender.name, len(examples.tasks), len(contender.tasks))
    return [contender.tasks.index(task) for task in examples.tasks]


def _check(contender, examples, data):
    if not set(examples.tasks) <= set(contender.tasks) or (
        len(contender.tasks) == len(examples.tasks) and contender.tasks != examples.tasks
    ):
        hint = "" if contender.tasks[:1] != ["task_0"] else "; say their names with tasks=[...]"
        raise WeightsError(
            f"{contender.name}: its {len(contender.tasks)} tasks are not the "
            f"{len(examples.tasks)} tasks of {_named(data)}, in that order{hint}"
        )
    window = examples.codes.shape[1]
    if contender.window is not None and contender.window > window:
        raise WeightsError(
            f"{contender.name}: reads windows of {contender.window} bp, not of {window} bp "
            f"as in {_named(data)}"
        )
