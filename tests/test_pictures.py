"""Laws of the pictures: what is drawn, and where, is what came in."""

import io
import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genome_keras.encode import tokens
from genome_keras.errors import GenomeKerasError
from genome_keras.genome import Variant
from genome_keras.interpret import draw_alleles, draw_logo, draw_substitutions, draw_tracks
from genome_keras.io.reference import open_genome
from genome_keras.pictures.alleles import align, name_variant
from genome_keras.pictures.canvas import LETTER_COLOURS
from genome_keras.pictures.html_page import DARK, LIGHT
from genome_keras.windows import alleles

pytest.importorskip("logomaker")
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch

LETTERS = "".join(np.random.default_rng(0).choice(list("ACGT"), 400))


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def own(codes, seed=0):
    """Attributions of the letters that stand there only."""
    return np.eye(5, 4)[codes] * random(*np.shape(codes), 1, seed=seed)


def letters_of(axis):
    """(position, letter) -> (bottom, top) of the letters on an axis."""
    named = {colour: letter for letter, colour in LETTER_COLOURS.items()}
    found = {}
    for patch in axis.patches:
        if type(patch) is PathPatch:
            box = patch.get_path().get_extents(patch.get_patch_transform())
            place = round((box.x0 + box.x1) / 2), named[to_hex(patch.get_facecolor())]
            found[place] = box.y0, box.y1
    return found


def texts_of(axis):
    return [text.get_text() for text in axis.texts]


def as_svg(figure):
    file = io.StringIO()
    figure.savefig(file, format="svg")
    return file.getvalue()


def test_heights_of_letters_are_their_attributions():
    codes = tokens("ACGTNACGTTAC")[0]
    values = own(codes)
    (axis,) = draw_logo(values, codes=codes, start=1000, contig="chr1").axes
    found = letters_of(axis)
    assert set(found) == {(1001 + i, "ACGT"[c]) for i, c in enumerate(codes) if c < 4}
    for (position, letter), (bottom, top) in found.items():
        value = values[position - 1001, "ACGT".index(letter)]
        assert (bottom, top) == pytest.approx((min(value, 0), max(value, 0)), abs=1e-6)
    assert "".join(texts_of(axis)) == "ACGTNACGTTAC"
    assert axis.get_xlabel() == "position on chr1 (1-based)"
    low, high = axis.get_ylim()
    assert low < values.min() and high > values.max()


def test_letters_of_a_position_are_stacked_the_largest_on_top():
    (axis,) = draw_logo([[3.0, 1.0, -2.0, 0.0], [np.nan, 0, 0, 1]]).axes
    expected = {(1, "A"): (1, 4), (1, "C"): (0, 1), (1, "G"): (-2, 0), (2, "T"): (0, 1)}
    found = letters_of(axis)
    assert set(found) == set(expected)
    for place, ends in expected.items():
        assert found[place] == pytest.approx(ends, abs=1e-6)


def test_long_windows_have_rows_of_one_scale():
    values = own(np.arange(25) % 4)
    axes = draw_logo(values, start=0, per_row=10).axes
    assert [len(letters_of(axis)) for axis in axes] == [10, 10, 5]
    assert len({axis.get_ylim() for axis in axes}) == 1
    assert [axis.get_xlim() for axis in axes] == [(0.5, 10.5), (10.5, 20.5), (20.5, 30.5)]
    every = sorted(place for axis in axes for place in letters_of(axis))
    assert [position for position, _ in every] == list(range(1, 26))
    figure = draw_logo(values, per_row=10)
    figure.draw_without_rendering()
    told = [label.get_text() for label in figure.axes[2].get_xticklabels()]
    told = [int(text) for text in told if text]
    assert 21 in told and max(told) == 25


def test_the_heat_map_is_the_array():
    codes = tokens("ACGTNACGTT")[0]
    effects = np.where(np.eye(5, 4, dtype=bool)[codes], 0, random(10, 4))
    effects[codes == 4] = np.nan
    axis, scale = draw_substitutions(effects, codes=codes, start=20, contig="c", label="x").axes
    (image,) = axis.images
    shown = image.get_array()
    np.testing.assert_array_equal(np.ma.getmaskarray(shown), np.isnan(effects.T))
    np.testing.assert_array_equal(shown.compressed(), effects.T[~np.isnan(effects.T)])
    assert image.get_extent() == [20.5, 30.5, 3.5, -0.5]
    most = np.nanmax(np.abs(effects))
    assert (image.norm.vmin, image.norm.vmax) == (-most, most)
    assert image.cmap(image.norm(0.0))[3] == 0  # no change has no colour
    less, more = (image.cmap(image.norm(end)) for end in (-most, most))
    assert less[2] > less[0] and more[0] > more[2]  # blue and orange
    x, y = axis.lines[0].get_data()
    np.testing.assert_array_equal(x, 21 + np.flatnonzero(codes < 4))
    np.testing.assert_array_equal(y, codes[codes < 4])
    assert [label.get_text() for label in axis.get_yticklabels()] == list("ACGT")
    assert scale.get_title() == "x"


