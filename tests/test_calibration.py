"""Calibrations: lines for log-odds, thresholds, and the table that keeps them."""

import numpy as np
import pytest

from genome_keras.errors import FormatError
from genome_keras.evaluation.calibrate import calibrate, fitted, lines
from genome_keras.weights.calibration import Calibration, log_odds


def drawn(slope, offset, n=20000, tasks=3, seed=0):
    """Scores, and labels whose log-odds are a known line of those of the scores."""
    draw = np.random.default_rng(seed)
    odds = draw.normal(-1, 2, (n, tasks))
    p = 1 / (1 + np.exp(-(np.array(slope) * odds + np.array(offset))))
    return (draw.random((n, tasks)) < p).astype(np.int8), 1 / (1 + np.exp(-odds))


def test_lines_are_found_again():
    labels, scores = drawn([1.0, 0.8, 1.2], [-1.0, 0.0, -2.0])
    found = fitted(labels, scores, ["a", "b", "c"])
    assert found.slope == pytest.approx([1.0, 0.8, 1.2], abs=0.06)
    assert found.offset == pytest.approx([-1.0, 0.0, -2.0], abs=0.1)


def test_calibrated_scores_have_the_rate_of_the_labels():
    labels, scores = drawn([1.0, 0.8, 1.2], [-1.0, 0.0, -2.0])
    mean = fitted(labels, scores, ["a", "b", "c"]).probabilities(scores).mean(0)
    assert mean == pytest.approx(labels.mean(0), rel=0.02)


@pytest.mark.parametrize("positives", [0, 1, 9, 10])
def test_a_task_with_few_positives_has_the_line_of_all(positives):
    """Whether it has none or nine; and the threshold that is usual."""
    labels, scores = drawn([1.0] * 4, [-3.0] * 4, tasks=4)
    ones = np.flatnonzero(labels[:, 3] == 1)
    labels[ones[positives:], 3] = 0
    found = fitted(labels, scores, list("abcd"))
    known = labels.ravel(), scores.ravel()[:, None]
    (all_slope,), (all_offset,) = lines(known[0][:, None], known[1])
    shared = positives < 10
    assert found.how == ("own", "own", "own", "shared" if shared else "own")
    assert (found.slope[3] == pytest.approx(all_slope, abs=1e-6)) == shared
    assert (found.offset[3] == pytest.approx(all_offset, abs=1e-6)) == shared
    assert (found.threshold[3] == np.median(found.threshold[:3])) == shared
    assert found.positives[3] == positives
    # Its rate is what its line stands for, so other rates shift it as they do the others.
    assert found.rate[3] == pytest.approx(found.probabilities(scores)[:, 3].mean(), rel=1e-5)
    told = found.probabilities(scores, rates=found.rate * 2)[:, 3]
    assert log_odds(told) - log_odds(found.probabilities(scores)[:, 3]) == pytest.approx(
        log_odds(2 * found.rate[3]) - log_odds(found.rate[3]), abs=1e-3
    )


def test_what_is_told_of_a_table_counts_every_task():
    labels, scores = drawn([1.0] * 4, [-1.0] * 4, tasks=4)
    labels[:, 1], labels[labels[:, 2] == 1, 2] = -1, 0
    found = fitted(labels, scores, list("abcd"))
    assert found.how == ("own", "none", "shared", "own")
    told = "tasks by their own labels, 1 with too few positives by a line that they share"
    assert found.told() == f"2 of 4 {told}, 1 without a label left out"
    assert found.only([3, 2]).how == ("own", "shared")
    assert np.isnan(found.slope[1]) and np.isnan(found.rate[1])


def test_lines_of_tasks_are_spread_as_told():
    labels, scores = drawn([1.0, 1.0], [-1.0, -3.0], n=2000, tasks=2)
    near, far = (lines(labels, scores, spread=spread, few=0) for spread in ((1e-3,) * 2, (9, 9)))
    assert near[1, 0] == pytest.approx(near[1, 1], abs=0.01)
    assert far[1].tolist() == pytest.approx([-1.0, -3.0], abs=0.3)
    assert (
        lines(labels, scores, few=10**9)[:, 0].tolist()
        == lines(labels, scores, few=10**9)[:, 1].tolist()
    )


def test_a_task_without_labels_keeps_its_scores_and_is_never_called():
    labels, scores = drawn([1.0] * 2, [-3.0] * 2, tasks=2)
    labels[:, 1] = -1
    found = fitted(labels, scores, ["a", "b"])
    assert found.fitted.tolist() == [True, False]
    assert found.probabilities(scores)[:, 1] == pytest.approx(scores[:, 1])
    assert not found.calls(scores)[:, 1].any()


def test_what_is_not_measured_counts_nowhere():
    labels, scores = drawn([0.7], [-1.0], tasks=1)
    whole = fitted(labels[:9000], scores[:9000], ["a"])
    labels[9000:] = -1
    scores[9000:] = 0.999
    some = fitted(labels, scores, ["a"])
    for name in ("slope", "offset", "rate"):
        assert getattr(some, name) == pytest.approx(getattr(whole, name))


