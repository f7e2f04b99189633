"""Cards of imported checkpoints: whose weights, under what licence, and what was checked."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from genome_keras.io.atomic import atomic
from genome_keras.io.digest import sha256_of


class Origin(NamedTuple):
    """Where the published weights of an architecture are from.

    Attributes:
        source: the publication.
        licence: of the weights, as far as it is known here.
        fetch: where the authors' file is.
        proof: what the network of this package was compared with, and with which weights.
        digests: sha256 of the authors' files -> their names, of those that were at hand.

    Example:
        >>> [*ORIGINS["spliceai"].digests.values()][:2]
        ['spliceai1.h5', 'spliceai2.h5']
    """

    source: str
    licence: str
    fetch: str
    proof: str
    digests: Mapping[str, str] = {}


OF_AUTHORS = "That of the authors; it is not known here. Read it before you pass the weights on."
RANDOM = ", with random weights"
PLAIN = f"the network written out plainly in a test, no independent implementation{RANDOM}"
ORIGINS = {
    "basenji2": Origin(
        "Kelley 2020 (doi:10.1371/journal.pcbi.1008050)",
        OF_AUTHORS,
        "https://storage.googleapis.com/basenji_barnyard2/model_human.h5, and model_mouse.h5",
        f"basenji2-pytorch 0.1.2 with the GELU of the authors' program{RANDOM}",
    ),
    "basset": Origin(
        "Kelley, Snoek & Rinn 2016 (doi:10.1101/gr.200535.115)",
        "MIT, as Kipoi states it",
        "the model Basset of Kipoi",
        PLAIN,
    ),
    "beluga": Origin(
        "Zhou et al. 2018 (doi:10.1038/s41588-018-0160-6)",
        OF_AUTHORS,
        "deepsea.beluga.pth of the resources of ExPecto",
        PLAIN,
    ),
    "borzoi": Origin(
        "Linder et al. 2025 (doi:10.1038/s41588-024-02053-6)",
        OF_AUTHORS,
        "the page of borzoi-pytorch tells",
        f"borzoi-pytorch 0.5.1{RANDOM}",
    ),
    "bpnet": Origin(
        "Avsec et al. 2021 (doi:10.1038/s41588-021-00782-6)",
        OF_AUTHORS,
        "ChromBPNet's models are on the ENCODE portal",
        f"bpnet-lite 1.1.0{RANDOM}",
    ),
    "chrombpnet": Origin(
        "Pampari et al. 2024 (doi:10.1101/2024.12.25.630221)",
        OF_AUTHORS,
        "the ENCODE portal",
        f"bpnet-lite 1.1.0{RANDOM}",
    ),
    "danq": Origin(
        "Quang & Xie 2016 (doi:10.1093/nar/gkw226)",
        OF_AUTHORS,
        "the page of DanQ tells",
        PLAIN,
    ),
    "deepbind_2015": Origin(
        "Alipanahi et al. 2015 (doi:10.1038/nbt.3300)",
        "BSD, 3 clauses, as the authors' LICENSE.TXT beside the files has it",
        "http://tools.genes.toronto.edu/deepbind",
        "the 16 scores that the authors' program gives for four networks and four sequences, "
        "with their own parameter files",
        {
            "36570f29dcc4df150267e62ee30bc54af0a2cc8bee15d89e90f7629306e9a12d": (
                "deepbind_params_927.tar.xz"
            ),
        },
    ),
    "deepsea": Origin(
        "Zhou & Troyanskaya 2015 (doi:10.1038/nmeth.3547)",
        "CC-BY, as Kipoi states it",
        "the model DeepSEA/predict of Kipoi",
        PLAIN,
    ),
    "deepstarr": Origin(
        "de Almeida et al. 2022 (doi:10.1038/s41588-022-01048-5)",
        OF_AUTHORS,
        "DeepSTARR.model.h5 at doi:10.5281/zenodo.5502060",
        f"what the reader of old Keras files builds from such a file and its JSON{RANDOM}",
    ),
    "enformer": Origin(
        "Avsec et al. 2021 (doi:10.1038/s41592-021-01252-x)",
        OF_AUTHORS,
        "https://huggingface.co/EleutherAI/enformer-official-rough",
        f"enformer-pytorch 0.8.12{RANDOM}",
    ),
    "legnet": Origin(
        "Agarwal et al. 2025 (doi:10.1038/s41586-024-08430-9)",
        "That of the program (github.com/autosome-ru/human_legnet) is MIT; of the weights it is "
        "not known here.",
        "the page of human_legnet tells",
        PLAIN,
    ),
    "sei": Origin(
        "Chen et al. 2022 (doi:10.1038/s41588-022-01102-2)",
        OF_AUTHORS,
        "sei.pth in sei_model.tar.gz at https://zenodo.org/record/4906997",
        PLAIN,
    ),
    "spliceai": Origin(
        "Jaganathan et al. 2019 (doi:10.1016/j.cell.2018.12.015)",
        "GPL-3, as the metadata of the package spliceai 1.3.1 have it",
        "pip download --no-deps spliceai",
        "TensorFlow's old Keras, with these very files",
        {
            "e1fd5adcef7489d604b10e79c40078ef790d51ef048c4ce3869c9119ac5de42b": "spliceai1.h5",
            "6ab042b82ab966b6d3582cb31b96f0859ea08a864f168d69e83aa14450a3b66e": "spliceai2.h5",
            "e2e790bde53dfdf410c6dc434a86122a7d12f3f38dc2ef45d85986e9ecf22fad": "spliceai3.h5",
            "ca88ac9e58e69ba6fdeed319b72f063f164c9abf7392eaccef903e94c1d99dd6": "spliceai4.h5",
            "791cd22c62a80a08d2ca674615a93ce8159d7b55bd157cfef2983b1bd6b41391": "spliceai5.h5",
        },
    ),
}
UNKNOWN = Origin(  # of a file that Keras saved, whose makers it does not name
    "not known here, for the file does not name them",
    OF_AUTHORS,
    "not known here",
    "what Keras 2 or NumPy computes from other files, layer by layer, in tests",
)
CARD = """\
# {name}

