"""Checkpoints: names, paths, contradictions, damage; and what was published."""

import json
import shutil

import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.errors import WeightsError
from genome_keras.io.digest import sha256_of
from genome_keras.sharing.verify import verify
from genome_keras.weights import list_weights, listing
from genome_keras.weights import resolve as weights
from genome_keras.weights.checkpoint import save_bare
from genome_keras.weights.registry import Published


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A small checkpoint, published under the name bigru_multitask.toy.v1."""
    name = "bigru_multitask.toy.v1"
    arguments = {"window": 12, "tasks": 2, "units": 3, "both_strands": True}
    model = genome_keras.bigru_multitask(**arguments, seed=3)
    path = tmp_path / f"{name}.weights.h5"
    save_bare(model, path)
    config = {"architecture": "bigru_multitask", "arguments": arguments, "tasks": ["a", "b"]}
    description = path.with_name(f"{name}.json")
    description.write_text(json.dumps(config))
    path.with_name(f"{name}.md").write_text("# the card\n")
    entry = Published(
        sha256_of(path),
        path.stat().st_size,
        sha256_of(description),
        description.stat().st_size,
        "nobody",
    )
    for module in (weights, listing):
        monkeypatch.setattr(module, "PUBLISHED", {name: entry})
    monkeypatch.setattr(weights, "packaged", lambda: tmp_path)
    monkeypatch.setenv("GENOME_KERAS_CACHE", str(tmp_path / "cache"))
    return name, path, model


def scores(model):
    x = np.random.default_rng(0).integers(0, 5, (4, 12), dtype=np.uint8)
    return keras.ops.convert_to_numpy(model(x))


def test_a_name_brings_sizes_and_weights(published):
    name, _, model = published
    again = genome_keras.bigru_multitask(weights=name)
    assert np.array_equal(scores(again), scores(model))
    found = weights.find(name)
    assert found.tasks == ["a", "b"] and found.card == "# the card\n"


@pytest.mark.parametrize(
    ("filters", "listed"),
    [
        ({}, True),
        ({"architecture": "bigru_multitask"}, True),
        ({"architecture": "kmer_logreg"}, False),
        ({"data": "toy"}, True),
        ({"window": 12}, True),
        ({"task": "b"}, True),
        ({"task": "a*"}, True),
    ],
)
def test_filters_of_the_list(published, filters, listed):
    assert list_weights(**filters) == ([published[0]] if listed else [])


def test_the_list_of_a_data_set_has_its_other_windows():
    listed = list_weights(data="deepsea919")
    assert {each.data for each in listed} == {"deepsea919", "deepsea919_200bp"}
    assert {each.data for each in list_weights(data="deepsea919_200bp")} == {"deepsea919_200bp"}


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"architecture": "kmer"}, "architecture 'kmer'. Accepted: .*did you mean 'kmer_"),
        ({"data": "to"}, "data 'to'. Accepted: toy"),
        ({"window": 13}, "window 13. Accepted: 12"),
        ({"window": True}, "window True. Accepted: 12"),
        ({"group": "tf"}, "group 'tf'"),
        ({"task": "c"}, "no task 'c'; it has 2, the"),
    ],
)
def test_a_filter_that_fits_nothing_names_what_there_is(published, filters, message):
    with pytest.raises(ValueError, match=message):
        list_weights(**filters)


@pytest.mark.parametrize("argument", [{"units": 4}, {"window": 100}])
def test_a_contradicting_argument_is_an_error(published, argument):
    with pytest.raises(ValueError, match=r"contradicts checkpoint bigru_multitask\.toy\.v1"):
        genome_keras.bigru_multitask(weights=published[0], **argument)


def test_agreeing_and_free_arguments_are_accepted(published):
    name, _, model = published
    again = genome_keras.bigru_multitask(weights=name, units=3, dropout=0.5, both_strands=False)
    assert not np.array_equal(scores(again), scores(model))
    assert all(map(np.array_equal, again.get_weights(), model.get_weights()))


def test_another_architecture_is_refused(published):
    with pytest.raises(WeightsError, match="weights of bigru_multitask, not of kmer_logreg"):
        genome_keras.kmer_logreg(weights=published[0])


def test_unknown_names_list_the_known(published):
    with pytest.raises(WeightsError, match=r"no checkpoint 'best'.*bigru_multitask\.toy\.v1"):
        genome_keras.bigru_multitask(weights="best")


def test_the_sha256_of_weights_is_that_of_their_bytes(published, tmp_path):
    """Where nobody has published one it is that of the file as it is now."""
    name, path, _ = published
    assert weights.find(name).bytes_sha256() == sha256_of(path)
    path.write_bytes(path.read_bytes() + b"more")
    assert weights.find(name).bytes_sha256() != sha256_of(path)
    own = tmp_path / "own.weights.h5"
    own.write_bytes(b"anything")
    assert weights.find(own).bytes_sha256() == sha256_of(own)


def test_damage_is_told_before_anything_is_loaded(published):
    name, path, _ = published
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(WeightsError, match=r"damaged \(sha256"):
        genome_keras.bigru_multitask(weights=name)
    path.unlink()
    with pytest.raises(WeightsError, match="missing"):
        genome_keras.bigru_multitask(weights=name)
    path.write_bytes(whole)
    description = path.with_name(f"{name}.json")
    description.write_text(description.read_text() + " ")
    with pytest.raises(WeightsError, match="json: damaged"):
        genome_keras.bigru_multitask(weights=name)


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n", b"not HDF5" * 99, None])
def test_files_that_are_no_weights(tmp_path, content):
    path = tmp_path / "m.weights.h5"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"m\.weights\.h5: "):
        genome_keras.bigru_multitask(window=12, tasks=2, units=3, weights=path)


def test_a_file_that_is_not_there_is_told_as_such(tmp_path):
    with pytest.raises(WeightsError, match=r"none\.weights\.h5: no such file"):
        weights.find(tmp_path / "none.weights.h5")


def test_truncated_weights(published, tmp_path):
    cut = tmp_path / "cut.weights.h5"
    cut.write_bytes(published[1].read_bytes()[:-3000])
    with pytest.raises(WeightsError, match=r"cut\.weights\.h5: "):
        genome_keras.bigru_multitask(window=12, tasks=2, units=3, weights=cut)


def test_a_path_with_its_description(published, tmp_path):
    _, path, model = published
    shutil.copy(path, tmp_path / "mine.weights.h5")
    shutil.copy(path.with_name("bigru_multitask.toy.v1.json"), tmp_path / "mine.json")
    again = genome_keras.load_model(tmp_path / "mine.weights.h5")
    checkpoint = again.checkpoint
    assert np.array_equal(scores(again), scores(model)) and checkpoint.tasks == ["a", "b"]
    (tmp_path / "mine.json").write_text("[1]")
    with pytest.raises(WeightsError, match=r"mine\.json: expected a JSON object"):
        genome_keras.load_model(tmp_path / "mine.weights.h5")
    (tmp_path / "mine.json").unlink()
    with pytest.raises(WeightsError, match=r"expected a \.json beside it"):
        genome_keras.load_model(tmp_path / "mine.weights.h5")


def test_weights_of_a_keras_file(published, tmp_path):
    _, _, model = published
    model.save(tmp_path / "m.keras")
    sizes = {"window": 12, "tasks": 2, "units": 3, "both_strands": True}
    again = genome_keras.bigru_multitask(**sizes, weights=tmp_path / "m.keras")
    assert np.array_equal(scores(again), scores(model))


# What came with the package.


def test_the_default_is_published():
    assert weights.DEFAULT in list_weights()


@pytest.mark.parametrize("name", list_weights())
def test_published_checkpoints_pass_all_checks(name):
    checks = {check.what: check for check in verify(name)}
    if "imported_from" in weights.find(name).config:  # others' weights
        assert "which was at hand" in checks.pop("origin").detail
    assert list(checks) == [
        *("description", "bytes", "structure", "probe", "tasks", "card", "scores")
    ]
    assert checks.pop("scores").passed is None
    assert all(check.passed is not False for check in checks.values()), checks
    assert checks["bytes"].passed and checks["probe"].passed and checks["card"].passed


@pytest.mark.thorough  # `verify` above asks for the same
@pytest.mark.parametrize("name", list_weights())
def test_probe_and_number_of_parameters(name):
    """The scores of the probe sequences are those written when it was published."""
    model = genome_keras.load_model(name)
    checkpoint = model.checkpoint
    x = genome_keras.tokens(checkpoint.config["probe"])
    got = keras.ops.convert_to_numpy(model(x))
    np.testing.assert_allclose(got, checkpoint.config["probe_scores"], atol=1e-5)
    assert model.count_params() == checkpoint.config["parameters"]


@pytest.mark.parametrize("name", list_weights())
def test_table_is_complete(name):
    """Names say architecture, data and version; nothing is left to fill in."""
    entry = weights.PUBLISHED[name]
    architecture, data, version = name.split(".")
    assert architecture in genome_keras.MODELS and data and version[0] == "v"
    assert version[1:].isdecimal()
    config = weights.find(name).config
    assert config["name"] == name and config["architecture"] == architecture
    assert config["license"] and config["held_out"] and config["probe_scores"]
    assert len(entry.citation) > 20 and "CITE" not in entry.citation
    path = weights.find(name).path
    assert entry.size == path.stat().st_size
    assert entry.json_size == path.with_name(f"{name}.json").stat().st_size


def test_sums_file_agrees_with_the_table():
    lines = (weights.packaged() / "SHA256SUMS").read_text().splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    for name, entry in weights.PUBLISHED.items():
        assert sums[f"{name}.weights.h5"] == entry.sha256
        assert sums[f"{name}.json"] == entry.json_sha256


def test_published_weights_carry_no_optimizer():
    import h5py

    for name in list_weights():
        with h5py.File(weights.find(name).path) as file:
            assert "optimizer" not in file
