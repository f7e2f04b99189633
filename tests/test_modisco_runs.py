"""TF-MoDISco through modisco-lite: what it is given, what comes of it, motifs that are found."""

import importlib.util
import subprocess
import sys
import types

import h5py
import numpy as np
import pytest

from genome_keras.cli import main
from genome_keras.errors import GenomeKerasError
from genome_keras.interpret import modisco
from genome_keras.io.motifs import read_motifs

WINDOW = 60


def planted(words, n=400, window=WINDOW):
    """Windows of which each has one word, whose letters carry an attribution of their own.

    Args:
        words: dict word -> what each of its letters adds.
    """
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (n, window))
    hypothetical = rng.normal(0, 0.02, (n, 4, window))
    for row in range(n):
        word, value = [*words.items()][row % len(words)]
        at = rng.integers(5, window - len(word) - 5)
        own = np.array(["ACGT".index(letter) for letter in word])
        codes[row, at : at + len(word)] = own
        place = np.arange(at, at + len(word))
        hypothetical[row, :, place] -= value / 3
        hypothetical[row, own, place] += 4 * value / 3
    letters = (codes[:, None] == np.arange(4)[:, None]).astype(np.int8)
    return letters, hypothetical.astype(np.float32)


def write(path, letters, hypothetical):
    with h5py.File(path, "w") as file:
        file["raw/seq"], file["shap/seq"] = letters, hypothetical


@pytest.fixture
def stub(monkeypatch):
    """In place of modisco-lite: keeps what it is given, and finds one pattern of each sign."""
    kept = {}

    def find(**given):
        kept.update(given)
        matrix = np.array([[3, 1, 0, 0], [0, 0, 0, 2], [0, 0, 0, 0]]) / 4
        pattern = types.SimpleNamespace(sequence=matrix, seqlets=[None] * 4)
        return [pattern], [pattern, pattern]

    def save(path, positive, negative, window):
        with h5py.File(path, "w") as file:
            file.attrs["found"] = [len(positive), len(negative), window]

    package = types.ModuleType("modiscolite")
    for name, of in (("tfmodisco", {"TFMoDISco": find}), ("io", {"save_hdf5": save})):
        module = types.ModuleType(f"modiscolite.{name}")
        vars(module).update(of)
        setattr(package, name, module)
        monkeypatch.setitem(sys.modules, f"modiscolite.{name}", module)
    monkeypatch.setitem(sys.modules, "modiscolite", package)
    return kept


def test_what_it_is_given_and_what_comes_of_it(stub, tmp_path, capsys):
    letters, hypothetical = planted({"GATTACA": 1.0}, n=5)
    path, out, meme = (tmp_path / name for name in ("x.h5", "o.h5", "o.meme"))
    write(path, letters, hypothetical)
    options = ["--window", "41", "--leiden-runs", "3", "--max-seqlets", "9"]
    assert main(["modisco", str(path), "--out", str(out), "--meme", str(meme), *options]) == 0
    middle = slice(10, 51)
    expected = letters[:, :, middle].transpose(0, 2, 1)
    np.testing.assert_array_equal(stub["one_hot"], expected)
    expected = hypothetical[:, :, middle].transpose(0, 2, 1)
    np.testing.assert_array_equal(stub["hypothetical_contribs"], expected)
    assert stub["one_hot"].dtype == stub["hypothetical_contribs"].dtype == np.float32
    assert stub["n_leiden_runs"] == 3 and stub["max_seqlets_per_metacluster"] == 9
    with h5py.File(out) as file:
        assert file.attrs["found"].tolist() == [1, 2, 41]
    motifs = read_motifs(meme)
    names = ["pos_pattern_0", "neg_pattern_0", "neg_pattern_1"]
    assert [motif.name for motif in motifs] == names
    assert capsys.readouterr().out.splitlines() == [f"{name}\t4\tATA" for name in names]
    assert motifs[0].sites == 4
    assert motifs[0].matrix.tolist() == [[0.75, 0.25, 0, 0], [0, 0, 0, 1], [0.25] * 4]


