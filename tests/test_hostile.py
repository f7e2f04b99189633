"""Files made to do harm: refused with a clear line, nothing executed or written outside."""

import json
import struct
import zipfile
import zlib

import h5py
import numpy as np
import pytest

import genome_keras
from genome_keras.cli import main
from genome_keras.errors import WeightsError
from genome_keras.weights import description, file_checks
from genome_keras.weights import resolve as weights
from genome_keras.weights.checkpoint import save_bare
from genome_keras.weights.file_checks import check_h5

SIZES = {"window": 12, "tasks": 2, "k": (1, 2)}
ONE_LINE = 600


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A folder with a sound `m.weights.h5`, `m.keras` and `m.json`."""
    folder = tmp_path_factory.mktemp("sound")
    model = genome_keras.kmer_logreg(**SIZES, seed=1)
    save_bare(model, folder / "m.weights.h5")
    model.save(folder / "m.keras")
    description = {"architecture": "kmer_logreg", "arguments": {**SIZES, "k": [1, 2]}}
    (folder / "m.json").write_text(json.dumps(description))
    return folder


@pytest.fixture
def mine(sound, tmp_path):
    for path in sound.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def refused(path, match, **arguments):
    before = sorted(p.name for p in path.parent.rglob("*"))
    with pytest.raises(WeightsError, match=match) as told:
        genome_keras.kmer_logreg(**arguments, weights=path)
    message = str(told.value)
    assert "\n" not in message and len(message) < ONE_LINE and path.parent.name in message
    assert sorted(p.name for p in path.parent.rglob("*")) == before


def test_sound_files_load(mine):
    one = genome_keras.kmer_logreg(weights=mine / "m.weights.h5")
    two = genome_keras.kmer_logreg(weights=mine / "m.keras")
    assert all(map(np.array_equal, one.get_weights(), two.get_weights()))


# HDF5.


def test_texts_that_libhdf5_would_read_for_ever(mine):
    path = mine / "m.weights.h5"
    with h5py.File(path, "r+") as file:
        file.attrs["names"] = ["head/kernel:0"]
    assert genome_keras.kmer_logreg(weights=path).count_params()
    data = bytearray(path.read_bytes())
    heap = data.index(b"GCOL\x01\0\0\0")
    (size,) = struct.unpack_from("<Q", data, heap + 24)  # of the first text
    free = heap + 32 + -(-size // 8) * 8
    data[free : free + 16] = bytes(16)
    path.write_bytes(data)
    refused(path, f"damaged HDF5: the texts at byte {heap}")


@pytest.mark.parametrize("block", [0, 512])  # of another program, before the file
@pytest.mark.parametrize("version", ["earliest", "latest"])
@pytest.mark.parametrize(
    ("length", "address"), [(4097, None), (2**32 - 1, None), (2**32 - 1, 2**64 - 1), (1, 8)]
)
def test_texts_that_libhdf5_would_take_much_memory_for(mine, length, address, version, block):
    path, old = mine / "m.weights.h5", mine / "old"
    path.replace(old)
    with h5py.File(path, "w", userblock_size=block, libver=version) as new, h5py.File(old) as file:
        for name in file:
            file.copy(name, new)
        new["layers"].attrs["names"] = ["head/kernel:0", "head/bias:0"]
    old.unlink()
    assert check_h5(path).arrays
    data = bytearray(path.read_bytes())
    heap = data.index(b"GCOL\x01\0\0\0") - block
    at = data.index(struct.pack("<IQ", len("head/bias:0"), heap))
    data[at : at + 12] = struct.pack("<IQ", length, heap if address is None else address)
    path.write_bytes(data)
    refused(path, "damaged HDF5: attributes of the object at byte")


def test_many_references_to_one_long_text(mine):
    path = mine / "m.weights.h5"
    with h5py.File(path, "r+") as file:
        file.attrs["names"] = ["x" * 100_000, *(["y"] * 1000)]
    data = bytearray(path.read_bytes())
    heap = data.rindex(b"GCOL\x01\0\0\0")  # of the long one
    long = data.index(struct.pack("<IQ", 100_000, heap))
    data[long : long + 16 * 1001] = 1001 * data[long : long + 16]
    path.write_bytes(data)
    refused(path, "texts longer than the file")


def test_attributes_that_are_looked_up_elsewhere(mine):
    for number, values in enumerate(([b"x"] * 20, [np.zeros((), [("a", "u1"), ("b", "f4")])])):
        path = mine / "x.weights.h5"
        with h5py.File(path, "w", libver="latest") as file:
            file["head/bias"] = [0.0]
            for name, value in enumerate(values):
                file.attrs[str(name)] = value
        with pytest.raises(WeightsError, match=("lie apart", "compound")[number]):
            check_h5(path)


def first_array(file):
    found = []
    file.visititems(lambda n, x: found.append(x) if isinstance(x, h5py.Dataset) else None)
    return found[0]


def replace(file):
    """Takes the first array out: the group it was in, its name, and itself."""
    array = first_array(file)
    group, name = array.parent, array.name.rpartition("/")[2]
    value = array[()]
    del group[name]
    return group, name, value


def soft_link(file, folder):
    group, name, _ = replace(file)
    group[name] = h5py.SoftLink("/elsewhere")


def external_link(file, folder):
    group, name, _ = replace(file)
    group[name] = h5py.ExternalLink(str(folder / "secret.h5"), "/x")


def external_storage(file, folder):
    group, name, value = replace(file)
    (folder / "secret").write_bytes(bytes(value.nbytes))
    where = [(str(folder / "secret"), 0, value.nbytes)]
    group.create_dataset(name, value.shape, "float32", external=where)


def virtual(file, folder):
    group, name, value = replace(file)
    layout = h5py.VirtualLayout(value.shape, "float32")
    layout[:] = h5py.VirtualSource(str(folder / "secret.h5"), "x", value.shape)
    group.create_virtual_dataset(name, layout)


def huge_unwritten(file, folder):
    group, name, _ = replace(file)
    group.create_dataset(name, (10**6, 10**6), "float32")


def huge_packed(file, folder):
    group, name, _ = replace(file)
    zeros = np.zeros((2**12, 2**10), "float32")
    group.create_dataset(name, data=zeros, chunks=zeros.shape, compression="gzip")


def huge_chunked(file, folder):
    group, name, _ = replace(file)
    group.create_dataset(name, (2**40,), "float32", chunks=(2**20,))


def text(file, folder):
    group, name, _ = replace(file)
    group.create_dataset(name, data=["__import__('os').system('false')"] * 3)


def an_object(file, folder):
    group, name, _ = replace(file)
    group.create_dataset(name, (3,), h5py.vlen_dtype("float32"))


def compound(file, folder):
    group, name, _ = replace(file)
    group.create_dataset(name, data=np.zeros(3, [("a", "f4"), ("b", "f4")]))


def nothing(file, folder):
    group, name, _ = replace(file)
    group[name] = h5py.Empty("float32")


def loop(file, folder):
    array = first_array(file)
    array.parent["again"] = file["/"]


def twice(file, folder):
    array = first_array(file)
    array.parent["again"] = array


def named_type(file, folder):
    first_array(file).parent["type"] = np.dtype("float32")


def crowd(file, folder):
    group = file.create_group("crowd")
    for i in range(300):
        group.create_group(str(i))


@pytest.mark.parametrize(
    ("harm", "match"),
    [
        (soft_link, "a SoftLink is not accepted"),
        (external_link, "an ExternalLink is not accepted|a ExternalLink is not accepted"),
        (external_storage, "lies in other files"),
        (virtual, "lies in other files"),
        (huge_unwritten, "declares 4000000000000 bytes, stores 0"),
        (huge_packed, "packed or chunked"),
        (huge_chunked, "packed or chunked"),
        (text, "expected numbers, got object"),
        (an_object, "expected numbers, got object"),
        (compound, "expected numbers, got"),
        (nothing, "expected an array"),
        (loop, "reached twice"),
        (twice, "reached twice"),
        (named_type, "expected an array"),
        (crowd, "too many objects"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_hostile_hdf5(mine, monkeypatch, harm, match):
    monkeypatch.setattr(file_checks, "MAX_OBJECTS", 200)
    with h5py.File(mine / "secret.h5", "w") as file:
        file["x"] = np.ones(20, "float32")
    with h5py.File(mine / "m.weights.h5", "a") as file:
        harm(file, mine)
    refused(mine / "m.weights.h5", match)


@pytest.mark.parametrize("shape", [(20, 3), (21, 2), (20,), (20, 2, 1), ()])
def test_wrong_shapes(mine, shape):
    with h5py.File(mine / "m.weights.h5", "a") as file:
        group, name, _ = replace(file)
        group[name] = np.ones(shape, "float32")
    refused(mine / "m.weights.h5", "not the weights of this|more weights than")


def test_large_files_are_not_even_opened(mine):
    with (mine / "m.weights.h5").open("rb+") as file:
        file.truncate(file_checks.MAX_WEIGHTS + 1)  # takes no room on the disk
    refused(mine / "m.weights.h5", "more than 4294967296")


# Descriptions.


@pytest.mark.parametrize(
    "change",
    [
        {"tasks": 10**6},
        {"tasks": 10**30},
        {"k": [8]},
        {"k": [1] * 1000},
        {"window": float("nan")},
        {"window": -1},
        {"tasks": "2"},
        {"k": {"class_name": "Lambda", "config": {}}},
        {"k": [[1], 2]},
        {"learning_rate": "__import__('os').system('false')"},
        {"no_such": 1},
        {"weights": "/etc/passwd"},
    ],
)
def test_hostile_arguments(mine, change):
    """Refused before memory is taken: the first would need 80 MB, the second all."""
    description = json.loads((mine / "m.json").read_text())
    description["arguments"] |= change
    (mine / "m.json").write_text(json.dumps(description))
    with pytest.raises(ValueError) as told:
        genome_keras.kmer_logreg(weights=mine / "m.weights.h5")
    assert len(str(told.value)) < ONE_LINE


def test_many_layers_are_refused_at_the_first_too_many(mine):
    description = {"architecture": "bigru_multitask", "arguments": {"tasks": 1, "depth": 10**6}}
    (mine / "m.json").write_text(json.dumps(description))
    with pytest.raises(WeightsError, match="more weights than the 42 numbers in 2 arrays"):
        genome_keras.bigru_multitask(weights=mine / "m.weights.h5")


@pytest.mark.parametrize(
    "tasks",
    ["ab", [1, 2], ["a", "a"], ["a", "b\tc"], ["a", "\x1b[2J"], ["a", ""], [["a"], "b"], {"a": 1}],
)
def test_hostile_tasks(mine, tasks):
    description = json.loads((mine / "m.json").read_text()) | {"tasks": tasks}
    (mine / "m.json").write_text(json.dumps(description))
    refused(mine / "m.weights.h5", "tasks")


@pytest.mark.parametrize("untrained", ["a", [["a"]], [{}], [1], {"a": 1}, ["\n"]])
def test_hostile_names_of_untrained_tasks(mine, untrained):
    description = json.loads((mine / "m.json").read_text()) | {"untrained": untrained}
    (mine / "m.json").write_text(json.dumps(description))
    refused(mine / "m.weights.h5", "untrained must be a list of names of tasks")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "not readable as JSON"),
        (b"[1]", "expected a JSON object"),
        (b"[" * 10**6, "nested too deeply|not readable"),
        (b'{"a": ' * 10**5, "nested too deeply|not readable"),
        (b'{"architecture": ' + b"9" * 10**5 + b"}", "not readable as JSON|must be a name"),
        (b"\xff\xfe", "not UTF-8"),
        (b"\x80\x04\x95cos\nsystem\n(S'false'\ntR.", "not UTF-8"),  # a pickle
        (b'{"arguments": [1]}', "arguments must be an object"),
        (b" " * (description.MAX_TEXT + 1), "more than 16777216 bytes"),
    ],
    ids=range(9),
)
def test_hostile_json(mine, content, match):
    (mine / "m.json").write_bytes(content)
    refused(mine / "m.weights.h5", match)


# `.keras` files.


def rewrite(path, change, **options):
    """Copies a zip file with `change(name, data)` for each member; None leaves it out."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, data in members.items():
            data = change(name, data)
            if data is not None:
                archive.writestr(name, data)