def test_no_change_at_all_can_be_drawn():
    codes = tokens("ACGT")[0]
    for figure in (
        draw_substitutions(np.zeros((4, 4)), codes=codes),
        draw_substitutions(np.full((4, 4), np.nan), codes=[4] * 4),
        draw_logo(np.zeros((4, 4))),
        draw_tracks(np.zeros((2, 1)), starts=[0, 5], window=5, tasks=["a"]),
    ):
        figure.draw_without_rendering()


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    path.write_text(f">chr1\n{LETTERS}\n")
    with open_genome(path) as opened:
        yield opened


def variant(position, size, alt):
    return Variant("chr1", position, LETTERS[position - 1 : position - 1 + size], alt)


VARIANTS = st.builds(
    variant, st.integers(60, 300), st.integers(1, 30), st.text("ACGT", min_size=1, max_size=30)
)


@settings(max_examples=100, deadline=None)
@given(VARIANTS, st.integers(1, 40))
def test_columns_hold_what_belongs_together(genome, one, window):
    shown = alleles(one, genome, window=window)
    columns = align(one, window)
    for row in (columns.ref, columns.alt):  # every base of a window, once
        assert row[row >= 0].tolist() == list(range(window))
    trimmed = one.trimmed()
    sizes = len(trimmed.ref), len(trimmed.alt)
    assert columns.last - columns.first == max(sizes)
    inside = range(columns.first, columns.last)
    gaps = [sum(row[i] == -1 for i in inside) for row in (columns.ref, columns.alt)]
    assert gaps == [max(sizes) - size for size in sizes]
    for i, (ref, alt, position) in enumerate(zip(*columns[:3], strict=True)):
        if ref >= 0 and position:
            assert shown.ref[ref] == LETTERS[position - 1]
        if i not in inside and ref >= 0 and alt >= 0:
            assert shown.ref[ref] == shown.alt[alt]


SNV = Variant("chr1", 100, LETTERS[99], "ACGT"["ACGT".index(LETTERS[99]) - 1])
DELETION = Variant("chr1", 100, LETTERS[99:104], LETTERS[99])
INSERTION = Variant("chr1", 100, LETTERS[99], LETTERS[99] + "ACG")


@pytest.mark.parametrize("one", [SNV, DELETION, INSERTION], ids=["snv", "deletion", "insertion"])
def test_both_alleles_stand_one_above_the_other(genome, one):
    window = 30
    shown = alleles(one, genome, window=window)
    codes = tokens([shown.ref, shown.alt])
    values = np.stack([own(codes[0]), own(codes[1], seed=1)])
    scores = np.random.default_rng(0).random((2, 12))
    tasks = [f"task {number}" for number in range(12)]
    figure = draw_alleles(
        values, codes=codes, variant=one, scores=scores, tasks=tasks, top=5, show=window + 4
    )
    ref, alt, bars, changes = figure.axes
    columns = align(one, window)
    assert ref.get_ylim() == alt.get_ylim() and ref.get_xlim() == alt.get_xlim()
    for axis, row, of, code in zip((ref, alt), columns[:2], values, codes, strict=True):
        found = letters_of(axis)
        expected = {
            (column, "ACGT"[code[base]]): of[base, code[base]]
            for column, base in enumerate(row)
            if base >= 0
        }
        assert set(found) == set(expected)
        for place, (bottom, top) in found.items():
            assert bottom + top == pytest.approx(expected[place], abs=1e-6)
        written = "".join(texts_of(axis)[:-1])
        assert written.replace("\N{EN DASH}", "") == "".join("ACGT"[c] for c in code)
        assert written.count("\N{EN DASH}") == (row == -1).sum()
    for tick, label in zip(alt.get_xticks(), alt.get_xticklabels(), strict=True):
        assert label.get_text() == f"{columns.positions[int(tick)]:,}"
    order = np.argsort(-np.abs(scores[1] - scores[0]))[:5]
    assert [label.get_text() for label in bars.get_yticklabels()] == [tasks[i] for i in order]
    widths = [bar.get_width() for bar in bars.patches]
    np.testing.assert_allclose(widths, np.concatenate([scores[0][order], scores[1][order]]))
    np.testing.assert_allclose(
        [bar.get_width() for bar in changes.patches], np.diff(scores[:, order], axis=0)[0]
    )
    assert ref.get_title(loc="left") == name_variant(one)


def test_only_the_letters_around_the_variant_are_shown(genome):
    shown = alleles(SNV, genome, window=100)
    codes = tokens([shown.ref, shown.alt])
    figure = draw_alleles(
        np.stack([own(code) for code in codes]),
        codes=codes,
        variant=SNV,
        scores=[[0.1], [0.2]],
        tasks=["t"],
        effects=[-3.0],
        show=20,
    )
    places = [position for position, _ in letters_of(figure.axes[0])]
    assert (min(places), max(places)) == (40, 59)
    assert figure.axes[3].patches[0].get_width() == -3


