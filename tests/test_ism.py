"""Laws of in-silico mutagenesis: all ways have the numbers of the pairs of windows."""

import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.cli import main
from genome_keras.encode import decode, kmer_counts
from genome_keras.errors import SequenceError
from genome_keras.genome import Variant
from genome_keras.interpret import Mutagenesis, ism
from genome_keras.interpret.mutagenesis import mean_loss
from genome_keras.io.reference import open_genome
from genome_keras.layers.strands import OneHot
from genome_keras.scoring import shared_kmers
from genome_keras.scoring.effects import effect as effect_of
from genome_keras.scoring.scorer import Scorer
from genome_keras.scoring.shared_reading import network
from genome_keras.variants.score_variants import score

WINDOW = 20
SMALL = {"window": WINDOW, "tasks": 3, "seed": 1}
GRU = {**SMALL, "units": 4}
# Factory, arguments, arguments of the scorer, and the way that must be taken.
MODELS = {
    "bigru": ("bigru_multitask", {**GRU, "both_strands": True}, {}, "states"),
    "bigru paper": ("bigru_multitask", {**GRU, "reset_after": False, "depth": 1}, {}, "states"),
    "bigru max": ("bigru_multitask", {**GRU, "readout": "max", "depth": 1}, {}, "states"),
    "bigru mean": ("bigru_multitask", {**GRU, "readout": "mean", "depth": 1}, {}, "states"),
    "bigru outside": ("bigru_multitask", {**GRU, "depth": 1}, {"both_strands": True}, "states"),
    "gru": ("char_rnn", {"units": 4, "seed": 1}, {}, "states"),
    "lstm": (
        "char_rnn",
        {"units": 4, "seed": 1, "cell": "lstm", "depth": 1},
        {"both_strands": True},
        "states",
    ),
    "rnn": ("char_rnn", {"units": 4, "seed": 1, "cell": "rnn", "depth": 1}, {}, "states"),
    "kmers": ("kmer_logreg", SMALL, {}, "counts"),
    "kmers both": ("kmer_logreg", {**SMALL, "both_strands": True, "k": (2, 3)}, {}, "counts"),
}

LONG = ("bigru", "bigru max", "bigru mean", "bigru outside")
NAMES = [
    pytest.param(name, marks=pytest.mark.thorough) if name in LONG else name for name in MODELS
]
STATES = [name for name in NAMES if name not in ("kmers", "kmers both")]


@pytest.fixture
def uncompiled():
    """On JAX each of these small models would compile for half a minute."""
    if keras.backend.backend() != "jax":
        yield
        return
    import jax

    with jax.disable_jit():
        yield


def build(name):
    factory, arguments, more, way = MODELS[name]
    model = getattr(genome_keras, factory)(**arguments)
    for weight in model.weights:  # of a size that letters matter
        if weight.trainable:
            noise = np.random.default_rng(len(weight.shape)).normal(size=weight.shape)
            size = 0.05 if factory == "kmer_logreg" else 0.3  # its sums have many terms
            weight.assign(keras.ops.convert_to_numpy(weight) + size * noise)
    return model, more, way


def windows(n=3, window=WINDOW, seed=0, letters=5):
    return np.random.default_rng(seed).integers(0, letters, (n, window), dtype=np.uint8)


def one_by_one(scorer, codes, effect):
    """Every pair of windows, spelled out, in one batch."""
    scorer = Scorer(scorer.model, both_strands=scorer.both_strands)
    n, window = codes.shape
    pairs, places = [], []
    for row, at, letter in np.ndindex(n, window, 4):
        if codes[row, at] < 4:
            changed = codes[row].copy()
            changed[at] = letter
            pairs.append(changed)
            places.append((row, at, letter))
    ref, alt = scorer.scores(codes), scorer.scores(np.array(pairs))
    expected = np.full((n, window, 4, len(scorer.tasks)), np.nan, np.float32)
    for (row, at, letter), one in zip(places, alt, strict=True):
        expected[row, at, letter] = effect_of(effect, ref[row], one)
    return expected


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("name", NAMES)
def test_what_is_shared_changes_no_number(name):
    model, more, way = build(name)
    scorer = Scorer(model, batch_size=64, **more)
    change, codes = Mutagenesis(scorer, reuse=True), windows()
    assert change.way == way
    expected = one_by_one(scorer, codes, "diff")
    assert np.nanmax(np.abs(expected)) > 1e-3
    np.testing.assert_allclose(change(codes), expected, atol=1e-5)
    assert change.way == way
    if way == "counts":  # of the same scores, so one cheap way is enough
        expected = one_by_one(scorer, codes, "logodds")
        np.testing.assert_allclose(change(codes, effect="logodds"), expected, atol=1e-5)


