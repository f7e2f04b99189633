"""Damaged HDF5 and MATLAB files: a result or one clear error, whatever they hold.

Data sets, the bundle, weights of several programs, word vectors and attributions.

The files are read in child processes, for libhdf5 is C: a crash, a hang or a large
allocation there is found and told with the number of its case.
"""

import json
import os
import random
import re
import signal
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
from support.deepsea_files import TASKS, WINDOW, contents, write_v5, write_v73

from genome_keras.datasets.chromatin_data import chromatin, open_chromatin
from genome_keras.datasets.deepsea_bundle import deepsea
from genome_keras.datasets.reader import Reader
from genome_keras.errors import GenomeKerasError
from genome_keras.interpret.attribution_files import read_attributions
from genome_keras.io.word_vectors import FORMAT, read_words
from genome_keras.sharing.array_files import read_keras_layers
from genome_keras.sharing.old_keras_files import read_old_keras
from genome_keras.weights.file_checks import check_h5

N = 48
SECONDS = 20  # of one case
MEMORY = 400 << 10  # KiB that a child may grow
NAMES = [f"task {i}" for i in range(TASKS)]
WORDS = (0, 1, 2, 5, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1)


def write_h5(path, *, chunks=True):
    codes, labels = contents(N)
    split = np.array([b"train", b"valid", b"test"] * (N // 3))
    with h5py.File(path, "w") as file:
        packed = {"chunks": (16, WINDOW), "compression": "gzip"} if chunks else {}
        file.create_dataset("x", data=codes, **packed)
        packed = {"chunks": (16, TASKS), "compression": "gzip", "shuffle": True} if chunks else {}
        file.create_dataset("y", data=labels.astype("i1"), **packed)
        texts = {"split": split, "source": np.array([b"a", b"b"] * (N // 2)), "tasks": NAMES}
        for name, values in texts.items():
            file.create_dataset(name, data=np.array(values, "S8"))
        file.attrs["window"] = WINDOW


def bases(folder):
    """Files to damage: kind -> bytes."""
    path = folder / "base"
    made = {}
    for kind, chunks in {"h5": True, "h5 plain": False}.items():
        write_h5(path, chunks=chunks)
        made[kind] = path.read_bytes()
    codes, labels = contents(N)
    for kind, chunks in {"v7.3": (8, 4, 16), "v7.3 plain": None}.items():
        write_v73(path, "train", codes, labels, chunks=chunks)
        made[kind] = path.read_bytes()
    for kind, compressed in {"v5": False, "v5 compressed": True}.items():
        write_v5(path, "train", codes, labels, compressed=compressed)
        made[kind] = path.read_bytes()
    for kind, write in OTHERS.items():
        with h5py.File(path, "w") as file:
            write(file)
        made[kind] = path.read_bytes()
    path.unlink()
    return made


def write_weights(file):
    file["layers/dense/vars/0"], file["layers/dense/vars/1"] = np.ones((12, 2), "f4"), np.ones(2)
    file["layers/dense"].attrs["name"] = "head"


def write_layers(file):
    group = file.create_group("model_weights/head")
    group.attrs["weight_names"] = ["head/kernel:0", "head/bias:0"]
    group["head/kernel:0"], group["head/bias:0"] = np.ones((12, 2), "f4"), [0.5, 0.25]


def write_old(file):
    file.attrs["nb_layers"] = 1
    file.create_group("layer_0").attrs["nb_params"] = 1
    file["layer_0/param_0"] = np.ones((3, 2))
    dense = {"name": "dense", "units": 2, "input_dim": 3, "activation": "linear"}
    layers = [{"class_name": "Dense", "config": dense}]
    file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": layers})


def write_words(file):
    file["vectors"] = np.ones((16, 3), "f4")
    file.attrs.update({"format": FORMAT, "pattern": "11"})


def write_attributions(file):
    file["raw/seq"], file["shap/seq"] = np.ones((3, 4, 12), "i1"), np.ones((3, 4, 12), "f4")


OTHERS = {
    "weights": write_weights,
    "layers": write_layers,
    "old": write_old,
    "words": write_words,
    "attributions": write_attributions,
}
READ = {
    "weights": check_h5,
    "layers": read_keras_layers,
    "old": read_old_keras,
    "words": read_words,
    "attributions": read_attributions,
}


def damage(data, draw):
    """Some bytes of a file, other than they were."""
    data = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4, 16))):
        if not data:
            break
        # Where a file describes itself, half of the time.
        at = draw.randrange(min(len(data), draw.choice((600, 2500, 1 << 20))))
        how = draw.randrange(8)
        if how == 0:
            data[at] ^= 1 << draw.randrange(8)
        elif how == 1:
            data[at] = draw.randrange(256)
        elif how == 2:
            size = draw.choice((2, 4, 8))
            word = draw.choice(WORDS) % 256**size
            at -= at % size
            data[at : at + size] = word.to_bytes(size, draw.choice(("little", "big")))
        elif how == 3:
            del data[at:]
        elif how == 4:
            del data[at : at + draw.randrange(64)]
        elif how == 5:
            data[at:at] = draw.randbytes(draw.randrange(64))
        elif how == 6:
            size = draw.randrange(256)
            data[at : at + size] = draw.choice((b"\0", b"\xff", draw.randbytes(1))) * size
        else:
            other = draw.randrange(len(data))
            data[at : at + 64] = data[other : other + 64]
    return bytes(data)


def damage_packed(data, draw):
    """A compressed MATLAB file, damaged before it was compressed."""
    parts, at = [data[:128]], 128
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 4)[0]
        element = zlib.decompress(data[at + 8 : at + 8 + size])
        element = damage(element[:200], draw) + element[200:]
        packed = zlib.compress(element)
        parts.append(struct.pack("<II", 15, len(packed)) + packed)
        at += 8 + size
    return b"".join(parts)


def rebuild(path, draw):
    """A sound HDF5 file with something in it that nobody expects."""
    mat = draw.random() < 0.4
    codes, labels = contents(N)
    if mat:
        write_v73(path, "train", codes, labels)
    else:
        write_h5(path, chunks=draw.random() < 0.5)
    if mat:  # h5py does not write beside MATLAB's header
        userblock = path.read_bytes()[:512]
    names = ["trainxdata", "traindata"] if mat else ["x", "y", "split", "source", "tasks"]
    with h5py.File(path, "r+") as file:
        for name in draw.sample(names, draw.choice((1, 1, 2))):
            old = file[name]
            values, shape = old[()], old.shape
            del file[name]
            odd(file, name, values, shape, draw)
    if mat:
        with open(path, "r+b") as raw:
            raw.write(userblock)


def odd(file, name, values, shape, draw):
    huge = draw.choice((2**31, 2**40, 2**60))
    kinds = ("f4", "f8", "u2", "i8", ">i4", "S3", "c16", "?", "u1", "i1", "f2")
    how = draw.randrange(18)
    if how == 0:
        numbers = values if values.dtype.kind in "ui" else np.zeros(shape)
        file.create_dataset(name, data=numbers.astype(draw.choice(kinds)))
    elif how == 1:
        file.create_dataset(name, (huge, *shape[1:]), "u1", chunks=(64, *shape[1:]), compression=4)
    elif how == 2:
        file.create_dataset(name, (*shape[:-1], huge), "i1", chunks=(*[1] * (len(shape) - 1), 9))
    elif how == 3:
        file.create_group(name)
    elif how == 4:
        file[name] = h5py.SoftLink(draw.choice((f"/{name}", "/none", "/")))
    elif how == 5:
        file[name] = h5py.ExternalLink(draw.choice(("/etc/passwd", "none.h5", ".")), "/x")
    elif how == 6:
        file.create_dataset(name, data=h5py.Empty("u1"))
    elif how == 7:
        file.create_dataset(name, data=draw.choice((7, b"text", 1.5)))
    elif how == 8:
        file.create_dataset(name, data=np.zeros(shape, [("a", "u1"), ("b", "f4")]))
    elif how == 9:
        file.create_dataset(name, shape, h5py.vlen_dtype(np.uint8))
    elif how == 10:
        file.create_dataset(name, shape, h5py.ref_dtype)
    elif how == 11:
        layout = h5py.VirtualLayout(shape, "u1")
        layout[...] = h5py.VirtualSource("/etc/passwd", "x", shape)
        file.create_virtual_dataset(name, layout)
    elif how == 12:
        file.create_dataset(name, shape, "u1", external=[("/etc/passwd", 0, 2**20)])
    elif how == 13:
        smaller = tuple(max(0, size - draw.randrange(3)) for size in shape)
        file.create_dataset(name, data=values[tuple(map(slice, smaller))])
    elif how == 14:
        file.create_dataset(name, data=np.full(shape, draw.choice((2, 9, 200)), "u1"))
    elif how == 15:
        file.create_dataset(name, data=np.full(shape, b"text", object), dtype=h5py.string_dtype())
    elif how == 16:
        file.create_dataset(name, data=np.zeros([0] * draw.randrange(1, 4), "u1"))
    else:
        bad = np.array([b"\xff\xfe", b"\xc3("], "S2")
        file.create_dataset(name, data=np.resize(bad, shape))


def read(kind, path):
    """What the package does with such a file; its errors are those of any caller."""
    if kind in READ:
        READ[kind](path)
        return
    if kind.startswith("h5"):
        for split in ("train", "test"):
            source = open_chromatin(path, split, window=8 if split == "test" else None)
            source.chunk = 16
            reader = Reader(source, batch_size=4, seed=1, buffer=16)
            for i in range(len(reader)):
                reader[i]
        part = chromatin(path, "valid", sources=["a"])
        assert part.codes.max(initial=0) <= 4 and abs(part.labels).max(initial=0) <= 1
        assert len(part.codes) == len(part.labels) == len(part.source)
        return
    for strands, window in (("both", None), ("pairs", 8)):
        source = deepsea(path, "train", strands=strands, window=window, tasks=NAMES)
        codes = source.read_codes(0, len(source))
        labels = source.read_labels(0, len(source))
        assert codes.max(initial=0) <= 4 and abs(labels).max(initial=0) <= 1
        assert codes.shape == (len(source), source.window) and len(labels) == len(source)


def case(number, made, path):
    """Writes the file of one case and returns its kind."""
    draw = random.Random(number)
    kind = draw.choice([*made, "built", "built", "v5 compressed"])
    if kind == "built":
        rebuild(path, draw)
        return "v7.3" if path.read_bytes()[:6] == b"MATLAB" else "h5"
    packed = kind == "v5 compressed" and draw.random() < 0.6
    path.write_bytes((damage_packed if packed else damage)(made[kind], draw))
    return kind


def child(start, stop, folder):
    """Reads the files of some cases; prints a line for each, before and after it."""
    made = bases(folder)
    path = folder / "case"
    for number in range(start, stop):
        print(json.dumps({"case": number}), flush=True)
        path.unlink(missing_ok=True)
        kind = case(number, made, path)
        before = grown()
        signal.alarm(SECONDS)
        try:
            read(kind, path)
            outcome = "result"
        except GenomeKerasError as error:
            whole = str(error).startswith(f"{path}: ") and "\n" not in str(error)
            outcome = "error" if whole else f"a strange message: {error}"
        except ValueError as error:  # of a window that does not fit, or a source that is lost
            outcome = "usage" if re.search("window must be|no source", str(error)) else repr(error)
        except BaseException as error:
            outcome = f"{type(error).__name__}: {error}"
        signal.alarm(0)
        if left := sorted({entry.name for entry in folder.iterdir()} - {"case"}):
            outcome = f"files are left: {left}"
        if grown() - before > MEMORY:
            outcome = f"memory grew by {grown() - before} KiB"
        print(json.dumps({"case": number, "kind": kind, "outcome": outcome}), flush=True)


def grown():
    """The highest resident memory of this process so far, KiB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def outcomes(cases, batch=500):
    """The outcome of each case; a child that dies is told, and the next goes on after it."""
    found, start = {}, cases.start
    while start < cases.stop:
        stop = min(start + batch, cases.stop)
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, str(start), str(stop), folder]
            done = subprocess.run(command, capture_output=True, text=True)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        found |= {line["case"]: line["outcome"] for line in lines if "outcome" in line}
        if done.returncode:
            died = lines[-1]["case"] if lines else start
            last = (done.stderr.strip().splitlines() or [""])[-1]
            found[died] = f"the process ended with {done.returncode} {last}"
            stop = died + 1
        start = stop
    return found


def check(cases):
    found = outcomes(cases)
    assert sorted(found) == list(cases)
    bad = {n: what for n, what in found.items() if what not in ("result", "error", "usage")}
    assert not bad, json.dumps(bad, indent=1)
    kinds = list(found.values())
    # Damage that nobody notices is rare enough, and so is what nothing survives.
    assert kinds.count("error") > len(cases) // 4 and kinds.count("result") > len(cases) // 50
    return kinds


pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs SIGALRM and resource")


def test_sound_files_are_read(tmp_path):
    for kind, data in bases(tmp_path).items():
        (tmp_path / "case").write_bytes(data)
        read(kind, tmp_path / "case")


def test_some_damaged_files():
    check(range(400))


@pytest.mark.slow
def test_ten_thousand_damaged_files():
    check(range(1000, 11_000))


if __name__ == "__main__":
    child(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
