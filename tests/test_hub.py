"""The Hub against a server on this machine: addresses, loading, pinning, pushing."""

import itertools
import json
import os
import pickle
import shutil
import subprocess
import sys

import huggingface_hub
import keras
import numpy as np
import pytest
from huggingface_hub import constants, utils
from support.hub import only_hub

import genome_keras
from genome_keras.cli import main
from genome_keras.errors import GenomeKerasError, WeightsError
from genome_keras.io.digest import sha256_of
from genome_keras.sharing import pretrained
from genome_keras.weights import checkpoint as checkpoint_module
from genome_keras.weights import hub, locations
from genome_keras.weights import resolve as weights
from genome_keras.weights.registry import Published

TASKS = ["A549|CTCF", "K562|TAL1"]


@pytest.fixture
def server(tmp_path, monkeypatch):
    with only_hub(monkeypatch, tmp_path) as server:
        yield server


@pytest.fixture(scope="module")
def model():
    sizes = {"window": 20, "tasks": 2, "k": (1, 2, 3)}
    return genome_keras.kmer_logreg(**sizes, both_strands=True, seed=1)


@pytest.fixture
def folder(model, tmp_path):
    return pretrained.save_pretrained(
        model, tmp_path / "mine", tasks=TASKS, license="apache-2.0", card="# Mine\n"
    )


def files_of(folder, prefix=""):
    return {f"{prefix}{path.name}": path.read_bytes() for path in folder.iterdir()}


def scores(model):
    codes = np.random.default_rng(0).integers(0, 5, (3, 20), dtype=np.uint8)
    return keras.ops.convert_to_numpy(model(codes))


def same(one, two):
    return np.array_equal(scores(one), scores(two)) and all(
        map(np.array_equal, one.get_weights(), two.get_weights())
    )


# Folders.


def test_a_folder_round_trips_exactly(model, folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        *("README.md", "config.json", "model.weights.h5", "tasks.tsv")
    ]
    again = genome_keras.load_model(folder)
    checkpoint = again.checkpoint
    assert same(again, model) and checkpoint.tasks == TASKS
    assert again.made_with == {**model.made_with, "tasks": TASKS}
    twice = pretrained.save_pretrained(again, folder.with_name("twice"), license="apache-2.0")
    for name in ("config.json", "tasks.tsv"):
        assert (twice / name).read_bytes() == (folder / name).read_bytes()
    assert same(genome_keras.kmer_logreg(weights=twice), model)


def test_the_card_has_the_metadata_of_the_hub(model, folder, tmp_path):
    card = huggingface_hub.ModelCard.load(folder / "README.md")
    assert card.data.license == "apache-2.0" and card.data.library_name == "keras"
    assert "genomics" in card.data.tags and card.text.strip() == "# Mine"
    assert card.data.pipeline_tag == "text-classification" and "genome_keras" in card.data.tags
    scored = {"peaks": {"auroc": 0.9, "share": 0.25}, "peaks, dhs": {"auroc": 0.8}}
    about = {"datasets": ["peaks"], "results": scored}
    told = pretrained.save_pretrained(model, tmp_path / "told", license="MIT", **about)
    data = huggingface_hub.ModelCard.load(told / "README.md").data
    assert (data.license, data.datasets) == ("mit", ["peaks"])
    values = [(one.dataset_name, one.metric_type, one.metric_value) for one in data.eval_results]
    assert values == [
        ("peaks", "roc_auc", 0.9),
        ("peaks", "share", 0.25),
        ("peaks, dhs", "roc_auc", 0.8),
    ]
    bare = pretrained.save_pretrained(model, tmp_path / "bare")
    card = huggingface_hub.ModelCard.load(bare / "README.md")
    assert card.data.license is None and "window=20" in card.text
    assert weights.find(bare).tasks == [] and not (bare / "tasks.tsv").exists()


@pytest.mark.parametrize("name", genome_keras.list_weights())
def test_a_published_checkpoint_as_a_folder_of_the_hub(tmp_path, name):
    """The Hub's own library reads the card; bytes of weights and description stay."""
    folder, known = pretrained.folder_of(name, tmp_path / "x"), weights.find(name)
    found = weights.find(folder)
    assert (found.config, found.tasks) == (known.config, known.tasks)
    assert found.bytes_sha256() == known.sha256
    card = huggingface_hub.ModelCard.load(folder / "README.md", ignore_metadata_errors=False)
    assert card.text.lstrip().startswith(f"# {name}\n")
    about = card.data.to_dict()
    assert about["library_name"] == "keras"
    assert about["license"] == known.config["license"].lower()
    (index,) = about["model-index"]
    assert index["name"] == name and len(index["results"]) == len(known.config["held_out"])
    best = index["results"][0]["metrics"][0]["value"]
    summary = next(iter(known.config["held_out"].values()))
    assert best == round(summary.get("auroc_mean", summary.get("perplexity")), 4)


