"""Training, scoring and sampling with a recurrent network, on the backend of KERAS_BACKEND."""

import json

import keras
import numpy as np
import pytest

from genome_keras import char_rnn
from genome_keras.encode import reverse_complement, tokens
from genome_keras.errors import FormatError, SequenceError, WeightsError
from genome_keras.lm import train
from genome_keras.lm.genome import Part
from genome_keras.lm.network import Network
from genome_keras.lm.sample import sample
from genome_keras.lm.score import (
    embeddings,
    held_out,
    log_likelihood_ratios,
    log_likelihoods,
    of_bases,
    probabilities,
)
from genome_keras.lm.train import load_lm, train_genome

pytestmark = pytest.mark.compiled  # many steps of few sizes
CELLS = ["gru", "lstm", "rnn"]


def small(cell="rnn", depth=1, **more):
    """The cell that is traced soonest, but where cells or layers are what is tested."""
    return char_rnn(cell=cell, depth=depth, **{"units": 5, "embedding": 3, "seed": 1, **more})


def codes(n, seed=0, letters=5):
    return np.random.default_rng(seed).integers(0, letters, n, dtype=np.uint8)


def whole(model, sequence):
    """Probabilities by the plain model, in one window."""
    scores = keras.ops.convert_to_numpy(model(sequence[None, :-1]))[0]
    return np.concatenate([np.full((1, 4), np.nan), scores])


@pytest.mark.parametrize("cell", CELLS)
def test_streaming_equals_reading_whole(cell):
    model = small(cell, depth=2)
    sequences = [codes(n, seed=n) for n in (7, 23, 1, 12, 40)]
    found = probabilities(model, sequences, batch_size=2, window=5)
    for sequence, scores in zip(sequences, found, strict=True):
        assert scores.shape == (len(sequence), 4)
        if len(sequence) > 1:
            np.testing.assert_allclose(scores, whole(model, sequence), atol=1e-5)


def test_pieces_agree_once_warm():
    model, sequence = small(), codes(90)
    (exact,) = probabilities(model, [sequence], window=10)
    (pieces,) = probabilities(model, [sequence], window=10, piece=20, warm_up=90)
    np.testing.assert_allclose(pieces, exact, atol=1e-5)
    (cold,) = probabilities(model, [sequence], window=10, piece=20, warm_up=0)
    assert not np.allclose(cold[20:22], exact[20:22], atol=1e-5)


def test_n_is_read_and_not_scored():
    model, sequence = small(), codes(30, letters=4)
    sequence[10:13] = 4
    (scores,) = probabilities(model, [sequence], window=10)
    kept = of_bases(scores, sequence)
    assert np.flatnonzero(np.isnan(kept)).tolist() == [0, 10, 11, 12]
    cost = held_out(model, [Part("x", sequence, 5)], warm_up=5)
    assert cost.bases == 22
    assert cost.nats == pytest.approx(-np.log(kept[5:][~np.isnan(kept[5:])]).sum(), rel=1e-5)


def test_likelihood_ratio_of_two_alleles():
    model = small()
    ref, alt = "ACGTACGTAC", "ACGTTCGTAC"
    (ratio,) = log_likelihood_ratios(model, [ref], [alt])
    one, two = log_likelihoods(model, [ref, alt])
    assert ratio == pytest.approx(two - one, abs=1e-5)
    p = whole(model, tokens(alt)[0])[np.arange(10), tokens(alt)[0]]
    assert two == pytest.approx(np.log(p[1:]).sum(), abs=1e-4)
    other = [reverse_complement(allele) for allele in (ref, alt)]
    (back,) = log_likelihood_ratios(model, *([allele] for allele in other))
    (both,) = log_likelihood_ratios(model, [ref], [alt], both_strands=True)
    assert both == pytest.approx((ratio + back) / 2, abs=1e-5)
    assert log_likelihood_ratios(model, [ref], [ref + "A"]).shape == (1,)
    with pytest.raises(ValueError, match="expected as many alt as ref"):
        log_likelihood_ratios(model, [ref], [])


@pytest.mark.parametrize("cell", CELLS)
def test_embeddings_are_what_the_head_reads(cell):
    model = small(cell)
    sequences = ["ACGTNACG", "TTT"]
    states = embeddings(model, sequences, pool="none")
    assert [s.shape for s in states] == [(8, 5), (3, 5)]
    layer = keras.Model(model.input, model.get_layer("next_base").input)
    expected = keras.ops.convert_to_numpy(layer(tokens(sequences[0])))[0]
    np.testing.assert_allclose(states[0], expected, atol=1e-5)
    np.testing.assert_allclose(embeddings(model, sequences)[0], expected.mean(0), atol=1e-5)
    last = embeddings(model, sequences, pool="last")
    np.testing.assert_allclose(last[0], expected[-1], atol=1e-5)
    with pytest.raises(ValueError, match="pool must be one of"):
        embeddings(model, sequences, pool="max")


