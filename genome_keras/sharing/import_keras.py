"""A network that Keras 0.2 to 2.x saved in HDF5, as a Keras 3 model."""

import os
from typing import TYPE_CHECKING

from genome_keras.io.atomic import atomic
from genome_keras.sharing.import_cards import origin_of, write_card
from genome_keras.sharing.old_keras_files import read_old_keras
from genome_keras.weights.locations import beside

if TYPE_CHECKING:
    import keras


def import_keras(
    path: str | os.PathLike,
    out: str | os.PathLike | None = None,
    *,
    json: str | os.PathLike | None = None,
    backend: str | None = None,
) -> "keras.Model":
    """Builds the Keras 3 model of an old file, layer by layer, on any backend.

    No code of a file is run, and no more weights are made than it holds.

    Args:
        path: HDF5 of `model.save(...)` or `model.save_weights(...)`; not larger than 4 GiB.
        out: the `.keras` file to write, with a card, `.md`, beside it; None writes none.
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

    Example:
        >>> import h5py, tempfile
        >>> dense = '{"name": "Dense", "output_dim": 2, "input_dim": 3, "activation": "relu"}'
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with open(f"{folder}/old.json", "w") as file:  # as Keras 0.3 described it
        ...         _ = file.write('{"name": "Sequential", "layers": [%s]}' % dense)
        ...     with h5py.File(f"{folder}/old.h5", "w") as file:  # and kept its weights
        ...         file.attrs["nb_layers"] = 1
        ...         file.create_group("layer_0").attrs["nb_params"] = 2
        ...         file["layer_0/param_0"], file["layer_0/param_1"] = [[1, 2]] * 3, [0, 0]
        ...     model = import_keras(f"{folder}/old.h5", json=f"{folder}/old.json")
        >>> model.input_shape, model.output_shape
        ((None, 3), (None, 2))
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
        about = {"parameters": model.count_params(), **origin_of("keras", path)}
        with atomic(out) as temporary:
            model.save(temporary)
        write_card(beside(out)("card"), "keras", about)
    return model
