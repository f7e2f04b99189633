"""Laws of experiments: on models that add letters up, effects are sums and nothing interacts."""

import html

import numpy as np
import pytest
from support.toy import TASKS, WINDOW, Toy

from genome_keras.cli import main
from genome_keras.encode import decode, kmer_counts, reverse_complement, tokens
from genome_keras.errors import SequenceError
from genome_keras.interpret import (
    Ablate,
    Epistasis,
    Marginalize,
    Space,
    ablate,
    draw_epistasis,
    draw_spacing,
    epistasis,
    marginalize,
    region_epistasis,
    shuffled,
    space,
    strongest,
    write_experiment,
)
from genome_keras.interpret.experiments import put
from genome_keras.scoring.effects import logit
from genome_keras.scoring.scorer import Scorer
from genome_keras.weights import DEFAULTS

CLOSE = {"atol": 1e-3}  # log-odds of float32 probabilities


def windows(n=3, window=WINDOW, letters=4, seed=0):
    return np.random.default_rng(seed).integers(0, letters, (n, window), dtype=np.uint8)


class Pairs(Toy):
    """A toy to whose first task A at 2 with C at 7 adds 3, beside what each adds."""

    def scores(self, codes):
        sums = self.numbers[codes, np.arange(codes.shape[1])].sum(1)
        sums[:, 0] += 3.0 * ((codes[:, 2] == 0) & (codes[:, 7] == 1))
        return (1 / (1 + np.exp(-sums))).astype(np.float32)


def sums(toy, codes):
    return toy.numbers[codes, np.arange(codes.shape[1])].sum(1)


# Motifs in backgrounds


def test_marginal_effects_of_a_model_that_adds_letters():
    toy, codes = Toy(), windows()
    done = marginalize(toy, ["GATA", "CNG"], codes, start=3)
    np.testing.assert_allclose(done.before, sums(toy, codes), **CLOSE)
    for k, motif in enumerate(("GATA", "CNG")):
        expected = sums(toy, put(codes, motif, 3)) - sums(toy, codes)
        np.testing.assert_allclose(done.change[:, k], expected, **CLOSE)
    middle = marginalize(toy, "GATA", codes)
    np.testing.assert_array_equal(middle.after, marginalize(toy, "GATA", codes, start=4).after)


def test_any_function_of_a_scorer_and_codes():
    toy, codes = Toy(), windows(2)
    done = marginalize(toy, "GATA", codes, function=Scorer.scores)
    np.testing.assert_allclose(logit(done.before), sums(toy, codes), **CLOSE)
    letters = marginalize(toy, "GATA", codes, start=0, function=lambda scorer, codes: codes)
    assert decode(letters.after[:, 0, :4]) == ["GATA", "GATA"]
    assert letters.after.shape == (2, 1, WINDOW)
    with pytest.raises(ValueError, match="the function must give 4 rows"):
        marginalize(toy, "GATA", codes, function=lambda scorer, codes: codes[:1])


def test_two_motifs_at_each_distance():
    toy, codes = Pairs(), windows()
    codes[:, [2, 7]] = 3  # nothing of the pair in the backgrounds
    found = space(toy, "AA", "CC", codes, distances=range(1, 6), start=2)
    assert found.distances.tolist() == [1, 2, 3, 4, 5]
    expected = np.zeros((3, 5, 3))
    expected[:, 1:3, 0] = 3.0  # CC at 6 and at 7 has C at 7
    np.testing.assert_allclose(found.cooperativity, expected, **CLOSE)
    np.testing.assert_allclose(found.first, sums(toy, put(codes, "AA", 2)), **CLOSE)
    np.testing.assert_allclose(found.second[:, 0], sums(toy, put(codes, "CC", 5)), **CLOSE)


