"""The language in which tasks are chosen, and the lists of checkpoints and tasks."""

import csv
import pickle

import pytest

from genome_keras.arguments import nearest
from genome_keras.errors import WeightsError
from genome_keras.weights import find, list_weights, tasks_of
from genome_keras.weights.locations import packaged
from genome_keras.weights.records import Records
from genome_keras.weights.task_choice import chosen_tasks
from genome_keras.weights.task_fields import FIELDS, TABLES, fields_of

NAMES = [
    "K562|CTCF|None",
    "K562|DNase|None",
    "k562|H3K27ac|ENCFF000ABC",
    "A549|CTCF|EtOH_0.02pct",
    "a*",
    "cell=K562",
    "my peaks",
]


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ("K562|CTCF|None", [0]),
        (["my peaks", "K562|CTCF|None"], [6, 0]),
        (("K562|CTCF|None", "K562|CTCF|None"), [0]),
        ("K562*", [0, 1, 2]),
        ("*|ctcf|*", [0, 3]),
        ("?549*", [3]),
        ("[ka]*|CTCF|*", [0, 3]),
        ("a*", [4]),  # a name that is there is itself
        ("cell=K562", [5]),
        ("cell=k562 ", [0, 1, 2]),
        ("cell=K562 target=CTCF", [0]),
        ("group=histone", [2]),
        ("group=TF cell=?5*", [0, 3]),
        ("treatment=EtOH* group=tf", [3]),
        ("accession=ENCFF*", [2]),
        ("target=my peaks", [6]),
        (["group=DNase", "*CTCF*"], [1, 0, 3]),
        ([], []),
    ],
)
def test_what_a_choice_means(choices, expected):
    assert chosen_tasks(NAMES, choices, where="m") == [NAMES[i] for i in expected]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("K562|CTFC|None", "m: no task 'K562|CTFC|None'; it has 7, the nearest are 'K562|CTCF"),
        ("", "m: no task ''; it has 7, the first is 'K562|CTCF|None'"),
        ("zz*", "m: no task 'zz*'; it has 7, the"),
        ("*|CTFC|*", "target=CTCF means those of that target"),
        ("ctfc", "the first is 'K562|CTCF|None'; target=CTCF means those of that target"),
        ("DNase", "'K562|DNase|None'; target=DNase means those of that target"),
        ("sell=K562", "m: tasks have no field 'sell'. Accepted: cell, target, treatment, group, "),
        ("cell=K56", "m: no task of 'cell=K56'; of cell, the nearest of 3 are 'K562'"),
        ("cell=A549 target=H3K27ac", "; of target, the nearest of 1 are 'CTCF'"),
        (7, "expected names of tasks. Received: 7"),
    ],
)
def test_a_choice_that_means_nothing_names_what_is_near(choice, message):
    with pytest.raises(ValueError) as error:
        chosen_tasks(NAMES, [choice], where="m")
    assert message in str(error.value) and "\n" not in str(error.value)


def test_patterns_leave_out_what_was_not_trained():
    among = NAMES[1:]
    assert chosen_tasks(NAMES, "K562*", where="m", among=among) == NAMES[1:3]
    assert chosen_tasks(NAMES, NAMES[0], where="m", among=among) == NAMES[:1]


def test_there_must_be_tasks():
    with pytest.raises(ValueError, match="char_rnn has no tasks"):
        chosen_tasks([], "x", where="char_rnn")


@pytest.mark.parametrize("table", TABLES)
def test_fields_are_those_of_the_tables(table):
    with open(packaged() / f"{table}.tsv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    for row in rows:
        task = fields_of(row["name"])
        assert (task.cell, task.target, task.group) == (row["cell"], row["target"], row["group"])
        if not task.accession:
            assert task.treatment == row["treatment"]
        assert row.get("peak_file", task.accession).removesuffix(".narrowPeak") == task.accession
    assert tasks_of(table).cells()[0][0] == rows[0]["name"]


def test_tasks_of_a_checkpoint_a_value_and_a_model():
    class Model:
        name, tasks = "mine", ["K562|CTCF|None", "x"]

    name = "kmer_logreg.human_chromatin.v1"
    assert tasks_of(name) == tasks_of(find(name)) and len(tasks_of(name)) == 192
    assert [task.cell for task in tasks_of(Model())] == ["K562", ""]
    assert tasks_of(Model(), tasks="target=x").columns == ("name", *FIELDS)
    with pytest.raises(WeightsError, match="no checkpoint 'human'"):
        tasks_of("human")


def test_records_show_themselves_as_a_table():
    rows = Records([fields_of("K562|CTCF|None"), fields_of("x\ty")], columns=("cell", "target"))
    assert repr(rows) == "cell  target\nK562  CTCF\n-     x\\ty"
    assert repr(Records(columns=("a", "b"))) == "a  b"
    frame = pytest.importorskip("pandas") and rows.as_frame()
    assert frame.columns.tolist() == ["cell", "target"] and frame["target"][1] == "x\ty"
    assert Records(columns=("a", "b")).as_frame().shape == (0, 2)


def test_a_listed_checkpoint_is_its_name():
    listed = list_weights("kmer_logreg")[0]
    assert listed == "kmer_logreg.human_chromatin.v1" and type(listed.name) is str
    assert type(find(listed).name) is str and pickle.loads(pickle.dumps(listed)).window == 100
    assert "AUROC" not in repr(list_weights()) and "0.8040" in repr(list_weights("kmer_logreg"))
    assert list_weights("char_rnn")[0].groups == () and list_weights("char_rnn")[0].window is None


def test_filters_of_tasks():
    with_k562 = list_weights(task="cell=K562 target=CTCF")
    assert with_k562 == list_weights(task=["target=CTCF cell=K562", "cell=K562 target=CTCF"])
    assert list_weights("char_rnn", group="TF") == [] and "char_rnn.ecoli.v1" not in with_k562


@pytest.mark.parametrize(
    ("word", "near"), [("Predcit", ["predict"]), ("eval", ["evaluate"]), ("", []), ("zzz", [])]
)
def test_nearest(word, near):
    assert nearest(word, ["predict", "evaluate", "train"], most=1) == near