def pairs_of_alleles(n=9):
    """Windows that differ from the middle on, as alleles do; some only in one letter."""
    ref = np.random.default_rng(3).integers(0, 5, (n, WINDOW), dtype=np.uint8)
    alt = ref.copy()
    alt[:, WINDOW // 2] = (ref[:, WINDOW // 2] + 1) % 4
    alt[::3, WINDOW // 2 + 1 :] = np.roll(ref[::3, WINDOW // 2 + 1 :], 1, 1)
    return np.concatenate([ref, alt])


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("name", STATES)
def test_what_alleles_share_changes_no_number(name):
    model, more, _ = build(name)
    scorer, codes = Scorer(model, batch_size=8, **more), pairs_of_alleles()
    expected = scorer.scores(codes)
    assert np.ptp(expected, 0).min() > 1e-3
    for _ in range(2):  # compared with full passes, and not any more
        np.testing.assert_allclose(scorer.scores(codes, alike=True), expected, atol=1e-5)
    assert scorer.sharing == "exact"
    assert scorer.scores(codes[:0], alike=True).shape == (0, len(scorer.tasks))


def test_what_a_model_can_do_is_found_from_its_layers(tmp_path):
    """Not from its name, and after it was saved and loaded."""
    import genome_keras.layers

    for name, way in (("bigru max", "_SideBySide"), ("gru", "_Likelihood")):
        model, _, _ = build(name)
        model.save(tmp_path / "m.keras")
        loaded = keras.saving.load_model(tmp_path / "m.keras", compile=False)
        renamed = keras.Model(loaded.inputs, loaded.outputs, name="theirs")
        for other in (loaded, renamed):
            assert type(network(other, 8)).__name__ == way
    wrapped = genome_keras.strand_symmetric(genome_keras.bigru_multitask(**GRU))
    assert network(wrapped, 8).both_strands
    for other in (genome_keras.kmer_logreg(**SMALL), genome_keras.kmer_rnn(**GRU)):
        assert network(other, 8) is None


def steps_of(stack, work):
    """Letters that a stack reads while it works."""
    read, usual = [], stack.model.predict_on_batch

    def counted(inputs):
        read.append(inputs[0].size)
        return usual(inputs)

    stack.model.predict_on_batch = counted
    work()
    return sum(read)


def test_sharing_saves_about_half_of_mutagenesis_and_a_quarter_of_variants():
    model = genome_keras.char_rnn(cell="rnn", units=2, depth=1, seed=1)
    scorer, window, n = Scorer(model, batch_size=60), 100, 1
    codes, stack = windows(n, window, letters=4), scorer.network.stack
    full = n * (3 * window + 1) * window
    assert steps_of(stack, lambda: Mutagenesis(scorer, reuse=True)(codes)) < 0.56 * full
    pairs = np.repeat(windows(30, window), 2, 0)
    pairs[::2, window // 2] = (pairs[1::2, window // 2] + 1) % 5
    scorer.scores(pairs, alike=True)
    assert steps_of(stack, lambda: scorer.scores(pairs, alike=True)) <= 1.5 / 2 * 60 * window + 1500


def test_full_passes_serve_any_model():
    """A convolution of the user's own, with a fork and another number of tasks."""
    codes = keras.Input((WINDOW,), dtype="uint8")
    letters = keras.layers.Rescaling(0.2)(codes)
    x = keras.layers.Conv1D(6, 5, activation="relu")(letters[..., None])
    x = keras.layers.Concatenate()(
        [keras.layers.GlobalMaxPooling1D()(x), keras.layers.Flatten()(letters)]
    )
    model = keras.Model(codes, keras.layers.Dense(7, activation="sigmoid")(x))
    scorer, x = Scorer(model, batch_size=50), windows()
    change = Mutagenesis(scorer)
    np.testing.assert_allclose(change(x), one_by_one(scorer, x, "diff"), atol=1e-6)
    assert change.way == "full passes" and change(x).shape == (3, WINDOW, 4, 7)


@keras.saving.register_keras_serializable("test_ism")
class Louder(keras.layers.Dropout):
    """A layer that looks like one that changes nothing when it scores."""

    def call(self, inputs, training=False):
        return keras.ops.sin(7 * inputs)


def test_another_network_of_known_layers_takes_full_passes():
    codes = keras.Input((WINDOW,), dtype="uint8")
    letters = keras.layers.Dense(3, use_bias=False)(OneHot()(codes))
    states = Louder(0.0)(keras.layers.SimpleRNN(4)(letters))
    model = keras.Model(codes, keras.layers.Dense(2, activation="sigmoid")(states))
    scorer, x = Scorer(model, batch_size=64), windows()
    change = Mutagenesis(scorer, reuse=True)
    assert change.way == "states"
    np.testing.assert_allclose(change(x), one_by_one(scorer, x, "diff"), atol=1e-6)
    assert change.way == "full passes"
    codes = pairs_of_alleles()
    scorer = Scorer(scorer.model, batch_size=64)
    np.testing.assert_allclose(scorer.scores(codes, alike=True), scorer.scores(codes), atol=1e-6)
    assert scorer.sharing == "none"


def test_the_way_that_was_measured_to_be_faster():
    sizes = {"window": WINDOW, "tasks": 2, "seed": 1}
    ways = [
        Mutagenesis(Scorer(factory(**sizes, **more)), reuse=reuse).way
        for factory, more in (
            (genome_keras.bigru_multitask, {"units": 3}),
            (genome_keras.kmer_logreg, {"k": (1,)}),
        )
        for reuse in (None, False)
    ]
    states = "states" if keras.backend.backend() == "jax" else "full passes"
    assert ways == [states, "full passes", "counts", "full passes"]


def test_a_window_that_pieces_do_not_fill():
    model = genome_keras.bigru_multitask(window=None, tasks=2, units=3, depth=1, seed=1)
    for window in (3, 23):
        x = windows(4, window)
        shared, full = (ism(model, x, reuse=reuse, batch_size=64) for reuse in (True, False))
        np.testing.assert_allclose(shared, full, atol=1e-6)


def test_tasks_text_and_what_is_no_base():
    model = genome_keras.kmer_logreg(window=5, tasks=4, seed=1)
    every = ism(model, "ACNGT")
    assert every.shape == (1, 5, 4, 4) and every.dtype == np.float32
    assert np.isnan(every[0, 2]).all() and not np.isnan(every[0, [0, 1, 3, 4]]).any()
    assert not every[0, [0, 1, 3, 4], [0, 1, 2, 3]].any()
    np.testing.assert_array_equal(ism(model, ["acngt"], tasks=[2, 0]), every[..., [2, 0]])
    with pytest.raises(ValueError, match="expected windows of 5 bp"):
        ism(model, "ACGTAC")
    with pytest.raises(SequenceError):
        ism(model, "ACGTX")
    with pytest.raises(ValueError, match="effect must be one of"):
        ism(model, "ACGTA", effect="ratio")


@pytest.mark.parametrize("k", [(1, 2, 3, 4, 5), (2,), (1, 8)])
def test_sums_of_kmers_are_counts_times_coefficients(k):
    codes = windows(4, 7, letters=5)
    kernel = np.random.default_rng(1).normal(size=(sum(4**size for size in k), 2))
    every, own = shared_kmers.logits(codes, kernel.astype(np.float32), k)
    np.testing.assert_allclose(own, kmer_counts(codes, k=k) @ kernel, atol=1e-4)
    for row, at, letter in np.ndindex(4, 7, 4):
        changed = codes[row].copy()
        if changed[at] < 4:
            changed[at] = letter
            expected = kmer_counts(changed[None], k=k) @ kernel
            np.testing.assert_allclose(every[row, at, letter], expected[0], atol=1e-4)


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text(f">chr1\n{decode(windows(1, 300, letters=4))[0]}\n>chr2\nACGTNACG\n")
    return path


@pytest.fixture
def weights(tmp_path):
    """A checkpoint of a small model with named tasks."""
    model, _, _ = build("kmers")
    model.save_weights(tmp_path / "m.weights.h5")
    arguments = {"window": WINDOW, "tasks": 3}
    text = (
        f'{{"architecture": "kmer_logreg", "tasks": ["a|x", "b", "c"], "arguments": {arguments}}}'
    )
    (tmp_path / "m.json").write_text(text.replace("'", '"'))
    return str(tmp_path / "m.weights.h5")


def rows(path):
    header, *lines = [line.split("\t") for line in path.read_text().splitlines()]
    places = [(name, int(a), int(b), int(c), d, e) for name, a, b, c, d, e, *_ in lines]
    return header, places, np.array([line[6:] for line in lines], "float64")


def test_the_middle_of_a_window_is_a_variant(genome, weights, tmp_path):
    """The command, the function and the scorer of variants agree on one place."""
    out = tmp_path / "o.tsv"
    command = ["ism", "--genome", str(genome), "--region", "chr1:101-101", "--weights", weights]
    assert main([*command, "--out", str(out)]) == 0
    header, places, effects = rows(out)
    assert header == ["name", "start", "end", "pos", "ref", "alt", "a|x", "b", "c"]
    assert len(places) == 3 * WINDOW
    assert {place[:3] for place in places} == {("chr1", 90, 110)}
    model, _, _ = build("kmers")
    with open_genome(genome) as letters:
        for (name, _, _, pos, ref, alt), _ in zip(places, effects, strict=True):
            assert letters.fetch((name, pos - 1, pos)) == ref != alt
        here = [i for i, place in enumerate(places) if place[3] == 101]
        variants = [Variant("chr1", 101, *places[i][4:]) for i in here]
        expected = score(variants, letters, Scorer(model)).diff
        codes = genome_keras.tokens(letters.fetch(("chr1", 90, 110)))
    np.testing.assert_allclose(effects[here], expected, atol=1e-6)
    whole = ism(model, codes)
    for (_, start, _, pos, _, alt), one in zip(places, effects, strict=True):
        np.testing.assert_allclose(one, whole[0, pos - 1 - start, "ACGT".index(alt)], atol=1e-6)


def test_fasta_bed_and_tasks(genome, weights, tmp_path):
    out, bed = tmp_path / "o.tsv", tmp_path / "x.bed"
    assert main(["ism", str(genome), "--weights", weights, "--out", str(out)]) == 1  # chr2: short
    fasta = tmp_path / "x.fa"
    fasta.write_text(">r\nACGTNACGTTACGATTACGT\n")
    chosen = ["--weights", weights, "--out", str(out), "--effect", "logodds", "--task", "c"]
    assert main(["ism", str(fasta), *chosen]) == 0
    header, places, _ = rows(out)
    assert header[6:] == ["c"] and len(places) == 3 * (WINDOW - 1)
    assert all(place[3] != 5 for place in places)
    bed.write_text("chr2\t0\t8\nchr1\t50\t60\n")
    assert main(["ism", str(bed), "--genome", str(genome), *chosen]) == 0
    _, places, _ = rows(out)
    assert len(places) == 3 * (7 + WINDOW)  # of chr2's window, 12 are outside and one is N
    assert places[0][:4] == ("chr2", -6, 14, 1) and places[-1][:4] == ("chr1", 45, 65, 65)


def test_short_records_and_letters_that_are_none(weights, tmp_path, capsys):
    """A short record is what it is in N, at its own places; an unknown letter is an N."""
    letters = decode(windows(1, 60, letters=4))[0]
    short, whole = letters[:13], letters[20:40]
    out, fasta = tmp_path / "o.tsv", tmp_path / "x.fa"

    def table(text, *more):
        fasta.write_text(text)
        command = ["ism", str(fasta), "--weights", weights, "--out", str(out), *more]
        assert main(command) == 0
        return rows(out)[1:]

    places, effects = table(f">s\n{short}\n>w\n{whole}\n", "--on-short", "pad")
    padded, expected = table(f">s\nNNN{short}NNNN\n>w\n{whole}\n")
    np.testing.assert_allclose(effects, expected, atol=1e-6)
    assert len(places) == 3 * (13 + 20) and places[39:] == padded[39:]
    for place, other in zip(places[:39], padded[:39], strict=True):
        assert place == ("s", -3, 17, other[3] - 3, *other[4:])
        assert short[place[3] - 1] == place[4]

    places, effects = table(f">s\n{short}\n>w\n{whole}\n", "--on-short", "skip")
    assert capsys.readouterr().err == "genome-keras: left out 1 short records\n"
    assert places == padded[39:]

    strange = f">w\n{whole[:4]}R{whole[5:]}\n"
    places, effects = table(strange, "--unknown", "N")
    same, expected = table(strange.replace("R", "N"))
    assert places == same and len(places) == 3 * 19
    np.testing.assert_array_equal(effects, expected)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], 2, "expected FASTA, or a genome with BED or with a region. Received: nothing"),
        (["{genome}"], 1, "chr2: a record of 8 bp, shorter than the window"),
        (["--genome", "{genome}", "--on-short", "pad"], 2, "--on-short is for FASTA"),
        (["x.fa", "--region", "chr1:1-2"], 2, "expected FASTA, or a genome"),
        (["{genome}", "--task", "d"], 2, "no task 'd'; it has 3, the"),
        (["{genome}", "--window", "50"], 2, "takes windows of 20 bp. Received: window=50"),
        (["none.fa"], 1, "none.fa: cannot read"),
        (["--genome", "{genome}", "--region", "chr3:5-5"], 1, "no contig 'chr3'"),
    ],
)
def test_errors_and_their_status(
    genome, weights, tmp_path, capsys, monkeypatch, arguments, status, message
):
    monkeypatch.chdir(tmp_path)
    arguments = [argument.format(genome=genome) for argument in arguments]
    assert main(["ism", *arguments, "--weights", weights, "--out", "o.tsv"]) == status
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "o.tsv").exists()


def test_the_mean_loss_by_hand():
    """What falls when a letter is changed counts for it, and stands at it alone."""
    codes = np.array([[1, 4], [3, 0]], np.uint8)
    effects = [[[-1, 0, -2, -6], [np.nan] * 4], [[3, 3, 3, 0], [0, -3, 0, 0]]]
    expected = [[[0, 3, 0, 0], [0] * 4], [[0, 0, 0, -3], [1, 0, 0, 0]]]
    np.testing.assert_array_equal(mean_loss(np.array(effects), codes), expected)