def with_config(change):
    def edit(name, data):
        return json.dumps(change(json.loads(data))) if name == "config.json" else data

    return edit


def marshalled(config):
    config["config"]["layers"].append(
        {
            "module": "keras.layers",
            "class_name": "Lambda",
            "config": {"function": {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}},
        }
    )
    return config


def foreign(config):
    config["config"]["layers"][0]["module"] = "os"
    return config


def lookalike(config):
    config["config"]["layers"][0]["module"] = "keras_evil.layers"
    return config


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (with_config(marshalled), "has code in it"),
        (with_config(foreign), "foreign module 'os'"),
        (with_config(lookalike), "foreign module 'keras_evil.layers'"),
        (lambda name, data: None if name == "config.json" else data, "expected the files"),
        (lambda name, data: b"\x80\x04." if name == "config.json" else data, "is not JSON"),
        (lambda name, data: b"x" * 99 if name.endswith("h5") else data, "not a sound HDF5"),
    ],
    ids=["lambda", "module", "lookalike", "no config", "pickle", "no HDF5"],
)
def test_hostile_keras_files(mine, change, match):
    rewrite(mine / "m.keras", change)
    refused(mine / "m.keras", match)


@pytest.mark.parametrize(
    "name",
    ["../evil", "/tmp/evil", "..\\evil", "C:\\evil", "assets/evil", "model.weights.h5/../../evil"],
)
def test_other_members_are_refused(mine, name):
    with zipfile.ZipFile(mine / "m.keras", "a") as archive:
        archive.writestr(name, b"evil")
    refused(mine / "m.keras", "expected the files metadata.json, config.json")


