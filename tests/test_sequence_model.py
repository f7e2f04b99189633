"""What is no code of a model's window is refused, at every door and on every backend."""

import importlib.util
import pickle
from functools import partial

import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.errors import SequenceError
from genome_keras.layers.kmer_counts import KmerCounts
from genome_keras.layers.kmer_words import KmerWords
from genome_keras.layers.sequence_model import SequenceModel
from genome_keras.layers.strands import OneHot, StackStrands

pytestmark = pytest.mark.compiled

CODES = np.random.default_rng(0).integers(0, 5, (6, 12), dtype=np.uint8)
LABELS = np.ones((6, 2), "int8")
DOORS = ("__call__", "predict", "predict_on_batch", "fit", "evaluate")
DOORS += ("train_on_batch", "test_on_batch")


def but(value):
    """The codes with one other in the last place, as wide integers."""
    codes = CODES.astype("int32")
    codes[-1, -1] = value
    return codes


ODD = {
    "another window": (CODES[:, :11], r"\(batch, 12\).*Received: shape \(6, 11\)"),
    "a longer window": (np.tile(CODES, 9), r"Received: shape \(6, 108\)"),
    "one window": (CODES[0], r"Received: shape \(12,\)"),
    "one-hot": (np.eye(5, 4, dtype="float32")[CODES], r"Received: shape \(6, 12, 4\)"),
    "fractions": (CODES.astype("float32"), r"Received: float32 \(6, 12\)"),
    "code 5": (but(5).astype("uint8"), r"Received: code 5 at row 5, position 11"),
    "code -1": (but(-1), r"Received: code -1 at row 5, position 11"),
    "code 256": (but(256), r"Received: code 256 at row 5, position 11"),
    "letters": (np.frombuffer(b"ACGTACGTACGT", "uint8")[None].repeat(6, 0), "Received: code 65"),
}


@pytest.fixture(scope="module")
def model():
    made = genome_keras.kmer_logreg(window=12, tasks=2, k=(1,), seed=1)
    for door in DOORS:  # what Keras compiles after this takes more shapes than before
        walk(made, door, CODES)
        walk(made, door, CODES[:4])
    return made


def walk(model, door, x, y=None):
    if door in ("__call__", "predict_on_batch"):
        return getattr(model, door)(x)
    quiet = {"verbose": 0} if door in ("predict", "fit", "evaluate") else {}
    labels = LABELS[: len(x)] if y is None else y
    return getattr(model, door)(x, *([] if door == "predict" else [labels]), **quiet)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("odd", ODD)
def test_odd_codes_are_refused_after_right_ones(model, door, odd):
    x, message = ODD[odd]
    y = LABELS if len(x) == 6 else np.ones((len(x), 2))
    with pytest.raises(SequenceError, match=message) as error:
        walk(model, door, x, y)
    assert "genome_keras.tokens" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", genome_keras.MODELS)
def test_every_factory_has_the_doors(name):
    """All make the class whose doors are tested above."""
    import inspect

    source = inspect.getsource(inspect.getmodule(getattr(genome_keras, name)))
    assert "SequenceModel(" in source or "scores_out(" in source


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_any_integers(model, dtype):
    scores = model.predict(CODES.astype(dtype), verbose=0)
    np.testing.assert_array_equal(scores, model.predict(CODES, verbose=0))


def test_tensors_of_the_backend(model):
    """In and out of a graph: in one, only the shape is known."""
    tensor = keras.ops.convert_to_tensor(CODES)
    np.testing.assert_allclose(model.predict(tensor, verbose=0), model.predict(CODES, verbose=0))
    for door in (model, partial(model.predict, verbose=0)):
        with pytest.raises(SequenceError, match="code 7 at row 5"):
            door(keras.ops.convert_to_tensor(but(7)))
    with pytest.raises(SequenceError, match=r"shape \(None, 11\)"):
        model(keras.KerasTensor((None, 11), dtype="uint8"))
    compiled = compiler()(lambda x: model(x))
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(compiled(tensor)), model.predict(CODES, verbose=0), atol=1e-6
    )
    # TensorFlow puts what is raised while it makes a graph into an error of its own.
    with pytest.raises(Exception, match=r"genome_keras.tokens .*shape \(6, 11\)"):
        compiled(tensor[:, :11])


def compiler():
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function
    if backend == "jax":
        import jax

        return jax.jit
    return lambda call: call


class Rows(keras.utils.PyDataset):
    """Two batches of windows; the second may be odd."""

    def __init__(self, second=CODES[3:]):
        super().__init__()
        self.parts = [CODES[:3], second]
        self.ended = 0

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return self.parts[index], LABELS[:3]

    def on_epoch_end(self):
        self.ended += 1


