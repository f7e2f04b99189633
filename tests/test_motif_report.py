"""Reports on motifs: on models that add letters up, what hangs on a site is a sum."""

import html

import numpy as np
import pytest
from support.toy import TASKS, WINDOW, Toy

from genome_keras.cli import main
from genome_keras.encode import tokens
from genome_keras.errors import FormatError
from genome_keras.interpret import write_motif_report
from genome_keras.io.motifs import Motif, write_meme
from genome_keras.motifs.evidence import closest, support
from genome_keras.motifs.report_page import aligned, information
from genome_keras.scoring.scorer import Scorer

WORD = "GATTACA"
OTHER = "CCCAGTCC"
SITE = Motif("mine first", np.eye(4)[tokens([WORD])[0]], 40)
KNOWN = [
    Motif("MA1 other", np.eye(4)[tokens([OTHER])[0]]),
    Motif("MA2 turned", np.eye(4)[tokens([WORD])[0]][::-1, ::-1]),
]


def windows(n, planted, seed=0):
    """Windows of which the first `planted` have the word, at 0 to 5."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n, WINDOW), dtype=np.uint8)
    for row in range(planted):
        at = row % (WINDOW - len(WORD) + 1)
        codes[row, at : at + len(WORD)] = tokens([WORD])[0]
    return codes


def lost(toy, codes, starts):
    """What the log-odds fall when the word becomes N, of each window."""
    hidden = codes.copy()
    for row, start in zip(hidden, starts, strict=True):
        row[start : start + len(WORD)] = 4
    places = np.arange(WINDOW)
    return toy.numbers[codes, places].sum(1) - toy.numbers[hidden, places].sum(1)


def write(path, codes):
    letters = np.array(list("ACGTN"))[codes]
    path.write_text("".join(f">r{i}\n{''.join(row)}\n" for i, row in enumerate(letters)))


def test_what_hangs_on_a_site_is_what_its_letters_add():
    toy, codes = Toy(), windows(60, planted=18)
    found = support(Scorer(toy), codes, SITE, columns=[2, 0])
    assert found[:2] == (60, 18) and found.by_chance == 0 and found.share == 0.3
    starts = [row % (WINDOW - len(WORD) + 1) for row in range(18)]
    expected = lost(toy, codes[:18], starts).mean(0)[[2, 0]]
    np.testing.assert_allclose(found.contributions, expected, atol=1e-3)


def test_a_site_of_the_other_strand_counts_and_no_site_is_no_number():
    codes = 3 - windows(24, planted=24)[:, ::-1]
    assert support(Scorer(Toy()), codes, SITE, columns=[0], p_value=1e-3).with_site == 24
    none = support(Scorer(Toy()), windows(8, planted=0), SITE, columns=[0, 1])
    assert none.with_site == 0 and np.isnan(none.contributions).all()
    empty = support(Scorer(Toy()), codes[:0], SITE, columns=[0, 1])
    assert empty[:3] == (0, 0, 0) and np.isnan(empty.share)


def test_by_chance_is_what_composition_alone_gives():
    """A word of one letter is as common in shuffled windows as in the windows."""
    codes = windows(200, planted=0)
    codes[:100, :8] = 0
    motif = Motif("poly-A", np.eye(4)[[0] * 6])
    found = support(Scorer(Toy()), codes, motif, columns=[0], p_value=0.01)
    assert found.with_site >= 100 and 50 < found.by_chance <= found.with_site


def test_the_closest_known_motif_on_either_strand():
    found = closest(SITE, KNOWN, shuffles=99)
    assert found.motif is KNOWN[1] and abs(found.correlation - 1) < 1e-9
    assert found.p_value <= 0.05
    # The columns of one letter have one order only: nothing can be said of them.
    assert closest(Motif("a", np.eye(4)[[0] * 5]), KNOWN, shuffles=9).p_value == 1


def test_logos_lie_on_each_other():
    own, other = aligned(SITE, KNOWN[1])
    np.testing.assert_allclose(own, other)
    assert own.sum() == 2 * len(WORD)
    half = information([[0.5, 0.5, 0, 0], [0.25] * 4])
    assert half.tolist() == [[0.5, 0.5, 0, 0], [0, 0, 0, 0]]


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_meme("mine.meme", [SITE, Motif("none", np.eye(4)[tokens([OTHER])[0]])])
    write_meme("known.meme", KNOWN)
    write(tmp_path / "in.fa", windows(60, planted=18))
    write(tmp_path / "other.fa", windows(40, planted=6, seed=1))
    return tmp_path


def test_the_table_and_the_page(files):
    toy = Toy()
    found = write_motif_report(
        *("mine.meme", "in.fa", "o.tsv"),
        held_out="other.fa",
        known="known.meme",
        report="o.html",
        weights=toy,
        shuffles=99,
    )
    heads, first, second = [line.split("\t") for line in (files / "o.tsv").read_text().splitlines()]
    assert heads[-6:] == [*TASKS, *(f"{task}:held_out" for task in TASKS)]
    row = dict(zip(heads, first, strict=True))
    assert row["name"] == "mine first" and row["closest"] == "MA2 turned" and row["sites"] == "40"
    counts = ("windows", "with_site", "by_chance", "held_out_windows", "held_out_with_site")
    assert [row[name] for name in counts] == ["60", "18", "0", "40", "6"]
    codes = windows(40, planted=6, seed=1)[:6]
    expected = lost(toy, codes, range(6)).mean(0)
    np.testing.assert_allclose([float(x) for x in first[-3:]], expected, atol=2e-3)
    np.testing.assert_allclose(found[0].held_out.contributions, expected, atol=1e-3)
    assert second[heads.index("sites")] == "." and second[heads.index("with_site")] == "0"
    page = (files / "o.html").read_text()
    assert "<script" not in page and page.count("<svg") == 4
    for name in ("mine first", "MA2 turned", html.escape(TASKS[0]), "30.0%", "15.0%"):
        assert name in page
    # The one with the largest contribution is first.
    assert page.index('<h2 id="m0"') < page.index('<h2 id="m1"')


def test_at_most_so_many_windows_evenly_spaced(files):
    (found, _) = write_motif_report("mine.meme", "in.fa", "o.tsv", weights=Toy(), most=20)
    assert found.seen.windows == 20 and found.closest is None and found.held_out is None
    rows = np.linspace(0, 59, 20).astype(int)
    assert found.seen.with_site == (rows < 18).sum()


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"site_p_value": 0.0}, ValueError, r"site_p_value must be in \(0, 1\]"),
        ({"most": 0}, ValueError, "most must be"),
        ({"shuffles": 0}, ValueError, "shuffles must be"),
        ({"known": "in.fa"}, FormatError, "in.fa"),
        ({"report": "o.txt"}, ValueError, "must end in .html"),
        ({"tasks": ["none"]}, ValueError, "no task 'none'"),
    ],
)
def test_bad_arguments(files, more, error, message):
    with pytest.raises(error, match=message):
        write_motif_report("mine.meme", "in.fa", "o.tsv", weights=Toy(), **more)
    assert not (files / "o.tsv").exists()


def test_the_command(files, capsys):
    line = "motifs mine.meme in.fa --held-out other.fa --known known.meme --shuffles 9 --most 30"
    weights = "kmer_logreg.human_chromatin.v1"
    assert main([*line.split(), "--weights", weights, "--out", "o.tsv"]) == 1  # 12 bp of 100
    assert "shorter than the window" in capsys.readouterr().err
    assert not (files / "o.tsv").exists()
    assert (
        main([*line.split(), "--weights", weights, "--on-short", "pad", "--task", "*|CTCF|*"]) == 0
    )
    rows = [row.split("\t") for row in capsys.readouterr().out.splitlines()]
    assert len(rows) == 3 and rows[1][0] == "mine first" and rows[1][2] == "MA2 turned"
    assert main(["motifs", "in.fa", "in.fa", "--weights", weights]) == 1
    assert "in.fa" in capsys.readouterr().err