@pytest.mark.parametrize("how", ["letters", "dinucleotides", "n"])
def test_a_region_taken_out(how):
    toy, codes = Toy(), windows()
    done = ablate(toy, codes, (2, 9), how=how, shuffles=5, function=lambda _, codes: codes)
    assert done.after.shape == (3, 1 if how == "n" else 5, WINDOW)
    for own, copies in zip(codes, done.after, strict=True):
        assert (copies[:, [0, 1, 9, 10, 11]] == own[[0, 1, 9, 10, 11]]).all()
        if how == "n":
            assert (copies[:, 2:9] == 4).all()
        else:
            assert (np.sort(copies[:, 2:9]) == np.sort(own[2:9])).all()
    again = ablate(toy, codes, (2, 9), how=how, shuffles=5, function=lambda _, codes: codes)
    np.testing.assert_array_equal(done.after, again.after)


# Pairs


def test_only_the_pair_that_interacts_has_epistasis():
    toy, codes = Pairs(), windows(2, letters=4)
    codes[:, 2], codes[:, 7], codes[1, 5] = 0, 1, 4
    found = epistasis(toy, codes, tasks=[0, 2])
    assert found.shape == (2, WINDOW, 4, WINDOW, 4, 2)
    assert np.isnan(found[:, np.arange(WINDOW), :, np.arange(WINDOW)]).all()
    assert np.isnan(found[1, 5]).all() and np.isnan(found[1, :, :, 5]).all()
    # Without A or without C the bonus is lost; without both it is lost once, not twice.
    expected = np.where(np.isnan(found), np.nan, 0.0)
    expected[:, 2, 1:, 7, [0, 2, 3], 0] = 3.0
    expected[:, 7, [0, 2, 3], 2, 1:, 0] = 3.0
    np.testing.assert_allclose(found, expected, atol=1e-3)
    part = epistasis(toy, codes, tasks=[0], region=(2, 8))
    np.testing.assert_allclose(part[..., 0], found[:, 2:8, :, 2:8, :, 0], **CLOSE)
    places = strongest(found)[0, ..., 0]
    assert places.shape == (WINDOW, WINDOW) and abs(places[2, 7] - 3) < 1e-3
    assert np.isnan(places[3, 3]) and np.nansum(np.abs(places) > 1) == 2


def test_regions_that_interact():
    toy, codes = Pairs(), windows(2)
    codes[:, 2], codes[:, 7] = 0, 1
    regions = [(2, 3), (4, 6), (7, 8)]
    found = region_epistasis(toy, codes, regions, how="n")
    assert found.shape == (2, 3, 3, 3) and np.isnan(found[:, [0, 1, 2], [0, 1, 2]]).all()
    np.testing.assert_allclose(found[:, 0, 2], [[3, 0, 0]] * 2, atol=1e-3)
    np.testing.assert_allclose(found[:, 1, [0, 2]], 0, atol=1e-3)
    np.testing.assert_array_equal(found, found.transpose(0, 2, 1, 3))
    with pytest.raises(ValueError, match="must not overlap"):
        region_epistasis(toy, codes, [(2, 5), (4, 6)])


# Shuffles


def test_shuffles_keep_pairs_of_neighbours():
    codes = windows(4, window=60)
    found = shuffled(codes, 30, seed=1)
    for own, copies in zip(codes, found, strict=True):
        counts = kmer_counts(np.stack([own, *copies]), k=(1, 2))
        assert (counts == counts[0]).all()
        assert (copies[:, 0] == own[0]).all() and (copies[:, -1] == own[-1]).all()
        assert len({copy.tobytes() for copy in copies}) == 30
    assert not np.array_equal(found, shuffled(codes, 30, seed=2))
    # Of a window, whatever stands beside it, and of both strands alike.
    np.testing.assert_array_equal(shuffled(codes[1:2], 30, seed=1)[0], found[1])
    other = shuffled(reverse_complement(codes), 30, seed=1)
    np.testing.assert_array_equal(reverse_complement(other[2]), found[2])