def test_a_member_that_is_there_twice(mine):
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(mine / "m.keras", "a") as archive,
    ):
        archive.writestr("config.json", b"{}")
    refused(mine / "m.keras", "expected the files")


def test_zip_bombs(mine):
    """A member that declares its size, and one that lies about it."""
    whole = (mine / "m.keras").read_bytes()
    bomb = bytes(50_000_000)
    rewrite(
        mine / "m.keras",
        lambda name, data: bomb if name.endswith("h5") else data,
        compression=zipfile.ZIP_DEFLATED,
    )
    assert (mine / "m.keras").stat().st_size < 100_000
    refused(mine / "m.keras", "declares 50000000 bytes, packed in")
    liar = (
        (mine / "m.keras")
        .read_bytes()
        .replace(struct.pack("<I", len(bomb)), struct.pack("<I", 5000))
    )
    (mine / "m.keras").write_bytes(liar)
    refused(mine / "m.keras", "not a sound")
    (mine / "m.keras").write_bytes(whole)
    assert genome_keras.kmer_logreg(**SIZES, weights=mine / "m.keras")


def test_a_config_that_is_a_bomb(mine):
    packed = zlib.compress(b"[" * 10**6)
    assert len(packed) < 10**4
    rewrite(
        mine / "m.keras",
        lambda name, data: b"[" * 10**6 if name == "config.json" else data,
        compression=zipfile.ZIP_DEFLATED,
    )
    refused(mine / "m.keras", "is not JSON|declares")


