"""Laws of recipes: values that check themselves, and the command line made of their fields."""

import dataclasses
import json
import math

import h5py
import numpy as np
import pytest

from genome_keras import cli
from genome_keras.settings import options_of
from genome_keras.training.recipe import RECIPES, Recipe, recipe_of

# What `train.json` of a run before recipes were values said, without model and data.
RECORDED = {
    "default": {
        "epochs": 8, "batch_size": 128, "learning_rate": 0.005, "warmup": 500,
        "schedule": "cosine", "clip": 1.0, "reverse_complement": True, "keep_epochs": False,
    },
    "paper": {
        "epochs": 61, "batch_size": 20, "learning_rate": 0.001, "warmup": 0,
        "schedule": "constant", "clip": None, "reverse_complement": False, "keep_epochs": True,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDED)
def test_runs_of_the_named_recipes_go_on(name):
    wanted = {"recipe": name, "patience": None, "positive_weight": 1.0, "trunk_rate": 1.0}
    assert json.loads(json.dumps(RECIPES[name].record())) == wanted | RECORDED[name]


def test_recipes_are_frozen_values():
    assert Recipe() == RECIPES["default"] == recipe_of() == recipe_of(Recipe())
    assert recipe_of("paper", epochs=3) == dataclasses.replace(RECIPES["paper"], epochs=3)
    assert recipe_of("paper", epochs=3, clip=None) != RECIPES["paper"]
    assert hash(Recipe(epochs=3)) == hash(recipe_of(epochs=3))
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe().epochs = 3
    assert Recipe(positive_weight=[1, 2.5]).positive_weight == (1, 2.5)


NOT_ABOVE_0 = [0, -1, math.nan, math.inf, "1", True, None]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("epochs", [0, -1, 1.0, "1", True, None]),
        ("batch_size", [0, 1.5, None]),
        ("learning_rate", NOT_ABOVE_0),
        ("warmup", [-1, 0.5, None]),
        ("schedule", ["linear", None, 1]),
        ("clip", [value for value in NOT_ABOVE_0 if value is not None]),
        ("reverse_complement", [1, "yes", None]),
        ("positive_weight", [*NOT_ABOVE_0, "even", [], [1, 0], [1, math.nan], ["1"]]),
        ("trunk_rate", [-0.1, 1.1, math.nan, None]),
        ("shift", [-1, 1.5, None]),
        ("ema", [0, 1, 1.5, -0.1, math.nan, "0.9"]),
        ("patience", [0, 1.0]),
        ("keep_epochs", [0, None]),
        ("dropout", [-0.1, 1, math.nan, "0.1"]),
        ("fit_head", [1, None]),
    ],
)
def test_every_field_checks_itself(field, values):
    for value in values:
        with pytest.raises(ValueError, match=f"{field} must be .* Received: {field}=") as told:
            Recipe(**{field: value})
        assert "\n" not in str(told.value)


OPTIONS = {
    "epochs": (["--epochs", "3"], 3),
    "batch_size": (["--batch-size", "7"], 7),
    "learning_rate": (["--learning-rate", "0.25"], 0.25),
    "warmup": (["--warmup", "0"], 0),
    "schedule": (["--schedule", "cosine"], "cosine"),
    "clip": (["--clip", "2"], 2.0),
    "reverse_complement": (["--reverse-complement"], True),
    "positive_weight": (["--positive-weight", "balanced"], "balanced"),
    "shift": (["--shift", "5"], 5),
    "ema": (["--ema", "0.99"], 0.99),
    "trunk_rate": (["--trunk-rate", "0"], 0.0),
    "patience": (["--patience", "5"], 5),
    "keep_epochs": (["--no-keep-epochs"], False),
    "dropout": (["--dropout", "0.25"], 0.25),
    "fit_head": (["--fit-head"], True),
}


@pytest.fixture
def data(tmp_path):
    """As few examples as there can be."""
    path = str(tmp_path / "d.h5")
    with h5py.File(path, "w") as file:
        file["x"], file["y"] = np.zeros((2, 12), np.uint8), np.zeros((2, 1), np.int8)
        file["split"], file["tasks"] = np.array([b"train", b"valid"]), np.array([b"t"])
    return path


@pytest.fixture
def asked(monkeypatch):
    """What the command asks of `train`, without doing it."""
    from genome_keras.training import train

    seen = {}
    monkeypatch.setattr(train, "train", lambda *args, **more: seen.update(more))
    return seen


def test_every_field_is_an_option():
    assert {each.name for each in options_of(Recipe)} == set(OPTIONS)


@pytest.mark.parametrize("field", OPTIONS)
def test_an_option_changes_its_field_and_no_other(field, asked, data):
    option, value = OPTIONS[field]
    assert cli.main(["train", data, "--out", "x", "--recipe", "paper", *option]) == 0
    assert asked["recipe"] == dataclasses.replace(RECIPES["paper"], **{field: value})
    assert asked["recipe"].name == "paper"


def test_none_is_a_value_on_the_command_line_too(asked, data):
    assert cli.main(["train", data, "--out", "x", "--clip", "none"]) == 0
    assert asked["recipe"] == Recipe(clip=None)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--epochs", "0"], "epochs must be an integer of at least 1"),
        (["--epochs", "none"], "epochs must be an integer of at least 1"),
        (["--learning-rate", "nan"], "learning_rate must be a number above 0"),
        (["--positive-weight", "0"], "positive_weight must be a number above 0"),
        (["--recipe", "fast"], "invalid choice: 'fast'"),
    ],
)
def test_bad_options(option, message, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["train", "d.h5", "--out", "x", *option])
    told = capsys.readouterr().err
    assert ended.value.code == 2 and message in told and told.count("\n") == 1
