"""The benchmarks: their parts that need no clock, and one small run of the one for GPUs."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

import genome_keras

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
CHILD = """
import os, sys, time
sys.path.insert(0, "BENCHMARKS")
from turns import answer
def reply(what):
    if what == "die":
        os._exit(3)
    if what == "sleep":
        time.sleep(60)
    return what
answer(reply)
"""


@pytest.fixture(autouse=True)
def beside(monkeypatch):
    """The scripts import each other and set what is not set; afterwards all is as before."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    usual = {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    for name, value in {**usual, "KERAS_BACKEND": keras.backend.backend()}.items():
        monkeypatch.setenv(name, os.environ.get(name, value))
    yield
    for script in BENCHMARKS.glob("*.py"):
        sys.modules.pop(script.stem, None)


@pytest.mark.thorough
def test_gpu_runs_on_any_device():
    """Training, inference and the paper's run, on this backend beside plain torch."""
    backend = keras.backend.backend()
    command = [sys.executable, BENCHMARKS / "gpu.py", "--quick", "--paper", "--backends", backend]
    command += ["--networks", "paper", "--precisions", "float32"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines()]
    measured = [row for row in rows if row[0] == "paper" and len(row) == 8]
    for work in ("training", "inference"):
        (own,) = (row for row in measured if row[2] == work and row[5] == backend)
        assert float(own[6].partition(" ")[0].replace(",", "")) > 0
    assert [row[0] for row in rows[-1:]] == [backend] and float(rows[-1][1]) >= 0


class Contender:
    """Answers what it was given, one after the other."""

    def __init__(self, *answers):
        self.answers, self.told = list(answers), []

    def tell(self, *question):
        self.told.append(question)

    def hear(self, patience=None):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_gpu_goes_on_when_a_backend_fails(monkeypatch, capsys):
    import gpu
    from turns import EndedError

    class Options:
        rounds, seconds, patience, quick = 2, 1.0, 1.0, False

    fresh = Contender("a device")
    monkeypatch.setattr(gpu, "start", lambda name: fresh)
    children = {
        gpu.PLAIN: Contender(0.1, 10.0, 20.0),
        "jax": Contender(0.1, 30.0, 40.0),
        "torch": Contender("OutOfMemoryError: CUDA out of memory"),
        "tensorflow": Contender(0.1, EndedError("ended with status -9")),
    }
    case = gpu.Case("deepsea", "float32", "training", 128)
    found = gpu.measured(children, case, Options)
    assert found["jax"] == [30.0, 40.0]
    assert found["torch"] == "OutOfMemoryError: CUDA out of memory"
    assert found["tensorflow"] == "ended with status -9" and children["tensorflow"] is fresh
    gpu.report(case, found, quick=False)
    rows = capsys.readouterr().out.splitlines()
    assert rows[1].endswith("| jax | 35 (30-40) | 2.50 (2.00-3.00) |")
    assert rows[2].endswith("| torch | OutOfMemoryError: CUDA out of memory | - |")
    # 61 epochs of 80,000 at 35 a second
    gpu.projected([(case, {"jax": found["jax"], "torch": found["torch"]})])
    assert "| deepsea | 128 | float32 | jax | 2323.8 | 1/2 |" in capsys.readouterr().out


def test_a_child_that_dies_or_is_slow(tmp_path):
    from turns import Child, EndedError

    script = tmp_path / "child.py"
    script.write_text(CHILD.replace("BENCHMARKS", str(BENCHMARKS)))
    one = Child(script, "name", {})
    assert one.ask("a word") == "a word"
    one.tell("sleep")
    with pytest.raises(EndedError, match="no answer in 0 s"):
        one.hear(0.1)
    with pytest.raises(EndedError, match="ended with status"):
        one.ask("a word")
    one.end()
    one = Child(script, "name", {})
    with pytest.raises(EndedError, match="ended with status 3"):
        one.ask("die")
    one.end()


def test_plain_torch_has_the_same_networks():
    """As many weights as ours, but for what torch has twice."""
    pytest.importorskip("torch")
    from networks_torch import NETWORKS

    twice = {
        "bigru_multitask": -(2 * 4 + 1) * 3,  # a softmax of two classes is one logistic unit
        "deepsea": 0,
        "danq": 2 * 4 * 5,  # two biases of each gate
        "basset": -2 * (4 + 5 + 7),  # the means and variances of normalisation are no parameters
        "conv_bigru": -2 * (4 + 5 * 3),
        "char_rnn": 0,
    }
    sizes = {
        "bigru_multitask": {"window": 12, "tasks": 3, "units": 4},
        "deepsea": {"window": 200, "tasks": 3, "filters": (4, 5, 6), "hidden": 7},
        "danq": {"window": 200, "tasks": 3, "filters": 4, "units": 5, "hidden": 7},
        "basset": {"window": 90, "tasks": 3, "filters": (4, 5), "widths": (5, 3)}
        | {"pools": (2, 2), "hidden": (7,)},
        "conv_bigru": {"window": 20, "tasks": 3, "filters": (4, 5), "units": 3},
        "char_rnn": {"window": 12, "units": 4},
    }
    for name, network in NETWORKS.items():
        ours = getattr(genome_keras, name)(**sizes[name]).count_params()
        theirs = sum(of.numel() for of in network(**sizes[name]).parameters())
        assert theirs == ours + twice[name], name


def test_the_table_of_all_benchmarks():
    from table import line
    from turns import Row

    row = Row("a thing", "a/s", [200, 100, 300], "peer 1.0", [100, 100, 100], "the disk", [400] * 3)
    row = row._replace(goal=">= 1.0")
    assert line(row) == (
        "| a thing | 200 a/s | peer 1.0: 100 | 2.00 (1.00-3.00) | 0.50 (0.25-0.75) of the disk "
        "| >= 1.0 |"
    )
    row = Row("a start", "s", [0.5, 0.25], "peer 1.0", [2, 2])
    assert line(row) == "| a start | 0.375 s | peer 1.0: 2 | 6.00 (4.00-8.00) | - | - |"
    assert (
        line(Row("a thing", "s", [], "missing: peer"))
        == "| a thing | - | missing: peer | - | - | - |"
    )


def test_the_table_says_what_failed(monkeypatch, capsys):
    import build
    import table

    def fails(options):
        raise OSError("no disk | at all\nmore")
        yield

    monkeypatch.setattr(build, "compare", fails)
    monkeypatch.setattr(sys, "argv", ["table.py", "--rows", "build"])
    table.main()
    assert (
        "| build | - | failed: OSError: no disk / at all | - | - | - |" in capsys.readouterr().out
    )
