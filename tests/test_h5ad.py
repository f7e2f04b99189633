"""AnnData files: what is in them, and that anndata reads them where it is there."""

import sys

import h5py
import numpy as np
import pytest
from support.toy import Toy

from genome_keras import predict, predict_fasta, predict_intervals, score_variants, score_vcf
from genome_keras.errors import GenomeKerasError
from genome_keras.io.h5ad import open_h5ad
from genome_keras.io.tables import PLACE
from genome_keras.scoring.anndata_out import told_of

TASKS = ["K562|CTCF|None", "my ü"]
FIELDS = ["cell", "target", "treatment", "group", "accession"]
SEQS = {"a": "ACGTACGTACGTAAAA", "b": "GGGGTTTTCCCCAAAA"}


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text("".join(f">{name}\n{seq}\n" for name, seq in SEQS.items()))
    return path


def told(element):
    return element.attrs["encoding-type"], element.attrs["encoding-version"]


def test_the_layout_is_that_of_anndata(genome, tmp_path):
    """https://anndata.readthedocs.io/en/stable/fileformat-prose.html"""
    bed = tmp_path / "p.bed"
    bed.write_text("a\t0\t12\tpeak\t0\t-\nb\t2\t14\na\t0\t12\n")
    predict_intervals(bed, genome, tmp_path / "o.h5ad", weights=Toy(tasks=TASKS))
    predict_intervals(bed, genome, tmp_path / "o.tsv", weights=Toy(tasks=TASKS))
    rows = [line.split("\t") for line in (tmp_path / "o.tsv").read_text().splitlines()]
    with h5py.File(tmp_path / "o.h5ad") as file:
        assert told(file) == ("anndata", "0.1.0") and told(file["X"]) == ("array", "0.2.0")
        assert file["X"].dtype == np.float32
        scores = np.array([row[5:] for row in rows[1:]], float)
        np.testing.assert_allclose(file["X"][:], scores, atol=1e-6)
        for frame in (file["obs"], file["var"]):
            assert told(frame) == ("dataframe", "0.2.0") and frame.attrs["_index"] == "_index"
        assert list(file["obs"].attrs["column-order"]) == rows[0][:5]
        assert list(file["var"].attrs["column-order"]) == FIELDS
        for name, values in {"cell": ["K562", ""], "target": ["CTCF", "my ü"]}.items():
            assert file["var"][name].asstr()[:].tolist() == values
        assert file["var/_index"].asstr()[:].tolist() == TASKS
        assert file["obs/_index"].asstr()[:].tolist() == ["a:0-12", "b:2-14", "a:0-12"]
        for number, name in enumerate(rows[0][:5]):
            column = file["obs"][name]
            is_text = name not in ("start", "end")
            assert told(column) == ("string-array" if is_text else "array", "0.2.0")
            values = column.asstr()[:] if is_text else column[:].astype(str)
            assert values.tolist() == [row[number] for row in rows[1:]]
        for name in ("layers", "obsm", "obsp", "uns", "varm", "varp"):
            assert told(file[name]) == ("dict", "0.1.0")


def test_batches_and_none(tmp_path):
    """Rows of any batches are one table; no row is one as well."""
    draw = np.random.default_rng(0)
    scores, names = draw.random((2500, 3)), [f"n{i}" for i in range(2500)]
    for path, step in (("one.h5ad", 2500), ("many.h5ad", 700)):
        with open_h5ad(tmp_path / path, "abc") as table:
            for first in range(0, 2500, step):
                rows = slice(first, first + step)
                starts = np.arange(2500)[rows]
                table.write(names[rows], starts, starts + 9, scores[rows])
    with h5py.File(tmp_path / "one.h5ad") as one, h5py.File(tmp_path / "many.h5ad") as many:
        for name in ("X", "obs/name", "obs/start", "obs/_index"):
            np.testing.assert_array_equal(one[name][:], many[name][:])
        np.testing.assert_array_equal(one["X"][:], scores.astype(np.float32))
    with open_h5ad(tmp_path / "none.h5ad", ["a"]):
        pass
    with h5py.File(tmp_path / "none.h5ad") as file:
        assert file["X"].shape == (0, 1) and file["obs/name"].shape == (0,)


def test_what_is_refused_leaves_no_file(genome, tmp_path):
    (tmp_path / "o").mkdir()
    out = tmp_path / "o" / "o.h5ad"
    for more in ({"half": True}, {"above": 0.5}):
        with pytest.raises(ValueError, match="calls above a score and half are not for"):
            predict_fasta(genome, out, weights=Toy(), **more)
    with pytest.raises(ValueError, match="Received twice: 'a'"), open_h5ad(out, ["a", "a"]):
        pass
    with pytest.raises(ValueError, match="expected 3 columns"), open_h5ad(out, ["a"]) as table:
        table.write(["x"], [0], [1, 2], [[0.5]])
    with pytest.raises(GenomeKerasError), open_h5ad(tmp_path / "none" / "o.h5ad", ["a"]):
        pass
    assert not list(out.parent.iterdir())


VCF = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\n"
VCF += "a\t5\trs1\tA\tC,<DEL>\nb\t8\t.\tT\tTA\nx\t1\t.\tA\tC\n"