def test_long_alleles_are_cut_in_names():
    name = name_variant(Variant("chr1", 1234, "A" * 300, "C"))
    assert name == f"chr1:1,234 {'A' * 16}… (300 bp)>C"


def test_tracks_stand_at_the_centres_of_their_windows():
    scores = np.random.default_rng(0).random((40, 3))
    starts = np.arange(1000, 5000, 100)
    figure = draw_tracks(
        scores, starts=starts, window=100, tasks=["a", "b", "c"], contig="chr2", marked=[3000]
    )
    assert len(figure.axes) == 3
    assert len({axis.get_ylim() for axis in figure.axes}) == 1
    for number, (axis, task) in enumerate(zip(figure.axes, "abc", strict=True)):
        x, y = axis.lines[0].get_data()
        np.testing.assert_array_equal(x, starts + 51)
        np.testing.assert_array_equal(y, scores[:, number])
        assert axis.lines[1].get_xdata()[0] == 3000
        assert axis.get_title(loc="left") == task
        assert axis.get_xlim() == (1000.5, 5000.5)
    assert figure.axes[-1].get_xlabel() == "position on chr2 (1-based)"


def test_names_are_names_and_nothing_is_left_behind():
    import matplotlib
    from matplotlib import pyplot

    before = dict(matplotlib.rcParams)
    codes = tokens("ACGT")[0]
    title = "a $x_1$ <b>&amp; $"
    figures = [
        draw_logo(own(codes), title=title),
        draw_substitutions(random(4, 4), codes=codes, title=title),
        draw_tracks([[0.1], [0.2]], starts=[0, 9], window=5, tasks=[title]),
        draw_alleles(
            np.stack([own(codes)] * 2),
            codes=[codes] * 2,
            variant=Variant("c", 3, "G", "A"),
            scores=[[0.1], [0.2]],
            tasks=[title],
        ),
    ]
    assert pyplot.get_fignums() == []
    assert dict(matplotlib.rcParams) == before
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        for figure in figures:
            assert ">a $x_1$ &lt;b&gt;&amp;amp; $</text>" in as_svg(figure)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: draw_logo(np.zeros((5, 3))), r"values \(window, 4\). Received: \(5, 3\)"),
        (lambda: draw_logo(np.zeros((0, 4))), r"Received: \(0, 4\)"),
        (
            lambda: draw_logo(np.zeros((5, 4)), per_row=0),
            "per_row must be an integer of at least 1",
        ),
        (lambda: draw_substitutions(np.zeros((5, 4)), codes=[0] * 4), r"codes \(5,\)"),
        (
            lambda: draw_tracks([[1.0]], starts=[0], window=5, tasks=["a", "b"]),
            r"scores \(1, 2\).* Received: \(1, 1\)",
        ),
        (
            lambda: draw_tracks([[1.0], [1.0]], starts=[5, 0], window=5, tasks=["a"]),
            "starts that rise",
        ),
        (
            lambda: draw_alleles(
                np.zeros((2, 4, 4)),
                codes=np.zeros((2, 4), int),
                variant=SNV,
                scores=[[1]],
                tasks="a",
            ),
            r"scores \(2, 1\)",
        ),
    ],
)
def test_other_shapes_are_refused(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


@pytest.mark.parametrize("name", ["logomaker", "matplotlib.figure"])
def test_a_missing_library_is_named(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(GenomeKerasError, match=r"pip install 'genome_keras\[plot\]'"):
        draw_logo(np.ones((4, 4)))


# Machado et al. 2009 (doi:10.1109/TVCG.2009.113), severity 1.
SEEN = {
    "all": np.eye(3),
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("eye", SEEN)
def test_letters_stay_apart_for_every_eye(colours, eye):
    def lab(colour):
        rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
        xyz = to_xyz @ np.clip(np.array(SEEN[eye]) @ linear, 0, 1) / [0.9505, 1, 1.089]
        f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
        return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])

    for one, other in itertools.combinations("ACGT", 2):
        assert np.linalg.norm(lab(colours[one]) - lab(colours[other])) > 15, (one, other)


def test_pictures_on_one_scale():
    """What a page gives them is what their axes have, whatever they hold."""
    codes = np.array([[0, 1, 2, 3], [0, 1, 1, 3]])
    figure = draw_alleles(
        np.eye(4)[codes],
        codes=codes,
        variant=Variant("chr1", 101, "G", "C"),
        scores=[[0.2], [0.3]],
        tasks=["CTCF"],
        high=0.8,
        most=0.5,
    )
    *_, bars, effects = figure.axes
    assert bars.get_xlim() == pytest.approx((0, 0.824))
    assert effects.get_xlim() == pytest.approx((-0.515, 0.515))
    logo = draw_logo(np.eye(4)[codes[0]], ends=(-3, 5))
    assert logo.axes[0].get_ylim() == (-3, 5)
    changes = draw_substitutions(np.eye(4) / 8, codes=codes[0], most=2.0)
    assert changes.axes[0].images[0].get_clim() == (-2, 2)
