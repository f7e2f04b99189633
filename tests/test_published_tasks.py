"""Beluga, Sei, LegNet and DeepSTARR as published, against networks written out plainly.

No package of PyPI has them as published, so Beluga, Sei and LegNet are written out here from
their descriptions, function by function; DeepSTARR is built layer by layer from its own JSON, by
the reader of old Keras files, which equals TensorFlow's old Keras.
"""

from itertools import pairwise

import keras
import numpy as np
import pytest
from scipy.interpolate import BSpline
from support.deepstarr_files import write_deepstarr

import genome_keras
from genome_keras.cli import main
from genome_keras.errors import WeightsError
from genome_keras.layers.spline_basis import spline_basis
from genome_keras.sharing.import_keras import import_keras
from genome_keras.sharing.import_signals import import_signals
from genome_keras.sharing.import_weights import import_weights

save_file = pytest.importorskip("safetensors.numpy").save_file
AGCT, ACGT = [0, 2, 1, 3], [0, 1, 2, 3]


def codes(window, n=3):
    return np.random.default_rng(0).integers(0, 5, (n, window), dtype=np.uint8)


def one_hot(x, order):
    """(n, 4, window); N is zeros."""
    return np.eye(5, 4, dtype="float32")[x][..., order].transpose(0, 2, 1)


def state_of(shapes, before):
    """Random arrays, kernels of the size that keeps what they read."""
    draw = np.random.default_rng(1)
    state = {}
    for name, shape in shapes.items():
        scale = (1 if "lconv1.0" in shapes else 2) * np.prod(shape[1:]) ** -0.5
        state[f"{before}{name}.weight"] = (draw.normal(size=shape) * scale).astype("float32")
        state[f"{before}{name}.bias"] = draw.random(shape[0]).astype("float32")
    return state


BELUGA = {"0.0": (4, 4, 1, 3), "0.2": (4, 4, 1, 3), "0.6": (5, 4, 1, 3), "0.8": (5, 5, 1, 3)}
BELUGA |= {"0.12": (6, 5, 1, 3), "0.14": (6, 6, 1, 3)}
BELUGA |= {"1.2.1": (7, 6 * 13), "1.4.1": (2, 7)}  # of 300 bp
SEI = {"lconv1.0": (4, 4, 9), "lconv1.1": (4, 4, 9), "conv1.0": (4, 4, 9), "conv1.2": (4, 4, 9)}
SEI |= {"lconv2.2": (5, 4, 9), "lconv2.3": (5, 5, 9), "conv2.1": (5, 5, 9), "conv2.3": (5, 5, 9)}
SEI |= {"lconv3.2": (6, 5, 9), "lconv3.3": (6, 6, 9), "conv3.1": (6, 6, 9), "conv3.3": (6, 6, 9)}
SEI |= {f"dconv{number}.1": (6, 6, 5) for number in (1, 2, 3, 4, 5)}
SEI |= {"classifier.0": (8, 6 * 16), "classifier.2": (8, 8)}


def beluga_by_hand(state, x):
    """Pairs of convolutions over one line, rectified; the largest of four between pairs."""
    torch = pytest.importorskip("torch")
    f = torch.nn.functional
    take = {name: torch.from_numpy(values) for name, values in state.items()}
    x = torch.from_numpy(one_hot(x, AGCT))[:, :, None]
    for pair in ((0, 2), (6, 8), (12, 14)):
        if pair[0]:
            x = f.max_pool2d(x, (1, 4))
        for number in pair:
            x = f.relu(f.conv2d(x, take[f"m.0.{number}.weight"], take[f"m.0.{number}.bias"]))
    x = f.relu(f.linear(x.flatten(1), take["m.1.2.1.weight"], take["m.1.2.1.bias"]))
    return torch.sigmoid(f.linear(x, take["m.1.4.1.weight"], take["m.1.4.1.bias"])).numpy()


