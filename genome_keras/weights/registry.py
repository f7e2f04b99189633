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

CENTER_CONTEXT = (
    "genome_keras; each trunk has the order of layers of Quang and Xie 2016, DanQ: a hybrid "
    "convolutional and recurrent deep neural network for quantifying the function of DNA "
    "sequences (Nucleic Acids Research 44:e107)"
)

DEEPBIND = (
    "Alipanahi, Delong, Weirauch and Frey 2015, Predicting the sequence specificities of DNA- and "
    "RNA-binding proteins by deep learning (Nature Biotechnology 33:831)"
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
        graph_sha256="8495729c5f4613e8eb79efa74b51039770b882dcd64deea025abe14228917a64",
        calibration_sha256="1d6d92d981d53f1bf186caef2f5c1c0aed893df7dfc3f79412a86adc8a3a35a3",
    ),
    "bigru_multitask.deepsea919.v1": Published(
        "a5222b9a142b9908b8a5b5183910bb05511f151b5f1e19dac4a5267cc89ada88",
        1600964,
        "54c81f9cb661c37ca63a1ce4f85d1eb19b682067685be78d341dad26b52c1830",
        79028,
        PAPER,
        graph_sha256="8b0ebd6627a0e3f49860753f9b6127fd530999d4ef82060f4976e3f65c28437f",
        calibration_sha256="10d92f475fd37f6f76abf27e27f94f7eeac6c4cb28d96653d672f5f4909d8e43",
    ),
    "bigru_multitask.human_chromatin.v1": Published(
        "037259a6680446e73c545de236d254d5389adc3bd20881f5481fe9aecd03439a",
        1642856,
        "476c1255a7c52a9f1d1be060beb4cacefefa00694b1122d484c9250558a8b787",
        14610,
        PAPER,
        graph_sha256="620747eab7e78ce113fad933cd32738ff3716960a8bbf53824206126623a0d5c",
        calibration_sha256="4b11865e3356c4b5671ebf31868f39c6248a52269ef6c335ca1b0a8c99ca4f54",
    ),
    "bigru_multitask.human_chromatin.v2": Published(
        "28c2ae0dc900f803f5b92306ee7c908cdf0b33fb1d370faa1f6a9fc0aaeea138",
        1642856,
        "76b35f3f191cc0d618511e2310f641fc23f458c6e1011b54b0b6f42858f9f561",
        15956,
        PAPER,
        graph_sha256="d24f44e2fdca7a03f9998785fe939c961327ad080be589889e3fab8596231d9c",
        calibration_sha256="79637b0c7b22da2a9b64dfce7cea3d99d99d761a208a858063026f51d835c232",
    ),
    "bigru_multitask.human_chromatin_200bp.v1": Published(
        "eb96aa719473cceb4e40aa4ff49ee5517c7e91d29697d107aba362bb2c714e4b",
        1642856,
        "82d9750f648c6229afa5dc96047da5fae5f53f99bb87aaa1f4db29c3c976ef5b",
        15930,
        PAPER,
        graph_sha256="5eacb980e8f118d0b567394550ac52b565970946214f9f29b9bd60f054862059",
        calibration_sha256="09ec567713998649ede48383a8aba5abaee12a5ae367ad5961a71b0363bffd16",
    ),
    "bigru_multitask.human_chromatin_919.v1": Published(
        "9fd4d5fb15f748244c9aa5297cec8e991d434f5d33919334a73679f70d3b405c",
        3140552,
        "b514381a75eaadf979434dc74c9faf1c9fe5cb9274fcd92ba6cb20c5fa49188a",
        76697,
        PAPER,
        graph_sha256="a9023e3323cbc86ebdfc2ca5c625d5cec9d3fcd58b5e5f0888dac5dfd7d29ce8",
    ),
    "center_context.deepsea919.v1": Published(
        "c4cf8e5736077efdda1f237f82b73175e6c0b505bd143768036abbffb59df985",
        4053624,
        "33f86142f4deee3df3f1de0c2eb98dd40721f3c1fecebf70e9db3a1a3f98efa1",
        81121,
        CENTER_CONTEXT,
        graph_sha256="88e07fc0c93e8dde0e367d6b12f29554723019e1cdb3f70f9feb0a0343496610",
        calibration_sha256="b6f93ceca5fbb9616e27129ae0cc7b34c90db6319fc230c0324a8d52ce856007",
    ),
    "center_context.deepsea919.v2": Published(
        "8bb0c8f91472f3a595c3bb7ff6faf1e096f8db93064c2687feebb224130a37e9",
        4053624,
        "d555a05c6ac4ec7db94850981197e68f56c4bef3c8315feb3aca8f7814a7a7bf",
        80990,
        CENTER_CONTEXT,
        graph_sha256="08831d84cfdcaab0b13d4b02391be29ff7dd00c2b6bbe9228de59fdc54551b7c",
        calibration_sha256="886c96d47f6c077e6237c7921a05e07a336f16aa3d732eb67ddc6e8cc4df34a8",
    ),
    "center_context.deepsea919.v3": Published(
        "3d777924a8db0ebc1b6d8a4516e0fa1b959589a8ddcccfb9f0996966bc6cfc02",
        4053624,
        "14969d044b22e3a4769ae597ba99e4875a6fefa7e3dcac102ae85a49908b3321",
        80857,
        CENTER_CONTEXT,
        graph_sha256="fc457427b79a795999b7a3044dbe9cfbe8c56cbadae211c98e08d02f09bbcaca",
        calibration_sha256="984671251b2d7cb95941f0f9e7ce06ae4cbd7beac03e09431552f27a34bf185d",
    ),
    "center_context.deepsea919_200bp.v1": Published(
        "f25f96048d1db7f730fa8da18849b711e59111ef0650c28e05124da773ddd1fe",
        2149368,
        "35e0e7344b1286d12a38d4e77ec9442d90aeb9c2bcd8533111a4b92a2460c2b6",
        79327,
        CENTER_CONTEXT,
        graph_sha256="994a69e752d2fe2a4f6753c1a826da9e4eb85c564eb2f8dfc17fe9f3ce3e28b3",
        calibration_sha256="69d07453038ffb08a9fd03a1d8ade4209782bd0f0b7116df9323bfd14daa57d8",
    ),
    "char_rnn.ecoli.v1": Published(
        "f80a9bded92e86ba4e2d0bbb92733bf291a2d135bc822ed7748064f8bb801257",
        9547160,
        "c132b8339b4da2fb47d3a79099e3abd94ea2bbff609fb6574133cdb6548e5da8",
        10738,
        PAPER,
        graph_sha256="29a5b38c578c1fd8ef24c8e95eda6b7eb52aa718863bbf1d8e6f7ec1712016c9",
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
        graph_sha256="9bf8a06514dc447f838cf3a9110f4ef7333f7d8bb7e9df92081ef6ce3ddf3504",
        calibration_sha256="dad040591fab0555979e01a6a10d86bd8883aa90aeb9f230a3704360f4881fa7",
    ),
    "conv_bigru.human_chromatin_200bp.v1": Published(
        "31c16887ae7f8dda383e3652b1bf94b11cd961abe843d510a391234c0d255b97",
        1180096,
        "731b0c8d57c694f2783b0bbd481f68bba21922a57fe6b0dbd89d8129a4b9384e",
        16189,
        CONV_BIGRU,
        graph_sha256="c3432e1b183da3bfde03d4f503e47abdf939ab32481395710d9fa62eb7bdd259",
        calibration_sha256="ef8b919618243a430926f442cebcc4930eb37640517a9d4bd103ea4473ddb5a8",
    ),
    "deepbind_2015.encode.v1": Published(
        "c44fc5df9b4335aa6be1a2dd51cbdab2e18fe22fead9c7a70a4e8704199c5dad",
        1035024,
        "769ed35a16efd813100e8228e66d6ef49fc4e807f4c639156c21d6f32ec41345",
        9364,
        DEEPBIND,
        graph_sha256="9f0c8041f1f2c5d573d4035fba70707ff6aa0e2499df99eab8126a5e3fcf2da8",
    ),
    "kmer_logreg.human_chromatin.v1": Published(
        "86809a27ce78b4d16702b6177988b1d25f21a5d161255a5d79622c53dc97590d",
        1063192,
        "af1bfdec84d96f54d7f9840756e3396d151231b970e104a78090ff527b81316f",
        14924,
        PAPER,
        calibration_sha256="a6355cec9850b6981a67a462a3ed20799fca1932f9268717d3b013ebb87ee4f9",
    ),
}
