"""One number a variant for a cell: which tracks it is of, what it is, where it is told."""

import numpy as np
import pytest
from support.toy import WINDOW, Toy

from genome_keras.cli import main
from genome_keras.genome import Variant
from genome_keras.io.reference import open_genome
from genome_keras.scoring.model_in_use import model_in_use
from genome_keras.scoring.scorer import Scorer
from genome_keras.variants.score_variants import score_variants, score_vcf
from genome_keras.variants.summary import accessible_columns, summary

NAMES = ["K562|CTCF|None", "K562|DNase|None", "A549|ATAC|None", "K562|DNase|IFNa", "HepG2|MAX|None"]
LETTERS = "".join(np.random.default_rng(0).choice(list("ACGT"), 300))
MODEL = "kmer_logreg.human_chromatin.v1"


def scorer(**more):
    return Scorer(Toy(tasks=NAMES, **more), tasks=NAMES, batch_size=16)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("summary")
    (folder / "g.fa").write_text(f">chr1\n{LETTERS}\n")
    rows = [(at, LETTERS[at - 1], "ACGT".replace(LETTERS[at - 1], "")[at % 3]) for at in (60, 99)]
    lines = [f"chr1\t{at}\t.\t{ref}\t{alt}" for at, ref, alt in (*rows, (150, "N", "A"))]
    text = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\n" + "\n".join(lines) + "\n"
    (folder / "v.vcf").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("cell=K562", [1, 3]),
        ("cell=k562 treatment=None", [1]),
        (["cell=A549", "cell=K562"], [2, 1, 3]),
        ("K562|DNase|None", [1]),
        ("cell=K562 group=*", [0, 1, 3]),
        ("cell=K562 target=CTCF", [0]),
        ("*|DNase|*", [1, 3]),
    ],
)
def test_tracks_of_a_choice(choice, expected):
    assert accessible_columns(model_in_use(scorer()), choice) == expected


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("cell=HepG2", r"no accessible chromatin among the 1 tasks of 'cell=HepG2'; it knows that "
         r"of A549, K562; 'cell=HepG2 group=\*' takes"),
        ("cell=HeLa", "no task of 'cell=HeLa'"),
        (["cell=K562", "K562|CTCF|None"], "no accessible chromatin among the 1 tasks"),
    ],
)  # fmt: skip
def test_choices_without_a_track(choice, message):
    with pytest.raises(ValueError, match=message):
        accessible_columns(model_in_use(scorer()), choice)


def test_the_largest_change_with_its_sign():
    ref, alt = np.array([[0.5, 0.5], [0.1, 0.2]]), np.array([[0.75, 0.125], [0.2, 0.1]])
    np.testing.assert_allclose(summary(ref, alt), [-0.375, 0.1], rtol=1e-6)
    assert summary(ref, alt).dtype == np.float32 and summary(ref[:0], alt[:0]).shape == (0,)


def test_values_and_table_give_the_same(files, tmp_path):
    """Whatever effects are written, and of whatever other tasks."""
    out = tmp_path / "o.tsv"
    with open_genome(files / "g.fa") as genome:
        found = score_variants(files / "v.vcf", genome, weights=scorer(), summary="cell=K562")
        plain = score_variants(files / "v.vcf", genome, weights=scorer())
        how = {"genome": genome, "weights": scorer(), "summary": "cell=K562"}
        score_vcf(files / "v.vcf", out, **how, effect="both", tasks=["HepG2|MAX|None"])
    np.testing.assert_array_equal(found.diff, plain.diff)
    assert plain.summary is None and found.status == ["ok", "ok", "ref_mismatch"]
    tracks = plain.diff[:2, [1, 3]]
    expected = np.where(np.abs(tracks[:, 0]) > np.abs(tracks[:, 1]), tracks[:, 0], tracks[:, 1])
    np.testing.assert_allclose(found.summary[:2], expected, atol=1e-6)
    assert np.isnan(found.summary[2])
    heads, *rows = [line.split("\t") for line in out.read_text().splitlines()]
    assert heads[6:] == ["max_diff", "max_diff_task", "max_logodds", "max_logodds_task", "summary",
                         "HepG2|MAX|None:diff", "HepG2|MAX|None:logodds"]  # fmt: skip
    told = [float(row[heads.index("summary")]) for row in rows]
    np.testing.assert_allclose(told, found.summary, rtol=1e-5)


def test_a_run_goes_on_with_its_own_summary_only(files, tmp_path):
    from support.toy import Stopped

    out, how = tmp_path / "o.tsv", {"genome": files / "g.fa", "block_size": 2, "resume": True}
    with pytest.raises(Stopped):
        score_vcf(files / "v.vcf", out, weights=scorer(stop_after=1), summary="cell=K562", **how)
    kept = scorer()
    score_vcf(files / "v.vcf", out, weights=kept, summary="cell=K562", **how)
    again = scorer()
    score_vcf(files / "v.vcf", tmp_path / "p.tsv", weights=again, summary="cell=K562", **how)
    assert out.read_bytes() == (tmp_path / "p.tsv").read_bytes()
    assert kept.model.rows < again.model.rows  # the first block was kept


def test_a_score_that_is_no_number_has_no_summary(tmp_path):
    genome = tmp_path / "g.fa"
    genome.write_text(f">chr1\n{LETTERS}\n")
    at = 100
    lost = "ACGT".index(LETTERS[at - 1 - WINDOW // 2])
    variant = Variant("chr1", at, LETTERS[at - 1], "ACGT".replace(LETTERS[at - 1], "")[0])
    found = score_variants([variant], genome, weights=scorer(lost=lost), summary="cell=K562")
    assert found.status == ["not_finite"] and np.isnan(found.summary).all()


def test_the_page_tells_it_of_the_alleles_with_pictures(files, tmp_path):
    page, how = tmp_path / "p.html", {"weights": scorer(), "genome": files / "g.fa"}
    how |= {"report": page, "summary": "cell=K562", "tasks": ["HepG2|MAX|None"]}
    score_vcf(files / "v.vcf", tmp_path / "o.tsv", **how)
    found = score_variants(
        files / "v.vcf", files / "g.fa", weights=scorer(), summary="cell=K562"
    ).summary[:2]
    text = page.read_text(encoding="utf-8")
    assert "largest change over 2 tracks of P(label = 1), of K562|DNase|None" in text
    assert '<th scope="col">summary</th>' in text
    assert all(f"<td>{value:+.4f}</td>" in text for value in found)
    score_vcf(files / "v.vcf", tmp_path / "o.tsv", **{**how, "summary": None})
    assert "summary</th>" not in page.read_text(encoding="utf-8")


def test_the_command(files, tmp_path, capsys):
    line = ["variants", str(files / "v.vcf"), "--genome", str(files / "g.fa"), "--weights", MODEL]
    out = str(tmp_path / "o.tsv")
    assert main([*line, "--out", out, "--summary", "cell=GM12878", "--task", "*|CTCF|*"]) == 0
    with open(out) as table:
        assert table.readline().split("\t")[8] == "summary"
    assert main([*line, "--out", out, "--summary", "cell=K562"]) == 2
    assert "no accessible chromatin" in capsys.readouterr().err
    assert main([*line, "--out", str(tmp_path / "o.vcf"), "--summary", "cell=GM12878"]) == 2
    assert "a summary is a column of tables" in capsys.readouterr().err