# Fuzzing.


def damaged(whole, draw):
    """A file with bits, bytes, numbers or pieces changed."""
    data, kind = bytearray(whole), draw.integers(5)
    for _ in range(draw.integers(1, 16)):
        i = int(draw.integers(len(data)))
        if kind == 0:
            data[i] ^= 1 << int(draw.integers(8))
        elif kind == 1:
            data[i] = int(draw.integers(256))
        elif kind == 2:
            data[i : i + 8] = [bytes(8), b"\xff" * 8, b"\1" + bytes(7)][int(draw.integers(3))]
        elif kind == 3:
            j, n = int(draw.integers(len(data))), int(draw.integers(1, 64))
            data[i : i + n] = data[j : j + n]
        else:
            return bytes(data[: int(draw.integers(len(data)))])
    return bytes(data)


@pytest.mark.parametrize("rounds", [200, pytest.param(10_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_fuzzed_weights_load_or_are_refused(mine, suffix, rounds):
    """Any damage gives a `WeightsError` or a model of the right shapes; no other error."""
    model = genome_keras.kmer_logreg(**SIZES, seed=2)
    shapes = [w.shape for w in model.get_weights()]
    whole, path = (mine / f"m{suffix}").read_bytes(), mine / f"fuzzed{suffix}"
    names = {p.name for p in mine.iterdir()} | {path.name}
    outcomes = {"loaded": 0, "refused": 0}
    for seed in range(rounds):
        path.write_bytes(damaged(whole, np.random.default_rng(seed)))
        try:
            weights.find(path).load_into(model)
            outcomes["loaded"] += 1
        except WeightsError as error:
            outcomes["refused"] += 1
            assert "\n" not in str(error)
    assert [w.shape for w in model.get_weights()] == shapes
    assert {p.name for p in mine.iterdir()} <= names
    assert outcomes["refused"] > rounds / 4 and sum(outcomes.values()) == rounds


@pytest.mark.parametrize("rounds", [200, pytest.param(10_000, marks=pytest.mark.slow)])
def test_fuzzed_descriptions_are_read_or_refused(mine, rounds):
    whole, path = (mine / "m.json").read_bytes(), mine / "m.json"
    for seed in range(rounds):
        path.write_bytes(damaged(whole, np.random.default_rng(seed)))
        try:
            config = weights.find(mine / "m.weights.h5").config
        except WeightsError as error:
            assert "\n" not in str(error)
        else:
            assert isinstance(config.get("architecture", ""), str)
            assert isinstance(config.get("arguments", {}), dict)


# What a description may ask for, and what it may print.


@pytest.mark.parametrize(
    "change",
    [
        *({"tasks": "x"}, {"tasks": 2.5}, {"k": [0]}, {"k": "\x1b[2J"}, {"both_strands": "x"}),
        *({"window": -5}, {"window": [1]}, {"learning_rate": "x"}, {"seed": "x"}),
        *({"\x1b]0;owned\x07": 1}, {"nothing": "\x1b[2J"}, {"weights": "x"}, {"k": [[1]]}),
    ],
    ids=repr,
)
def test_a_description_that_cannot_be_built_is_one_line_that_names_it(mine, change, capsys):
    config = json.loads((mine / "m.json").read_text())
    config["arguments"] |= change
    (mine / "m.json").write_text(json.dumps(config))
    try:
        genome_keras.kmer_logreg(weights=mine / "m.weights.h5")
    except WeightsError as error:
        assert str(error).isprintable() and str(error).startswith(f"{mine / 'm.json'}: ")
    else:
        assert "both_strands" in change  # any value is true or false
    status = main(["weights", "info", str(mine / "m.weights.h5")])
    out, err = capsys.readouterr()
    assert status == 1 and err.count("\n") == 1 and err.strip().isprintable() and out == ""


def test_what_the_caller_gave_is_told_as_the_callers(mine):
    (mine / "m.json").unlink()
    with pytest.raises(ValueError, match="tasks must be an integer of at least 1") as told:
        genome_keras.kmer_logreg(**{**SIZES, "tasks": 0}, weights=mine / "m.weights.h5")
    assert not isinstance(told.value, WeightsError)


def test_a_card_cannot_steer_a_terminal(mine, capsys):
    escapes = "\x1b[2J\x1b]0;owned\x07\u202e\r\x08"
    (mine / "m.md").write_text(f"# A card\n\n\tof {escapes}Größe\n", newline="")
    config = json.loads((mine / "m.json").read_text())
    (mine / "m.json").write_text(json.dumps(config | {"license": escapes, "sha256": None}))
    assert main(["weights", "info", str(mine / "m.weights.h5")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("# A card\n\n\tof \\x1b[2J\\x1b]0;owned\\x07\\u202e\\r\\x08Größe\n")
    assert "- licence: \\x1b[2J" in out
    assert all(line.isprintable() for line in out.replace("\t", "").splitlines())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers(mine, value):
    with h5py.File(mine / "m.weights.h5", "a") as file:
        first_array(file)[-1] = value
    refused(mine / "m.weights.h5", "a weight is not a finite number")


def test_the_state_of_an_optimizer_is_nobodys_weights(mine):
    with h5py.File(mine / "m.weights.h5", "a") as file:
        file["optimizer/vars/0"] = np.full(3, np.nan, "float32")
    genome_keras.kmer_logreg(weights=mine / "m.weights.h5")


def test_groups_within_groups_are_capped(mine):
    with h5py.File(mine / "m.weights.h5", "a") as file:
        file.create_group("/".join("x" * 1000))
    refused(mine / "m.weights.h5", "more than 32 groups within each other")


def test_names_of_arrays_cannot_steer_a_terminal(mine):
    with h5py.File(mine / "m.weights.h5", "a") as file:
        file["a\x1b[2J/b\x07"] = np.array([b"text"])
    with pytest.raises(WeightsError, match=r"/a\\x1b\[2J/b\\x07: expected numbers") as told:
        genome_keras.kmer_logreg(weights=mine / "m.weights.h5")
    assert str(told.value).isprintable()
