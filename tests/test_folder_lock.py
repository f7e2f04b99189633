"""Laws of genome_keras.io.folder_lock."""

import subprocess
import sys

import pytest

from genome_keras.errors import GenomeKerasError
from genome_keras.io.folder_lock import held

pytest.importorskip("fcntl", reason="locks of folders are POSIX")

HOLD = """
import sys
from genome_keras.io.folder_lock import held
with held(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def refused(folder):
    problem = "another run is writing to this folder"
    with pytest.raises(GenomeKerasError, match=problem), held(folder):
        pytest.fail("the block ran")


def test_one_holder_at_a_time(tmp_path):
    with held(tmp_path):
        refused(tmp_path)
    with held(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("end", ["kill", "close"])
def test_a_hold_ends_with_its_process(tmp_path, end):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout.readline() == "held\n"
        refused(tmp_path)
        process.kill() if end == "kill" else process.stdin.close()
        process.wait()
    with held(tmp_path):
        pass
