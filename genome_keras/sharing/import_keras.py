"""A network that Keras 0.2 to 2.x saved in HDF5, as a Keras 3 model."""

from pathlib import Path
from typing import TYPE_CHECKING

from genome_keras.io.atomic import atomic
from genome_keras.sharing.old_keras_files import read_old_keras

if TYPE_CHECKING:
    import keras


def import_keras(
    path: str | Path,
    out: str | Path | None = None,
    *,
    json: str | Path | None = None,
    backend: str | None = None,
) -> "keras.Model":
    """Builds the Keras 3 model of an old file, layer by layer, on any backend.

    No code of a file is run, and no more weights are made than it holds.

    Args:
        path: HDF5 of `model.save(...)` or `model.save_weights(...)`; not larger than 4 GiB.
        out: the `.keras` file to write; None writes none.
        json: what `model.to_json()` gave, where the description is not in `path`.
        backend: "theano" or "tensorflow", which saved the file: convolutions of Theano read
            their kernels backwards. None takes the file's word.

    Returns:
        The `keras.Model`, which reads and gives what the old one did, not compiled.

    Raises:
        WeightsError: not such a file, a layer that is not known (named), or arrays that do
            not fit it.
        GenomeKerasError: `out` cannot be written.
        ValueError: another backend, or `out` does not end in .keras.
    """
    if backend not in (None, "theano", "tensorflow"):
        raise ValueError(
            f"backend must be 'theano', 'tensorflow' or None. Received: backend={backend!r}"
        )
    if out is not None and not str(out).endswith(".keras"):
        raise ValueError(f"out must end in .keras. Received: {str(out)!r}")
    saved = read_old_keras(path, json)
    if backend is not None:
        saved = saved._replace(theano=backend == "theano")
    from genome_keras.sharing.old_keras_network import build  # Keras, once the file is known

    model = build(saved, path)
    if out is not None:
        with atomic(out) as temporary:
            model.save(temporary)
    return model