def test_nothing_is_overwritten_or_guessed(model, folder):
    with pytest.raises(GenomeKerasError, match="is there already"):
        pretrained.save_pretrained(model, folder)
    with pytest.raises(ValueError, match="the model has 2 tasks"):
        pretrained.save_pretrained(model, folder.with_name("x"), tasks=["a", "b", "c"])
    with pytest.raises(WeightsError, match="two tasks have the same name"):
        pretrained.save_pretrained(model, folder.with_name("x"), tasks=["a", "a"])
    stranger = keras.Model(model.inputs, model.outputs)
    with pytest.raises(ValueError, match="made by a factory"):
        pretrained.save_pretrained(stranger, folder.with_name("x"))
    assert sorted(path.name for path in folder.parent.iterdir()) == ["mine"]


def test_weights_of_another_description_are_refused(folder):
    path = folder / "model.weights.h5"
    whole = bytearray(path.read_bytes())
    whole[-1] ^= 1
    path.write_bytes(whole)
    with pytest.raises(WeightsError, match="damaged, or not the weights its description is of"):
        genome_keras.load_model(folder)


# Addresses.


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("hf://a/b", ("a/b", None, None)),
        ("hf://a/b/c", ("a/b", None, "c")),
        ("hf://a/b@v1.0/c.v2", ("a/b", "v1.0", "c.v2")),
        ("hf://a/b@refs%2Fpr%2F1", ("a/b", "refs/pr/1", None)),
    ],
)
def test_addresses(text, reference):
    assert hub.parse(text) == reference
    assert str(hub.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("hf://", "hf://a", "hf://a/b/c/d", "hf://a/b@/c", "hf://a/../b", "hf:///a/b"),
        *("hf://a/b/..", "hf://a/b/.c", "hf://a/b@x y", "hf://a b/c", "hf://a/b/c\n"),
    ],
)
def test_other_addresses_are_refused(text):
    with pytest.raises(WeightsError, match="expected hf://owner/repo"):
        weights.find(text)


# Repositories.


@pytest.mark.parametrize("name", ["", "/toy.v1"])
def test_a_repository_loads(server, model, folder, name):
    prefix = f"{name[1:]}/" if name else ""
    commit = server.commit("me/zoo", files_of(folder, prefix))
    again = genome_keras.load_model(f"hf://me/zoo{name}")
    checkpoint = again.checkpoint
    assert same(again, model) and checkpoint.tasks == TASKS
    assert checkpoint.name == f"hf://me/zoo@{commit}{name}"
    assert "# Mine" in checkpoint.card
    before = len(server.seen)
    assert same(genome_keras.kmer_logreg(weights=checkpoint.name), model)
    assert len(server.seen) == before  # a commit never changes: no question asked


def test_branches_move_and_commits_do_not(server, model, folder):
    old = server.commit("me/zoo", files_of(folder))
    tagged = server.commit("me/zoo", files_of(folder), ref="v1")
    config = json.loads((folder / "config.json").read_text())
    config["made_by"] = "somebody"
    changed = {"config.json": json.dumps(config).encode()}
    assert weights.find("hf://me/zoo").config.get("made_by") != "somebody"
    new = server.commit("me/zoo", changed)
    assert weights.find("hf://me/zoo").name == f"hf://me/zoo@{new}"
    assert weights.find("hf://me/zoo").config["made_by"] == "somebody"
    assert weights.find(f"hf://me/zoo@{old}").config["made_by"] != "somebody"
    assert weights.find("hf://me/zoo@v1").name == f"hf://me/zoo@{tagged}"