def data_sets(second):
    """The same batches, from everything Keras takes."""
    rows = Rows(second)
    yield "PyDataset", rows
    yield "generator", (rows[index] for index in range(2))
    if importlib.util.find_spec("tensorflow"):
        import tensorflow as tf

        signature = (tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, 2), tf.int8))
        yield (
            "tf.data",
            tf.data.Dataset.from_generator(
                lambda: ((np.asarray(x, "int32"), y) for x, y in map(rows.__getitem__, range(2))),
                output_signature=signature,
            ),
        )
    if importlib.util.find_spec("torch"):
        import torch

        yield (
            "DataLoader",
            torch.utils.data.DataLoader(
                [tuple(map(torch.as_tensor, rows[index])) for index in range(2)], batch_size=None
            ),
        )


KINDS = ("PyDataset", "generator", "tf.data", "DataLoader")


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("door", ["fit", "evaluate", "predict", "validation"])
def test_odd_batches_are_refused_when_they_come(model, kind, door):
    def given(second):
        found = dict(data_sets(second))
        if kind not in found:
            pytest.skip(f"{kind} is not installed")
        return found[kind]

    def enter(data):
        if door == "validation":
            return model.fit(CODES, LABELS, validation_data=data, validation_steps=2, verbose=0)
        steps = {"steps_per_epoch": 2, "shuffle": False} if door == "fit" else {"steps": 2}
        return getattr(model, door)(data, verbose=0, **steps)

    enter(given(CODES[3:]))
    for second, message in (
        (but(9)[3:], "codes from 0 to 4"),
        (CODES[3:, :11], r"codes \(batch, 12\)"),
    ):
        with pytest.raises(SequenceError, match=message):
            enter(given(second))


def test_a_data_set_goes_on_as_its_own(model):
    rows = Rows()
    model.fit(rows, epochs=2, verbose=0)
    assert rows.ended >= 2
    validated = model.fit(CODES, LABELS, validation_data=(CODES, LABELS), verbose=0).history
    assert "val_loss" in validated
    with pytest.raises(SequenceError, match="code 7"):
        model.fit(CODES, LABELS, validation_data=(but(7), LABELS), verbose=0)


@pytest.mark.parametrize("door", ["train_on_batch", "test_on_batch"])
def test_labels_of_other_rows(model, door):
    with pytest.raises(ValueError, match=r"Received: codes \(6, 12\), labels \(1, 2\)"):
        walk(model, door, CODES, LABELS[:1])


def test_class_weights():
    """Of one task they weigh the labels; of several they have no meaning."""
    model = genome_keras.kmer_logreg(window=12, tasks=2, k=(1,))
    for door in ("fit", "train_on_batch"):
        with pytest.raises(ValueError, match=r"class_weight is for one task.*positive_weight"):
            getattr(model, door)(CODES, LABELS, class_weight={0: 1.0, 1: 2.0})
    y = np.array([1, 0, 1, -1, 0, 0], "float32")
    weights = np.array([2, 0.5, 2, 1, 0.5, 0.5], "float32")
    moved = []
    for given in ({"class_weight": {0: 0.5, 1: 2.0}}, {"sample_weight": weights}):
        one = genome_keras.kmer_logreg(window=12, tasks=1, k=(1,), seed=1, learning_rate=0.1)
        loss = one.fit(CODES, y, batch_size=6, shuffle=False, verbose=0, **given).history["loss"]
        moved.append((loss, one.get_weights()))
    assert moved[0][0] == moved[1][0]
    assert all(map(np.array_equal, moved[0][1], moved[1][1]))


@pytest.mark.parametrize("layer", [OneHot(), StackStrands(), KmerCounts(), KmerWords(1)])
def test_layers_by_themselves_refuse_letters(layer):
    with pytest.raises(SequenceError, match=r"Received: shape \(6, 12, 4\)"):
        layer(np.zeros((6, 12, 4), "uint8"))


def test_how_it_was_made_is_kept(model):
    again = pickle.loads(pickle.dumps(model))
    assert isinstance(again, SequenceModel) and again.made_with == model.made_with
    plain = SequenceModel.from_config(
        {key: value for key, value in model.get_config().items() if key != "made_with"}
    )
    assert plain.made_with is None


def test_no_operation_joins_the_network():
    """The graph that is exported is that of a plain model of the same layers."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("graphs of TensorFlow are counted")
    import tensorflow as tf

    model = genome_keras.kmer_logreg(window=12, tasks=2, k=(1,))
    plain = keras.Model(model.inputs, model.outputs)
    signature = tf.TensorSpec((None, 12), tf.uint8)
    counts = [
        sorted(operation.type for operation in graph.get_operations())
        for graph in (
            tf.function(lambda x, one=one: one(x)).get_concrete_function(signature).graph
            for one in (model, plain)
        )
    ]
    assert type(plain) is not SequenceModel and counts[0] == counts[1]
