"""The lists on pages of mutagenesis and attributions: which letters, and their controls."""

import json
import re

import numpy as np
import pytest
from support.browser import BROWSER, click, operated, put

from genome_keras.interpret.page_windows import FirstWindows, attribution_page, mutagenesis_page
from genome_keras.weights import find
from genome_keras.windows import Batch

pytest.importorskip("logomaker")
CELLS, TARGETS = ("K562", "A549", "HeLa-S3"), ("CTCF", "MYC", "DNase", "H3K4me3")
LETTERS = np.array([0, 3, 4, 2, 1, 1, 0, 2], np.uint8)  # one is an N
MINUS = "\N{MINUS SIGN}"


def names_of(count):
    return [f"{CELLS[i % 3]}|{TARGETS[i // 3 % 4]}{i // 12 or ''}|None" for i in range(count)]


def batch(windows=2):
    starts = 100 * np.arange(1, windows + 1)
    codes = np.tile(LETTERS, (windows, 1))
    return Batch(["chr1"] * windows, starts, starts + len(LETTERS), codes)


def page_of(path, opened, values, tasks, **more):
    how = {"weights": "own", "tasks": tasks, **more}
    how |= {"effect": "diff"} if opened is mutagenesis_page else {"target": "score"}
    how |= {} if opened is mutagenesis_page else {"method": "occlusion"}
    with opened(path, **how) as windows:
        windows.add(batch(len(values)), values)
    return path.read_text(encoding="utf-8")


def number(cell):
    return float(cell.replace(MINUS, "-"))


@pytest.mark.skipif(BROWSER is None, reason="no chromium to look at the page with")
@pytest.mark.parametrize("count", [192, pytest.param(919, marks=pytest.mark.thorough)])
def test_substitutions_are_chosen_by_track(tmp_path, count):
    """What is listed is what NumPy finds among all effects of the letters that can change."""
    tasks, draw = names_of(count), np.random.default_rng(count)
    values = draw.normal(size=(2, 8, 4, count)).astype(np.float32) / 9
    text = page_of(tmp_path / "p.html", mutagenesis_page, values, tasks)
    track = put(factor='["TF","MYC"]', cell='"A549"')
    steps = "", track + click("name"), track + put(sign="-1"), put(words="chr1:202 T>g")
    first, by_place, losses, one = operated(text, tmp_path, *steps)
    own = LETTERS[:, None] == np.arange(4)
    at, letter = np.nonzero(~own & (LETTERS < 4)[:, None])
    listed = values[:, at, letter].reshape(-1, count)
    names = [
        f"chr1:{100 * window + 1 + i:,} {'ACGTN'[LETTERS[i]]}&gt;{'ACGT'[j]}"
        for window in (1, 2)
        for i, j in zip(at, letter, strict=True)
    ]
    assert len(listed) == 2 * 7 * 3
    order = np.argsort(-np.abs(listed).max(1))
    rows, line = first
    assert line == f"1 to 25 of 42 substitutions, {count} of {count} tasks"
    links = [re.fullmatch('<a href="#w(.)">(.*)</a>', row[0]).groups() for row in rows]
    assert links == [(str(i // 21), names[i]) for i in order[:25]]
    assert [row[2] for row in rows] == [tasks[np.abs(listed[i]).argmax()] for i in order[:25]]
    strongest = listed[np.arange(42), np.abs(listed).argmax(1)][order[:25]]
    np.testing.assert_allclose([number(row[1]) for row in rows], strongest, atol=1e-4)
    mine = listed[:, tasks.index("A549|MYC|None")]
    np.testing.assert_allclose([number(row[1]) for row in by_place[0]], mine[:25], atol=1e-4)
    assert {row[2] for row in by_place[0]} == {"A549|MYC|None"}
    assert losses[1].endswith(f"of {(mine < 0).sum()} substitutions, 1 of {count} tasks")
    assert one[1] == f"1 to 1 of 1 substitutions, {count} of {count} tasks"


@pytest.mark.skipif(BROWSER is None, reason="no chromium to look at the page with")
def test_letters_are_listed_with_what_they_add(tmp_path):
    values = np.zeros((1, 8, 4, 12), np.float32)
    values[0, np.arange(8), LETTERS % 4, 5] = np.arange(8) - 3
    values[0, 1, 0] = 9  # of another letter than the window's
    text = page_of(tmp_path / "p.html", attribution_page, values, names_of(12))
    whole, group, less = operated(text, tmp_path, "", put(factor='["histone"]'), put(sign="-1"))
    assert whole[1] == "1 to 7 of 7 letters, 12 of 12 tasks"  # the N has none
    assert [row[0].partition(">")[2] for row in whole[0][:2]] == [
        "chr1:108 G</a>",
        "chr1:101 A</a>",
    ]
    assert [number(row[1]) for row in whole[0][:2]] == pytest.approx([4, -3], abs=1e-3)
    assert group[1].endswith("3 of 12 tasks")
    assert [number(row[1]) for row in less[0]] == pytest.approx([-3, -2], abs=1e-3)


def test_the_page_tells_how_good_the_checkpoint_is(tmp_path):
    checkpoint = find("kmer_logreg.human_chromatin.v1")
    values = np.ones((1, 8, 4, 2), np.float32)
    tasks = checkpoint.tasks[:2]
    for opened in (mutagenesis_page, attribution_page):
        text = page_of(tmp_path / "p.html", opened, values, tasks, checkpoint=checkpoint)
        assert "Held-out scores of kmer_logreg.human_chromatin.v1: AUROC" in text
        listed = json.loads(re.search('id="listed">(.*?)</script>', text)[1])
        assert listed["told"] and re.fullmatch(r"0.\d\d / 0.\d\d \(\d+\)", listed["tasks"][0][4])
        text = page_of(tmp_path / "p.html", opened, values, tasks)
        assert "nobody told" in text


def test_the_list_has_room_for_the_largest_only():
    windows, count = FirstWindows(own=False), 919
    draw = np.random.default_rng(0)
    codes = draw.integers(0, 4, (2, 1000), np.uint8)
    given = Batch(["chr1"] * 2, np.array([0, 1000]), np.array([1000, 2000]), codes)
    values = draw.normal(size=(2, 1000, 4, count)).astype(np.float32)
    windows.add(given, values)
    room = 2_000_000 // count
    assert len(windows.list.rows) == room and windows.list.left_out == 6000 - room
    sizes = np.abs(values).max(3)[codes[..., None] != np.arange(4)]
    assert np.abs(windows.list.effects).max(1).min() == np.sort(sizes)[-room]


def test_windows_without_letters_are_a_page_too(tmp_path):
    nothing = Batch(["r"], np.array([0]), np.array([8]), np.full((1, 8), 4, np.uint8))
    for opened in (mutagenesis_page, attribution_page):
        how = {"tasks": ["t"], "weights": "own"}
        how |= {"effect": "diff"} if opened is mutagenesis_page else {"target": "score"}
        how |= {} if opened is mutagenesis_page else {"method": "occlusion"}
        with opened(tmp_path / "p.html", **how) as windows:
            windows.add(nothing, np.full((1, 8, 4, 1), np.nan))
        assert '"rows":[]' in (tmp_path / "p.html").read_text(encoding="utf-8")
