"""Published models of measured signal against other people's programs, with equal weights.

Each needs a package that is not among this one's; without it the test is skipped. Networks
are small and their weights random: what is compared is every operation and its place.
"""

import importlib.util
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from support import signal_sizes as sizes

import genome_keras
from genome_keras.layers.distances import distance_features
from genome_keras.sharing.import_keras import import_keras
from genome_keras.sharing.import_signals import import_signals


def codes(window, n=2):
    return np.random.default_rng(0).integers(0, 5, (n, window), dtype=np.uint8)


def letters(x):
    """(n, window, 4) as torch takes it; N is zeros."""
    torch = pytest.importorskip("torch")
    return torch.from_numpy(np.eye(5, 4, dtype="float32")[x])


def randomised(network):
    """The network with other weights than it begins with, of which many are zero or one."""
    torch = pytest.importorskip("torch")
    draw = torch.Generator().manual_seed(1)
    for name, values in network.state_dict().items():
        if values.dtype != torch.float32:
            continue
        fan = values[0].numel() if values.ndim > 1 else 4
        drawn = torch.randn(values.shape, generator=draw) / fan**0.5
        values.copy_(drawn.abs() + 0.5 if "running_var" in name else drawn)
    return network.eval()


def close(found, expected):
    """Equal to 1e-4, and neither constant."""
    found = keras.ops.convert_to_numpy(found)
    assert expected.std() > 1e-3
    np.testing.assert_allclose(found, expected, atol=1e-4)


# BPNet and ChromBPNet: bpnet-lite


def lite(**sizes):
    return randomised(pytest.importorskip("bpnetlite").BPNet(**sizes, verbose=False))


def lite_outputs(network, x, **more):
    import torch

    with torch.no_grad():
        profile, counts = network(letters(x).permute(0, 2, 1), **more)
    return {"profile": profile.permute(0, 2, 1).numpy(), "counts": counts.numpy()}


def save(network, path):
    import torch

    torch.save(network.state_dict(), path)
    return path


SIZES = {"n_filters": 5, "n_layers": 2}
WINDOW, BINS = 126, 20  # as many as are left: then bpnet-lite too counts over all steps


@pytest.mark.parametrize("tracks", [1, 2])
def test_bpnet(tracks, tmp_path):
    network = lite(**SIZES, n_outputs=tracks, n_control_tracks=0)
    path = save(network, tmp_path / "m.pth")
    model = import_signals("bpnet", path, tmp_path / "m.weights.h5", window=WINDOW, bins=BINS)
    expected = lite_outputs(network, codes(WINDOW))
    found = model(codes(WINDOW))
    close(found["profile"], expected["profile"])
    close(found["counts"], expected["counts"])


def test_bpnet_with_controls_of_zeros(tmp_path):
    import torch

    network = lite(**SIZES, n_outputs=2, n_control_tracks=2)
    path = save(network, tmp_path / "m.pth")
    model = import_signals("bpnet", path, tmp_path / "m.weights.h5", window=WINDOW, bins=BINS)
    expected = lite_outputs(network, codes(WINDOW), X_ctl=torch.zeros(2, 2, WINDOW))
    close(model(codes(WINDOW))["profile"], expected["profile"])
    close(model(codes(WINDOW))["counts"], expected["counts"])


def whole():
    """ChromBPNet of two networks; the second has fewer layers, and so a longer profile."""
    package = pytest.importorskip("bpnetlite")
    bias = lite(n_filters=3, n_layers=1, n_outputs=1, n_control_tracks=0)
    accessibility = lite(**SIZES, n_outputs=1, n_control_tracks=0)
    return package.ChromBPNet(bias, accessibility).eval()


def keras_2_file(path, networks):
    """The networks as ChromBPNet's program saves them: each a layer of the whole."""
    with h5py.File(path, "w") as file:
        for name, (before, late, network) in networks.items():
            group = file.create_group(f"model_weights/{name}")
            layers = {f"{before}bpnet_1st_conv": network.iconv}
            for n, layer in enumerate(network.rconvs, 1):
                layers[f"{before}bpnet_{n}conv"] = layer
            layers[f"{before}{late}prof_out_precrop"] = network.fconv
            layers[f"{before}{late}logcount_predictions"] = network.linear
            names = []
            for layer, values in layers.items():
                for part in ("kernel", "bias"):
                    array = getattr(values, "weight" if part == "kernel" else part)
                    group[f"{layer}/{part}:0"] = array.detach().numpy().T
                    names.append(f"{layer}/{part}:0".encode())
            group.attrs["weight_names"] = names
    return path


