"""Named arrays in files of other programs: torch states, safetensors, layers of Keras 2.

Nothing in a file is run, and nothing larger than the file is held.
"""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from genome_keras.errors import WeightsError
from genome_keras.weights.file_checks import MAX_WEIGHTS, check_h5

HDF5 = (".h5", ".hdf5")


def read_state(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Arrays of a torch state, or of safetensors where the name ends so.

    Args:
        path: a file of at most 4 GiB.

    Returns:
        name -> array, as it is in the file; of bfloat16 float32.

    Raises:
        WeightsError: not such a file, one with anything but tensors, or torch or safetensors
            is missing.

    Example:
        >>> import tempfile
        >>> from safetensors.numpy import save_file
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_file({"linear.bias": np.zeros(2, "float32")}, f"{folder}/x.safetensors")
        ...     read_state(f"{folder}/x.safetensors")
        {'linear.bias': array([0., 0.], dtype=float32)}
    """
    _check_size(path)
    return _safetensors(path) if str(path).endswith(".safetensors") else _torch(path)


def read_keras_layers(path: str | os.PathLike) -> dict[str, list[np.ndarray]]:
    """Arrays of the layers of a network that Keras 1 or 2 saved, of networks inside it too.

    Args:
        path: HDF5 of `model.save(...)` or `model.save_weights(...)`.

    Returns:
        name of a layer -> its arrays, float32, in the order in which Keras names them.

    Raises:
        WeightsError: not such a file, or two layers of one name.

    Example:
        >>> import h5py, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with h5py.File(f"{folder}/x.h5", "w") as file:
        ...         group = file.create_group("model_weights/head")
        ...         group.attrs["weight_names"] = ["head/bias:0"]
        ...         group["head/bias:0"] = [0.5, 0.25]
        ...     read_keras_layers(f"{folder}/x.h5")
        {'head': [array([0.5 , 0.25], dtype=float32)]}
    """
    import h5py

    check_h5(path)
    layers = {}
    try:
        with h5py.File(path, "r") as file:
            weights = file.get("model_weights", file)
            for group in weights.values():
                for name in _names(group.attrs["weight_names"]):
                    layer = name.rpartition("/")[0]
                    layers.setdefault((group.name, layer), []).append(
                        np.asarray(group[name], "float32")
                    )
    except Exception as error:  # h5py raises many kinds
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{path}: not weights that Keras saved ({reason})") from error
    by_name = {}
    for (_, place), arrays in layers.items():
        layer = place.rpartition("/")[2]
        if layer in by_name:
            raise WeightsError(f"{path}: two layers are called {layer!r:.60}")
        by_name[layer] = arrays
    if not by_name:
        raise WeightsError(f"{path}: not weights that Keras saved (no layer has any)")
    return by_name


def is_hdf5(path: str | os.PathLike) -> bool:
    """Whether a path is named as HDF5.

    Example:
        >>> is_hdf5("chrombpnet.h5"), is_hdf5("bpnet.pth")
        (True, False)
    """
    return str(path).endswith(HDF5)


def _names(listed):
    return [name.decode() if isinstance(name, bytes) else str(name) for name in listed]


def _check_size(path):
    path = Path(path)
    if not path.is_file():
        return  # its reader tells what is wrong
    sizes = [path.stat().st_size]
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as parts:
                sizes.append(sum(part.file_size for part in parts.infolist()))
    except Exception as error:  # of a damaged list of parts there are many kinds
        raise WeightsError(f"{path}: damaged, as ZIP, which torch states are") from error
    if max(sizes) > MAX_WEIGHTS:
        raise WeightsError(f"{path}: {max(sizes)} bytes, more than {MAX_WEIGHTS}")


def _check_numbers(tensors: Mapping, path):
    """Views can repeat what is stored once: nobody needs those here."""
    numbers, size = sum(values.numel() for values in tensors.values()), Path(path).stat().st_size
    if numbers > size:
        raise WeightsError(f"{path}: declares {numbers} numbers, more than its {size} bytes hold")


def _torch(path):
    try:
        import torch
    except ImportError as error:
        raise WeightsError(
            f"{path}: reading a torch state needs torch (pip install 'genome_keras[torch]'), "
            "or save it as .safetensors elsewhere"
        ) from error
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds; weights_only runs none of the file
        raise WeightsError(f"{path}: not a torch state of tensors only") from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]  # a checkpoint of Lightning
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(values, torch.Tensor) for name, values in state.items()
    ):
        raise WeightsError(f"{path}: expected a torch state, names with tensors")
    _check_numbers(state, path)
    return {
        name: (values.float() if values.dtype == torch.bfloat16 else values).detach().numpy()
        for name, values in state.items()
    }


def _safetensors(path):
    try:
        from safetensors.numpy import load_file
    except ImportError as error:
        raise WeightsError(
            f"{path}: reading safetensors needs it (pip install 'genome_keras[foreign]')"
        ) from error
    try:
        return load_file(path)
    except Exception as error:  # of a type that is not public
        raise WeightsError(f"{path}: not readable as safetensors ({error})") from error
