"""The picture of a training log."""

from xml.etree import ElementTree

import pytest

from genome_keras.errors import GenomeKerasError
from genome_keras.training.curves import draw_curves

LOG = [
    {"epoch": i + 1, "perplexity": 1.2 - i / 50, "val_perplexity": value}
    for i, value in enumerate((1.19, 1.17, 1.18))
]


def test_svg_has_both_curves_and_the_best_epoch(tmp_path):
    pytest.importorskip("matplotlib")
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "none"}):
        draw_curves(LOG, tmp_path / "curves.svg")
    text = "".join(ElementTree.parse(tmp_path / "curves.svg").getroot().itertext())
    assert "best: 1.1700 in epoch 2" in text
    assert "training" in text and "validation" in text


def test_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(GenomeKerasError, match=r"pip install 'genome_keras\[plot\]'"):
        draw_curves(LOG, tmp_path / "curves.svg")
    assert not list(tmp_path.iterdir())