def sei_by_hand(state, x):
    """A linear path and what rectified convolutions add to it, thrice; residuals; splines."""
    torch = pytest.importorskip("torch")
    f = torch.nn.functional
    take = {name: torch.from_numpy(values) for name, values in state.items()}

    def convolved(x, name, dilation=1):
        kernel, bias = take[f"m.{name}.weight"], take[f"m.{name}.bias"]
        padding = dilation * (kernel.shape[2] - 1) // 2
        return f.conv1d(x, kernel, bias, padding=padding, dilation=dilation)

    both = torch.from_numpy(one_hot(x, ACGT))
    for block, first in ((1, 0), (2, 2), (3, 2)):
        both = f.max_pool1d(both, 4) if block > 1 else both
        linear = convolved(convolved(both, f"lconv{block}.{first}"), f"lconv{block}.{first + 1}")
        begin = min(first, 1)
        rectified = f.relu(convolved(linear, f"conv{block}.{begin}"))
        rectified = f.relu(convolved(rectified, f"conv{block}.{begin + 2}"))
        both = rectified + linear
    kept = rectified + f.relu(convolved(both, "dconv1.1", 2))
    for number, dilation in ((2, 4), (3, 8), (4, 16), (5, 25)):
        kept = kept + f.relu(convolved(kept, f"dconv{number}.1", dilation))
    steps = kept.shape[2]
    basis = torch.from_numpy(splines(steps, 16).astype("float32"))
    x = (kept @ basis).flatten(1)
    x = f.relu(f.linear(x, take["m.classifier.0.weight"], take["m.classifier.0.bias"]))
    return torch.sigmoid(
        f.linear(x, take["m.classifier.2.weight"], take["m.classifier.2.bias"])
    ).numpy()


def splines(steps, number):
    """SciPy's cubic B-splines, their inner knots at even quantiles of the steps."""
    at = np.arange(steps, dtype=float)
    inner = np.percentile(at, np.linspace(0, 100, number - 2)[1:-1])
    knots = np.concatenate([[at[0]] * 4, inner, [at[-1]] * 4])
    return BSpline.design_matrix(at, knots, 3).toarray()


@pytest.mark.parametrize(("steps", "number"), [(256, 16), (3, 16), (20, 7), (2, 4)])
def test_splines_are_those_of_scipy(steps, number):
    np.testing.assert_allclose(spline_basis(steps, number), splines(steps, number), atol=1e-7)


@pytest.mark.parametrize(
    ("name", "window", "shapes", "by_hand"),
    [("beluga", 300, BELUGA, beluga_by_hand), ("sei", 128, SEI, sei_by_hand)],
)
@pytest.mark.parametrize("before", ["m.", "module.model.m."])
def test_published_state(name, window, shapes, by_hand, before, tmp_path):
    path = tmp_path / "m.safetensors"
    save_file(state_of(shapes, before), path)
    model = import_weights(name, path, tmp_path / "m.weights.h5", window=window)
    expected = by_hand(state_of(shapes, "m."), codes(window))
    assert expected.std(0).max() > 1e-2, "no task of these weights tells windows apart"
    ours = keras.ops.convert_to_numpy(model(codes(window)))
    np.testing.assert_allclose(ours, expected, atol=1e-4)
    again = genome_keras.load_model(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(again(codes(window))), ours)


STARR = {"window": 60, "filters": (5, 6, 4), "widths": (7, 3, 5), "hidden": (8, 7)}


def test_deepstarr_is_what_its_json_describes(tmp_path, capsys):
    path, out = tmp_path / "m.h5", tmp_path / "out.weights.h5"
    write_deepstarr(path, tmp_path / "m.json", **STARR)
    assert not main(["import", "deepstarr", str(path), "--out", str(out), "--window", "60"])
    capsys.readouterr()
    model = genome_keras.load_model(out)
    assert model.tasks == ["Dev", "Hk"] and model.bin == 60
    letters = one_hot(codes(60), ACGT).transpose(0, 2, 1)
    theirs = import_keras(path, json=tmp_path / "m.json")(letters)
    expected = np.concatenate([keras.ops.convert_to_numpy(part) for part in theirs], 1)
    assert expected.std(0).min() > 1e-2
    ours = keras.ops.convert_to_numpy(model(codes(60)))
    np.testing.assert_allclose(ours[:, 0], expected, atol=1e-4)
    (tmp_path / "names.txt").write_text("developmental\nhousekeeping\n")
    how = {"window": 60, "tasks": tmp_path / "names.txt"}
    named = import_signals("deepstarr", path, tmp_path / "n.weights.h5", **how)
    assert genome_keras.load_model(tmp_path / "n.weights.h5").tasks[0] == "developmental"
    assert named.signal_shape == (1, 2)


