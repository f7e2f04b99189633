"""Laws of the settings of attribution methods: they check themselves, and nothing is ignored."""

import dataclasses
import math

import numpy as np
import pytest

from genome_keras.interpret.methods import (
    METHODS,
    GradientXInput,
    IntegratedGradients,
    Occlusion,
    SmoothGrad,
    method_of,
)
from genome_keras.settings import options_of

VALUES = {"steps": 7, "baseline": "uniform", "sigma": 0.5, "seed": 3, "width": 5}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("field", VALUES)
def test_an_argument_counts_or_is_an_error(name, field):
    """No argument is accepted and ignored: each changes the settings of its methods."""
    taken = [each.name for each in options_of(METHODS[name])]
    if field in taken:
        found = method_of(name, **{field: VALUES[field]})
        assert getattr(found, field) == VALUES[field] and found != METHODS[name]()
        return
    with pytest.raises(ValueError, match=f"method '{name}' takes no {field}. Accepted by") as told:
        method_of(name, **{field: VALUES[field]})
    for method, settings in METHODS.items():
        own = ", ".join(each.name for each in options_of(settings)) or "none"
        assert f"{method}: {own}" in str(told.value)


@pytest.mark.parametrize("name", METHODS)
def test_a_name_alone_is_the_defaults(name):
    assert method_of(name) == METHODS[name]() and method_of(name, width=None) == METHODS[name]()
    assert method_of(METHODS[name]()) == METHODS[name]()


def test_settings_are_frozen_values():
    assert method_of() == Occlusion(width=1)
    assert method_of(hypothetical=True) == IntegratedGradients(steps=32, baseline="n")
    assert method_of(steps=8).steps == 8 and method_of(baseline="uniform").baseline == "uniform"
    assert method_of("occlusion", hypothetical=True) == Occlusion()  # refused where it is used
    with pytest.raises(dataclasses.FrozenInstanceError):
        Occlusion().width = 3
    letters = [0.3, 0.2, 0.2, 0.3]
    same = IntegratedGradients(baseline=letters), IntegratedGradients(baseline=np.array(letters))
    assert same[0] == same[1] and hash(same[0]) == hash(same[1])
    assert same[0] != IntegratedGradients() != IntegratedGradients(baseline=[letters[::-1]] * 2)
    assert len({GradientXInput(), SmoothGrad(), SmoothGrad(), SmoothGrad(seed=1)}) == 3


def test_a_baseline_of_letters_is_the_settings_own():
    letters = np.full((2, 4), 0.25)
    settings = IntegratedGradients(baseline=letters)
    letters[:] = 9
    assert (settings.letters == 0.25).all()
    with pytest.raises(ValueError, match="read-only"):
        settings.letters[:] = 1
    assert IntegratedGradients().letters == 0 and IntegratedGradients(baseline="uniform").letters


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: method_of("magic"), "method must be one of 'gradient_x_input', .*'magic'"),
        (lambda: method_of(Occlusion), "method must be one of"),
        (lambda: method_of(Occlusion(), width=2), r"width: set in method=Occlusion\(...\)"),
        (lambda: Occlusion(width=0), "width must be an integer of at least 1. Received: width=0"),
        (lambda: Occlusion(width=2.0), "width must be an integer of at least 1"),
        (lambda: Occlusion(width=True), "width must be an integer of at least 1"),
        (lambda: IntegratedGradients(steps=4097), "steps must be at most 4096"),
        (lambda: IntegratedGradients(baseline="zeros"), "baseline must be 'n' or 'uniform'"),
        (lambda: IntegratedGradients(baseline=[math.nan] * 4), "finite float that broadcasts"),
        (lambda: IntegratedGradients(baseline=np.zeros((1, 1, 1, 4))), "that broadcasts"),
        (lambda: IntegratedGradients(baseline=None), "that broadcasts"),
        (lambda: SmoothGrad(sigma=-0.1), "sigma must be at least 0"),
        (lambda: SmoothGrad(sigma=math.nan), "sigma must be at least 0"),
        (lambda: SmoothGrad(sigma=math.inf), "sigma must be at least 0"),
        (lambda: SmoothGrad(seed=-1), "seed must be an integer of at least 0"),
        (lambda: SmoothGrad(steps="3"), "steps must be an integer of at least 1"),
    ],
)
def test_bad_settings(build, message):
    with pytest.raises(ValueError, match=message) as told:
        build()
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ([], Occlusion()),
        (["--hypothetical"], IntegratedGradients()),
        (["--out", "o.h5"], IntegratedGradients()),
        (["--steps", "5", "--baseline", "uniform"], IntegratedGradients(5, "uniform")),
        (["--method", "smoothgrad", "--sigma", "0", "--seed", "2"], SmoothGrad(sigma=0.0, seed=2)),
        (["--method", "smoothgrad", "--steps", "5000"], SmoothGrad(steps=5000)),
        (["--method", "occlusion", "--width", "3"], Occlusion(3)),
        (["--method", "gradient_x_input"], GradientXInput()),
    ],
)
def test_the_command_line_is_made_of_the_fields(options, settings, monkeypatch):
    from genome_keras import cli, interpret

    seen = {}
    monkeypatch.setattr(interpret, "write_attributions", lambda *args, **more: seen.update(more))
    assert cli.main(["attribute", "x.fa", *options]) == 0
    assert seen["method"] == settings and not seen.keys() & VALUES.keys()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--method", "gradient_x_input", "--width", "3"], "takes no width"),
        (["--sigma", "0.1"], "method 'occlusion' takes no sigma"),
        (["--steps", "5000"], "steps must be at most 4096"),
        (["--steps", "x"], "steps must be an integer of at least 1"),
        (["--baseline", "zeros"], "invalid choice: 'zeros'"),
    ],
)
def test_options_that_the_method_does_not_take(options, message, capsys):
    from genome_keras.cli import main

    try:
        status = main(["attribute", "no-such-file.fa", *options])
    except SystemExit as ended:
        status = ended.code
    told = capsys.readouterr().err
    assert status == 2 and message in told and told.count("\n") == 1
