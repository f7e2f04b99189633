"""Every architecture, small, as ONNX: what comes out is what the model computes."""

import pytest

import genome_keras
from genome_keras.errors import GenomeKerasError
from genome_keras.sharing.pretrained import save_pretrained

pytestmark = pytest.mark.compiled

CONVOLUTIONS = {"filters": (5, 6, 7), "widths": (3, 2, 2), "pools": (2, 1, 1)}
# Other architectures than those of tests/test_exports.py, which are exported in every run.
SMALL = {
    "basset": {**CONVOLUTIONS, "hidden": (8, 6)},
    "beluga": {"filters": (5, 6), "width": 3, "pool": 2, "hidden": 7},
    "center_context": {"center": 8, "filters": (5, 6), "units": 4, "context_units": 2},
    "char_rnn": {"units": 4},
    "clockwork_rnn": {"embedding": 3, "width": 3, "units": 6, "periods": (1, 4)},
    "danq": {"filters": 5, "width": 4, "pool": 3, "units": 4, "hidden": 6},
    "deepbind": {"filters": 5, "width": 4, "hidden": 6},
    "deepbind_2015": {"filters": 5, "widths": 4, "hidden": 6},
    "deepsea": {**CONVOLUTIONS, "hidden": 8},
    "integer_logreg": {},
    "kmer_rnn": {"word": 2, "embedding": 3, "units": 4},
    "sei": {"filters": (5, 6), "width": 3, "pool": 2, "dilations": (1, 2), "splines": 4}
    | {"hidden": 3},
}


REFUSED = {"clockwork_rnn"}  # ONNX Runtime refuses the graph that tf2onnx makes of it


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_onnx(name, tmp_path):
    pytest.importorskip("tf2onnx")
    pytest.importorskip("onnxruntime")
    sizes = {} if name == "char_rnn" else {"window": 20, "tasks": 3}
    model = getattr(genome_keras, name)(**sizes, **SMALL[name], seed=1)
    folder = save_pretrained(model, tmp_path / name)
    if name in REFUSED:
        with pytest.raises(GenomeKerasError, match="cannot convert"):
            genome_keras.export(folder, tmp_path / "m.onnx")
        assert not (tmp_path / "m.onnx").exists()
    else:
        assert genome_keras.export(folder, tmp_path / "m.onnx") <= 1e-5