def legnet_shapes(channels, width, wide):
    """Of blocks of these channels: kernels and biases, and of norms four numbers each."""
    shapes, norms = {"stem.block.0.weight": (channels[0], 4, 5)}, {"stem.block.1": channels[0]}
    for number, (before, after) in enumerate(pairwise(channels)):
        place, inside = f"main.{number}.0.fn.block", wide * before
        shapes |= {
            f"{place}.0.weight": (inside, before, 1),
            f"{place}.3.weight": (inside, 1, width),
        }
        shapes |= {f"{place}.6.fc.0.weight": (before, inside), f"{place}.6.fc.0.bias": (before,)}
        shapes |= {f"{place}.6.fc.2.weight": (inside, before), f"{place}.6.fc.2.bias": (inside,)}
        shapes |= {f"{place}.7.weight": (before, inside, 1)}
        shapes |= {f"main.{number}.1.block.0.weight": (after, 2 * before, width)}
        norms |= {f"{place}.1": inside, f"{place}.4": inside, f"{place}.8": before}
        norms |= {f"main.{number}.1.block.1": after}
    last = channels[-1]
    shapes |= {"mapper.block.1.weight": (2 * last, last, 1), "mapper.block.1.bias": (2 * last,)}
    shapes |= {"head.0.weight": (2 * last, 2 * last), "head.0.bias": (2 * last,)}
    shapes |= {"head.3.weight": (1, 2 * last), "head.3.bias": (1,)}
    norms |= {"mapper.block.0": last, "head.1": 2 * last}
    parts = ("weight", "bias", "running_mean", "running_var")
    return shapes | {f"{name}.{part}": (size,) for name, size in norms.items() for part in parts}


def legnet_state(shapes):
    draw = np.random.default_rng(1)
    state = {}
    for name, shape in shapes.items():
        scale = 2 * np.prod(shape[1:]) ** -0.5 if len(shape) > 1 else 0.5
        state[f"model.{name}"] = (draw.normal(size=shape) * scale).astype("float32")
        if name.endswith("running_var") or (shape[1:] == () and name.endswith("weight")):
            state[f"model.{name}"] = draw.uniform(0.5, 2.5, shape).astype("float32")
    return state


def legnet_by_hand(state, x, blocks):
    """As the program of human_legnet has it: each block beside what it read, and what follows."""
    torch = pytest.importorskip("torch")
    f = torch.nn.functional
    take = {name.removeprefix("model."): torch.from_numpy(a) for name, a in state.items()}

    def norm(x, name):
        parts = (take[f"{name}.{part}"] for part in ("running_mean", "running_var"))
        return f.batch_norm(x, *parts, take[f"{name}.weight"], take[f"{name}.bias"], eps=1e-5)

    def convolved(x, name, after, groups=1):
        x = f.conv1d(x, take[f"{name}.weight"], padding="same", groups=groups)
        return f.silu(norm(x, after))

    def dense(x, name):
        return f.linear(x, take[f"{name}.weight"], take[f"{name}.bias"])

    x = convolved(torch.from_numpy(x), "stem.block.0", "stem.block.1")
    for number in range(blocks):
        place = f"main.{number}.0.fn.block"
        inner = convolved(x, f"{place}.0", f"{place}.1")
        inner = convolved(inner, f"{place}.3", f"{place}.4", groups=inner.shape[1])
        share = f.silu(dense(inner.mean(2), f"{place}.6.fc.0"))
        inner = inner * torch.sigmoid(dense(share, f"{place}.6.fc.2"))[:, :, None]
        x = torch.cat([convolved(inner, f"{place}.7", f"{place}.8"), x], 1)
        place = f"main.{number}.1.block"
        x = f.max_pool1d(convolved(x, f"{place}.0", f"{place}.1"), 2)
    kernel, bias = take["mapper.block.1.weight"], take["mapper.block.1.bias"]
    x = f.conv1d(norm(x, "mapper.block.0"), kernel, bias).mean(2)
    return dense(f.silu(norm(dense(x, "head.0"), "head.1")), "head.3").numpy()