@pytest.mark.parametrize("name", ["out", "meme"])
def test_a_path_that_cannot_be_written_is_told_before_the_run(stub, tmp_path, name):
    with pytest.raises(GenomeKerasError, match="there is no folder"):
        modisco(*planted({"GATTACA": 1.0}, n=2), **{name: tmp_path / "no" / "o"})
    assert not stub and not list(tmp_path.iterdir())


def test_where_nothing_is_found_no_older_motifs_stay(stub, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["modiscolite.tfmodisco"], "TFMoDISco", lambda **_: (None, None))
    meme = tmp_path / "o.meme"
    meme.write_text("old")
    assert modisco(*planted({"GATTACA": 1.0}, n=2), meme=meme) == []
    assert meme.read_text().startswith("MEME version 4\n") and "MOTIF" not in meme.read_text()


def test_the_window_is_at_most_that_of_the_arrays(stub):
    modisco(*planted({"GATTACA": 1.0}, n=2))
    assert stub["one_hot"].shape == (2, WINDOW, 4)


@pytest.mark.parametrize(
    ("change", "more", "message"),
    [
        (lambda a, b: (a.transpose(0, 2, 1), b.transpose(0, 2, 1)), {}, r"shape \(n, 4, window\)"),
        (lambda a, b: (a, b[:1]), {}, r"Received: \(2, 4, 60\) and \(1, 4, 60\)"),
        (lambda a, b: (a, b * np.nan), {}, "finite attributions"),
        (lambda a, b: (a, b * (1 - a)), {}, "nothing but 0"),
        (lambda a, b: (a, b), {"window": 29}, "window must be at least 30 bp"),
        (lambda a, b: (a, b), {"leiden_runs": 0}, "leiden_runs must be an integer"),
        (lambda a, b: (a[..., :20], b[..., :20]), {}, "at least 30 bp"),
    ],
)
def test_bad_arguments(stub, change, more, message):
    with pytest.raises(ValueError, match=message):
        modisco(*change(*planted({"GATTACA": 1.0}, n=2)), **more)
    assert not stub


def test_without_the_package(monkeypatch, tmp_path, capsys):
    for name in ("modiscolite", "modiscolite.io", "modiscolite.tfmodisco"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(GenomeKerasError, match=r'pip install "genome_keras\[modisco\]"'):
        modisco(*planted({"GATTACA": 1.0}, n=2))
    assert main(["modisco", "x.h5", "--out", str(tmp_path / "o.h5")]) == 1
    assert "TF-MoDISco needs modisco-lite" in capsys.readouterr().err


@pytest.mark.slow
def test_planted_motifs_are_found(tmp_path):
    """Of both signs. In a process of its own, for modisco-lite forks."""
    if importlib.util.find_spec("modiscolite") is None:
        pytest.skip("modisco-lite is not installed")
    words = {"GATTACAGGC": 1.0, "CCGTAAATGC": 0.8, "TTGCGCAACT": -1.0}
    path, out, meme = (tmp_path / name for name in ("x.h5", "o.h5", "o.meme"))
    write(path, *planted(words, n=1500, window=100))
    command = ["modisco", str(path), "--out", str(out), "--meme", str(meme)]
    done = subprocess.run(
        [sys.executable, "-m", "genome_keras", *command], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = {}
    for motif in read_motifs(meme):
        sure = "".join("ACGT"[row.argmax()] if row.max() > 0.9 else "." for row in motif.matrix)
        other = sure[::-1].translate(str.maketrans("ACGT", "TGCA"))
        for word in words:
            if word in sure or word in other:
                found.setdefault(word, []).append((motif.name[:3], motif.sites))
    for word, value in words.items():
        ((sign, sites),) = found[word]
        assert sign == ("pos" if value > 0 else "neg") and 50 <= sites <= 500
    with h5py.File(out) as file:
        assert {*file} == {"pos_patterns", "neg_patterns"}
        assert file["pos_patterns/pattern_0/sequence"].shape[1] == 4
