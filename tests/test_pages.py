"""The pages of pictures: what is on them, and that a browser shows it and asks for nothing."""

import html
import json
import re
from functools import partial
from types import SimpleNamespace
from xml.etree import ElementTree
from xml.sax import saxutils

import keras
import numpy as np
import pytest
from support.browser import BROWSER, document_of, look
from support.toy import Stopped, Toy

import genome_keras
from genome_keras.cli import main
from genome_keras.encode import reverse_complement, tokens
from genome_keras.genome import Variant
from genome_keras.interpret import (
    attribute,
    ism,
    page_windows,
    write_attributions,
    write_ism,
)
from genome_keras.io.reference import open_genome
from genome_keras.layers.task_head import TaskHead
from genome_keras.pictures.alleles import draw_alleles
from genome_keras.pictures.html_page import LIGHT
from genome_keras.pictures.page_frame import table
from genome_keras.pictures.svg_of_figures import inline
from genome_keras.scoring.scorer import Scorer
from genome_keras.variants.blocks import blocks
from genome_keras.variants.carried_letters import carried_letters
from genome_keras.variants.page import variants_page
from genome_keras.variants.score_variants import score_vcf
from genome_keras.windows import Batch

pytest.importorskip("logomaker")

WINDOW = 20
EVIL = "<script>document.title='read_as_HTML'</script>&amp;"
TASKS = [f"a|{EVIL}", "b $x_1$", 'c" onload="alert(1)']
LETTERS = "".join(np.random.default_rng(0).choice(list("ACGT"), 300))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A genome, 30 variants, 12 places, and a checkpoint; names that HTML could trip over."""
    folder = tmp_path_factory.mktemp("pages")
    model = genome_keras.kmer_logreg(window=WINDOW, tasks=3, seed=1)
    for weight in model.weights:
        noise = np.random.default_rng(1).normal(size=weight.shape)
        weight.assign(0.1 * noise)
    model.save_weights(folder / "m.weights.h5")
    about = {"architecture": "kmer_logreg", "tasks": TASKS}
    about["arguments"] = {"window": WINDOW, "tasks": 3}
    (folder / "m.json").write_text(json.dumps(about))
    (folder / "g.fa").write_text(f">{EVIL}\n{LETTERS}\n")
    lines = []
    for i, position in enumerate(range(20, 290, 9)):
        ref = LETTERS[position - 1 : position + i % 3]
        alt = "ACGT"["ACGT".index(ref[0]) - 1] + "GATTACA"[: i % 5]
        lines.append(f"{EVIL}\t{position}\t{EVIL if i % 2 else '.'}\t{ref}\t{alt},<DEL>\t.\t.\t.\n")
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    (folder / "v.vcf").write_text(head + "".join(lines))
    (folder / "p.bed").write_text("".join(f"{EVIL}\t{i}\t{i + 9}\n" for i in range(30, 282, 21)))
    return SimpleNamespace(
        folder=folder,
        model=model,
        options=["--genome", str(folder / "g.fa"), "--weights", str(folder / "m.weights.h5")],
    )


WRITERS = {"variants": score_vcf, "ism": write_ism, "attribute": write_attributions}


def written(files, command, shown, **more):
    """The page of a file verb with so few pictures, and its table."""
    given = files.folder / ("v.vcf" if command == "variants" else "p.bed")
    stem = files.folder / f"{shown}_{command}"
    out, page = stem.with_suffix(".tsv"), stem.with_suffix(".html")
    how = {"genome": files.folder / "g.fa", "weights": files.folder / "m.weights.h5"}
    WRITERS[command](given, out, report=page, shown=shown, **how, **more)
    return page, rows_of(out)


def rows_of(path):
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def run(files, command, *more):
    """The page of a command, and its table."""
    given = files.folder / ("v.vcf" if command == "variants" else "p.bed")
    out, page = files.folder / f"{command}.tsv", files.folder / f"{command}.html"
    ends = ["--out", str(out), "--report", str(page), *more]
    assert main([command, str(given), *files.options, *ends]) == 0
    return page, rows_of(out)


@pytest.fixture(scope="module")
def pages(files):
    shown = {"variants": 3, "ism": 2, "attribute": 2}
    return {command: written(files, command, shown[command]) for command in PICTURES}


PICTURES = {"variants": 3 * 2, "ism": 2 * 2 * 2, "attribute": 2 * 2}


@pytest.mark.skipif(BROWSER is None, reason="no chromium to look at the page with")
@pytest.mark.parametrize("command", PICTURES)
def test_a_browser_shows_every_picture_and_asks_for_nothing(pages, tmp_path, command):
    text = pages[command][0].read_text(encoding="utf-8")
    found = look(text, tmp_path)
    assert found["seen"] == found["resources"] == found["console"] == []
    assert len(found["pictures"]) == PICTURES[command]
    assert all(width > 800 and height > 100 for width, height in found["pictures"])
    wide = [height for width, height in found["images"] if width > 100]  # without the scales
    assert len(wide) == (4 if command == "ism" else 0) and all(height > 50 for height in wide)
    assert all(found["labels"]) and all(found["anchors"])
    assert found["title"] in ("Variants", "In-silico mutagenesis", "Attributions")
    for task in TASKS[:2]:
        assert any(task[:43] in shown for shown in found["texts"]), task


@pytest.mark.skipif(BROWSER is None, reason="no chromium to look at the page with")
def test_the_browser_would_tell_of_scripts_and_requests(pages, tmp_path):
    text = pages["attribute"][0].read_text(encoding="utf-8")
    bad = '<img src="http://127.0.0.1:9/x.png"><script>document.title = "run"</script>'
    found = look(text.replace("<h1>", bad + "<h1>"), tmp_path)
    assert any("img-src http://127.0.0.1:9" in one for one in found["seen"])
    path = tmp_path / "page.html"
    path.write_text(text.replace("<h1>", bad + "<h1>"), encoding="utf-8")
    shown, console = document_of(path)
    assert "<title>Attributions</title>" in shown  # the page's own policy runs no script
    assert len(console) == 2


@pytest.mark.parametrize("command", PICTURES)
def test_the_page_is_whole_and_its_text_is_text(pages, command):
    text = pages[command][0].read_text(encoding="utf-8")
    assert EVIL not in text
    assert not re.search(r"https?:|@import|url\((?!#)", text)
    ids = re.findall(r' id="(.*?)"', text)
    assert len(ids) == len(set(ids))
    assert {name for name in re.findall(r'(?:href="|url\()#(.*?)[")]', text)} <= set(ids)
    body = re.search("<body>.*</body>", text, re.DOTALL)[0]
    elements = list(ElementTree.fromstring(body).iter())  # every tag is closed
    scripts = [element for element in elements if element.tag == "script"]
    assert [each.get("type") for each in scripts] == (["application/json", None])
    assert not any(name.startswith("on") for element in elements for name in element.attrib)
    assert len(text) < 200_000 * PICTURES[command]


def test_variants_are_those_that_change_most(pages):
    page, rows = pages["variants"]
    text = page.read_text(encoding="utf-8")
    scored = [row for row in rows if row["status"] == "ok"]
    assert f"Alleles: {len(rows)}, {len(scored)} of them scored." in text
    assert f"Without effects: symbolic {len(rows) - len(scored)}." in text
    assert "Pictures are of the 3 with the largest absolute effect." in text
    assert "nobody told" in text  # neither held-out scores nor a calibration
    scored.sort(key=lambda row: -float(row["max_diff"]))
    names = re.findall(r'<a href="#v\d+">(.*?)</a>', text)
    assert [name.rpartition(":")[2] for name in names] == [
        f"{int(row['pos']):,} {row['ref']}&gt;{row['alt']}" for row in scored[:3]
    ]
    listed = json.loads(re.search('id="listed">(.*?)</script>', text)[1])
    assert len(listed["rows"]) == len(scored) and listed["effects"]
    lines = re.findall("<tr>(<td><a.*?)</tr>", text)
    assert len(lines) == 3
    for line, row in zip(lines, scored, strict=False):
        cells = re.findall("<td>(.*?)</td>", line)
        effect, ref, alt = map(float, cells[2:5])
        assert abs(effect) == pytest.approx(float(row["max_diff"]), abs=1e-4)
        assert alt - ref == pytest.approx(effect, abs=2e-4)


def test_the_tracks_are_those_that_change_most(pages, files):
    """Along the genome, for each of the variants that are pictured; the page says so."""
    page, rows = pages["variants"]
    text = page.read_text(encoding="utf-8")
    assert "scores of the 3 tasks that change most, each of another factor, along the" in text
    assert "in windows of 20 bp that begin 10 bp apart, up to 50 on each side" in text
    figures = re.findall("<figure>(.*?)</figure>", text, re.DOTALL)
    assert len(figures) == 6
    scored = [row for row in rows if row["status"] == "ok"]
    scored.sort(key=lambda row: -float(row["max_diff"]))
    for figure, row in zip(figures[1::2], scored, strict=False):
        assert (
            f"The tracks that change most, around {html.escape(EVIL)}:{int(row['pos']):,}" in figure
        )
        texts = re.findall(">([^<]*)</text>", figure)
        order = sorted(TASKS, key=lambda task: -abs(float(row[task])))
        assert [one for one in texts if one in map(saxutils.escape, TASKS)] == [
            saxutils.escape(task) for task in order
        ]
        assert len(figure) < 60_000


def test_no_tracks_without_a_genome_or_room_for_them(files, tmp_path):
    model = genome_keras.kmer_logreg(window=WINDOW, tasks=1, seed=1)
    assert "racks" not in shown(model, tmp_path, ["task_0"])
    text = shown(model, tmp_path, ["task_0"], along=True)
    assert text.count("<figure>") == 4 and "the scores of the 1 tasks" not in text
    language = genome_keras.char_rnn(units=2, seed=1, cell="rnn", depth=1)
    assert "racks" not in shown(language, tmp_path, ["log_likelihood"], along=True)
    (tmp_path / "g.fa").write_text(f">chr1\n{LETTERS[:WINDOW]}\n")
    (tmp_path / "v.vcf").write_text(
        f"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\nchr1\t5\t.\t{LETTERS[4]}\tN\n"
    )
    line = ["variants", tmp_path / "v.vcf", "--genome", tmp_path / "g.fa", *files.options[2:]]
    ends = ["--out", tmp_path / "o.tsv", "--report", tmp_path / "p.html"]
    assert main([str(word) for word in (*line, *ends)]) == 0
    assert (tmp_path / "p.html").read_text(encoding="utf-8").count("<figure>") == 1


def test_the_first_windows_are_shown_with_their_largest_values(pages, files):
    page, _ = pages["ism"]
    text = page.read_text(encoding="utf-8")
    assert "Windows: 12." in text and "Shown: the first 2;" in text
    assert text.count("<h2") == 3 and "<h2>All substitutions of these windows</h2>" in text
    with open_genome(files.folder / "g.fa") as genome:
        codes = tokens(genome.fetch((EVIL, 24, 44)))
    effects = ism(files.model, codes)[0]
    told = re.findall(r"<tr>(<td>.*?)</tr>", text)[:3]
    order = np.argsort(-np.abs(effects).max((0, 1)))
    for line, task in zip(told, order, strict=True):
        _, where, value, _ = re.findall("<td>(.*?)</td>", line)
        at, letter = np.unravel_index(np.abs(effects[..., task]).argmax(), effects.shape[:2])
        assert float(value) == pytest.approx(effects[at, letter, task], abs=1e-4)
        assert where == f"{25 + at} {LETTERS[24 + at]}&gt;{'ACGT'[letter]}"
    text = pages["attribute"][0].read_text(encoding="utf-8")
    found = attribute(files.model, codes, tasks=[0, 1, 2])[0]
    line = re.search(r"<tr>(<td>.*?)</tr>", text)[1]
    value = float(re.findall("<td>(.*?)</td>", line)[2])
    assert abs(value) == pytest.approx(np.abs(found).max(), abs=1e-4)


def test_long_windows_are_fewer():
    codes = np.zeros((5, 700), np.uint8)
    batch = Batch(["r"] * 5, np.arange(5), np.arange(5) + 700, codes)
    with page_windows.attribution_page(
        None, tasks=["t"], method="occlusion", target="score", weights="own"
    ) as page:
        page.add(batch, np.zeros((5, 700, 4, 1)))
        page.add(batch, np.zeros((5, 700, 4, 1)))
    assert page.count == 10 and len(page.seen) == 2000 // 700


def test_hypothetical_letters_are_not_drawn(files):
    page, _ = written(files, "attribute", 1, method="integrated_gradients")
    whole = page.read_text(encoding="utf-8")
    page, _ = written(files, "attribute", 1, hypothetical=True)
    assert page.read_text(encoding="utf-8") == whole


def test_pages_of_a_run_are_the_same_bytes_again(files, pages):
    before = pages["variants"][0].read_bytes()
    page, _ = written(files, "variants", 3)
    assert page.read_bytes() == before


@pytest.mark.parametrize("command", PICTURES)
def test_a_page_that_cannot_be_written_stops_before_the_work(files, tmp_path, capsys, command):
    given = files.folder / ("v.vcf" if command == "variants" else "p.bed")
    out = tmp_path / "o.tsv"
    ends = ["--out", str(out), "--report", str(tmp_path / "none" / "p.html")]
    assert main([command, str(given), *files.options, *ends]) == 1
    assert "there is no folder" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("report", "status", "message"),
    [("o.tsv", 1, "another output too"), ("p.tsv", 2, "a page must end in .html")],
)
@pytest.mark.parametrize("command", PICTURES)
def test_a_page_does_not_take_the_place_of_a_table(
    files, tmp_path, capsys, command, report, status, message
):
    given = files.folder / ("v.vcf" if command == "variants" else "p.bed")
    ends = ["--out", str(tmp_path / "o.tsv"), "--report", str(tmp_path / report)]
    assert main([command, str(given), *files.options, *ends]) == status
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_table_stays_whatever_becomes_of_the_page(files, tmp_path):
    """A model that fails when the page asks it, after the last block."""
    how = {"genome": files.folder / "g.fa", "report": tmp_path / "p.html"}
    whole = Toy(WINDOW, TASKS)
    score_vcf(files.folder / "v.vcf", tmp_path / "o.tsv", genome=how["genome"], weights=whole)
    table = (tmp_path / "o.tsv").read_text()
    (tmp_path / "p.html").write_text("old")
    fails = Toy(WINDOW, TASKS, stop_after=len(whole.shapes))
    with pytest.raises(Stopped):
        score_vcf(files.folder / "v.vcf", tmp_path / "o.tsv", weights=fails, **how)
    assert (tmp_path / "o.tsv").read_text() == table and len(table.splitlines()) == 61
    assert (tmp_path / "p.html").read_text() == "old" and len(list(tmp_path.iterdir())) == 2


def test_nothing_to_show_is_a_page_too(files, tmp_path):
    (tmp_path / "v.vcf").write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\n")
    page = tmp_path / "p.html"
    ends = ["--out", str(tmp_path / "o.tsv"), "--report", str(page)]
    assert main(["variants", str(tmp_path / "v.vcf"), *files.options, *ends]) == 0
    assert "Alleles: 0, 0 of them scored." in page.read_text(encoding="utf-8")


def test_colours_follow_the_page():
    from matplotlib.figure import Figure

    figure = Figure()
    axis = figure.subplots()
    axis.plot([0, 1], color=LIGHT["c1"])
    axis.text(0, 0, f"{LIGHT['c1']} url(#x)", color=LIGHT["ink"])
    axis.set_title("\x01\N{CJK UNIFIED IDEOGRAPH-6570}")
    text = inline(figure, 'a "label" <', name="n")
    assert ">\N{REPLACEMENT CHARACTER}\N{CJK UNIFIED IDEOGRAPH-6570}</text>" in text
    assert "stroke: var(--c1)" in text and "fill: var(--ink)" in text
    assert f">{LIGHT['c1']} url(#x)</text>" in text  # what is written stays
    assert 'aria-label="a &quot;label&quot; &lt;"' in text
    assert "<style" not in text and "<metadata" not in text


def shown(model, tmp_path, tasks, *, chosen=slice(None), along=False, draw=draw_alleles, **more):
    """The page of a few variants by any model, with tracks along the genome or without."""
    path = tmp_path / "g.fa"
    path.write_text(f">chr1\n{LETTERS}\n")
    variants = [
        Variant(
            "chr1", position, LETTERS[position - 1], "ACGT"["ACGT".index(LETTERS[position - 1]) - 1]
        )
        for position in (50, 60)
    ]
    scorer = Scorer(model, **more)
    about = {"tasks": tasks, "chosen": chosen, "effect": "diff", "weights": "own", "draw": draw}
    with (
        open_genome(path) as genome,
        variants_page(tmp_path / "p.html", **about, genome=genome if along else None) as page,
    ):
        page.scorer = scorer
        for block in blocks(enumerate(variants), genome, window=WINDOW):
            scores = scorer.scores(block.codes)[:, chosen]
            page.add(block, scores[block.alt] - scores[block.ref])
    return (tmp_path / "p.html").read_text(encoding="utf-8")


def test_the_letters_are_of_the_task_that_changes_most(tmp_path):
    """Also where the columns are not those of the model."""
    drawn = []

    def draw(letters, **more):
        drawn.append((letters, more))
        return draw_alleles(letters, **more)

    given = keras.Input((WINDOW,), dtype="uint8")
    model = keras.Model(given, TaskHead(3)(keras.ops.cast(given, "float32")))
    shown(model, tmp_path, ["task_2", "task_0"], chosen=[2, 0], draw=draw)
    assert len(drawn) == 2
    for found, more in drawn:
        most = more["tasks"][np.abs(more["effects"]).argmax()]
        assert more["title"] == f"letters that carry {most}"
        expected = attribute(model, more["codes"], tasks=int(most[-1]), method="occlusion")
        np.testing.assert_allclose(found, expected, atol=1e-6)
        np.testing.assert_allclose(np.diff(more["scores"], axis=0)[0], more["effects"], atol=1e-6)


def test_a_network_without_gradients_is_shown_by_occlusion(tmp_path):
    codes = keras.Input((WINDOW,), dtype="uint8")
    model = keras.Model(codes, TaskHead(1)(keras.ops.cast(codes, "float32")))
    assert "when a letter is hidden" in shown(model, tmp_path, ["task_0"])


@pytest.mark.parametrize(
    "make_head", [TaskHead, partial(keras.layers.Dense, activation="softplus")]
)
def test_letters_of_both_strands_are_those_of_the_other_strand(make_head):
    """Also by occlusion, and of networks that `strand_symmetric` does not take."""
    # Weights below 0, so that all scores lie between 0 and 1.
    head = make_head(1, kernel_initializer=keras.initializers.RandomUniform(-0.05, -0.01, seed=1))
    given = keras.Input((WINDOW,), dtype="uint8")
    scorer = Scorer(keras.Model(given, head(keras.ops.cast(given, "float32"))), both_strands=True)
    codes = tokens([LETTERS[:WINDOW], LETTERS[WINDOW : 2 * WINDOW]])
    found, other = (
        carried_letters(scorer, strand[None], [0])[0][0]
        for strand in (codes, reverse_complement(codes))
    )
    assert np.any(found)
    np.testing.assert_allclose(other[:, ::-1, ::-1], found, atol=1e-5)


def test_letters_are_told_where_pictures_show_them():
    """In long windows those about the middle, with the numbers of occlusion."""
    head = TaskHead(1, kernel_initializer=keras.initializers.RandomUniform(-0.01, 0, seed=1))
    given = keras.Input((200,), dtype="uint8")
    model = keras.Model(given, head(keras.ops.cast(given, "float32")))
    pair = np.random.default_rng(0).integers(0, 5, (2, 200), dtype=np.uint8)
    found = carried_letters(Scorer(model), pair[None], [0])[0][0]
    expected = attribute(model, pair, tasks=0, method="occlusion")
    np.testing.assert_allclose(found[:, 60:180], expected[:, 60:180], atol=1e-6)
    assert expected[:, :60].any() and not found[:, :60].any() and not found[:, 180:].any()


def test_both_strands_of_a_network_that_reads_one(tmp_path):
    model = genome_keras.kmer_logreg(window=WINDOW, tasks=1, seed=1)
    text = shown(model, tmp_path, ["task_0"], both_strands=True)
    assert "when a letter is hidden" in text


def test_a_language_model_is_shown_by_mutagenesis(tmp_path):
    model = genome_keras.char_rnn(units=2, seed=1, cell="rnn", depth=1)
    text = shown(model, tmp_path, ["log_likelihood"])
    assert "log-likelihood ratio, nats" in text and "when a letter is changed" in text


def test_columns_of_long_texts_are_broken_into_lines():
    """Else they are cut off where the page is narrow; numbers and short names stay as they are."""
    long = ", ".join(["HepG2|CTCF|None"] * 5)
    html = table(("task", "value", "alike"), [("K562", "+0.25", long), (("A", "v" * 50), "-1", "")])
    assert html.count('class="text wide"') == 3  # the head, and both cells of the column
    assert f'<td class="text wide">{long}</td>' in html and "<td>+0.25</td>" in html
    assert table(("task",), []).count("<tr>") == 1