def test_a_slope_is_never_negative():
    labels, scores = drawn([-3.0], [0.0], tasks=1)
    assert fitted(labels, scores, ["a"]).slope[0] > 0


def test_precision_and_recall_hold_on_other_regions():
    labels, scores = drawn([1.0, 1.5], [-2.0, -1.0], tasks=2)
    found = fitted(labels, scores, ["a", "b"])
    labels, scores = drawn([1.0, 1.5], [-2.0, -1.0], tasks=2, seed=1)
    calls, right = found.calls(scores), labels == 1
    assert (calls & right).sum(0) / calls.sum(0) == pytest.approx(found.precision, abs=0.08)
    assert (calls & right).sum(0) / right.sum(0) == pytest.approx(found.recall, abs=0.08)


def test_other_rates_shift_the_log_odds():
    found = fitted(*drawn([1.0], [-1.0], tasks=1), ["a"])
    scores = np.array([[0.2], [0.6]])
    same, rarer = found.probabilities(scores), found.probabilities(scores, rates=0.001)
    shift = log_odds(found.rate[0]) - log_odds(0.001)
    assert log_odds(same) - log_odds(rarer) == pytest.approx(shift, abs=1e-3)


def test_the_table_is_read_as_it_was_written(tmp_path):
    labels, scores = drawn([1.0] * 2, [-3.0] * 2, tasks=2)
    labels[:, 1] = -1
    before = fitted(labels, scores, ["a|CTCF", "b"], about="split valid\nchr2")
    before.write(tmp_path / "x.tsv")
    after = Calibration.read(tmp_path / "x.tsv")
    assert (after.tasks, after.how, after.about) == (before.tasks, before.how, before.about)
    assert after.how == ("own", "none")
    for name in ("slope", "offset", "threshold", "precision", "recall", "rate", "positives"):
        kept, made = getattr(after, name), getattr(before, name)
        np.testing.assert_allclose(kept, made, rtol=1e-5)
    assert after.only([1]).tasks == ("b",)


NUMBERS = "slope\toffset\tthreshold\tprecision\trecall\trate\tpositives\n"
HEADER = "task\thow\t" + NUMBERS


def test_a_table_without_how_is_read_too(tmp_path):
    """Those of earlier versions, whose every line is told to be the task's own."""
    rows = "a\t1\t0\t0.5\tnan\tnan\t0.1\t3\nb\tnan\tnan\t0.5\tnan\tnan\tnan\t0\n"
    (tmp_path / "x.tsv").write_text("task\t" + NUMBERS + rows)
    found = Calibration.read(tmp_path / "x.tsv")
    assert (found.tasks, found.how) == (("a", "b"), ("own", "none"))
    assert found.positives.tolist() == [3, 0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected a row for each task. Received: none"),
        ("task\tslope\n", ":1: expected the columns task, how, slope, offset"),
        (HEADER + "a\town\t1\t0\n", ":2: expected 9 columns. Received: 4"),
        (HEADER + "a\n", ":2: expected 9 columns. Received: 1"),
        ("task\t" + NUMBERS + "a\t1\t0\n", ":2: expected 8 columns. Received: 3"),
        (HEADER + "a\town\t1\t0\tx\t0\t0\t0\t0\n", ":2: expected numbers"),
        (HEADER + "a\town\t-1\t0\t0\t0\t0\t0\t0\n", ":2: expected slope from 0 to 100"),
        (HEADER + "a\town\tinf\t0\t0\t0\t0\t0\t0\n", ":2: expected slope from 0 to 100"),
        (HEADER + "a\town\t1\t0\t0\t0\t0\t0\tnan\n", ":2: expected positives"),
        (HEADER + "a\town\t1\t0\t2\t0\t0\t0\t1\n", ":2: expected threshold from 0 to 1"),
        (HEADER + "a\tmine\t1\t0\t0\t0\t0\t0\t1\n", ":2: expected how: own, shared, or none"),
        (HEADER + "a\tnone\t1\t0\t0\t0\t0\t0\t1\n", "Received: 'none'"),
        (HEADER + "a\town\tnan\t0\t0\t0\t0\t0\t1\n", "Received: 'own'"),
        ("\udcff", "expected UTF-8"),
    ],
)
def test_another_file_is_one_line(tmp_path, text, problem):
    (tmp_path / "x.tsv").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FormatError) as error:
        Calibration.read(tmp_path / "x.tsv")
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


def test_calibrate_reads_one_split_and_source(tmp_path):
    import h5py

    from genome_keras import kmer_logreg

    draw = np.random.default_rng(0)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = draw.integers(0, 4, (90, 14), np.uint8)
        file["y"] = draw.integers(0, 2, (90, 2), np.int8)
        file["split"] = np.repeat([b"train", b"valid"], [40, 50])
        file["source"] = np.repeat([b"bins", b"windows"], [60, 30])
        file["tasks"] = np.array([b"CTCF", b"DNase"])
    model = kmer_logreg(k=(1, 2), window=12, tasks=2, seed=0)
    found = calibrate(tmp_path / "data.h5", weights=model, sources=["windows"])
    assert found.tasks == ("CTCF", "DNase")
    assert found.about == "data.h5, split valid, sources windows: 30 regions"
    with h5py.File(tmp_path / "data.h5") as file:
        assert found.positives.tolist() == (file["y"][60:] == 1).sum(0).tolist()


