"""The published checkpoints: one literal table, and what never changes about them.

How a model is built, its window, tasks, licence, held-out scores and probe are in
`NAME.json`, whose sha256 is here; the card is `NAME.md`.
"""

from typing import NamedTuple

PAPER = (
    "Zhang and Kamath 2016, Learning the Language of the Genome using RNNs "
    "(Stanford CS224d project report)"
)

BASSET = (
    "Kelley, Snoek and Rinn 2016, Basset: learning the regulatory code of the accessible genome "
    "with deep convolutional neural networks (Genome Research 26:990)"
)

CONV_BIGRU = (
    "genome_keras; the order of its layers is that of Quang and Xie 2016, DanQ: a hybrid "
    "convolutional and recurrent deep neural network for quantifying the function of DNA "
    "sequences (Nucleic Acids Research 44:e107)"
)


class Published(NamedTuple):
    """A published checkpoint.

    Attributes:
        sha256: of NAME.weights.h5.
        size: of NAME.weights.h5 in bytes.
        json_sha256: of NAME.json.
        json_size: of NAME.json in bytes.
        citation: what to cite for the architecture.
        hub: `owner/repo@commit` where it also lies on the Hugging Face Hub, in the
            folder NAME; None where it is only in the package.
        graph_sha256: of NAME.onnx, which `weights/make/graphs.py` made; None where there is none.
        calibration_sha256: of NAME.calibration.tsv, which `genome-keras calibrate` made; None
            where there is none.

    Example:
        >>> PUBLISHED["kmer_logreg.human_chromatin.v1"].size
        1063192
    """

    sha256: str
    size: int
    json_sha256: str
    json_size: int
    citation: str
    hub: str | None = None
    graph_sha256: str | None = None
    calibration_sha256: str | None = None


# A published name never changes its bytes: a better model gets the next number.
PUBLISHED = {
    "basset.human_chromatin_1000bp.v1": Published(
        "216f9971ca4ce6aa37e16286e9ea20cf41703da79b3185eddafae5ec94756896",
        1377504,
        "b815758e7a4f572e809d5f2c8f9b4e3f84617fb1c8b618c398cb43d330aead06",
        19388,
        BASSET,
        graph_sha256="c77a6dbede655a9588a111a1cef6c787250c38604bca632e91c0eb38194e1e48",
    ),
    "bigru_multitask.human_chromatin.v1": Published(
        "037259a6680446e73c545de236d254d5389adc3bd20881f5481fe9aecd03439a",
        1642856,
        "476c1255a7c52a9f1d1be060beb4cacefefa00694b1122d484c9250558a8b787",
        14610,
        PAPER,
        graph_sha256="2699fc15e3f53ae9775103c5a70d636a9a340c6c333739dbf372a2bbca397bd6",
    ),
    "bigru_multitask.human_chromatin.v2": Published(
        "28c2ae0dc900f803f5b92306ee7c908cdf0b33fb1d370faa1f6a9fc0aaeea138",
        1642856,
        "76b35f3f191cc0d618511e2310f641fc23f458c6e1011b54b0b6f42858f9f561",
        15956,
        PAPER,
        graph_sha256="a3396d38496f6dce97e7e49240bbf2cfe56d424044e5b646d5acdb7cbda7bc7d",
    ),
    "bigru_multitask.human_chromatin_200bp.v1": Published(
        "eb96aa719473cceb4e40aa4ff49ee5517c7e91d29697d107aba362bb2c714e4b",
        1642856,
        "82d9750f648c6229afa5dc96047da5fae5f53f99bb87aaa1f4db29c3c976ef5b",
        15930,
        PAPER,
        graph_sha256="78179026c21518236feeb6e600c9ab0c1667e5fb57a8730443cbdc138fb63780",
    ),
    "bigru_multitask.human_chromatin_919.v1": Published(
        "9fd4d5fb15f748244c9aa5297cec8e991d434f5d33919334a73679f70d3b405c",
        3140552,
        "b514381a75eaadf979434dc74c9faf1c9fe5cb9274fcd92ba6cb20c5fa49188a",
        76697,
        PAPER,
        graph_sha256="2d4d35658bf443ad34e2a5fd9aecceb60cac673066c6895905654be83647971e",
    ),
    "char_rnn.ecoli.v1": Published(
        "f80a9bded92e86ba4e2d0bbb92733bf291a2d135bc822ed7748064f8bb801257",
        9547160,
        "c132b8339b4da2fb47d3a79099e3abd94ea2bbff609fb6574133cdb6548e5da8",
        10738,
        PAPER,
        graph_sha256="0fa034f62586454da81e1cca29e5e0793e3f0b1fac5ce00fc8686ea2295518c6",
    ),
    "char_rnn.pfalciparum.v1": Published(
        "707f85fb4723f7ce433f356dd9e96adbc2a58c0c45330d75f3e7d9acaa627547",
        2428312,
        "cf0cf91f4805805804351ac774a669c976e5037cd842b259425f8bc671e4da9c",
        9470,
        PAPER,
        graph_sha256="2d0890d8e9271bc120812076d78edf4ee3f5a403b05f76994945e51ee878aeda",
    ),
    "conv_bigru.human_chromatin.v1": Published(
        "ba574c9eb2cc1a5f394480829b754b35a3d7e99ac75de33071496c16473fc2cd",
        1180096,
        "1b224ff03a50a53eebe62c6af599ee3d3f762de9fb1f069ee62fcf1cccd10d73",
        18798,
        CONV_BIGRU,
        graph_sha256="dbb287d12ae58e8a8457983c1dd0c2431f623922aac5670a7570821dc380f840",
    ),
    "conv_bigru.human_chromatin_200bp.v1": Published(
        "31c16887ae7f8dda383e3652b1bf94b11cd961abe843d510a391234c0d255b97",
        1180096,
        "731b0c8d57c694f2783b0bbd481f68bba21922a57fe6b0dbd89d8129a4b9384e",
        16189,
        CONV_BIGRU,
        graph_sha256="3eb0d989ec4f0d487aa245efd07e03a4763da395c451319b48a91fa0b730a48f",
    ),
    "kmer_logreg.human_chromatin.v1": Published(
        "86809a27ce78b4d16702b6177988b1d25f21a5d161255a5d79622c53dc97590d",
        1063192,
        "af1bfdec84d96f54d7f9840756e3396d151231b970e104a78090ff527b81316f",
        14924,
        PAPER,
    ),
}