def test_columns_and_weights_are_of_one_commit_while_the_branch_moves(server, folder, tmp_path):
    """After every answer the branch is at the other of two commits."""
    swapped = genome_keras.kmer_logreg(window=20, tasks=2, k=(1, 2, 3), both_strands=True, seed=2)
    other = pretrained.save_pretrained(swapped, tmp_path / "other", tasks=TASKS[::-1])
    both = {server.commit("me/zoo", files_of(made)): made for made in (folder, other)}
    turns = itertools.cycle(both)
    server.after = lambda: server.repos["me/zoo"]["refs"].update(main=next(turns))
    seen = set()
    for skipped in range(4):
        for _ in range(skipped):
            server.after()
        shutil.rmtree(constants.HF_HUB_CACHE, ignore_errors=True)
        loaded = genome_keras.load_model("hf://me/zoo")
        checkpoint = loaded.checkpoint
        commit = checkpoint.name.removeprefix("hf://me/zoo@")
        whole = genome_keras.load_model(both[commit])
        published = whole.checkpoint
        assert same(loaded, whole) and checkpoint.config == published.config
        seen.add(commit)
    assert seen == set(both)


def test_a_checkpoint_is_resolved_and_hashed_once(server, model, folder, monkeypatch):
    hashed = []

    def counted(path):
        hashed.append(path)
        return sha256_of(path)

    for module in (checkpoint_module, locations):
        monkeypatch.setattr(module, "sha256_of", counted)
    server.commit("me/zoo", files_of(folder))
    checkpoint = weights.find("hf://me/zoo")
    assert weights.find(checkpoint) is checkpoint
    assert weights.find(checkpoint, architecture="kmer_logreg") is checkpoint
    with pytest.raises(WeightsError, match="weights of kmer_logreg, not of basset"):
        weights.find(checkpoint, architecture="basset")
    asked = [path for _, path, _ in server.seen if "/resolve/main/" in path]
    assert asked == ["/me/zoo/resolve/main/config.json"]  # the one question where main is
    loaded = genome_keras.load_model(checkpoint)
    again = loaded.checkpoint
    assert again is checkpoint and same(loaded, model)
    assert same(genome_keras.kmer_logreg(weights=checkpoint), model)
    genome_keras.load_model(pickle.loads(pickle.dumps(checkpoint)))
    assert [path for _, path, _ in server.seen if "/resolve/main/" in path] == asked
    assert hashed == [checkpoint.path]


def test_a_file_that_changes_after_it_was_checked_is_checked_again(folder):
    checkpoint = weights.find(folder)
    genome_keras.load_model(checkpoint)
    path = checkpoint.path
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    with pytest.raises(WeightsError, match="damaged, or not the weights"):
        genome_keras.load_model(checkpoint)


def test_how_much_the_library_says_stays_the_choice_of_others(server, folder, caplog, capfd):
    server.commit("me/zoo", files_of(folder))
    before = utils.logging.get_verbosity(), utils.are_progress_bars_disabled()
    during = []
    server.after = lambda: during.append(
        (utils.logging.get_verbosity(), utils.are_progress_bars_disabled())
    )
    genome_keras.load_model("hf://me/zoo")
    assert {*during, (utils.logging.get_verbosity(), utils.are_progress_bars_disabled())} == {
        before
    }
    assert capfd.readouterr().err == ""


def test_tokens_go_to_the_hub_and_nowhere_else(server, model, folder, monkeypatch):
    server.commit("me/zoo", files_of(folder))
    server.token = "hf_secret"
    with pytest.raises(WeightsError, match="no such repository, or a private one"):
        weights.find("hf://me/zoo")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert same(genome_keras.load_model("hf://me/zoo"), model)
    assert server.storage.requests("GET")  # the weights came from the other host
    for headers in server.storage.requests("GET"):
        assert "authorization" not in {name.lower() for name in headers}


def test_offline_uses_what_the_cache_has(server, model, folder, monkeypatch):
    server.commit("me/zoo", files_of(folder))
    genome_keras.load_model("hf://me/zoo")
    before = len(server.seen)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert same(genome_keras.load_model("hf://me/zoo"), model)
    with pytest.raises(WeightsError, match="HF_HUB_OFFLINE is set"):
        weights.find("hf://me/other")
    assert len(server.seen) == before


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("hf://me/none", "no such repository, or a private one"),
        ("hf://me/zoo@v9", "no revision 'v9'"),
        ("hf://me/zoo/none", "the repository has no such file"),
    ],
)
def test_what_is_not_there(server, folder, address, message):
    server.commit("me/zoo", files_of(folder))
    with pytest.raises(WeightsError, match=message) as told:
        weights.find(address)
    assert "\n" not in str(told.value) and address in str(told.value)


