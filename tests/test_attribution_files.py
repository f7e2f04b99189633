"""Laws of attributions of files: the numbers of the function, at the places of the letters."""

import h5py
import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.cli import main
from genome_keras.encode import decode
from genome_keras.errors import FormatError
from genome_keras.interpret import attribute, of_letters, read_attributions, write_attributions

WINDOW = 12


@pytest.fixture(scope="module")
def model():
    model = genome_keras.integer_logreg(window=WINDOW, tasks=3, seed=1)
    for weight in model.trainable_weights:
        noise = np.random.default_rng(1).normal(size=weight.shape)
        weight.assign(keras.ops.convert_to_numpy(weight) + noise)
    return model


@pytest.fixture
def weights(model, tmp_path):
    model.save_weights(tmp_path / "m.weights.h5")
    text = '{"architecture": "integer_logreg", "tasks": ["a|x", "b", "c"], "arguments": '
    (tmp_path / "m.json").write_text(f'{text}{{"window": {WINDOW}, "tasks": 3}}}}')
    return str(tmp_path / "m.weights.h5")


@pytest.fixture
def codes():
    codes = np.random.default_rng(0).integers(0, 4, (40, WINDOW), dtype=np.uint8)
    codes[3, 5] = 4
    return codes


@pytest.fixture
def fasta(codes, tmp_path):
    """One record of all windows."""
    path = tmp_path / "x.fa"
    path.write_text(f">r\n{''.join(decode(codes))}\n")
    return str(path)


def rows(path):
    header, *lines = [line.split("\t") for line in path.read_text().splitlines()]
    return header, lines


METHODS = [
    ["--method", "gradient_x_input", "--target", "score"],
    ["--steps", "2", "--baseline", "uniform"],
    ["--method", "smoothgrad", "--steps", "3", "--sigma", "0.2", "--seed", "4"],
    ["--method", "occlusion", "--width", "3"],
    ["--method", "occlusion", "--both-strands"],
    ["--steps", "1", "--both-strands"],
]
SAME = [
    {"method": "gradient_x_input", "target": "score"},
    {"steps": 2, "baseline": "uniform"},
    {"method": "smoothgrad", "steps": 3, "sigma": 0.2, "seed": 4},
    {"method": "occlusion", "width": 3},
    {"method": "occlusion", "both_strands": True},
    {"steps": 1, "both_strands": True},
]


@pytest.mark.parametrize(("options", "same"), [*zip(METHODS, SAME, strict=True)])
def test_the_command_writes_what_the_function_finds(
    model, weights, codes, fasta, tmp_path, options, same
):
    out = tmp_path / "o.tsv"
    command = ["attribute", fasta, "--weights", weights, "--out", str(out), "--batch-size", "16"]
    assert main([*command, "--task", "c", "--task", "a|x", *options]) == 0
    header, lines = rows(out)
    assert header == ["name", "start", "end", "pos", "ref", "c", "a|x"]
    assert len(lines) == codes.size - 1
    # Noise is drawn anew for each 32 windows.
    given = {"tasks": [2, 0], "batch_size": 16, **same}
    parts = [attribute(model, codes[first : first + 32], **given) for first in (0, 32)]
    expected = of_letters(np.concatenate(parts), codes)[codes < 4]
    numbers = np.array([line[5:] for line in lines], float)
    np.testing.assert_allclose(numbers, expected, rtol=1e-5, atol=1e-7)
    letters = "".join(decode(codes))
    for name, start, end, pos, ref, *_ in lines:
        assert name == "r" and letters[int(pos) - 1] == ref != "N"
        assert int(start) < int(pos) <= int(end) == int(start) + WINDOW


def test_short_records_and_letters_that_are_none(weights, fasta, tmp_path, capsys):
    out, same = tmp_path / "o.tsv", tmp_path / "same.tsv"
    more = ["--weights", weights, "--method", "gradient_x_input", "--unknown", "N"]
    (tmp_path / "x.fa").write_text(">s\nACGTR\n>w\nACGTACGTACGT\n")
    assert main(["attribute", fasta, *more, "--on-short", "pad", "--out", str(out)]) == 0
    (tmp_path / "x.fa").write_text(">s\nNNNACGTNNNNN\n>w\nACGTACGTACGT\n")
    assert main(["attribute", fasta, *more, "--out", str(same)]) == 0
    (_, lines), (_, others) = rows(out), rows(same)
    assert len(lines) == 4 + 12 and lines[4:] == others[4:]
    for line, other in zip(lines[:4], others[:4], strict=True):
        assert line[:5] == ["s", "-3", "9", str(int(other[3]) - 3), other[4]]
        assert line[5:] == other[5:]
    (tmp_path / "x.fa").write_text(">s\nACGTR\n>w\nACGTACGTACGT\n")
    assert main(["attribute", fasta, *more, "--on-short", "skip", "--out", str(out)]) == 0
    assert "left out 1 short records" in capsys.readouterr().err
    assert rows(out)[1] == lines[4:]