def test_one_step_of_learning_is_one_step_of_keras():
    """With zero states, `learn` does what Keras's own train_on_batch does."""
    ours, keras_own = small(), small()
    x, y = codes((4, 9)), codes((4, 9), seed=1)
    network = Network(ours)
    nats, bases, _ = network.learn(x, y, network.start(4))
    loss = keras_own.train_on_batch(x, y)[0]
    assert float(bases) == (y < 4).sum()
    assert float(nats) / float(bases) == pytest.approx(float(loss), rel=1e-5)
    for one, two in zip(ours.get_weights(), keras_own.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)


def test_state_goes_from_window_to_window_but_no_gradient():
    network = Network(small())
    x = codes((2, 8))
    _, states = network.read(x[:, :4], network.start(2))
    scores, _ = network.read(x[:, 4:], states)
    direct, _ = network.read(x, network.start(2))
    np.testing.assert_allclose(scores, direct[:, 4:], atol=1e-5)
    _, _, after = network.learn(x[:, :4], x[:, 1:5], network.start(2))
    for one, two in zip(after, states, strict=True):
        np.testing.assert_allclose(*map(keras.ops.convert_to_numpy, (one, two)), atol=1e-5)


# Training.


@pytest.mark.parametrize("cell", CELLS)
def test_a_seed_fixes_all_that_a_state_holds(cell):
    """That of recurrent layers too, which nothing is drawn from."""
    one, two = (Network(small(cell, dropout=0.1)).variables() for _ in range(2))
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(*map(keras.ops.convert_to_numpy, (a, b))), a.path


def fasta(path, n=600):
    path.write_text(">rep\n" + "AGCTTGAGGC" * (n // 10) + "\n>other\n" + "ACGGTACCNT" * 8 + "\n")
    return path


SETTINGS = {
    "units": 8,
    "depth": 1,
    "embedding": 3,
    "window": 10,
    "batch_size": 4,
    "epochs": 2,
    "learning_rate": 0.02,
    "dropout": 0.1,
    "decay": "cosine",
    "reverse_complement": True,
    "tail": 0.1,
}


def test_training_learns_a_repeat(tmp_path):
    path = fasta(tmp_path / "g.fa", 1200)
    log = train_genome(path, out=tmp_path / "run", **{**SETTINGS, "epochs": 4, "dropout": 0.0})
    assert [row["epoch"] for row in log] == [1, 2, 3, 4]
    assert log[-1]["training"] < 2 < log[0]["training"] < 4.2
    assert log[0]["prequential"] == log[0]["training"] and "prequential" not in log[1]
    assert json.loads((tmp_path / "run" / "log.json").read_text()) == log
    model = load_lm(tmp_path / "run" / "best.weights.h5")
    held = held_out(model, [Part("other", tokens("ACGGTACCNT" * 8)[0], 0)])
    assert held.bases == 71


def test_fine_tuning_starts_from_the_checkpoint(tmp_path):
    path, settings = fasta(tmp_path / "g.fa"), {**SETTINGS, "epochs": 1, "cell": "rnn"}
    first = train_genome(path, out=tmp_path / "first", **settings)
    best = tmp_path / "first" / "best.weights.h5"
    sizes = dict.fromkeys(("cell", "units", "depth", "embedding"))  # those of the checkpoint
    how = {**settings, **sizes, "fine_tune": best}
    (row,) = train_genome(path, out=tmp_path / "second", **{**how, "learning_rate": 1e-12})
    assert row["held_out"] == pytest.approx(first[0]["held_out"], rel=1e-4)
    assert "prequential" not in row  # these bases may have been learned before
    asked = json.loads((tmp_path / "second" / "train.json").read_text())
    assert (asked["arguments"]["units"], asked["fine_tune"]) == (8, str(best))
    with pytest.raises(ValueError, match="units=5 contradicts checkpoint"):
        train_genome(path, out=tmp_path / "third", **{**how, "units": 5})
    assert not (tmp_path / "third").exists()


class Killed(Exception):
    pass


@pytest.mark.thorough
def test_a_killed_run_goes_on_to_the_same_numbers(tmp_path, monkeypatch):
    path = fasta(tmp_path / "g.fa")
    whole_log = train_genome(path, out=tmp_path / "whole", **SETTINGS)
    learn, calls = Network.learn, []

    def dying(self, *arguments):
        calls.append(1)
        if len(calls) in (7, 23):  # in the first epoch and in the second
            raise Killed
        return learn(self, *arguments)

    monkeypatch.setattr(Network, "learn", dying)
    for _ in range(2):
        with pytest.raises(Killed):
            train_genome(path, out=tmp_path / "run", save_every=0, **SETTINGS)
    log = train_genome(path, out=tmp_path / "run", save_every=0, **SETTINGS)
    assert len(calls) == 2 * 16 + 2
    for one, two in zip(log, whole_log, strict=True):
        assert one | {"cpu_seconds": 0} == two | {"cpu_seconds": 0}
    files = [tmp_path / name / "best.weights.h5" for name in ("run", "whole")]
    one, two = (load_lm(file).get_weights() for file in files)
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    one, two = (np.load(tmp_path / name / "state.npz") for name in ("run", "whole"))
    with one, two:
        assert one.files == two.files
        for name in {*one.files} - {"cpu_seconds"}:
            assert np.array_equal(one[name], two[name]), name


def test_another_run_in_the_folder(tmp_path):
    path = fasta(tmp_path / "g.fa")
    settings = {**SETTINGS, "epochs": 1, "cell": "rnn"}
    train_genome(path, out=tmp_path / "run", **settings)
    with pytest.raises(FormatError, match="a run with other arguments"):
        train_genome(path, out=tmp_path / "run", **{**settings, "seed": 3})
    (tmp_path / "run" / "state.npz").write_bytes(b"PK")
    with pytest.raises(FormatError, match="not the state of this run"):
        train_genome(path, out=tmp_path / "run", **settings)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"decay": "linear"}, "decay must be one of"),
        ({"epochs": 0}, "epochs must be an integer of at least 1"),
        ({"tail": 2.0}, "tail must be a fraction"),
        ({"cell": "cnn"}, "cell must be one of"),
    ],
)
def test_bad_arguments(more, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        train_genome(fasta(tmp_path / "g.fa"), out=tmp_path / "run", **more)


def test_learning_rates():
    def rates(warmup, decay, steps=10, epochs=2):
        rate = train._Rate(0.1, warmup, decay, steps, epochs)
        return [float(rate(step)) for step in range(steps * epochs + 1)]

    assert rates(0, "none") == pytest.approx([0.1] * 21)
    assert rates(4, "none")[:5] == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1])
    cosine = rates(4, "cosine")
    assert cosine[12] == pytest.approx(0.05) and cosine[20] == pytest.approx(0, abs=1e-7)
    assert rates(0, "exponential")[9:11] == pytest.approx([0.1, 0.097])


