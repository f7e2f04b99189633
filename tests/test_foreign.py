"""Published layouts, written by independent networks, read into ours: equal scores."""

import json
import os

import h5py
import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.cli import main
from genome_keras.errors import WeightsError
from genome_keras.sharing.import_weights import import_weights

AGCT = [0, 2, 1, 3]


def codes(window, n=4):
    return np.random.default_rng(0).integers(0, 5, (n, window), dtype=np.uint8)


def one_hot(x, letters="ACGT"):
    """(n, 4, window), one line for each letter; N is zeros."""
    order = ["ACGT".index(letter) for letter in letters]
    return np.eye(5, 4, dtype="float32")[x][..., order].transpose(0, 2, 1)


def scores(model, x):
    return keras.ops.convert_to_numpy(model(x))


def torch_network(name, window):
    """The network in plain torch, in Kipoi's order of modules, with random weights."""
    torch = pytest.importorskip("torch")
    nn = torch.nn

    class Flat(nn.Module):
        def forward(self, x):
            return x.reshape(len(x), -1)

    def dense(inputs, outputs):  # Kipoi's linear layers stand behind a lambda
        return nn.Sequential(nn.Identity(), nn.Linear(inputs, outputs))

    if name == "deepsea":
        left = ((window - 7) // 4 - 7) // 4 - 7
        network = nn.Sequential(
            nn.Conv2d(4, 3, (1, 8)),
            nn.Threshold(0, 1e-6),
            nn.MaxPool2d((1, 4)),
            nn.Dropout(0.2),
            nn.Conv2d(3, 4, (1, 8)),
            nn.Threshold(0, 1e-6),
            nn.MaxPool2d((1, 4)),
            nn.Dropout(0.2),
            nn.Conv2d(4, 5, (1, 8)),
            nn.Threshold(0, 1e-6),
            nn.Dropout(0.5),
            Flat(),
            dense(5 * left, 6),
            nn.Threshold(0, 1e-6),
            dense(6, 2),
            nn.Sigmoid(),
        )
    else:
        left = (((window - 18) // 3 - 10) // 4 - 6) // 4
        convolutions = []
        for sizes, width, pool in (((4, 3), 19, 3), ((3, 4), 11, 4), ((4, 5), 7, 4)):
            convolutions += [nn.Conv2d(*sizes, (width, 1)), nn.BatchNorm2d(sizes[1]), nn.ReLU()]
            convolutions += [nn.MaxPool2d((pool, 1))]
        hidden = []
        for sizes in ((5 * left, 6), (6, 7)):
            hidden += [dense(*sizes), nn.BatchNorm1d(sizes[1]), nn.ReLU(), nn.Dropout(0.3)]
        network = nn.Sequential(*convolutions, Flat(), *hidden, dense(7, 2), nn.Sigmoid())
    draw = torch.Generator().manual_seed(1)
    for parameter in network.state_dict().values():
        if parameter.dtype == torch.float32:
            parameter.copy_(torch.rand(parameter.shape, generator=draw) - 0.4)
    for module in network.modules():
        if hasattr(module, "running_var"):
            module.running_var += 0.5  # variances are positive
    return network.eval()


def torch_scores(network, name, x):
    import torch

    letters = one_hot(x, "AGCT")[:, :, None] if name == "deepsea" else one_hot(x)[..., None]
    with torch.no_grad():
        return network(torch.from_numpy(np.ascontiguousarray(letters))).numpy()


WINDOWS = {"deepsea": 200, "basset": 240}


@pytest.fixture(params=["deepsea", "basset"])
def published(request, tmp_path):
    name = request.param
    network = torch_network(name, WINDOWS[name])
    import torch

    path = tmp_path / f"{name}.pth"
    torch.save(network.state_dict(), path)
    return name, network, path


def test_torch_states_give_equal_scores(published, tmp_path):
    name, network, path = published
    out = tmp_path / "mine.weights.h5"
    model = import_weights(name, path, out, window=WINDOWS[name])
    x = codes(WINDOWS[name])
    expected = torch_scores(network, name, x)
    assert expected.std() > 1e-3
    np.testing.assert_allclose(scores(model, x), expected, atol=1e-6)
    again = genome_keras.load_model(out)
    checkpoint = again.checkpoint
    np.testing.assert_allclose(scores(again, x), expected, atol=1e-6)
    assert checkpoint.tasks == ["task_1", "task_2"]


def test_safetensors_and_modules_within_modules(published, tmp_path):
    """Kipoi's files for prediction hold the network as the third of four modules."""
    name, network, _ = published
    save_file = pytest.importorskip("safetensors.numpy").save_file
    state = {f"2.{key}": value.numpy() for key, value in network.state_dict().items()}
    path = tmp_path / "m.safetensors"
    save_file(state, path)
    model = import_weights(name, path, tmp_path / "m.weights.h5", window=WINDOWS[name])
    x = codes(WINDOWS[name])
    np.testing.assert_allclose(scores(model, x), torch_scores(network, name, x), atol=1e-6)


def test_averaged_strands_as_kipoi_does(published, tmp_path):
    name, network, path = published
    model = import_weights(name, path, tmp_path / "m.weights.h5", window=WINDOWS[name])
    x = codes(WINDOWS[name])
    strands = [torch_scores(network, name, s) for s in (x, genome_keras.reverse_complement(x))]
    both = genome_keras.strand_symmetric(model, merge="probability")
    np.testing.assert_allclose(scores(both, x), np.mean(strands, 0), atol=1e-6)


# DanQ, from a forward pass in numpy that reads the arrays as Keras 0.2 on Theano did.


def danq_arrays(filters=5, width=6, units=3, positions=4, hidden=7, tasks=2):
    draw = np.random.default_rng(3)

    def array(*shape):
        return draw.normal(0, 0.5, shape).astype("float32")

    lstm = [(filters, units), (units, units), (units,)] * 4
    return [
        [array(filters, 4, width, 1), array(filters)],
        [array(*shape) for shape in lstm + lstm],
        [array(positions * 2 * units, hidden), array(hidden)],
        [array(hidden, tasks), array(tasks)],
    ]


def write_keras_0(path, layers, *, separate=True):
    """Keras 0.x: a group for every layer, those without weights too."""
    places = [0, 3, 6, 8 if separate else 7]
    with h5py.File(path, "w") as file:
        file.attrs["nb_layers"] = 10 if separate else 8
        for number in range(file.attrs["nb_layers"]):
            arrays = layers[places.index(number)] if number in places else []
            group = file.create_group(f"layer_{number}")
            group.attrs["nb_params"] = len(arrays)
            for i, values in enumerate(arrays):
                group[f"param_{i}"] = values


def danq_scores(layers, x, pool):
    (kernel, bias), lstms, hidden, head = [[a.astype("float64") for a in of] for of in layers]
    letters, width = one_hot(x, "AGCT"), kernel.shape[2]
    before = np.zeros((len(x), letters.shape[2] - width + 1, len(bias)))
    for n, seq in enumerate(letters):
        for f in range(len(bias)):
            for letter in range(4):  # a convolution, which turns the filter round
                before[n, :, f] += np.convolve(seq[letter], kernel[f, letter, :, 0], "valid")
    before = np.maximum(before + bias, 0)
    many = before.shape[1] // pool
    pooled = before[:, : many * pool].reshape(len(x), many, pool, -1).max(2)

    def gate(values):
        return np.clip(0.2 * values + 0.5, 0, 1)

    def lstm(sequence, parts):
        W_i, U_i, b_i, W_c, U_c, b_c, W_f, U_f, b_f, W_o, U_o, b_o = parts
        h = c = np.zeros((len(sequence), len(b_i)))
        states = []
        for t in range(sequence.shape[1]):
            now = sequence[:, t]
            i, f, o = (
                gate(now @ W + h @ U + b)
                for W, U, b in ((W_i, U_i, b_i), (W_f, U_f, b_f), (W_o, U_o, b_o))
            )
            c = f * c + i * np.tanh(now @ W_c + h @ U_c + b_c)
            h = o * np.tanh(c)
            states.append(h)
        return np.stack(states, 1)

    forward, backward = lstm(pooled, lstms[:12]), lstm(pooled[:, ::-1], lstms[12:])
    read = np.concatenate([forward, backward[:, ::-1]], -1).reshape(len(x), -1)
    dense = np.maximum(read @ hidden[0] + hidden[1], 0)
    return 1 / (1 + np.exp(-dense @ head[0] - head[1]))


@pytest.mark.parametrize("separate", [True, False])  # DanQ, DanQ-JASPAR
def test_danq_gives_equal_scores(tmp_path, separate):
    layers, path = danq_arrays(), tmp_path / "danq.hdf5"
    write_keras_0(path, layers, separate=separate)
    model = import_weights("danq", path, tmp_path / "m.weights.h5", window=18)
    x = codes(18)
    np.testing.assert_allclose(scores(model, x), danq_scores(layers, x, pool=3), atol=1e-5)
    arguments = json.loads((tmp_path / "m.json").read_text())["arguments"]
    assert arguments["pool"] == 3 and arguments["gates"] == "hard"
    again = genome_keras.load_model(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(scores(again, x), scores(model, x))


def test_command_line(tmp_path, capsys):
    write_keras_0(tmp_path / "danq.hdf5", danq_arrays())
    names = tmp_path / "names.txt"
    names.write_text("CTCF\nDNase\n")
    out = tmp_path / "danq.weights.h5"
    command = ["import", "danq", str(tmp_path / "danq.hdf5"), "--window", "18"]
    command += ["--tasks", str(names), "--out"]
    assert main([*command, str(out)]) == 0
    assert json.loads((tmp_path / "danq.json").read_text())["tasks"] == ["CTCF", "DNase"]
    fasta = tmp_path / "x.fa"
    fasta.write_text(">r\n" + "ACGTN" * 6 + "\n")
    assert main(["predict", str(fasta), "--weights", str(out), "--out", "-"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "name\tstart\tend\tCTCF\tDNase"
    names.write_text("CTCF\nCTCF\n")
    assert main([*command, str(tmp_path / "other.weights.h5")]) == 1
    assert "expected 2 different names" in capsys.readouterr().err
    assert main([*command, str(tmp_path / "other.h5")]) == 2
    assert not list(tmp_path.glob("other*"))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda layers: layers[0].pop(), r"expected layers of \[2, 24, 2, 2\] arrays, got \[1, 24"),
        (lambda layers: layers.pop(), r"expected layers of \[2, 24, 2, 2\]"),
        (lambda layers: layers[1].reverse(), "the forward LSTM has shape"),
        (lambda layers: layers[2].reverse(), "the dense layer has shape"),
        (lambda layers: layers[3].reverse(), "the last layer has shape"),
    ],
)
def test_arrays_of_other_networks_are_refused(tmp_path, spoil, message):
    layers, path = danq_arrays(), tmp_path / "danq.hdf5"
    spoil(layers)
    layers += [[]] * (4 - len(layers))
    write_keras_0(path, layers)
    with pytest.raises(WeightsError, match=rf"danq\.hdf5: not the weights of danq: .*{message}"):
        import_weights("danq", path, tmp_path / "m.weights.h5", window=18)
    assert [p.name for p in tmp_path.iterdir()] == ["danq.hdf5"]


@pytest.mark.parametrize("window", [17, 24, 5])
def test_another_window_is_refused(tmp_path, window):
    write_keras_0(tmp_path / "danq.hdf5", danq_arrays(positions=5))
    with pytest.raises(WeightsError, match=f"does not follow a window of {window} bp"):
        import_weights("danq", tmp_path / "danq.hdf5", tmp_path / "m.weights.h5", window=window)


def test_a_torch_state_of_another_network_is_refused(published, tmp_path):
    name, _, path = published
    other = {"deepsea": "basset", "basset": "deepsea"}[name]
    with pytest.raises(WeightsError, match=f"not the weights of {other}: expected layers of"):
        import_weights(other, path, tmp_path / "m.weights.h5")
    with pytest.raises(WeightsError, match="a dense layer has shape"):
        import_weights(name, path, tmp_path / "m.weights.h5", window=WINDOWS[name] + 99)


class Evil:
    """Unpickling it makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_nothing_in_a_file_is_run(tmp_path):
    torch = pytest.importorskip("torch")
    path, made = tmp_path / "evil.pth", tmp_path / "made"
    torch.save({"0.weight": Evil(str(made))}, path)
    with pytest.raises(WeightsError, match=r"evil\.pth: not a torch state of tensors only"):
        import_weights("deepsea", path, tmp_path / "m.weights.h5")
    assert not made.exists()
    torch.save([torch.zeros(2)], path)
    with pytest.raises(WeightsError, match="expected a torch state"):
        import_weights("deepsea", path, tmp_path / "m.weights.h5")
    torch.save({"conv.weight": torch.zeros(2)}, path)
    with pytest.raises(WeightsError, match=r"expected names such as 0\.weight"):
        import_weights("deepsea", path, tmp_path / "m.weights.h5")


@pytest.mark.parametrize(
    ("name", "file", "message"),
    [
        ("danq", "x.hdf5", "not weights that Keras 0.x saved"),
        ("basset", "x.safetensors", "not readable as safetensors"),
        ("deepsea", "x.pth", "not a torch state of tensors only"),
        ("deepsea", "absent.pth", "not a torch state of tensors only"),
    ],
)
def test_files_that_are_no_weights(tmp_path, name, file, message):
    for module in ("torch", "safetensors"):
        if module in message:
            pytest.importorskip(module)
    (tmp_path / "x").write_bytes(b"hello")
    (tmp_path / "x").rename(tmp_path / (file if "absent" not in file else "x"))
    with pytest.raises(WeightsError, match=message):
        import_weights(name, tmp_path / file, tmp_path / "m.weights.h5")


def test_unknown_architecture(tmp_path):
    with pytest.raises(ValueError, match="architecture must be one of 'basset', 'danq', 'deepsea'"):
        import_weights("enformer", tmp_path / "x", tmp_path / "m.weights.h5")