def test_hypothetical_rows(model, weights, codes, fasta, tmp_path):
    out = tmp_path / "o.tsv"
    assert write_attributions(fasta, out, weights=weights, hypothetical=True, steps=1) == 40
    header, lines = rows(out)
    assert header[5:] == ["letter", "a|x", "b", "c"]
    assert [line[5] for line in lines] == ["A", "C", "G", "T"] * (codes.size - 1)
    every = attribute(model, codes, tasks=[0, 1, 2], hypothetical=True, steps=1)
    numbers = np.array([line[6:] for line in lines], float).reshape(-1, 4, 3)
    np.testing.assert_allclose(numbers, every[codes < 4], rtol=1e-5, atol=1e-7)
    assert write_attributions(fasta, tmp_path / "own.tsv", weights=weights, steps=1) == 40
    own = [line for line in lines if line[4] == line[5]]
    assert [[*line[:5], *line[5:]] for line in rows(tmp_path / "own.tsv")[1]] == [
        [*line[:5], *line[6:]] for line in own
    ]


def test_parquet_has_the_same_rows(weights, fasta, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    given = {"weights": weights, "tasks": ["b"], "steps": 1}
    write_attributions(fasta, tmp_path / "o.tsv", **given)
    write_attributions(fasta, tmp_path / "o.parquet", **given)
    table = parquet.read_table(tmp_path / "o.parquet").to_pydict()
    header, lines = rows(tmp_path / "o.tsv")
    assert [*table] == header and table["pos"] == [int(line[3]) for line in lines]
    np.testing.assert_allclose(table["b"], [float(line[5]) for line in lines], rtol=1e-5)


def test_arrays_lie_as_modisco_reads_them(model, weights, codes, fasta, tmp_path):
    out = tmp_path / "o.h5"
    command = ["attribute", fasta, "--weights", weights, "--out", str(out), "--task", "b"]
    assert main([*command, "--steps", "2"]) == 0
    every = attribute(model, codes, tasks=1, hypothetical=True, steps=2)
    one_hot = codes[..., None] == np.arange(4)
    with h5py.File(out) as file:  # by the very words of its program
        sequences = file["raw"]["seq"][..., :, :].transpose(0, 2, 1)
        found = file["shap"]["seq"][..., :, :].transpose(0, 2, 1)
        assert file["name"].asstr()[:].tolist() == ["r"] * 40
        assert file["start"][:].tolist() == [WINDOW * i for i in range(40)]
        assert file["end"][:].tolist() == [WINDOW * (i + 1) for i in range(40)]
        assert file.attrs["task"] == "b" and file.attrs["method"] == "integrated_gradients"
    np.testing.assert_array_equal(sequences, one_hot)
    np.testing.assert_allclose(found, every, rtol=1e-5, atol=1e-6)
    assert sequences.dtype == np.int8 and found.dtype == np.float32
    letters, hypothetical = read_attributions(out)
    np.testing.assert_array_equal(letters, sequences.transpose(0, 2, 1))
    np.testing.assert_array_equal(hypothetical, found.transpose(0, 2, 1))


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--out", "o.h5"], 2, "o.h5: HDF5 is for one task. Received: 3 tasks"),
        (["--out", "o.h5", "--task", "b", "--method", "occlusion"], 2, "nothing of other letters"),
        (["--out", "o.csv"], 2, "a table must end in one of"),
        (["--out", "no/o.h5", "--task", "b"], 1, "there is no folder"),
        (["--out", "o.tsv", "--task", "d"], 2, "no task 'd'; it has 3"),
        (
            ["--out", "o.h5", "--task", "b", "--width", "2"],
            2,
            "'integrated_gradients' takes no width",
        ),
        (["--out", "o.tsv", "--steps", "2", "--width", "2"], 2, "takes no width"),
        (["--out", "o.tsv", "--steps", "2", "--engine", "onnx"], 2, "which are Keras's"),
        (["--out", "o.tsv", "--sigma", "2"], 2, "method 'occlusion' takes no sigma"),
        (["--out", "o.tsv", "--window", "13"], 2, "takes windows of 12 bp. Received: window=13"),
    ],
)
def test_errors_and_their_status(
    weights, fasta, tmp_path, monkeypatch, capsys, arguments, status, message
):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert main(["attribute", fasta, "--weights", weights, *arguments]) == status
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_other_files_of_arrays_are_refused(tmp_path):
    path = tmp_path / "x.h5"
    path.write_text("text")
    with pytest.raises(FormatError, match="not an HDF5 file"):
        read_attributions(path)
    for shapes, message in (
        ({}, "expected a group 'raw'"),
        ({"raw": (2, 4, 5)}, "expected a group 'shap'"),
        ({"raw": (2, 5, 4), "shap": (2, 5, 4)}, r"of one shape \(n, 4, window\)"),
        ({"raw": (2, 4, 5), "shap": (3, 4, 5)}, r"of one shape \(n, 4, window\)"),
        ({"raw": (4, 5), "shap": (4, 5)}, "of 3 dimensions"),
    ):
        with h5py.File(path, "w") as file:
            for name, shape in shapes.items():
                file[f"{name}/seq"] = np.zeros(shape, "float32")
        with pytest.raises(FormatError, match=message):
            read_attributions(path)
