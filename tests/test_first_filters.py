"""Laws of filter motifs: every site counted, as a plain loop over the activations counts them."""

import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.cli import main
from genome_keras.encode import decode, reverse_complement
from genome_keras.interpret import filters
from genome_keras.io.motifs import read_motifs

WINDOW = 24
CONVOLUTIONS = {"filters": (5, 6, 7), "widths": (4, 2, 2), "pools": (2, 1, 1)}
# Arguments, the layer whose output the next one reads, and its place of the first letter.
MODELS = {
    "basset": ({**CONVOLUTIONS, "hidden": (8, 6)}, "convolution_1_relu", 0),
    "beluga": ({"filters": (5, 6), "width": 4, "pool": 2, "hidden": 3}, "convolution_1a", 0),
    "clockwork_rnn": ({"embedding": 5, "width": 4, "units": 2, "periods": (1,)}, "embedding", 1),
    "conv_bigru": (
        {"filters": (5, 6), "width": 4, "pool": 2, "units": 2},
        "convolution_activation",
        1,
    ),
    "danq": ({"filters": 5, "width": 4, "pool": 3, "units": 4, "hidden": 6}, "convolution", 0),
    "deepbind": ({"filters": 5, "width": 4, "hidden": None}, "convolution", 3),
    "deepsea": ({**CONVOLUTIONS, "hidden": 8}, "convolution_1", 0),
    "sei": (
        {"filters": (5, 6), "width": 4, "pool": 2, "dilations": (1,), "splines": 4, "hidden": 3},
        "linear_1a",
        1,
    ),
}


OTHERS = {
    "bigru_multitask",
    "center_context",  # two convolutions read the letters
    "char_rnn",
    "deepbind_2015",  # its detectors are no `Conv1D`
    "integer_logreg",
    "kmer_logreg",
    "kmer_rnn",
}


def test_the_table_has_every_factory_that_begins_with_a_convolution():
    assert {*MODELS} | OTHERS == {*genome_keras.MODELS}


def build(name, **more):
    given = {"window": WINDOW, "tasks": 2, "seed": 1, "both_strands": False}
    model = getattr(genome_keras, name)(**{**given, **MODELS[name][0], **more})
    rng = np.random.default_rng(2)
    for weight in model.weights:  # also the means and variances that normalisation has learnt
        if "seed" not in weight.path:
            size = rng.uniform(0.1, 0.5, weight.shape)
            weight.assign(keras.ops.convert_to_numpy(weight) + size)
    return model