def test_weights_that_are_none(tmp_path):
    with pytest.raises(WeightsError):
        load_lm(tmp_path / "none.weights.h5")


# Sampling.


def test_samples(tmp_path):
    model = small()
    one = sample(model, length=30, samples=3, seed=4)
    assert [len(letters) for letters in one] == [30] * 3 and len(set(one)) == 3
    assert set("".join(one)) <= set("ACGT")
    assert sample(model, length=30, samples=3, seed=4) == one
    assert sample(model, length=30, samples=3, seed=5) != one
    likeliest = sample(model, length=10, prime="ACG", temperature=0)
    assert sample(model, length=10, prime="ACG", top_k=1, seed=8) == likeliest
    # The state is kept: each base is the likeliest after all before it.
    sequence = tokens("ACG" + likeliest[0])[0]
    assert np.array_equal(whole(model, sequence)[3:].argmax(1), sequence[3:])


def test_samples_follow_the_probabilities():
    model = small()
    kernel, bias = model.get_layer("next_base").get_weights()
    bias[:] = np.log([0.1, 0.2, 0.3, 0.4])
    model.get_layer("next_base").set_weights([kernel * 0, bias])
    drawn = "".join(sample(model, length=50, samples=80))
    shares = [drawn.count(letter) / len(drawn) for letter in "ACGT"]
    np.testing.assert_allclose(shares, [0.1, 0.2, 0.3, 0.4], atol=0.04)
    cold = "".join(sample(model, length=50, samples=80, temperature=0.5, top_k=2))
    assert set(cold) == {"G", "T"}
    assert cold.count("T") / len(cold) == pytest.approx(16 / 25, abs=0.04)


@pytest.mark.parametrize("more", [{"length": 0}, {"top_k": 5}, {"temperature": -1}])
def test_bad_samples(more):
    with pytest.raises(ValueError, match=r"expected top_k|must be an integer of at least 1"):
        sample(small(), **{"length": 5, **more})
    with pytest.raises(SequenceError):
        sample(small(), length=5, prime="AX")