@pytest.mark.parametrize("kind", ["keras", "torch"])
def test_chrombpnet(kind, tmp_path):
    network = whole()
    parts = {
        "model_wo_bias": ("wo_bias_", "bpnet_", network.accessibility),
        "model": ("", "", network.bias),
    }
    if kind == "keras":
        path = keras_2_file(tmp_path / "chrombpnet.h5", parts)
    else:
        path = save(network, tmp_path / "m.pth")
    x, sizes = codes(WINDOW), {"window": WINDOW, "bins": BINS}
    model = import_signals("chrombpnet", path, tmp_path / "m.weights.h5", **sizes)
    expected, found = lite_outputs(network, x), model(x)
    close(found["profile"], expected["profile"])
    close(found["counts"], expected["counts"])
    alone = import_signals("bpnet", path, tmp_path / "a.weights.h5", **sizes)
    expected, found = lite_outputs(network.accessibility, x), alone(x)
    close(found["profile"], expected["profile"])
    close(found["counts"], expected["counts"])


@pytest.mark.parametrize("name", ["", "wo_bias_"])
def test_files_of_one_network_are_read_as_bpnet_lite_does(name, tmp_path):
    package = pytest.importorskip("bpnetlite")
    network = lite(**SIZES, n_outputs=1, n_control_tracks=0)
    path = tmp_path / "m.h5"
    keras_2_file(path, {"x": (name, "bpnet_" if name else "", network)})
    with h5py.File(path, "r+") as file:  # each layer of its own
        group = file["model_weights"]
        for layer in [*group["x"]]:
            group.create_group(layer)
            group.move(f"x/{layer}", f"{layer}/{layer}")
            names = [f"{layer}/kernel:0", f"{layer}/bias:0"]
            group[layer].attrs["weight_names"] = names
        del group["x"]
    theirs = package.BPNet.from_chrombpnet(path).eval()
    model = import_signals("bpnet", path, tmp_path / "m.weights.h5", window=WINDOW, bins=BINS)
    expected, found = lite_outputs(theirs, codes(WINDOW)), model(codes(WINDOW))
    close(found["profile"], expected["profile"])
    close(found["counts"], expected["counts"])


# Enformer: enformer-pytorch


def enformer_pytorch(**sizes):
    return pytest.importorskip("enformer_pytorch").Enformer.from_hparams(**sizes)


def test_enformer_at_its_own_number_of_bins(tmp_path):
    """1536 bins of 8 bp, with the gamma densities that TensorFlow gave the package's author."""
    import torch

    small = {"dim": 384, "depth": 2, "heads": 2, "attn_dim_key": 16, "num_downsamples": 3}
    small |= {"dim_divisible_by": 4, "target_length": 896, "use_tf_gamma": True}
    network = randomised(enformer_pytorch(**small, output_heads={"human": 7, "mouse": 3}))
    x = codes(1536 * 8, 1)
    for head in ("human", "mouse"):
        path, out = save(network, tmp_path / "m.bin"), tmp_path / "m.weights.h5"
        model = import_signals("enformer", path, out, window=1536 * 8, head=head)
        with torch.no_grad():
            expected = network(letters(x))[head].numpy()
        assert model.bin == 8
        close(model.predict(x, verbose=0), expected)


def test_enformer_of_the_published_size_has_as_many_parameters():
    torch = pytest.importorskip("torch")
    with torch.device("meta"):
        network = enformer_pytorch(output_heads={"human": 5313})
    trunk_and_head = {
        name: values.numel()
        for name, values in network.state_dict().items()
        if not name.startswith("_trunk.") and "num_batches" not in name
    }
    published = sizes.enformer((768, 768, 896, 1024, 1152, 1280, 1536), 11, 8, 64, 5313)
    assert sum(trunk_and_head.values()) == published


def test_distances_of_enformer_are_those_of_tensorflow():
    """But for rounding, in a hundredth of them and by at most 0.002."""
    package = pytest.importorskip("enformer_pytorch").modeling_enformer
    published = package.TF_GAMMAS.numpy()
    difference = np.abs(distance_features(1536, 192)[:, 64:96] - published)
    assert difference.max() < 2e-3 and (difference > 1e-6).mean() < 0.02


# Borzoi: borzoi-pytorch


def borzoi_pytorch(**sizes):
    return pytest.importorskip("borzoi_pytorch").Borzoi.from_hparams(**sizes)


def test_borzoi(tmp_path):
    """Its tower and heads have the published sizes; the rest is small, and so is the window."""
    import torch

    small = {"dim": 24, "depth": 2, "heads": 2, "attn_dim_key": 6, "attn_dim_value": 5}
    small |= {"bins_to_return": 40, "enable_mouse_head": True}
    network = randomised(borzoi_pytorch(**small))
    x, path = codes(128 * 12, 1), save(network, tmp_path / "m.pth")
    for head in ("mouse", "human"):
        how = {"window": 128 * 12, "bins": 40, "head": head}
        model = import_signals("borzoi", path, tmp_path / "m.weights.h5", **how)
        with torch.no_grad():
            expected = network(letters(x).permute(0, 2, 1), is_human=head == "human")
        close(model.predict(x, verbose=0), expected.permute(0, 2, 1).numpy())
    assert model.bin == 32 and len(model.tasks) == 7611