def windows(n=6, window=WINDOW):
    codes = np.random.default_rng(0).integers(0, 4, (n, window), dtype=np.uint8)
    codes[0, window // 2] = 4
    return codes


def one_by_one(found, codes, fraction, width=4):
    """Counts of every site, from activations (n, places, filters) of sites within windows."""
    n, places, size = found.shape
    counts = np.zeros((size, width, 4), int)
    sites = [(i, at) for i, at in np.ndindex(n, places) if 4 not in codes[i, at : at + width]]
    largest = np.array([max(found[i, at, f] for i, at in sites) for f in range(size)])
    for f in range(size):
        for i, at in sites:
            if found[i, at, f] > max(fraction * largest[f], 0):
                counts[f, np.arange(width), codes[i, at : at + width]] += 1
    return counts, largest


@pytest.mark.parametrize("name", MODELS)
def test_every_factory_with_a_convolution(name):
    model, codes = build(name), windows()
    _, layer, first = MODELS[name]
    whole = keras.Model(model.inputs[0], model.get_layer(layer).output)
    own = keras.ops.convert_to_numpy(whole(codes, training=False))[:, first:][:, : WINDOW - 3]
    counts, largest = one_by_one(own, codes, 0.7)
    found = filters(model, [codes[:2], codes[2:]], fraction=0.7, batch_size=4)
    np.testing.assert_array_equal(found.counts, counts)
    np.testing.assert_allclose(found.largest, largest, atol=1e-5)
    assert found.counts.dtype == np.int64 and 0 < counts.sum() < 5 * 6 * 21 * 4
    np.testing.assert_array_equal(found.sites, counts[:, 2].sum(1))
    np.testing.assert_allclose(
        found.background, [(codes == x).mean() / 143 * 144 for x in range(4)]
    )


def planted():
    """danq whose filters answer to GATT, to AAAA with up to one other letter, and never."""
    model = build("danq", filters=3, hidden=2)
    kernel = np.zeros((4, 4, 3), "float32")
    for number, word in enumerate(("GATT", "AAAA")):
        kernel[np.arange(4), genome_keras.tokens(word)[0], number] = 1
    model.get_layer("convolution").set_weights([kernel, np.array([-3, -2, -1], "float32")])
    return model


def test_sites_of_known_words():
    codes = genome_keras.tokens(["GATTGATTCCGATNGATTAAACCC", "CCCCCCCCAAAACCCCAACACCCC"])
    found = filters(planted(), codes, fraction=0.4)
    assert found.sites.tolist() == [3, 1 + 5, 0] and found.largest.tolist()[:2] == [1, 2]
    motifs = found.motifs()
    assert [motif.name for motif in motifs] == ["filter_0", "filter_1"]
    assert motifs[0].matrix.tolist() == np.eye(4)[[2, 0, 3, 3]].tolist() and motifs[0].sites == 3
    strict = filters(planted(), codes)  # one other letter is half of the largest, not more
    assert strict.sites.tolist() == [3, 1, 0]
    both = filters(planted(), reverse_complement(codes), both_strands=True)
    assert both.sites.tolist() == [3, 1, 0]
    np.testing.assert_array_equal(both.counts, strict.counts)


def test_a_model_of_both_strands_is_read_on_both():
    codes = windows()
    one, both = build("danq"), build("danq", both_strands=True)
    both.set_weights(one.get_weights())
    twice = filters(one, np.concatenate([codes, reverse_complement(codes)]))
    for found, expected in zip(filters(both, codes), twice, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    wrapped = genome_keras.strand_symmetric(one)
    np.testing.assert_array_equal(filters(wrapped, codes).counts, twice.counts)


def test_the_command_writes_what_the_function_finds(tmp_path, capsys):
    model = planted()
    model.save_weights(tmp_path / "m.weights.h5")
    sizes = {"window": WINDOW, "tasks": 2, "filters": 3, "width": 4, "pool": 3, "units": 4}
    text = str({"architecture": "danq", "tasks": [], "arguments": {**sizes, "hidden": 2}})
    (tmp_path / "m.json").write_text(text.replace("'", '"'))
    codes = genome_keras.tokens(["GATTGATTCCGATNGATTAAACCC", "CCCCCCCCAAAACCCCAACACCCC"])
    fasta, out = tmp_path / "x.fa", tmp_path / "o.meme"
    fasta.write_text("".join(f">r{i}\n{seq}\n" for i, seq in enumerate(decode(codes))))
    command = ["filters", str(fasta), "--weights", str(tmp_path / "m.weights.h5")]
    assert main([*command, "--out", str(out), "--fraction", "0.4"]) == 0
    assert "1 of 3 filters have no site" in capsys.readouterr().err
    found = filters(model, codes, fraction=0.4)
    for motif, expected in zip(read_motifs(out), found.motifs(), strict=True):
        assert motif.name == expected.name and motif.sites == expected.sites
        np.testing.assert_array_equal(motif.matrix, expected.matrix)
    strange = fasta.read_text().replace("CGATNG", "CGATRG") + ">short\nGATT\n"
    (tmp_path / "strange.fa").write_text(strange)
    more = ["filters", str(tmp_path / "strange.fa"), *command[2:], "--fraction", "0.4"]
    more += ["--out", str(tmp_path / "more.meme")]
    assert main(more) == 1
    assert main([*more, "--unknown", "N", "--on-short", "skip"]) == 0
    assert capsys.readouterr().err.count("left out 1 short records") == 1
    assert (tmp_path / "more.meme").read_text() == out.read_text()
    assert main([*command, "--out", str(tmp_path / "no" / "o.meme")]) == 1
    assert main(["filters", "-", *command[2:]]) == 2
    with pytest.raises(SystemExit):  # no checkpoint is meant by default: it has no filters
        main(["filters", command[1], "--out", str(tmp_path / "o.meme")])
    assert main([*command, "--fraction", "1"]) == 2
    assert "from 0 to less than 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "codes", "more", "message"),
    [
        ("danq", windows(), {"fraction": -0.1}, "fraction must be from 0 to less than 1"),
        ("danq", iter([windows()]), {}, "gone through twice. Received: an iterator"),
        ("danq", windows(window=3)[:0], {}, "of at least 4 bp"),
        ("danq", np.full((2, WINDOW), 4, np.uint8), {}, "windows with letters"),
        ("danq", [], {}, "windows with letters"),
    ],
)
def test_bad_arguments(name, codes, more, message):
    with pytest.raises(ValueError, match=message):
        filters(build(name), codes, **more)


def test_models_without_such_a_convolution():
    logreg = genome_keras.kmer_logreg(window=WINDOW, tasks=2, k=(1,))
    with pytest.raises(ValueError, match=r"a convolution, as .*, deepsea\. Received: kmer_logreg"):
        filters(logreg, windows())
    codes = keras.Input((WINDOW,), dtype="uint8")
    x = keras.layers.Embedding(5, 4)(codes)
    x = keras.layers.Conv1D(2, 4)(x)
    other = keras.Model(codes, keras.layers.Dense(1)(keras.layers.Flatten()(x)))
    with pytest.raises(ValueError, match="expected a first convolution of letters"):
        filters(other, windows())
