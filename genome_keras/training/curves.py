"""The picture of a training log."""

import os
from collections.abc import Sequence
from types import ModuleType

from genome_keras.errors import GenomeKerasError
from genome_keras.io.atomic import atomic


def pyplot() -> ModuleType:
    """matplotlib's pyplot, without a screen.

    Raises:
        GenomeKerasError: matplotlib is missing.

    Example:
        >>> pyplot().__name__
        'matplotlib.pyplot'
    """
    try:
        import matplotlib
    except ImportError as error:
        raise GenomeKerasError(
            "pictures need matplotlib: pip install 'genome_keras[plot]'"
        ) from error
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def draw_curves(log: Sequence[dict[str, float]], path: str | os.PathLike) -> None:
    """Draws training and validation perplexity by epoch, and marks the best epoch.

    Args:
        log: rows with `epoch`, `perplexity` and `val_perplexity`.
        path: .svg, .png or .pdf; an existing file is replaced.

    Raises:
        GenomeKerasError: matplotlib is missing, or `path` cannot be written.

    Example:
        >>> import tempfile
        >>> log = [
        ...     {"epoch": 1, "perplexity": 1.9, "val_perplexity": 1.8},
        ...     {"epoch": 2, "perplexity": 1.7, "val_perplexity": 1.6},
        ... ]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     draw_curves(log, os.path.join(folder, "curves.svg"))
        ...     os.listdir(folder)
        ['curves.svg']
    """
    plt = pyplot()
    epochs = [row["epoch"] for row in log]
    best = min(log, key=lambda row: row["val_perplexity"])
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    axes.plot(epochs, [row["perplexity"] for row in log], "o-", label="training")
    axes.plot(epochs, [row["val_perplexity"] for row in log], "o-", label="validation")
    axes.plot(best["epoch"], best["val_perplexity"], "k*", markersize=14, zorder=3)
    axes.annotate(
        f"best: {best['val_perplexity']:.4f} in epoch {best['epoch']}",
        (best["epoch"], best["val_perplexity"]),
        xytext=(0, 12),
        textcoords="offset points",
        ha="right" if best["epoch"] > epochs[-1] / 2 else "left",
    )
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="epoch", ylabel="perplexity")
    axes.legend(frameon=False)
    try:
        with atomic(path) as temporary:
            figure.savefig(temporary)
    finally:
        plt.close(figure)