def test_borzoi_of_the_published_size_has_as_many_parameters():
    torch = pytest.importorskip("torch")
    with torch.device("meta"):
        network = borzoi_pytorch()
    state = network.state_dict()
    found = sum(values.numel() for name, values in state.items() if "num_batches" not in name)
    filters = (512, 608, 736, 896, 1056, 1280)
    assert found == sizes.borzoi(filters, 1536, 8, 8, 64, 192, 1920, 7611)


# SpliceAI: the files of its package, by the reader of old Keras files


def test_spliceai(tmp_path):
    """That reader's own networks equal those of TensorFlow's old Keras."""
    found = importlib.util.find_spec("spliceai")
    if found is None:
        pytest.skip("needs the package spliceai, for its files")
    path = Path(found.origin).parent / "models" / "spliceai3.h5"
    model = import_signals("spliceai", path, tmp_path / "m.weights.h5", window=10_150)
    x = codes(10_150, 1)
    expected = keras.ops.convert_to_numpy(import_keras(path)(letters(x).numpy()))
    close(model.predict(x, verbose=0), expected)
    assert model.count_params() == sizes.spliceai(32, (11, 11, 21, 41), 4)
    assert genome_keras.load_model(tmp_path / "m.weights.h5").tasks[1] == "acceptor"


# Basenji2: basenji2-pytorch


def basenji2_pytorch(window, filters, blocks, last, tasks):
    """The package's own parts, with the GELU of Basenji's program: its own is the exact one."""
    package = pytest.importorskip("basenji2_pytorch")
    import torch

    class Gelu(torch.nn.Module):
        def forward(self, x):
            return x * torch.sigmoid(1.702 * x)

    trunk = [{"name": "conv_block", "filters": filters[0], "kernel_size": 15, "pool_size": 2}]
    tower = {"name": "conv_tower", "filters_init": filters[1], "filters_mult": 1.5}
    trunk.append(tower | {"kernel_size": 5, "pool_size": 2, "repeat": len(filters) - 1})
    residual = {"name": "dilated_residual", "filters": 3, "rate_mult": 1.5, "repeat": blocks}
    trunk.append(residual | {"dropout": 0.3, "round": True})
    trunk += [{"name": "Cropping1D", "cropping": 2}]
    trunk += [{"name": "conv_block", "filters": last, "dropout": 0.05}]
    sizes = {"seq_length": window, "activation": "gelu", "norm_type": "batch", "bn_momentum": 0.9}
    head = {"name": "final", "units": tasks, "activation": "softplus"}
    known = package.blocks.ACTIVATION_LAYER_REGISTRY
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(known, "gelu", Gelu)
        patch.setattr(package.model, "ACTIVATION_LAYER_REGISTRY", known)
        return randomised(package.Basenji2(sizes | {"trunk": trunk, "head_human": head}))


def keras_2_layers(path, network):
    """Its arrays as Basenji's program saves them: layers of a kind are numbered."""
    import torch

    kinds = (
        (torch.nn.Conv1d, "conv1d", ("kernel",)),
        (torch.nn.BatchNorm1d, "batch_normalization", ("gamma", "beta", "mean", "variance")),
        (torch.nn.Linear, "dense", ("kernel", "bias")),
    )
    with h5py.File(path, "w") as file:
        for kind, name, parts in kinds:
            layers = [layer for layer in network.modules() if isinstance(layer, kind)]
            for number, layer in enumerate(layers):
                own = f"{name}_{number}" if number else name
                names = [f"{own}/{part}:0" for part in parts]
                arrays = [v for k, v in layer.state_dict().items() if "num_batches" not in k]
                group = file.create_group(f"model_weights/{own}")
                group.attrs["weight_names"] = names
                for weight, values in zip(names, arrays, strict=True):
                    group[weight] = values.numpy().T
    return path


def test_basenji2(tmp_path):
    """Eleven blocks, so that dilations are those of the whole network, and layers pass ten."""
    import torch

    filters, window = (4, 4, 6), 8 * 160
    network = basenji2_pytorch(window, filters, 11, 5, 3)
    x = codes(window)
    with torch.no_grad():
        expected = network(letters(x).permute(0, 2, 1)).numpy()
    state = save(network, tmp_path / "m.pth")
    for path in (state, keras_2_layers(tmp_path / "m.h5", network)):
        how = {"window": window, "bins": 156}
        model = import_signals("basenji2", path, tmp_path / "m.weights.h5", **how)
        close(model.predict(x, verbose=0), expected)
    assert model.count_params() == sizes.basenji2(filters, 3, range(11), 5, 3)


def test_basenji2_of_the_published_size_has_as_many_parameters():
    """30,123,584, as the package tells."""
    filters = (288, 339, 399, 470, 554, 652, 768)
    assert sizes.basenji2(filters, 384, range(11), 1536, 5313) == 30_123_584
