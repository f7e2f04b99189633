"""The files of a published checkpoint: NAME.weights.h5, .json, .onnx, .md, and SHA256SUMS."""

import json
from pathlib import Path

import h5py
import numpy as np

from genome_keras.io.atomic import atomic
from genome_keras.io.digest import sha256_of
from genome_keras.sharing.pretrained import probe
from genome_keras.weights import registry
from genome_keras.weights.calibration import SUFFIX as CALIBRATION
from genome_keras.weights.checkpoint import save_bare
from genome_keras.weights.graphs import SUFFIX as GRAPH
from genome_keras.weights.locations import SUFFIXES
from genome_keras.weights.resolve import find

SUMS = "SHA256SUMS"
WEIGHTS = Path(__file__).resolve().parents[1]


def refuse_published(names, *, into) -> None:
    """Raises ValueError where one of the names is published already and would be written over.

    Args:
        names: of checkpoints.
        into: the folder to write to; in another than `weights` each may be made once more.
    """
    for name in names:
        if name in registry.PUBLISHED and Path(into).resolve() == WEIGHTS:
            raise ValueError(f"{name} is published: a published file never changes")


def save_weights(model, path, *, half=False) -> None:
    """Saves weights without the optimizer; with `half` rounds them, in the model too.

    Args:
        model: a `keras.Model`.
        path: of the `.weights.h5` file.
        half: store float16.
    """
    save_bare(model, path)
    if half:
        _halve(Path(path))
        find(path).load_into(model)


def described(model, name: str, *, architecture: str, arguments: dict, window) -> dict:
    """The beginning of a description: what the model is, and its probe.

    Args:
        model: with its final weights.
        name: of the checkpoint.
        architecture, arguments: of the factory.
        window: bp; None where the model takes any, and the probe is of 60.
    """
    letters, scores = probe(model, window or 60)
    return {
        "name": name,
        "architecture": architecture,
        "arguments": arguments,
        "window": window,
        "parameters": int(model.count_params()),
        "license": "Apache-2.0",
        "probe": letters,
        "probe_scores": _seven_digits(scores).tolist(),
    }


def write(folder, name: str, *, weights, draft: dict, card: str) -> None:
    """Writes the three files of a checkpoint, each whole or not at all.

    Args:
        folder: to write to.
        name: of the checkpoint.
        weights: path of the weights, which are copied.
        draft: the description.
        card: Markdown.
    """
    contents = {
        "weights": Path(weights).read_bytes(),
        "json": (json.dumps(draft, indent=1, allow_nan=False) + "\n").encode(),
        "card": card.encode(),
    }
    for what, content in contents.items():
        with atomic(Path(folder) / (name + SUFFIXES[what])) as path:
            path.write_bytes(content)


def write_sums(folder) -> None:
    """Writes the sha256 of weights, descriptions and graphs of a folder, as `sha256sum` does."""
    ends = (SUFFIXES["weights"], SUFFIXES["json"], GRAPH, CALIBRATION)
    files = sorted(path for path in Path(folder).iterdir() if path.name.endswith(ends))
    with atomic(Path(folder) / SUMS) as path:
        path.write_text("".join(f"{sha256_of(file)}  {file.name}\n" for file in files))


def entry(folder, name: str) -> str:
    """The lines for `PUBLISHED` in `genome_keras/weights/registry.py`."""
    lines = [f'    "{name}": Published(']
    for what in ("weights", "json"):
        path = Path(folder) / (name + SUFFIXES[what])
        lines += [f'        "{sha256_of(path)}",', f"        {path.stat().st_size},"]
    lines.append(f"        {_citation(name)},")
    graph = Path(folder) / (name + GRAPH)
    if graph.is_file():
        lines.append(f'        graph_sha256="{sha256_of(graph)}",')
    table = Path(folder) / (name + CALIBRATION)
    if table.is_file():
        lines.append(f'        calibration_sha256="{sha256_of(table)}",')
    return "\n".join([*lines, "    ),"])


def _citation(name):
    """The constant of the registry that the architecture's other checkpoints cite."""
    maker = name.partition(".")[0]
    cited = {entry.citation for of, entry in registry.PUBLISHED.items() if of.startswith(maker)}
    words = {key: value for key, value in vars(registry).items() if isinstance(value, str)}
    names = [key for key, value in words.items() if key.isupper() and value in cited]
    return names[0] if names else '"CITE: what to cite for this architecture"'


_seven_digits = np.vectorize(lambda score: float(f"{score:.7g}"), otypes=[float])


def _halve(path):
    """Rewrites a file of weights in float16."""
    whole = path.with_name(f"whole-{path.name}")
    path.rename(whole)
    with h5py.File(whole) as old, h5py.File(path, "w") as new:

        def put(name, item):
            if isinstance(item, h5py.Dataset):
                new[name] = item[()].astype("float16")
            else:
                new.require_group(name)
            new[name].attrs.update(item.attrs)

        new.attrs.update(old.attrs)
        old.visititems(put)
    whole.unlink()
