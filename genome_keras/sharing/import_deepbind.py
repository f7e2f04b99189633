"""DeepBind's published networks as a checkpoint, any number of them in one model."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genome_keras.sharing.deepbind_files import read_deepbind, read_table
from genome_keras.sharing.import_cards import origin_of, write_card
from genome_keras.weights.checkpoint import save_described
from genome_keras.weights.locations import beside

if TYPE_CHECKING:
    import keras


def import_deepbind(
    path: str | os.PathLike,
    out: str | os.PathLike,
    *,
    models: Sequence[str] | None = None,
    table: str | os.PathLike | None = None,
    window: int = 101,
    output: str = "probability",
) -> "keras.Model":
    """Writes networks of the authors' parameter files as one checkpoint.

    Networks of one shape become a group, and the tasks stand group by group: the order of
    the description, not of `models`.

    Args:
        path: a parameter file, a folder of them, or the archive that has them.
        out: the `.weights.h5` file to write; a `.json` and a card, `.md`, are beside it.
        models: such as ["D00328.003"]; None takes all that `path` has.
        table: the authors' `db.tsv`, for tasks called "K562|ARID3A|D00736.002"; None calls
            them "D00736.002".
        window: length of the input in bp.
        output: "probability" (the sigmoid of the score) or "score", as in `deepbind_2015`.

    Returns:
        The compiled `keras.Model`.

    Raises:
        FormatError: a malformed file.
        WeightsError: no such model, or networks for DNA and for RNA together.
        ValueError: `out` does not end in .weights.h5.
        GenomeKerasError: a file cannot be written.

    Example:
        >>> import tempfile
        >>> lines = ["reverse_complement = 1", "num_detectors = 1", "detector_len = 2"]
        >>> lines += ["has_avg_pooling = 0", "num_hidden = 0", "detectors = 1,0,0,0,0,1,0,0"]
        >>> lines += ["thresholds = 0", "weights1 = 1", "biases1 = 0", "weights2 =", "biases2 ="]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "D00001.001.txt").write_text("\\n".join(lines))
        ...     model = import_deepbind(folder, f"{folder}/deepbind.weights.h5")
        ...     sorted(path.name for path in Path(folder).glob("deepbind.*"))
        ['deepbind.json', 'deepbind.md', 'deepbind.weights.h5']
    """
    out = Path(out)
    if not out.name.endswith(".weights.h5"):
        raise ValueError(f"out must end in .weights.h5. Received: {str(out)!r}")
    networks = read_deepbind(path, models)
    names = {} if table is None else read_table(table)
    from genome_keras.sharing.deepbind_stack import stacked  # Keras, once the files are read

    model, order = stacked(networks, window=window, output=output, where=path)
    called = [names.get(name, name) for name in order]
    about = {"parameters": model.count_params(), **origin_of("deepbind_2015", path)}
    save_described(model, out, tasks=called, **about)
    write_card(beside(out)("card"), "deepbind_2015", about)
    return model