LEGNET = legnet_shapes((4, 5, 6), width=3, wide=2)


def test_legnet_is_its_program_written_out(tmp_path, capsys):
    torch = pytest.importorskip("torch")
    path, out = tmp_path / "m.ckpt", tmp_path / "out.weights.h5"
    state = legnet_state(LEGNET)
    tensors = {name: torch.from_numpy(array) for name, array in state.items()}
    torch.save({"state_dict": tensors, "epoch": 3}, path)  # as Lightning does
    assert not main(["import", "legnet", str(path), "--out", str(out), "--window", "45"])
    model = genome_keras.load_model(out)
    expected = legnet_by_hand(state, one_hot(codes(45), AGCT), blocks=2)
    assert expected.std(0).min() > 1e-2
    ours = keras.ops.convert_to_numpy(model(codes(45)))
    np.testing.assert_allclose(ours[:, 0], expected, atol=1e-4)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (SEI, r"not a state of LegNet: expected stem\.block\.0\.weight"),
        ({"stem.block.0.weight": (4, 4, 5)}, r"expected stem\.block\.1\.weight"),
        (LEGNET | {"stem.block.0.weight": (4, 5, 5)}, "reads 5 channels, not 4"),
        (LEGNET | {"main.1.0.fn.block.3.weight": (10, 3)}, "along_2 has shapes"),
        (LEGNET | {"main.1.0.fn.block.3.weight": (10, 1, 5)}, "along_2 has shapes"),
        (LEGNET | {"main.0.0.fn.block.7.weight": (3, 8, 1)}, "asks for more weights"),
        (LEGNET | {"main.0.0.fn.block.7.weight": (5, 8, 1)}, "narrow_1 has shapes"),
    ],
)
def test_states_of_another_legnet(shapes, message, tmp_path):
    save_file(legnet_state(shapes), tmp_path / "m.safetensors")
    with pytest.raises(WeightsError, match=message):
        import_signals("legnet", tmp_path / "m.safetensors", tmp_path / "o.weights.h5", window=45)


def without(shapes, name):
    return {key: shape for key, shape in shapes.items() if key != name}


@pytest.mark.parametrize(
    ("name", "shapes", "message"),
    [
        ("beluga", SEI, r"not a state of Beluga: expected 0\.0\.weight"),
        ("beluga", without(BELUGA, "1.4.1"), r"expected 1\.4\.1\.weight"),
        ("beluga", BELUGA | {"0.6": (5, 4, 3)}, "convolution_2a has shape"),
        ("beluga", BELUGA | {"0.0": (4, 5, 1, 3)}, "reads 5 letters, not 4"),
        ("beluga", BELUGA | {"1.2.1": (7, 77)}, "has shape"),
        ("beluga", BELUGA | {"1.2.1": (7, 6 * 12)}, "asks for more weights|hidden has shapes"),
        ("beluga", BELUGA | {"0.8": (5, 6, 1, 3)}, "convolution_2b has shapes"),
        ("sei", BELUGA, r"not a state of Sei: expected lconv1\.0\.weight"),
        ("sei", without(SEI, "classifier.2"), r"expected classifier\.2\.weight"),
        ("sei", SEI | {"classifier.0": (8, 95)}, r"classifier\.0 reads 95 numbers"),
        ("sei", SEI | {"dconv2.1": (6, 6, 7)}, "dilated_2 has shapes"),
        ("sei", SEI | {"lconv2.2": (5, 4)}, "linear_2a has shapes"),
    ],
)
def test_states_that_do_not_fit(name, shapes, message, tmp_path):
    path, out = tmp_path / "m.safetensors", tmp_path / "m.weights.h5"
    save_file(state_of(shapes, "m."), path)
    with pytest.raises(WeightsError, match=rf"m\.safetensors: .*{message}") as told:
        import_weights(name, path, out, window=300 if name == "beluga" else 128)
    assert "\n" not in str(told.value) and not out.exists()