def test_sizes_are_bounded_before_anything_is_fetched(server, folder, monkeypatch):
    server.commit("me/zoo", {**files_of(folder), "config.json": b" " * 5000})
    monkeypatch.setattr(genome_keras.weights.description, "MAX_TEXT", 4000)
    with pytest.raises(WeightsError, match="has 5000 bytes, too many"):
        weights.find("hf://me/zoo")
    assert not server.storage.requests("GET")


def test_a_repository_builds_nothing_but_our_models(server, folder):
    for change in (
        {"architecture": "os.system"},
        {"architecture": "kmer_logreg", "arguments": {"weights": "/etc/passwd"}},
        {"architecture": "kmer_logreg", "arguments": {"__class__": "x"}},
        {"architecture": ["kmer_logreg"]},
        {"format": 2},
    ):
        config = json.loads((folder / "config.json").read_text()) | change
        server.commit("me/zoo", {**files_of(folder), "config.json": json.dumps(config).encode()})
        with pytest.raises(WeightsError):
            genome_keras.load_model("hf://me/zoo")


def test_environment_of_the_hub(server, folder, tmp_path):
    """`HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME` and `HF_HUB_OFFLINE` as the library reads them."""
    server.commit("me/zoo", files_of(folder))
    server.token = "hf_other"
    environment = {
        **os.environ,
        "HF_ENDPOINT": server.url,
        "HF_TOKEN": "hf_other",
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_XET": "1",
    }
    code = "import sys; from genome_keras.weights import find; print(find(sys.argv[1]).path)"
    command = [sys.executable, "-c", code, "hf://me/zoo"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert done.stdout.startswith(str(tmp_path / "home" / "hub" / "models--me--zoo"))
    before = len(server.seen)
    environment["HF_HUB_OFFLINE"] = "1"
    again = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert again.stdout == done.stdout and len(server.seen) == before, again.stderr


# Pushing.


# httpx says it of what the library does.
@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
@pytest.mark.parametrize("name", ["", "/toy.v1"])
def test_push_and_load_again(server, model, folder, monkeypatch, capsys, name):
    server.token = "hf_write"
    with pytest.raises(WeightsError, match="HF_TOKEN"):
        pretrained.push(folder, f"hf://me/zoo{name}")
    monkeypatch.setenv("HF_TOKEN", "hf_write")
    assert main(["weights", "push", str(folder), f"hf://me/zoo{name}"]) == 0
    address, said = capsys.readouterr()
    address = address.strip()
    assert said == ""
    commit = server.repos["me/zoo"]["refs"]["main"]
    assert address == f"hf://me/zoo@{commit}{name}"
    prefix = f"{name[1:]}/" if name else ""
    assert server.repos["me/zoo"]["commits"][commit] == files_of(folder, prefix)
    assert same(genome_keras.load_model(address), model)


def test_push_refuses_what_it_would_regret(server, folder):
    (folder / "notes.txt").write_text("secret")
    with pytest.raises(WeightsError, match=r"will not push 'notes\.txt'"):
        pretrained.push(folder, "hf://me/zoo")
    (folder / "notes.txt").unlink()
    (folder / "README.md").write_text("# no metadata\n")
    with pytest.raises(WeightsError, match="lacks the Hub's metadata"):
        pretrained.push(folder, "hf://me/zoo")
    (folder / "model.weights.h5").write_bytes(b"not HDF5")
    with pytest.raises(WeightsError, match="not a sound HDF5 file"):
        pretrained.push(folder, "hf://me/zoo")
    assert not server.seen


# Published names that are not in the package.


def test_a_published_name_comes_from_the_hub_and_stays(server, model, folder, monkeypatch):
    name = "kmer_logreg.toy.v1"
    commit = server.commit("me/zoo", files_of(folder, f"{name}/"))
    config, path = folder / "config.json", folder / "model.weights.h5"
    entry = Published(
        *(sha256_of(path), path.stat().st_size),
        *(sha256_of(config), config.stat().st_size),
        citation="nobody",
        hub=f"me/zoo@{commit}",
    )
    monkeypatch.setattr(weights, "PUBLISHED", {name: entry})
    assert same(genome_keras.kmer_logreg(weights=name), model)
    before = len(server.seen)
    again = weights.find(name)
    assert same(genome_keras.kmer_logreg(weights=name), model)
    assert len(server.seen) == before
    # A file that was damaged in the Hub's cache is fetched once more.
    blob = again.path.resolve()
    blob.write_bytes(bytes(blob.stat().st_size))
    assert same(genome_keras.kmer_logreg(weights=name), model)
    assert len(server.seen) > before
    assert "# Mine" in again.card
