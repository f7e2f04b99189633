"""Data-parallel training: as many devices as you like, the learning curve of one."""

import json
import os
import socket
import subprocess
import sys

import h5py
import keras
import numpy as np
import pytest

from genome_keras.cli import main
from genome_keras.datasets.chromatin_data import Examples
from genome_keras.training import parallel
from genome_keras.training.parallel import EvenBatches
from genome_keras.training.train import train_dataset

TRAIN = """
import sys
from genome_keras.cli import main
if sys.argv[1] == "2 logical devices":
    import tensorflow as tf
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
sys.exit(main(sys.argv[2:]))
"""
COLUMNS = ("loss", "perplexity", "val_perplexity")
GRU = ["--set", "units=3", "--set", "depth=1"]
WORDS = ["--model", "kmer_logreg", "--set", "k=[1,2]"]


def examples(n, seed):
    draw = np.random.default_rng(seed)
    codes = draw.integers(0, 5, (n, 12), dtype=np.uint8)
    labels = draw.integers(-1, 2, (n, 2)).astype(np.int8)
    return Examples(codes, labels, np.array(["toy"] * n), ["a", "b"])


def write(path, train, valid):
    parts = {"train": examples(train, 1), "valid": examples(valid, 2)}
    with h5py.File(path, "w") as file:
        file["x"] = np.concatenate([part.codes for part in parts.values()])
        file["y"] = np.concatenate([part.labels for part in parts.values()])
        file["split"] = np.repeat(np.array(list(parts), "S"), [train, valid])
        file["source"] = np.array([b"toy"] * (train + valid))
        file["tasks"] = np.array([b"a", b"b"])
    return path


def command(data, out, *more):
    """Two epochs of a small model."""
    found = ["train", str(data), "--out", str(out), "--epochs", "2", "--batch-size", "8"]
    return [*found, "--seed", "1", *more]