def test_all_sequences_with_the_same_pairs_are_as_likely():
    """AABAC has two of them with A A A B C's pairs: AABAC and ABAAC."""
    found = shuffled(tokens(["AACAG"]), 4000)[0]
    letters, counts = np.unique(decode(found), return_counts=True)
    assert letters.tolist() == ["AACAG", "ACAAG"]
    assert abs(counts[0] - 2000) < 150  # almost five standard deviations


def test_n_stays_where_it_is():
    codes = windows(1, window=40)
    codes[0, [7, 8, 30]] = 4
    found = shuffled(codes, 10)[0]
    assert (np.flatnonzero((found == 4).all(0)) == [7, 8, 30]).all() and (found == 4).sum() == 30
    assert (np.sort(found[:, 9:30]) == np.sort(codes[0, 9:30])).all()
    assert (shuffled(np.full((1, 5), 4, np.uint8), 2) == 4).all()


# What is wrong


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda toy, codes: marginalize(toy, [], codes), "at least one motif"),
        (lambda toy, codes: marginalize(toy, "", codes), "must have letters of ACGT"),
        (lambda toy, codes: marginalize(toy, "NN", codes), "must have letters of ACGT"),
        (lambda toy, codes: marginalize(toy, "A" * 13, codes), "must begin at 0 to -1"),
        (lambda toy, codes: marginalize(toy, "AA", codes, start=11), "must begin at 0 to 10"),
        (lambda toy, codes: marginalize(toy, "AA", codes[:, 1:]), "windows of 12 bp"),
        (lambda toy, codes: space(toy, "AA", "CC", codes, distances=[]), "one distance"),
        (lambda toy, codes: space(toy, "AA", "CC", codes, distances=[-1]), "distance must be"),
        (lambda toy, codes: space(toy, "AA", "CC", codes, distances=[9]), "must begin at"),
        (lambda toy, codes: ablate(toy, codes, (3, 3)), r"a region must be \(start, end\)"),
        (lambda toy, codes: ablate(toy, codes, (3, 13)), r"a region must be \(start, end\)"),
        (lambda toy, codes: ablate(toy, codes, 3), r"a region must be \(start, end\)"),
        (lambda toy, codes: ablate(toy, codes, (3, 5), how="x"), "how must be one of"),
        (lambda toy, codes: ablate(toy, codes, (3, 5), shuffles=0), "shuffles must be"),
        (lambda toy, codes: epistasis(toy, codes, tasks=[3]), "tasks must be columns from 0 to 2"),
        (lambda toy, codes: epistasis(toy, codes, tasks=[]), "tasks must be columns"),
        (lambda toy, codes: draw_spacing(np.zeros((1, 2)), distances=[1], tasks=["a"]), "expected"),
        (lambda toy, codes: draw_epistasis(np.zeros((1, 2)), codes=[1]), "expected effects"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call(Toy(), windows())


def test_a_foreign_letter_of_a_motif():
    with pytest.raises(SequenceError, match="'Z'"):
        marginalize(Toy(), "GAZA", windows())


# Files


@pytest.fixture
def fasta(tmp_path):
    codes = windows(3)
    codes[:, 2], codes[:, 7] = 0, 1
    path = tmp_path / "seqs.fa"
    path.write_text("".join(f">seq {n}\n{seq}\n" for n, seq in enumerate(decode(codes))))
    return path, codes


def rows(path):
    return [line.split("\t") for line in path.read_text().splitlines()]


def test_tables_have_the_numbers_of_the_functions(fasta, tmp_path):
    (path, codes), out, toy = fasta, tmp_path / "out.tsv", Pairs()

    def written(experiment, **more):
        assert write_experiment(path, out, experiment=experiment, weights=toy, **more) == 3
        head, *body = rows(out)
        assert head[:3] == ["name", "start", "end"] and head[-len(TASKS) :] == TASKS
        fields = 3 + len(experiment.fields)
        return [row[3:fields] for row in body], np.array(
            [row[fields:] for row in body], np.float64
        ).reshape(3, -1, len(TASKS))

    extra, values = written(Marginalize(("GATA", "CACG")))
    assert extra == [["GATA"], ["CACG"]] * 3
    done = marginalize(toy, ["GATA", "CACG"], codes)
    np.testing.assert_allclose(values, done.change, rtol=1e-5)
    extra, values = written(Ablate((2, 5), shuffles=4))
    np.testing.assert_allclose(
        values[:, 0], ablate(toy, codes, (2, 5), shuffles=4).change.mean(1), rtol=1e-4
    )
    extra, values = written(Space("AA", "CC", range(3)))
    found = space(toy, "AA", "CC", codes, distances=range(3)).cooperativity
    np.testing.assert_allclose(values, found, rtol=1e-4, atol=1e-6)
    extra, values = written(Epistasis((2, 8)))
    assert len(extra) == 3 * 15 * 9
    found = epistasis(toy, codes, tasks=[0, 1, 2], region=(2, 8))
    at_a, ref_a, alt_a, at_b, ref_b, alt_b = extra[-1]
    assert (ref_a, ref_b) == tuple("ACGT"[codes[2, int(at) - 1]] for at in (at_a, at_b))
    letters = "ACGT".index(alt_a), "ACGT".index(alt_b)
    own = found[2, int(at_a) - 3, letters[0], int(at_b) - 3, letters[1]]
    np.testing.assert_allclose(values[2, -1], own, rtol=1e-4, atol=1e-6)
    assert np.abs(values[..., 0]).max() > 2.9  # the pair is among them


def test_backgrounds_are_shuffled_first(fasta, tmp_path):
    (path, codes), out, toy = fasta, tmp_path / "out.tsv", Toy()
    gata = {"experiment": Marginalize(("GATA",)), "weights": toy}
    write_experiment(path, out, **gata, shuffle=True, shuffle_seed=3)
    values = np.array([row[4:] for row in rows(out)[1:]], np.float64)
    expected = marginalize(toy, "GATA", shuffled(codes, 1, seed=3)[:, 0]).change[:, 0]
    np.testing.assert_allclose(values, expected, rtol=1e-5)


def test_pages(fasta, tmp_path):
    pytest.importorskip("logomaker")
    (path, _), out, page = fasta, tmp_path / "out.tsv", tmp_path / "page.html"
    for experiment in (Space("AA", "CC", range(3)), Epistasis((2, 8))):
        write_experiment(path, out, experiment=experiment, weights=Pairs(), report=page)
        text = html.unescape(page.read_text())
        assert text.count("<figure>") == (1 if isinstance(experiment, Space) else 3)
        assert TASKS[0] in text and "<script" not in text
    with pytest.raises(ValueError, match="no pictures of Marginalize"):
        write_experiment(path, out, experiment=Marginalize(("A",)), weights=Toy(), report=page)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("marginalize --motif GATA --at 98", "a motif of 4 bp must begin at 0 to 96"),
        ("marginalize --motif GA7A", "'7'"),
        ("ablate --bases 90-101", "a region must be"),
        ("ablate --bases 9-3", "expected FROM-TO"),
        ("space --motif-a GATA --motif-b CACG --distances 0-99", "must begin at"),
        ("epistasis --bases 0-3", "expected FROM-TO, from 1 on"),
    ],
)
def test_the_command_tells_what_is_wrong_before_it_reads(line, message, capsys, tmp_path):
    name, *more = line.split()
    out = tmp_path / "out.tsv"
    try:
        command = ["experiment", name, str(tmp_path / "missing.fa"), "--weights", DEFAULTS[100]]
        status = main([*command, "--out", str(out), *more])
    except SystemExit as stopped:
        status = stopped.code
    assert status in (1, 2) and message in capsys.readouterr().err and not out.exists()
