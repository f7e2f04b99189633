"""Cards as the Hugging Face Hub expects them: metadata between lines of ---, then Markdown."""

from collections.abc import Iterable, Mapping
from typing import Any

from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.weights.registry import PUBLISHED

# Ours -> type and name of a metric on the Hub.
METRICS = {
    "auroc": ("roc_auc", "AUROC"),
    "auprc": ("average_precision", "AUPRC"),
    "f1": ("f1", "F1"),
    "perplexity": ("perplexity", "perplexity"),
    "brier": ("brier_score", "Brier score"),
    "bits_per_base": ("bits_per_base", "bits a base"),
}


def metadata(
    architecture: str,
    *,
    tasks: bool = True,
    license: str | None = None,
    name: str | None = None,
    datasets: Iterable[str] = (),
    results: Mapping[str, Mapping[str, float]] | None = None,
    groups: Iterable[str] = (),
) -> str:
    """The YAML that the Hub reads of a card, between its lines of ---.

    Args:
        architecture: the factory.
        tasks: whether the model scores tasks; one of bases generates.
        license: identifier of the Hub, such as "apache-2.0", in any case; None states none.
        name: of the model, for its results; None is the architecture.
        datasets: what it was trained on.
        results: data set, or "DATA SET, PART" -> metric -> value on its test split; the
            metrics are those of `METRICS` and others.
        groups: what its tasks are about, for the tags.

    Returns:
        Text that ends before the Markdown begins.

    Raises:
        ValueError: what the Hub's own library refuses.

    Example:
        >>> print(metadata("kmer_logreg", license="Apache-2.0", datasets=["mine"]), end="")
        ---
        datasets:
        - mine
        library_name: keras
        license: apache-2.0
        pipeline_tag: text-classification
        tags:
        - genome_keras
        - biology
        - genomics
        - dna
        - kmer_logreg
        ---
        <BLANKLINE>
    """
    from huggingface_hub import ModelCardData

    kind = "text-classification" if tasks else "text-generation"
    listed = _results(results or {}, kind)
    data = ModelCardData(
        license=license and license.lower(),
        library_name="keras",
        pipeline_tag=kind,
        tags=["genome_keras", "biology", "genomics", "dna", architecture, *groups],
        datasets=[*datasets] or None,
        model_name=(name or architecture) if listed else None,
        eval_results=listed or None,
    )
    return f"---\n{data.to_yaml().strip()}\n---\n\n"


def hub_card(checkpoint: Checkpoint) -> str:
    """The README.md of a checkpoint on the Hub: its metadata with held-out scores, and its card.

    Args:
        checkpoint: of `genome_keras.weights.find`, described.

    Raises:
        WeightsError: it has no card.

    Example:
        >>> from genome_keras.weights import find
        >>> text = hub_card(find("kmer_logreg.human_chromatin.v1"))
        >>> "model-index" in text, "# kmer_logreg.human_chromatin.v1" in text
        (True, True)
    """
    from genome_keras.weights.listing import Listed

    card = checkpoint.card
    if card.startswith("---\n"):
        return card
    published = checkpoint.name in PUBLISHED
    listed = Listed(checkpoint.name) if published else None
    about = {"datasets": [listed.data], "groups": listed.groups} if published else {}
    data = listed.data if published else "held out"
    held_out = checkpoint.config.get("held_out") or {}
    results = {
        data if subset == "all" else f"{data}, {subset}": _means(scores)
        for subset, scores in held_out.items()
    }
    about |= {"license": checkpoint.config.get("license"), "name": checkpoint.name}
    tasks = bool(checkpoint.tasks)
    return metadata(checkpoint.architecture, tasks=tasks, results=results, **about) + card


def _means(scores):
    """The metrics of a summary, each as its mean over tasks."""
    means = {name: scores.get(f"{name}_mean", scores.get(name)) for name in METRICS}
    return {name: value for name, value in means.items() if isinstance(value, float)}


def _results(results: Mapping[str, Mapping[str, float]], kind: str) -> list[Any]:
    from huggingface_hub import EvalResult

    evaluations = []
    for data, scores in results.items():
        for metric, value in scores.items():
            identifier, told = METRICS.get(metric, (metric, metric))
            name, _, part = data.partition(", ")
            about = {"task_type": kind, "dataset_type": name, "dataset_name": data}
            about |= {"dataset_config": part or None, "dataset_split": "test"}
            about |= {"metric_type": identifier, "metric_name": told}
            evaluations.append(EvalResult(**about, metric_value=round(float(value), 4)))
    return evaluations