@pytest.fixture
def variants(tmp_path):
    path = tmp_path / "v.vcf"
    path.write_text(VCF)
    return path


@pytest.mark.parametrize("effect", ["diff", "logodds", "both"])
def test_variants_have_effects_and_scores_of_both_alleles(genome, variants, tmp_path, effect):
    """The same numbers as in the table, and those in memory."""
    how = {"genome": genome, "weights": Toy(tasks=TASKS), "effect": effect}
    score_vcf(variants, tmp_path / "o.h5ad", **how, block_size=2)
    score_vcf(variants, tmp_path / "o.tsv", **how)
    rows = [line.split("\t") for line in (tmp_path / "o.tsv").read_text().splitlines()]
    heads = rows[0][: len(rows[0]) - len(TASKS) * (1 + (effect == "both"))]
    held = score_variants(variants, genome, weights=how["weights"])
    first = "logodds" if effect == "logodds" else "diff"
    with h5py.File(tmp_path / "o.h5ad") as file:
        np.testing.assert_allclose(file["X"][:], getattr(held, first), rtol=1e-6)
        layers = {"ref", "alt"} | ({"logodds"} if effect == "both" else set())
        assert set(file["layers"]) == layers
        for name in layers:
            assert told(file["layers"][name]) == ("array", "0.2.0")
            np.testing.assert_array_equal(file["layers"][name][:], getattr(held, name))
        change = file["layers/alt"][:] - file["layers/ref"][:]
        np.testing.assert_allclose(held.diff, change, atol=1e-7)
        assert np.isnan(file["X"][:]).all(1).tolist() == [False, True, False, True]
        index = ["a:5:A>C", "a:5:A><DEL>", "b:8:T>TA", "x:1:A>C"]
        assert file["obs/_index"].asstr()[:].tolist() == index
        assert list(file["obs"].attrs["column-order"]) == heads
        for number, name in enumerate(heads):
            column = file["obs"][name]
            values = column.asstr()[:] if column.dtype.kind == "O" else column[:].astype(str)
            if column.dtype.kind == "f":
                given = [float(row[number]) for row in rows[1:]]
                np.testing.assert_allclose(column[:], given, rtol=1e-5)
            else:
                assert values.tolist() == [row[number] for row in rows[1:]]
        assert list(file["var"].attrs["column-order"]) == FIELDS
        assert told(file["uns/effect"]) == ("string", "0.2.0")
        assert file["uns/effect"].asstr()[()] == first


def test_a_record_without_a_position_has_none_in_anndata(genome, variants, tmp_path):
    variants.write_text(VCF + "a\t.\t.\tA\tC\n")
    score_vcf(variants, tmp_path / "o.h5ad", genome=genome, weights=Toy(tasks=TASKS))
    with h5py.File(tmp_path / "o.h5ad") as file:
        assert file["obs/pos"][:].tolist()[-1] == -1


def test_anndata_reads_variants(genome, variants, tmp_path):
    anndata = pytest.importorskip("anndata")
    how = {"weights": Toy(tasks=TASKS), "summary": "cell=K562 group=*"}
    score_vcf(variants, tmp_path / "o.h5ad", genome=genome, **how)
    found = anndata.read_h5ad(tmp_path / "o.h5ad")
    held = score_variants(variants, genome, **how).as_anndata()
    assert found.obs_names.tolist() == held.obs_names.tolist()
    assert found.var.equals(held.var) and found.var["group"].tolist() == ["TF", ""]
    assert found.uns == held.uns == {"effect": "diff"}
    for name in ("ref", "alt"):
        np.testing.assert_array_equal(found.layers[name], held.layers[name])
    np.testing.assert_array_equal(found.X, held.X)
    np.testing.assert_allclose(found.obs["summary"], held.obs["summary"], rtol=1e-6)
    assert "logodds" in held.layers


def test_calls_and_probabilities_tell_their_tasks_too():
    assert told_of(["call:K562|CTCF|None"]) == told_of(["calibrated:K562|CTCF|None"])
    assert told_of(["call:K562|CTCF|None"])["cell"] == ["K562"]


def test_anndata_reads_it(genome, tmp_path):
    anndata = pytest.importorskip("anndata")
    predict_fasta(genome, tmp_path / "o.h5ad", weights=Toy(tasks=TASKS), on_short="skip")
    found = anndata.read_h5ad(tmp_path / "o.h5ad")
    scores = predict(["ACGTACGTACGT"], weights=Toy(tasks=TASKS))
    assert list(found.obs.columns) == [*PLACE] and list(found.var_names) == TASKS
    np.testing.assert_allclose(found.X[0], scores.scores[0], atol=1e-6)
    held = scores.as_anndata()
    assert held.var.loc["K562|CTCF|None", "target"] == "CTCF" and held.obs["end"].tolist() == [12]
    np.testing.assert_array_equal(held.X, scores.scores)


def test_without_anndata(monkeypatch):
    monkeypatch.setitem(sys.modules, "anndata", None)
    with pytest.raises(GenomeKerasError, match="pip install anndata"):
        predict(["ACGTACGTACGT"], weights=Toy()).as_anndata()
