"""Checkpoints of one's own: a folder with weights, description, tasks and card, and the Hub."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import keras
import numpy as np

from genome_keras import SIGNAL_MODELS, __version__
from genome_keras.errors import GenomeKerasError, WeightsError
from genome_keras.io.digest import sha256_of
from genome_keras.sharing.hub_card import hub_card, metadata
from genome_keras.weights import description, hub
from genome_keras.weights.checkpoint import Checkpoint, save_bare
from genome_keras.weights.file_checks import check_h5
from genome_keras.weights.locations import IN_FOLDER
from genome_keras.weights.resolve import find

_LETTERS = np.array(list("ACGTN"))
_CARD = """\
# {title}

`{call}`: {parameters:,} parameters; integer codes (n, window) in, A 0, C 1, G 2, T 3, N 4.
{tasks}

    pip install genome_keras

    import genome_keras
    model = genome_keras.load_model("FOLDER OR hf://OWNER/REPOSITORY")

## Training data

Not stated.

## Training

Not stated.

## Held-out scores

Not stated.

## Limits

Not stated.

## Licence

{license}
"""


def save_pretrained(
    model: keras.Model,
    folder: str | os.PathLike,
    *,
    tasks: Iterable[str] | None = None,
    license: str | None = None,
    card: str | None = None,
    datasets: Iterable[str] = (),
    results: Mapping[str, Mapping[str, float]] | None = None,
) -> Path:
    """Saves a model as a folder that loads by its path and can be pushed to the Hub.

    The folder gets `model.weights.h5`, `config.json` (architecture and arguments, a
    probe with its scores, the sha256 of the weights), `tasks.tsv` (one column, `task`)
    and `README.md` (the card, with the Hub's metadata). It appears whole or not at all.

    Args:
        model: made by a factory of this package.
        folder: must not exist yet.
        tasks: names in the order of the model's output; None takes those of the
            checkpoint the model came from, if any.
        license: identifier for the Hub, such as "apache-2.0"; None states none.
        card: Markdown of the card without metadata; None writes one with gaps to fill.
        datasets: names of what it was trained on, for the Hub.
        results: held-out scores for the Hub, data set -> metric -> value, as
            `genome_keras.sharing.hub_card.metadata` takes them.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        ValueError: a model that no factory made, or another number of tasks.
        GenomeKerasError: the folder exists or cannot be written.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = save_pretrained(model, f"{folder}/mine", tasks=["CTCF", "DNase"])
        ...     sorted(os.listdir(path))
        ['README.md', 'config.json', 'model.weights.h5', 'tasks.tsv']
    """
    made = description.of_model(model, tasks=tasks)
    if made["architecture"] in SIGNAL_MODELS:
        raise ValueError(
            f"expected a model of tasks. Received: {model.name}, of measured signal; "
            "model.save_weights and model.save keep it"
        )
    tasks = made.pop("tasks")
    if tasks and len(tasks) != model.output_shape[-1]:
        raise ValueError(f"the model has {model.output_shape[-1]} tasks. Received: {len(tasks)}")
    folder = Path(folder)
    if os.path.lexists(folder):
        raise GenomeKerasError(f"{folder}: is there already; nothing is overwritten")
    try:
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise GenomeKerasError(f"{folder}: cannot write: {error.strerror}") from error
    try:
        save_bare(model, draft / IN_FOLDER["weights"])
        config = _description(model, made, license, bool(tasks), draft / IN_FOLDER["weights"])
        description.check({**config, "tasks": tasks}, "save_pretrained")
        texts = {"json": description.as_text(config)}
        if tasks:
            texts["tasks"] = "".join(f"{line}\n" for line in ("task", *tasks))
        told = {"license": license, "datasets": datasets, "results": results}
        head = metadata(made["architecture"], tasks=len(model.output_shape) == 2, **told)
        texts["card"] = head + (card or _default_card(model, made, tasks, license))
        for what, text in texts.items():
            (draft / IN_FOLDER[what]).write_text(text, encoding="utf-8")
        for path in draft.iterdir():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
        draft.chmod(0o755)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def folder_of(weights: str | os.PathLike | Checkpoint, folder: str | os.PathLike) -> Path:
    """Writes a described checkpoint as a folder for the Hub, with `hub_card` as its card.

    The bytes of its weights and of its description stay as they are.

    Args:
        weights: as in `genome_keras.load_model`.
        folder: must not exist yet; it is not whole until the function returns.

    Raises:
        WeightsError: a checkpoint that cannot be used, without a card, or in a `.keras` file.

    Example:
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     folder = folder_of("kmer_logreg.human_chromatin.v1", f"{parent}/kmers")
        ...     print(sorted(os.listdir(folder)), find(folder).sizes["window"])
        ['README.md', 'config.json', 'model.weights.h5'] 100
    """
    checkpoint, folder = find(weights), Path(folder)
    checkpoint.check_sha256()
    card = hub_card(checkpoint)
    if checkpoint.architecture is None or checkpoint.path.suffix == ".keras":
        raise WeightsError(f"{checkpoint.name}: expected .weights.h5 and its description")
    folder.mkdir()
    shutil.copyfile(checkpoint.path, folder / IN_FOLDER["weights"])
    shutil.copyfile(checkpoint.locate("json"), folder / IN_FOLDER["json"])
    (folder / IN_FOLDER["card"]).write_text(card, encoding="utf-8")
    return folder


def push(folder: str | os.PathLike, address: str, *, private: bool = False) -> str:
    """Uploads a folder of `save_pretrained`, or a checkpoint, to the Hugging Face Hub.

    It is one commit, and all is checked first. `HF_TOKEN` or `hf auth login` must allow writing.

    Args:
        folder: of `save_pretrained`; or the name or path of a checkpoint with a card.
        address: `hf://owner/repo[@branch][/name]`; the repository is made where there is
            none, and `name` is a folder in it.
        private: whether a repository made now is private.

    Returns:
        The address of what was pushed, at its commit: it loads these bytes for ever.

    Raises:
        WeightsError: an unsound folder, or the Hub refuses.

    Example:
        >>> push("mine", "hf://me/regulatory-models/mine", private=True)  # doctest: +SKIP
        'hf://me/regulatory-models@0123456789abcdef0123456789abcdef01234567/mine'
    """
    reference = hub.parse(address)
    if not Path(folder).is_dir():
        with tempfile.TemporaryDirectory() as parent:
            return push(folder_of(folder, Path(parent, "checkpoint")), address, private=private)
    checkpoint = find(folder)
    check_h5(checkpoint.path)
    checkpoint.check_sha256()
    if not checkpoint.card.startswith("---\n"):
        raise WeightsError(f"{folder}: README.md lacks the Hub's metadata between lines of ---")
    accepted = set(IN_FOLDER.values())
    foreign = sorted(p.name for p in Path(folder).iterdir() if p.name not in accepted)
    if foreign:
        raise WeightsError(f"{folder}: will not push {foreign[0]!r}: not a file of a checkpoint")
    message = f"{checkpoint.architecture} of genome_keras {__version__}"
    return str(hub.upload(folder, reference, private=private, message=message))


def probe(model: keras.Model, window: int | None) -> tuple[list[str], np.ndarray]:
    """Two sequences of random letters, the second with a quarter of N, and their scores.

    Args:
        model: takes codes (n, window).
        window: bp; None takes 100.

    Returns:
        A list of str and an array of what the model gives.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=2)
        >>> letters, scores = probe(model, 12)
        >>> [len(seq) for seq in letters], letters[1][3:6], scores.shape
        ([12, 12], 'NNN', (2, 2))
    """
    window = window or 100
    codes = np.random.default_rng(0).integers(0, 4, (2, window), dtype=np.uint8)
    codes[1, window // 4 : window // 2] = 4
    return ["".join(row) for row in _LETTERS[codes]], scores_of(model, codes)


def scores_of(model: keras.Model, codes: np.ndarray) -> np.ndarray:
    """What a model gives for codes (n, window), outside training, as an array.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=2)
        >>> scores_of(model, np.zeros((3, 12), np.uint8)).shape
        (3, 2)
    """
    return keras.ops.convert_to_numpy(model(codes, training=False))


def _description(model, made, license, has_tasks, weights):
    letters, scores = probe(model, made["arguments"].get("window"))
    return {
        "format": 1,
        "made_by": f"genome_keras {__version__}",
        **made,
        "parameters": int(model.count_params()),
        "license": license,
        "has_tasks": has_tasks,
        "sha256": sha256_of(weights),
        "probe": letters,
        "probe_scores": scores.tolist(),
    }


def _default_card(model, made, tasks, license):
    sizes = ", ".join(f"{name}={value!r}" for name, value in made["arguments"].items())
    call = f"{made['architecture']}({sizes})"
    many = f"P(label = 1) for {len(tasks)} tasks out, named in tasks.tsv." if tasks else ""
    return _CARD.format(
        title=made["architecture"],
        call=call,
        parameters=model.count_params(),
        tasks=many,
        license=license or "Not stated.",
    )