def start(data, out, *more, way="", **environment):
    """The command on two devices, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", TRAIN, way, *command(data, out, *more), "--devices", "2"],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def end(*processes):
    for process in processes:
        told = process.communicate(timeout=600)[1]
        assert process.returncode == 0, told[-3000:]


def agree(one, other):
    """Two runs have the same curve and the same weights."""
    logs = [json.loads((of / "log.json").read_text()) for of in (one, other)]
    curves = [[[row[column] for column in COLUMNS] for row in log] for log in logs]
    assert len(curves[0]) == 2
    np.testing.assert_allclose(*curves, rtol=1e-5)
    with h5py.File(one / "best.weights.h5") as a, h5py.File(other / "best.weights.h5") as b:
        names = []
        a.visititems(lambda name, of: names.append(name) if isinstance(of, h5py.Dataset) else None)
        assert names
        for name in names:
            np.testing.assert_allclose(a[name][()], b[name][()], atol=1e-5)


def backend(name):
    return pytest.mark.skipif(keras.backend.backend() != name, reason=f"of {name}")


@pytest.mark.thorough
@backend("jax")
def test_two_devices_of_jax(tmp_path):
    """Also with labels that are not measured, and a last batch that is not full."""
    data = write(tmp_path / "d.h5", train=30, valid=13)
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    running = start(data, tmp_path / "2", *GRU, **flags)
    assert main(command(data, tmp_path / "1", *GRU)) == 0
    end(running)
    agree(tmp_path / "1", tmp_path / "2")


def free_address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.thorough
@backend("jax")
def test_two_processes_of_jax(tmp_path):
    data = write(tmp_path / "d.h5", train=30, valid=13)
    address = free_address()
    names = ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID")
    running = []
    for number in ("0", "1"):
        values = zip(names, (address, "2", number), strict=True)
        about = {f"KERAS_DISTRIBUTION_{name}": value for name, value in values}
        running.append(start(data, tmp_path / "2", *WORDS, **about))
    assert main(command(data, tmp_path / "1", *WORDS)) == 0
    end(*running)
    agree(tmp_path / "1", tmp_path / "2")
    names = [{path.name for path in (tmp_path / of).iterdir()} for of in "12"]
    assert names[0] == names[1]


@pytest.mark.thorough
@backend("tensorflow")
def test_two_devices_of_tensorflow(tmp_path):
    """As those of JAX, but without dropout, which each replica draws for itself."""
    data = write(tmp_path / "d.h5", train=30, valid=13)
    still = [*GRU, "--set", "dropout=0"]
    running = start(data, tmp_path / "2", *still, way="2 logical devices")
    assert main(command(data, tmp_path / "1", *still)) == 0
    end(running)
    agree(tmp_path / "1", tmp_path / "2")


@pytest.mark.thorough
@backend("tensorflow")
def test_two_processes_of_tensorflow(tmp_path):
    data = write(tmp_path / "d.h5", train=30, valid=13)
    cluster = {"worker": [free_address(), free_address()]}
    running = []
    for number in (0, 1):
        about = {"cluster": cluster, "task": {"type": "worker", "index": number}}
        running.append(start(data, tmp_path / "2", *WORDS, TF_CONFIG=json.dumps(about)))
    assert main(command(data, tmp_path / "1", *WORDS)) == 0
    end(*running)
    agree(tmp_path / "1", tmp_path / "2")
    names = [{path.name for path in (tmp_path / of).iterdir()} for of in "12"]
    assert names[0] == names[1]


def test_other_processes_leave_nothing(tmp_path, monkeypatch):
    """They begin from the state of the first, and write to a folder that goes."""
    held = {"train.json", "state.npz", "log.json"}
    for name in (*held, "data.h5"):
        (tmp_path / name).write_text(name)
    with parallel.own_folder(tmp_path) as folder:
        assert folder == tmp_path
    monkeypatch.setattr(parallel, "shares", lambda: (2, 1, 2))
    with parallel.own_folder(tmp_path) as folder:
        assert {path.name for path in folder.iterdir()} == held
        (folder / "best.weights.h5").write_text("mine")
    assert not folder.exists() and not (tmp_path / "best.weights.h5").exists()


def test_other_processes_do_not_write_what_was_asked(tmp_path, monkeypatch):
    data = write(tmp_path / "d.h5", train=8, valid=8)
    monkeypatch.setattr(parallel, "shares", lambda: (1, 1, 2))
    assert main(command(data, tmp_path / "o", *WORDS)) == 0
    assert not (tmp_path / "o").exists()


@backend("tensorflow")
def test_processes_of_tensorflow_are_workers(tmp_path, monkeypatch, capsys):
    """And of a cluster of one, as some schedulers make it, nothing is asked."""
    data = write(tmp_path / "d.h5", train=8, valid=8)
    one = {"cluster": {"chief": ["127.0.0.1:1"]}, "task": {"type": "chief", "index": 0}}
    monkeypatch.setenv(parallel.CLUSTER, json.dumps(one))
    assert main(command(data, tmp_path / "1", *WORDS)) == 0
    one["cluster"]["worker"] = ["127.0.0.1:2"]
    monkeypatch.setenv(parallel.CLUSTER, json.dumps(one))
    assert main(command(data, tmp_path / "o", *WORDS)) == 2
    assert "workers only. Received: chief, worker" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


@backend("jax")
def test_all_devices_of_several_processes_take_part(tmp_path, monkeypatch, capsys):
    """A process whose devices are left out would fail deep in the backend, or wait."""
    data = write(tmp_path / "d.h5", train=8, valid=8)
    monkeypatch.setenv(parallel.PROCESSES, "2")
    monkeypatch.setattr(parallel, "_join", lambda: None)
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["cpu:0", "cpu:1"])
    assert main(command(data, tmp_path / "o", *WORDS)) == 2
    assert "2 devices, and all take part. Received: devices=1" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_a_batch_that_cannot_be_shared(tmp_path, monkeypatch):
    monkeypatch.setattr(parallel, "shares", lambda: (3, 0, 1))
    data = write(tmp_path / "d.h5", train=8, valid=8)
    with pytest.raises(ValueError, match="batch_size must be a multiple of 3"):
        train_dataset(data, out=tmp_path / "o", batch_size=8, model="kmer_logreg")
    assert not (tmp_path / "o").exists()
    with pytest.raises(ValueError, match="batch_size must be a multiple of 3"):
        parallel.batches_of(examples(9, 1), batch_size=8)


def test_shares_of_a_batch():
    """All shares together are the batch, filled with what no loss counts."""
    source = examples(21, 3)
    whole = EvenBatches(source, batch_size=8)
    parts = [EvenBatches(source, batch_size=8, share=i, shares=4) for i in range(4)]
    for number in range(3):
        codes, labels = whole[number]
        assert codes.shape == (8, 12) and labels.shape == (8, 2)
        for of, all_of in zip(
            zip(*(part[number] for part in parts), strict=True), (codes, labels), strict=True
        ):
            np.testing.assert_array_equal(np.concatenate(of), all_of)
    assert (codes[5:] == 4).all() and (labels[5:] == -1).all()
    np.testing.assert_array_equal(codes[:5], source.codes[16:])


@backend("torch")
def test_torch_is_refused(tmp_path, capsys):
    data = write(tmp_path / "d.h5", train=8, valid=8)
    assert main(["train", str(data), "--out", str(tmp_path / "o"), "--devices", "2"]) == 2
    assert "torch trains on one device here" in capsys.readouterr().err


def test_too_many_devices(tmp_path, capsys):
    if keras.backend.backend() == "torch":
        pytest.skip("of JAX and TensorFlow")
    data = write(tmp_path / "d.h5", train=8, valid=8)
    assert main(["train", str(data), "--out", str(tmp_path / "o"), "--devices", "99"]) == 2
    assert "devices. Received: devices=99" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