`{architecture}`: {parameters:,} parameters, imported from `{file}` (sha256 `{digest}`).

## Training data

The authors': {source}.

## Training

The authors'. The numbers are those of their file; nothing was trained here.

Where the file is: {fetch}.

## Held-out scores

None were computed here; the publication has the authors'.

## Limits

{compared}
Not for clinical use.

## Licence

{licence}
"""


def origin_of(architecture: str, path: str | os.PathLike) -> dict[str, str]:
    """What the description of an imported checkpoint tells of the file.

    Args:
        architecture: one of `ORIGINS`, or "keras" of what an old Keras saved.
        path: the file that was read, or the folder of DeepBind's parameter files, of which
            the list that `sha256sum D*.txt` prints is hashed.

    Returns:
        "imported_from", its name; "imported_sha256"; and "compared", in words.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".h5") as file:
        ...     told = origin_of("deepstarr", file.name)
        >>> told["compared"].endswith("and none of the authors' was.")
        True
    """
    digest = _digest(path)
    origin = _origin(architecture, digest)
    known = origin.digests.get(digest)
    if known:
        checked = f"the file is {known}, which was at hand"
    elif origin.digests:
        checked = "the file is not one that was at hand, so its scores were not checked"
    else:
        checked = "the file is not one that was at hand, and none of the authors' was"
    compared = f"The network was compared with {origin.proof}: {checked}."
    return {
        "imported_from": Path(path).name,
        "imported_sha256": digest,
        "compared": compared,
    }


def _digest(path):
    """Of a file; of a folder, that of the list that `sha256sum` prints of its files D*.txt."""
    if not Path(path).is_dir():
        return sha256_of(path)
    files = sorted(Path(path).glob("D*.txt"))
    listed = "".join(f"{sha256_of(file)}  {file.name}\n" for file in files)
    return hashlib.sha256(listed.encode()).hexdigest()


def _origin(architecture, digest):
    """Of an architecture; of a network of an old Keras, that of a file that is known."""
    if architecture in ORIGINS:
        return ORIGINS[architecture]
    return next((origin for origin in ORIGINS.values() if digest in origin.digests), UNKNOWN)


def write_card(path: str | os.PathLike, architecture: str, told: Mapping[str, object]) -> None:
    """Writes the card of an imported checkpoint.

    Args:
        path: of the card, `NAME.md`.
        architecture: as in `origin_of`.
        told: what `origin_of` gave, and "parameters".

    Example:
        >>> import tempfile
        >>> told = {"imported_from": "x.h5", "imported_sha256": "0a", "compared": "Not at all."}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_card(f"{folder}/x.md", "deepstarr", {**told, "parameters": 624738})
        ...     Path(folder, "x.md").read_text().splitlines()[2]
        '`deepstarr`: 624,738 parameters, imported from `x.h5` (sha256 `0a`).'
    """
    origin = _origin(architecture, told["imported_sha256"])
    card = CARD.format(
        name=Path(path).name.removesuffix(".md"),
        architecture=architecture,
        parameters=told["parameters"],
        file=told["imported_from"],
        digest=told["imported_sha256"],
        compared=told["compared"],
        source=origin.source,
        licence=origin.licence,
        fetch=origin.fetch,
    )
    with atomic(path) as temporary:
        temporary.write_text(card, encoding="utf-8")
