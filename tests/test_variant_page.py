"""The list of alleles on a page of variants: bounded, and its controls operated in a browser."""

import json
import tracemalloc

import numpy as np
import pytest
from support.browser import BROWSER, click, document_of, operated, put

from genome_keras.genome import Variant
from genome_keras.interpret.alike_tasks import alike_tasks
from genome_keras.pictures.effect_list import SCRIPT, effect_list
from genome_keras.pictures.listed_rows import ListedRows
from genome_keras.pictures.page_frame import written_page
from genome_keras.weights import find
from genome_keras.weights.calibration import Calibration
from genome_keras.weights.checkpoint_quality import UNKNOWN, quality_of
from genome_keras.weights.factors import by_largest, factors_of

pytest.importorskip("logomaker")
EVIL = "</script><script>document.title = 'run'</script>"
CELLS, TARGETS = ("K562", "A549", "HeLa-S3", "liver"), ("CTCF", "MYC", "DNase", "H3K4me3")


def tasks_of_so_many(count):
    """Names, and what the list is told of each: many targets in four cells."""
    names = [f"{CELLS[i % 4]}|{TARGETS[i // 4 % 4]}{i // 16 or ''}|None" for i in range(count)]
    kinds = ["TF", "TF", "DNase", "histone"]
    told = [
        (name, name.split("|")[1], kinds[i // 4 % 4], name.split("|")[0], f"0.5 / {i}")
        for i, name in enumerate(names)
    ]
    return names, told


def page_of(path, effects, tasks, *, genes=True):
    """A page with the list alone; allele i is at base i + 1, its gene i bp away."""
    alleles = [
        (f"chr1:{i + 1:,} A>C", f"rs{i}" if i else EVIL, i if i < 2 else -1, f"in G{i}", i)
        for i in range(len(effects))
    ]
    with written_page(path, "List", script=SCRIPT) as parts:
        parts += [f'<h2 id="v{number}">picture</h2>' for number in range(2)]
        parts.append(effect_list(rows=alleles, effects=effects, tasks=tasks, genes=genes))
    return path.read_text(encoding="utf-8")


needs_browser = pytest.mark.skipif(BROWSER is None, reason="no chromium to look at the page with")


@needs_browser
@pytest.mark.parametrize("count", [192, 919])
def test_controls_show_what_they_say(tmp_path, count):
    """What is listed is what NumPy finds among all effects."""
    names, told = tasks_of_so_many(count)
    effects = np.random.default_rng(count).normal(size=(300, count)).astype(np.float32) / 9
    text = page_of(tmp_path / "p.html", effects, told)
    gains = put(factor='["TF","MYC"]', cell='"A549"', sign="1") + click("gene")
    steps = gains + put(least="0.1"), gains + "by('after').click()", click("effect")
    first, strong, second, up = operated(text, tmp_path, "", *steps)
    size = np.abs(effects)
    order = np.argsort(-size.max(1), kind="stable")
    rows, line = first
    assert line == f"1 to 25 of 300 alleles, {count} of {count} tasks"
    assert [row[4] for row in rows] == [names[size[i].argmax()] for i in order[:25]]
    values = [float(row[3].replace("\N{MINUS SIGN}", "-")) for row in rows]
    largest = effects[np.arange(300), size.argmax(1)][order[:25]]
    np.testing.assert_allclose(values, largest, atol=1e-4)
    assert rows[0][5] == f"0.5 / {size[order[0]].argmax()}"
    assert up[0][0][4] == names[size[order[-1]].argmax()]  # the smallest first

    # One factor in one cell, gains, by the distance of genes: of at least 0.1, and all.
    own = effects[:, names.index("A549|MYC|None")]
    assert strong[1].endswith(f"of {(own >= 0.1).sum()} alleles, 1 of {count} tasks")
    positive = np.flatnonzero(np.rint(own * 32_767 / size.max()) > 0)
    assert [row[2] for row in second[0]] == [f"in G{i}" for i in positive[25:50]]
    assert {row[4] for row in second[0]} == {"A549|MYC|None"}


@needs_browser
def test_words_links_and_what_is_not_there(tmp_path):
    _, told = tasks_of_so_many(16)
    effects = np.zeros((30, 16))
    effects[:, 0], effects[5] = 0.2, -0.3
    text = page_of(tmp_path / "p.html", effects, told)
    steps = put(words="CHR1 rs5"), click("name"), put(words="chrX"), put(sign="1", least="9")
    steps += (put(factor='["DNase","DNase"]', cell='"liver"'), put(factor='["DNase"]'))
    word, by_name, none, few, one, group = operated(text, tmp_path, *steps)
    assert (len(word[0]), word[1]) == (1, "1 to 1 of 1 alleles, 16 of 16 tasks")
    assert word[0][0][6].count("\N{MINUS SIGN}0.3000") == 3  # the other factors
    rows, _ = by_name
    assert rows[0][0].startswith('<a href="#v0"') and "&lt;script" in rows[0][1]
    assert "href" not in rows[2][0]
    assert none == few == [[], "none alleles, 16 of 16 tasks"]
    assert one[1] == "1 to 25 of 30 alleles, 1 of 16 tasks"
    assert group[1] == "1 to 25 of 30 alleles, 4 of 16 tasks"


@needs_browser
def test_the_policy_of_the_page_runs_its_script_and_no_other(tmp_path):
    _, told = tasks_of_so_many(4)
    text = page_of(tmp_path / "p.html", np.full((3, 4), 0.5), told, genes=False)
    assert EVIL not in text
    bad = "<script>document.title = 'run'</script>"
    (tmp_path / "p.html").write_text(text.replace("<h1>", bad + "<h1>"), encoding="utf-8")
    page, console = document_of(tmp_path / "p.html")
    assert "1 to 3 of 3 alleles" in page and "<title>List</title>" in page
    assert len(console) == 1 and "script-src" in console[0]
    assert ">gene<" not in page


def variants(n):
    return [Variant("chr1", i + 1, "A", "C") for i in range(n)]


@pytest.mark.parametrize(
    ("most", "numbers", "room"), [(7, 10**9, 7), (10**9, 29, 9), (50, 999, 40)]
)
def test_those_with_the_largest_effects_are_listed_in_their_order(most, numbers, room):
    effects = np.random.default_rng(1).normal(size=(40, 3)).astype(np.float32)
    sizes, listed, given = np.abs(effects).max(1), ListedRows(most, numbers), variants(40)
    for first in range(0, 40, 6):
        part = slice(first, first + 6)
        listed.add(given[part], effects[part], sizes[part])
    kept = np.sort(np.argsort(-sizes, kind="stable")[:room])
    assert listed.rows == [given[i] for i in kept]
    np.testing.assert_array_equal(listed.effects, effects[kept])
    assert listed.left_out == 40 - room
    others = np.delete(sizes, kept)
    assert listed.largest_left_out == (pytest.approx(others.max()) if len(others) else 0)


def test_a_hundred_thousand_alleles_of_919_tasks_stay_small(tmp_path):
    listed, draw, given = ListedRows(), np.random.default_rng(0), variants(1000)
    effects = draw.normal(size=(1000, 919)).astype(np.float32)
    tracemalloc.start()
    for _ in range(100):
        block = effects * draw.random()
        listed.add(given, block, np.abs(block).max(1))
    assert len(listed.rows) == 2_000_000 // 919
    assert listed.left_out == 100_000 - len(listed.rows)
    text = page_of(tmp_path / "p.html", listed.effects, tasks_of_so_many(919)[1])
    assert tracemalloc.get_traced_memory()[1] < 120e6
    tracemalloc.stop()
    assert len(text) < 6.5e6


def test_tasks_of_a_factor_are_one():
    names = ["A549|CTCF|None", "my peaks", "K562|CTCF|None", "K562|DNase|None"]
    factors = factors_of(names)
    assert [(factor.name, factor.group) for factor in factors] == [
        ("CTCF", "TF"),
        ("my peaks", ""),
        ("DNase", "DNase"),
    ]
    found = by_largest(factors, np.array([0.1, -0.5, -0.4, np.nan]))
    assert [factor.columns for factor in found] == [[1], [2, 0], [3]]


def test_alike_tasks():
    """A factor between two tasks does not count, a sign does; zeros are like nothing."""
    values = np.array([[1, -3, 0.1, 0, 5], [0.1, -0.3, 1, 0, 5]])
    assert alike_tasks(values, [4, 1, 2, 0, 3], most=9) == [[4], [1], [2], [0], [3]]
    values[:, 1] *= -1
    assert alike_tasks(values, [4, 1, 2, 0, 3], most=2) == [[4], [1, 0]]
    assert alike_tasks(values, [4, 1, 2, 0, 3], most=9, alike=0.7) == [[4, 1, 2, 0], [3]]


def test_what_a_checkpoint_tells_of_itself(tmp_path):
    tasks = ["a|CTCF", "b|CTCF"]
    about = {"architecture": "kmer_logreg", "arguments": {"window": 20, "tasks": 2}}
    about |= {"tasks": tasks}
    (tmp_path / "m.weights.h5").write_bytes(b"")

    def found(**more):
        (tmp_path / "m.json").write_text(json.dumps(about | more))
        return quality_of(find(tmp_path / "m.weights.h5"))

    assert found() == quality_of(None) == ([UNKNOWN], {})
    assert found(held_out=3).lines == [UNKNOWN]
    held_out = {"all": {"auroc_mean": 0.85, "auprc_mean": "no", "tasks": 2, "examples": 4000}}
    (line,) = found(held_out=held_out).lines
    assert line.endswith("AUROC 0.850, means over 2 tasks and 4,000 held-out regions.")
    values = dict.fromkeys(("slope", "offset", "threshold", "rate"), np.full(2, 0.5))
    values |= {"precision": np.array([0.25, np.nan]), "recall": np.array([0.5, 0])}
    counts = {"positives": np.array([12, 0]), "about": "split valid"}
    Calibration(tuple(tasks), **values, **counts).write(tmp_path / "m.calibration.tsv")
    quality = found()
    assert {task: str(one) for task, one in quality.tracks.items()} == {
        "a|CTCF": "0.25 / 0.50 (12)"
    }
    assert "validation regions (split valid)" in quality.lines[-1]
