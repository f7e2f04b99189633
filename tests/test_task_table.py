import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from genome_keras.cli import main
from genome_keras.commands.tasks import TABLES as OFFERED
from genome_keras.datasets.task_table import TABLES, tasks, text
from genome_keras.weights import resolve as weights


def plain(table):
    return list(zip(table.cells, table.targets, table.treatments, strict=True))


def test_deepsea_has_its_columns_and_groups_in_order():
    table = tasks("deepsea-919")
    assert len(table) == len(set(table.names)) == 919
    assert Counter(table.groups) == {"DNase": 125, "TF": 690, "histone": 104}
    assert table.groups == tuple(["DNase"] * 125 + ["TF"] * 690 + ["histone"] * 104)
    assert table.deepsea_columns == tuple((i,) for i in range(919))


def test_shared_names_carry_their_peak_file():
    table = tasks("deepsea-919")
    shared = Counter(plain(table))
    assert len(shared) == 843
    for name, parts in zip(table.names, plain(table), strict=True):
        assert name.startswith("|".join(parts))
        assert name.count("|") == (3 if shared[parts] > 1 else 2)
    assert table.names[127] == "GM12878|CTCF|None|BroadGm12878Ctcf"


def test_published_scores():
    """Means that Quang & Xie 2016 report, and the paper's 498 frequent tasks."""
    table = tasks("deepsea-919")
    means = {
        model: [round(np.nanmean(areas[area]), 4) for area in ("auroc", "auprc")]
        for model, areas in table.published.items()
    }
    assert means == {
        "deepsea": [0.9326, 0.3425],
        "danq": [0.9384, 0.3709],
        "danq_jaspar": [0.9417, 0.3794],
    }
    assert np.count_nonzero(table.positive_rates >= 0.01) == 498
    (unmeasured,) = np.flatnonzero(np.isnan(table.published["danq"]["auroc"]))
    assert table.names[unmeasured] == "K562|BRF1|None"


def test_human_chromatin_maps_onto_deepsea():
    table, deepsea = tasks("human-chromatin-192"), tasks("deepsea-919")
    assert list(table.names) == weights.find(weights.DEFAULT).tasks
    columns = [column for each in table.deepsea_columns for column in each]
    assert len(columns) == len(set(columns)) == 126
    assert sum(map(bool, table.deepsea_columns)) == 89
    assert np.isnan(table.positive_rates).all() and table.published == {}
    other = {"GABPA": "GABP", "REST": "NRSF", "SPI1": "PU1", "EP300": "p300", "MYC": "CMyc"}
    for task, columns in enumerate(table.deepsea_columns):
        target = other.get(table.targets[task], table.targets[task])
        for column in columns:
            assert deepsea.groups[column] == table.groups[task]
            assert letters(deepsea.targets[column]) == letters(target)
            assert letters(deepsea.cells[column]) == letters(table.cells[task])


def letters(name):
    """A name without case and punctuation, which differ from list to list."""
    return "".join(filter(str.isalnum, name)).lower()


def test_unknown_table():
    with pytest.raises(ValueError, match=r"'deepsea'\. Accepted: deepsea-919, human-chromatin-192"):
        tasks("deepsea")


def test_command_prints_the_table(capsys):
    assert OFFERED == TABLES
    for table in TABLES:
        assert main(["tasks", table]) == 0
        assert capsys.readouterr().out == text(table)


@pytest.mark.shared_data
def test_the_tables_are_what_the_script_makes(shared_data, tmp_path):
    """Run on a copy of the script, which writes two folders above itself."""
    source = Path(__file__).parents[1] / "weights" / "make" / "task_tables.py"
    script = tmp_path / "make" / source.name
    script.parent.mkdir()
    script.write_text(source.read_text())
    subprocess.run([sys.executable, script, shared_data], check=True)
    for table in TABLES:
        assert (tmp_path / f"{table}.tsv").read_text() == text(table)
