"""From a name, a path or an address to a checkpoint; or from none to the default."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from genome_keras.arguments import nearest
from genome_keras.errors import WeightsError
from genome_keras.weights import description, hub, locations
from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.weights.locations import packaged
from genome_keras.weights.registry import PUBLISHED
from genome_keras.weights.run_files import RunFiles, is_run

# The best published network of each window, bp: the lowest validation perplexity of its length.
# A better one takes its place by this line alone.
DEFAULTS = {
    1000: "center_context.deepsea919.v3",
    200: "conv_bigru.human_chromatin_200bp.v1",
    100: "conv_bigru.human_chromatin.v1",
}
# The rule that `default_for` follows, as help and docs state it.
DEFAULT_RULE = (
    "by default the best published one that fits: for places of a genome that of 1000 bp; for "
    "sequences that of the longest window (1000, 200 or 100 bp) which the first of them fills, "
    "and of 100 bp where it fills none"
)
DEFAULT = "bigru_multitask.human_chromatin.v2"  # before 0.2, of every input

_log = logging.getLogger(__name__)


def default_for(length: int | None = None) -> str:
    """The name of the checkpoint that a verb takes where none is named; it is logged.

    By default the best published one that fits: for places of a genome that of 1000 bp; for
    sequences that of the longest window (1000, 200 or 100 bp) which the first of them fills,
    and of 100 bp where it fills none.

    Args:
        length: bp of the first sequence; None is for places of a genome, and where nothing is
            known of what will be scored.

    Example:
        >>> default_for(), default_for(250)
        ('center_context.deepsea919.v3', 'conv_bigru.human_chromatin_200bp.v1')
    """
    fitting = [window for window in DEFAULTS if length is None or window <= length]
    name = DEFAULTS[max(fitting, default=min(DEFAULTS))]
    told = f"a first sequence of {length:,} bp" if length else "no sequence"
    told = "places of a genome" if length is None else told
    _log.info("weights %s, the default for %s", name, told)
    return name


def find(weights: str | os.PathLike | Checkpoint, *, architecture: str | None = None) -> Checkpoint:
    """The checkpoint behind a name, a path or an address on the Hub.

    A checkpoint is resolved once, at the door; everything inside takes the value.

    Args:
        weights: a `Checkpoint`, which is returned as it is; a published name; the path of
            a `.weights.h5` or `.keras` file, whose description, if any, is the `.json` of
            the same stem beside it; the folder of a training run, whose best weights
            count, or of `save_pretrained`; or `hf://owner/repo[@revision][/name]`, a
            repository with the files of the latter.
        architecture: the factory that will load it, or None.

    Returns:
        A `Checkpoint`; its description is verified and, on the Hub, its commit fixed.
        Its weights are verified on loading.

    Raises:
        TypeError: `weights` is none of these.
        WeightsError: unknown, missing, damaged, or of another architecture.

    Example:
        >>> checkpoint = find("kmer_logreg.human_chromatin.v1")
        >>> checkpoint.architecture, checkpoint.tasks[0]
        ('kmer_logreg', 'A549|CEBPB|None')
    """
    if not isinstance(weights, Checkpoint | str | os.PathLike):
        raise TypeError(
            f"expected the name or path of a checkpoint, or a Checkpoint. Received: {weights!r:.80}"
        )
    checkpoint = weights if isinstance(weights, Checkpoint) else _resolved(str(os.fspath(weights)))
    made_by = checkpoint.architecture or architecture
    if architecture is not None and made_by != architecture:
        raise WeightsError(f"{checkpoint.name}: weights of {made_by}, not of {architecture}")
    return checkpoint


def _resolved(text):
    if is_run(text):
        text = str(RunFiles(text).best)
    if text in PUBLISHED:
        entry = PUBLISHED[text]
        locate = locations.of_published(text, entry, packaged())
        path = locate("json")
        config, sums = (
            description.read_json(path),
            (entry.sha256, str(path), entry.graph_sha256, entry.calibration_sha256),
        )
        return Checkpoint(text, config, locate, *sums)
    if text.startswith(hub.PREFIX):
        reference = hub.pinned(
            hub.parse(text), locations.IN_FOLDER["json"], limit=description.MAX_TEXT
        )
        return _in_folder(str(reference), locations.on_hub(reference))
    if text and Path(text).is_dir():
        return _in_folder(text, locations.inside(text))
    if text.endswith((".weights.h5", ".keras")):
        locate = locations.beside(text)
        if not locate("weights").is_file():
            raise WeightsError(f"{text}: no such file")
        path = locate("json")
        config = description.read(path) if path.is_file() else {}
        return Checkpoint(text, config, locate, described_in=str(path))
    near = nearest(text, PUBLISHED, most=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise WeightsError(
        f"no checkpoint {text!r}{hint} Accepted: a path ending in .weights.h5 or .keras, a "
        "folder, hf://owner/repo/name, or one of: " + ", ".join(sorted(PUBLISHED))
    )


def facts(checkpoint: Checkpoint) -> Iterator[tuple[str, object]]:
    """What the registry and the description know of a checkpoint, as pairs of text.

    Args:
        checkpoint: of `find`. Its weights are fetched where they are not here.

    Example:
        >>> known = dict(facts(find("kmer_logreg.human_chromatin.v1")))
        >>> known["bytes"], known["tasks"]
        (1063192, 192)
    """
    config, published = checkpoint.config, PUBLISHED.get(checkpoint.name)
    sha256 = checkpoint.sha256 or config.get("sha256")
    yield "file", checkpoint.path
    yield "bytes", checkpoint.path.stat().st_size
    yield "sha256", sha256 or "not published"
    yield "architecture", checkpoint.architecture
    yield "arguments", ", ".join(f"{k}={v!r}" for k, v in checkpoint.arguments.items())
    yield "tasks", len(checkpoint.tasks)
    yield "licence", config.get("license") or "not stated"
    if published is not None:
        yield "citation", published.citation
        yield "also at", f"hf://{published.hub}/{checkpoint.name}" if published.hub else "-"


def _in_folder(name, locate):
    config = description.read_json(locate("json"))
    if config.get("has_tasks"):
        config["tasks"] = description.read_text(locate("tasks")).splitlines()[1:]
    where = f"{name}/{locations.IN_FOLDER['json']}"
    description.check(config, where)
    checkpoint = Checkpoint(name, config, locate, described_in=where)
    if checkpoint.architecture is None:
        raise WeightsError(f"{where}: names no architecture")
    return checkpoint
