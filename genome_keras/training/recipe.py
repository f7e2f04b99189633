"""How a model is trained: one frozen value, which checks itself, and those with a name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from genome_keras.arguments import one_of
from genome_keras.settings import Flag, Number, Settings, Whole, Words, options_of, setting

SCHEDULES = ("cosine", "constant")
_NEWER = ("shift", "ema", "dropout", "fit_head")  # fields that older records do not have
BALANCED = "balanced"


@dataclass(frozen=True)
class _Weight:
    """A number above 0, one for each task, or "balanced"."""

    def checked(self, name, value):
        """The word, a number, or a tuple of them; or ValueError."""
        above = Number(0, above=True)
        try:
            if isinstance(value, str) and value == BALANCED:
                return value
            if hasattr(value, "__len__") and not isinstance(value, str) and len(value):
                return tuple(above.checked(name, each) for each in value)
            return above.checked(name, value)
        except ValueError:
            raise ValueError(
                f"{name} must be a number above 0, one for each task, or 'balanced'. "
                f"Received: {name}={value!r:.60}"
            ) from None

    def parsed(self, text):
        """The word, or a number."""
        return text if text == BALANCED else Number().parsed(text)


@dataclass(frozen=True)
class Recipe(Settings):
    """How to train.

    >>> Recipe(epochs=3, clip=None).batch_size
    128

    Args:
        epochs: passes over the training examples, at most.
        batch_size: examples a step.
        learning_rate: of Adam, the highest.
        warmup: steps until it is reached, at most a tenth of all.
        schedule: then it falls along a "cosine" to zero at the end of the last epoch, or
            stays, "constant".
        clip: norm to which longer gradients are cut; None cuts none.
        reverse_complement: train on a random strand of each window.
        shift: move each training window by up to so many bp, drawn evenly; the examples
            must be 2 * shift bp wider than the window.
        positive_weight: weight of a label 1 in the loss: a number, one a task, or
            "balanced", (1 - rate) / rate for each task. With weights above 1 the scores
            are no longer estimates of P(label = 1), and the best epoch is that of the
            lowest validation loss, not perplexity.
        trunk_rate: learning rate of all but the last layer, as a share of
            `learning_rate`; 0 freezes them. Between 0 and 1 it needs Keras 3.15.
        ema: validate and keep a moving average of the weights, of which each step leaves
            this share, such as 0.999; training goes on from its own. None averages none.
        patience: end after this many epochs without a better one; None never does.
        keep_epochs: keep the weights of every epoch.
        dropout: of the model; None is the factory's, or the checkpoint's that it goes on from.
        fit_head: first fit a new head to convergence on what the trained layers give, see
            `genome_keras.training.head.fit_head`, and log the start as epoch 0: what is kept
            is never worse on "valid" than that. For `fine_tune`.
        name: of the recipe in `RECIPES` that it began as.
        arguments: arguments of factories that belong to it: name of the factory -> dict.

    Raises:
        ValueError: another value of a field.
    """

    epochs: int = setting(8, Whole(1), "passes over the examples, at most", metavar="N")
    batch_size: int = setting(128, Whole(1), "examples a step", metavar="N")
    learning_rate: float = setting(
        5e-3, Number(0, above=True), "learning rate, the highest", metavar="X"
    )
    warmup: int = setting(500, Whole(0), "steps until it is reached", metavar="STEPS")
    schedule: str = setting("cosine", Words(SCHEDULES), "it falls to zero, or stays")
    clip: float | None = setting(
        1.0, Number(0, above=True, optional=True), "norm to which gradients are cut", metavar="X"
    )
    reverse_complement: bool = setting(True, Flag(), "train on a random strand of each window")
    shift: int = setting(0, Whole(0), "move each training window by up to so many bp", metavar="BP")
    positive_weight: float | Sequence[float] | str = setting(
        1.0, _Weight(), "weight of labels 1 in the loss, or 'balanced'", metavar="W"
    )
    trunk_rate: float = setting(
        1.0,
        Number(0, 1),
        "learning rate of all but the last layer, as a share; 0 freezes them",
        metavar="X",
    )
    ema: float | None = setting(
        None,
        Number(0, 1, above=True, below=True, optional=True),
        "keep a moving average of the weights, of which a step leaves this share",
        metavar="X",
    )
    patience: int | None = setting(
        None, Whole(1, optional=True), "end after so many epochs without a better one", metavar="N"
    )
    keep_epochs: bool = setting(False, Flag(), "keep the weights of every epoch")
    dropout: float | None = setting(
        None,
        Number(0, 1, below=True, optional=True),
        "dropout of the model; none is its own",
        metavar="P",
    )
    fit_head: bool = setting(False, Flag(), "with --fine-tune, first fit a new head to convergence")
    name: str = "default"
    arguments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)

    def record(self) -> dict[str, Any]:
        """What `train.json` says of it, fit for JSON: newer fields only where they are used."""
        return {"recipe": self.name} | {
            each.name: getattr(self, each.name)
            for each in options_of(type(self))
            if each.name not in _NEWER or getattr(self, each.name) != each.default
        }


RECIPES = {
    "default": Recipe(),
    # Zhang & Kamath 2016, section 4.3 and the authors' program.
    "paper": Recipe(
        epochs=61,
        batch_size=20,
        learning_rate=1e-3,
        warmup=0,
        schedule="constant",
        clip=None,
        reverse_complement=False,
        keep_epochs=True,
        name="paper",
        arguments={"bigru_multitask": {"initializer": "uniform", "reset_after": False}},
    ),
    # Measured by benchmarks/fine_tune.py, see docs/fine_tuning.md.
    "fine_tune": Recipe(
        epochs=1,
        batch_size=64,
        learning_rate=5e-4,
        warmup=50,
        patience=2,
        dropout=0.1,
        fit_head=True,
        name="fine_tune",
    ),
}


def recipe_of(
    recipe: str | Recipe | None = "default", *, fine_tune: bool = False, **given: Any
) -> Recipe:
    """A recipe by its name, or as it is, with other values of some fields.

    >>> recipe_of("paper", epochs=1).batch_size
    20
    >>> recipe_of(None, fine_tune=True).name
    'fine_tune'

    Args:
        recipe: a name of `RECIPES`, or a `Recipe`; None is "fine_tune" or "default".
        fine_tune: whether training starts from a checkpoint.
        given: fields; None is the recipe's.

    Raises:
        ValueError: another name, or value of a field.
    """
    if recipe is None:
        recipe = "fine_tune" if fine_tune else "default"
    if not isinstance(recipe, Recipe):
        one_of(accepted=RECIPES, recipe=recipe)
        recipe = RECIPES[recipe]
    return replace(recipe, **{name: value for name, value in given.items() if value is not None})