@pytest.fixture
def own(tmp_path):
    """A checkpoint of a user with a calibration of two of its three tasks beside it."""
    from genome_keras import kmer_logreg
    from genome_keras.weights.checkpoint import save_described

    model = kmer_logreg(k=(1, 2), window=12, tasks=3, seed=0)
    path = tmp_path / "own.weights.h5"
    save_described(model, path, tasks=["a", "b", "c"])
    slope, offset = [1, 2, np.nan], [-1, 0.5, np.nan]
    calibration = Calibration.from_lines(["a", "b", "c"], slope=slope, offset=offset)
    calibration.write(tmp_path / "own.calibration.tsv")
    return path, calibration


def test_predict_gives_calibrated_scores_and_calls(own):
    from genome_keras import predict

    path, calibration = own
    seqs = ["ACGTACGTACGT", "GGGGCCCCGGGG"]
    plain = predict(seqs, weights=path)
    found = predict(seqs, weights=path, values="calibrated")
    assert found.tasks == ["calibrated:a", "calibrated:b", "calibrated:c"]
    assert found.scores[:, :2] == pytest.approx(calibration.probabilities(plain.scores)[:, :2])
    assert np.isnan(found.scores[:, 2]).all()  # never another number in its place
    calls = predict(seqs, weights=path, values="calls", tasks=["b", "a"])
    assert calls.tasks == ["call:b", "call:a"]
    assert np.array_equal(calls.scores, calibration.calls(plain.scores)[:, [1, 0]])


def test_predict_says_in_the_header_what_it_wrote(own, tmp_path, capsys):
    from genome_keras.cli import main

    (tmp_path / "x.fa").write_text(">s\nACGTACGTACGT\n")
    line = ["predict", str(tmp_path / "x.fa"), "--weights", str(own[0]), "--out"]
    assert main([*line, str(tmp_path / "x.tsv"), "--calls", "--task", "a"]) == 0
    header, row = (tmp_path / "x.tsv").read_text().splitlines()
    assert header.split("\t") == ["name", "start", "end", "call:a"]
    assert row.split("\t")[3] in ("0", "1")


def test_a_checkpoint_without_a_calibration_is_one_line(own):
    from genome_keras import predict
    from genome_keras.errors import WeightsError

    own[0].with_name("own.calibration.tsv").unlink()
    with pytest.raises(WeightsError, match="no calibration beside its weights"):
        predict(["ACGTACGTACGT"], weights=own[0], values="calibrated")
    with pytest.raises(ValueError, match="values"):
        predict(["ACGTACGTACGT"], weights=own[0], values="odds")


def test_a_calibration_of_other_tasks_is_refused(own):
    from genome_keras import predict
    from genome_keras.errors import WeightsError

    Calibration.from_lines(["a"], slope=[1], offset=[0]).write(
        own[0].with_name("own.calibration.tsv")
    )
    with pytest.raises(WeightsError, match="its tasks are not those of"):
        predict(["ACGTACGTACGT"], weights=own[0], values="calibrated")


def test_of_a_run_the_best_weights_are_calibrated_not_those_of_its_last_epoch(tmp_path):
    import h5py

    from genome_keras import kmer_logreg
    from genome_keras.weights.checkpoint import save_bare
    from genome_keras.weights.run_files import RunFiles

    draw = np.random.default_rng(0)
    best, last = (kmer_logreg(k=(1, 2), window=12, tasks=1, seed=0) for _ in range(2))
    best.set_weights([0.3 * draw.normal(size=weight.shape) for weight in best.get_weights()])
    last.set_weights([2 * weight for weight in best.get_weights()])
    codes = draw.integers(0, 4, (600, 12), np.uint8)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = codes
        file["y"] = (draw.random((600, 1)) < best.predict(codes, verbose=0)).astype(np.int8)
        file["split"] = np.array([b"valid"] * 600)
        file["source"] = np.array([b"bins"] * 600)
        file["tasks"] = np.array([b"CTCF"])
    files = RunFiles(tmp_path / "run")
    files.epoch(1).parent.mkdir(parents=True)
    save_bare(best, files.best)
    save_bare(best, files.epoch(1))
    save_bare(last, files.epoch(2))
    files.describe(best, ["CTCF"])
    found = calibrate(tmp_path / "data.h5", weights=tmp_path / "run")
    assert found.slope == pytest.approx(calibrate(tmp_path / "data.h5", weights=best).slope)
    of_last = calibrate(tmp_path / "data.h5", weights=last)
    assert found.slope == pytest.approx(2 * of_last.slope, rel=1e-3) and found.slope > 0.1
