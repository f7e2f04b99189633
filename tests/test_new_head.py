"""A new head on trained layers, and the layers without a head, of every factory."""

import inspect

import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.errors import WeightsError
from genome_keras.weights.checkpoint import save_described

TASKS = ["K562|CTCF", "A549|ATAC"]
SMALL = {
    "bigru_multitask": {"units": 2},
    "kmer_logreg": {"k": (1, 2)},
    "integer_logreg": {},
    "deepbind": {"filters": 2, "width": 3, "hidden": 3},
    "clockwork_rnn": {"embedding": 2, "width": 3, "units": 2, "periods": (1, 2)},
    "conv_bigru": {"filters": (2, 2), "width": 3, "units": 2},
    "center_context": {"center": 8, "filters": (2, 2), "units": 2, "context_filters": (2, 2)},
    "kmer_rnn": {"word": 2, "embedding": 2, "units": 2},
    "basset": {"filters": (2, 2, 2), "widths": (3, 2, 2), "pools": (2, 2, 1), "hidden": (3, 3)},
    "danq": {"filters": 2, "width": 3, "pool": 2, "units": 2, "hidden": 3},
    "deepsea": {"filters": (2, 2, 2), "widths": (3, 2, 2), "pools": (2, 1, 1), "hidden": 3},
    "beluga": {"filters": (2, 2), "width": 2, "pool": 2, "hidden": 3},
    "sei": {"filters": (2, 2), "width": 3, "pool": 2, "dilations": (1, 2), "splines": 4}
    | {"hidden": 3},
}
CODES = np.random.default_rng(0).integers(0, 5, (4, 12), dtype="uint8")
LABELS = np.random.default_rng(1).integers(0, 2, (4, 1))


def scores(model):
    return keras.ops.convert_to_numpy(model(CODES, training=False))


def small(name, **more):
    return getattr(genome_keras, name)(window=12, tasks=2, seed=3, **SMALL[name], **more)


@pytest.fixture
def checkpoint(tmp_path):
    def saved(name, **more):
        path = tmp_path / f"{name}.weights.h5"
        model = small(name, **more)
        model.set_weights([0.5 * weight + 0.1 for weight in model.get_weights()])  # as if trained
        save_described(model, path, tasks=TASKS)
        return path, model

    return saved


def test_every_factory_is_here():
    """Of char_rnn there are no tasks, in deepbind_2015 each has a network of its own."""
    takes = {name: inspect.signature(getattr(genome_keras, name)) for name in genome_keras.MODELS}
    named = {name for name, taken in takes.items() if "trunk_trainable" in taken.parameters}
    assert {*SMALL, "char_rnn"} == named


@pytest.mark.parametrize("name", SMALL)
def test_a_new_head_reads_the_old_features(checkpoint, caplog, name):
    path, old = checkpoint(name)
    new = getattr(genome_keras, name)(weights=path, tasks=["mine"], trunk_trainable=False)
    assert "a new head of 1 task in place of its 2" in caplog.text
    assert new.tasks == ["mine"] and new.output_shape == (None, 1) and new.card is None
    assert new.made_with["arguments"]["tasks"] == 1
    features = scores(old.features())
    np.testing.assert_array_equal(features, scores(new.features()))
    new.fit(CODES, LABELS, epochs=2, verbose=0)
    np.testing.assert_array_equal(features, scores(new.features()))
    assert [weight.path.split("/")[0] for weight in new.trainable_weights] == ["head", "head"]


def test_the_head_stays_where_the_tasks_do(checkpoint, caplog):
    path, old = checkpoint("kmer_logreg")
    for tasks in (2, TASKS, tuple(TASKS)):
        again = genome_keras.kmer_logreg(weights=path, tasks=tasks)
        assert again.tasks == TASKS and not caplog.text
        np.testing.assert_array_equal(scores(again), scores(old))
    other = genome_keras.kmer_logreg(weights=path, tasks=TASKS[::-1])
    assert other.tasks == TASKS[::-1] and "a new head of 2 tasks" in caplog.text


def test_names_of_tasks_without_a_checkpoint():
    assert genome_keras.kmer_logreg(window=12, k=(1,), tasks=["a", "b"]).tasks == ["a", "b"]
    for names in (["a", "a"], ["a", ""]):
        with pytest.raises(ValueError, match="tasks must be 2 different names"):
            genome_keras.kmer_logreg(window=12, k=(1,), tasks=names)


def test_a_trunk_that_trains_changes(checkpoint):
    path, old = checkpoint("bigru_multitask")
    new = genome_keras.bigru_multitask(weights=path, tasks=1, dropout=0.0)
    new.fit(CODES, LABELS, epochs=2, verbose=0)
    assert not np.array_equal(scores(old.features()), scores(new.features()))


def test_features_of_both_strands_do_not_depend_on_the_strand():
    for name in ("deepbind", "bigru_multitask"):
        embed = small(name, both_strands=True).features()
        other = genome_keras.reverse_complement(CODES)
        both = [
            keras.ops.convert_to_numpy(embed(codes, training=False)) for codes in (CODES, other)
        ]
        assert both[0].shape[0] == len(CODES)
        np.testing.assert_allclose(*both, atol=1e-6)


def test_features_of_a_language_model():
    model = genome_keras.char_rnn(units=3, trunk_trainable=False)
    assert model.features().output_shape == (None, None, 3) and model.tasks == []
    assert {weight.path.split("/")[0] for weight in model.trainable_weights} == {"next_base"}


def test_a_network_for_each_task_has_no_head(tmp_path):
    path = tmp_path / "x.weights.h5"
    model = genome_keras.deepbind_2015(window=12, tasks=2, widths=6, hidden=4, filters=2)
    with pytest.raises(ValueError, match="deepbind_2015 has no head that reads the same"):
        model.features()
    save_described(model, path, tasks=TASKS)
    with pytest.raises(ValueError, match="deepbind_2015 has no head that reads the same"):
        genome_keras.deepbind_2015(weights=path, tasks=1)


def test_a_model_keeps_its_tasks_window_and_card(tmp_path, checkpoint):
    path, _ = checkpoint("kmer_logreg")
    path.with_name("kmer_logreg.md").write_text("# Mine")
    model = genome_keras.kmer_logreg(weights=path)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", compile=False)
    for each in (model, again):
        assert (each.tasks, each.window, each.card) == (TASKS, 12, "# Mine")


@pytest.mark.parametrize("weights", [True, 3, ["a"], object()])
def test_what_is_no_checkpoint_is_one_line(weights):
    with pytest.raises(TypeError, match=r"^expected the name or path of a checkpoint.*Received"):
        genome_keras.kmer_logreg(weights=weights)


def test_no_name_is_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError, match="no checkpoint ''"):
        genome_keras.kmer_logreg(weights="")
