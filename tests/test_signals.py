"""The program when signals end it, and when its streams are closed or not UTF-8."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and closed streams are POSIX")
RUN = [sys.executable, "-m", "genome_keras"]
# What ends early: its input is a pipe that nobody fills, and its output is open.
SLOW = """
import sys, threading, time
from genome_keras import cli
from genome_keras.io.atomic import atomic

class Parser:
    def parse_args(self, arguments):
        return self
    def run(self, options):
        with atomic("out.tsv") as path:
            path.write_text("half")
            print("ready", flush=True)
            time.sleep(60)

cli._parser = lambda *names: Parser()
cli.run()
"""


def started(folder, *, before=""):
    process = subprocess.Popen(
        [sys.executable, "-c", before + SLOW], cwd=folder, stdout=-1, stderr=-1, text=True
    )
    assert process.stdout.readline() == "ready\n"
    assert len(list(folder.iterdir())) == 1
    return process


@pytest.mark.parametrize(
    "name, said",
    [
        ("SIGINT", "interrupted"),
        ("SIGTERM", "stopped by SIGTERM"),
        ("SIGHUP", "stopped by SIGHUP"),
        ("SIGQUIT", "stopped by SIGQUIT"),
        ("SIGXCPU", "stopped by SIGXCPU"),
    ],
)
def test_signals_end_in_one_line_and_leave_nothing(tmp_path, name, said):
    number = getattr(signal, name)
    # A shell starts what runs in the background with some of them ignored.
    usual = "default_int_handler" if name == "SIGINT" else "SIG_DFL"
    before = f"import signal; signal.signal(signal.{name}, signal.{usual})\n"
    with started(tmp_path, before=before) as process:
        process.send_signal(number)
        _, error = process.communicate()
    assert process.returncode == 128 + number
    assert error == f"genome-keras: {said}\n"
    assert list(tmp_path.iterdir()) == []


def test_what_is_ignored_stays_ignored(tmp_path):
    """As under nohup."""
    before = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    with started(tmp_path, before=before) as process:
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        assert process.poll() is None
        process.terminate()
        process.communicate()
    assert process.returncode == 128 + signal.SIGTERM


def test_what_kill_9_leaves_is_swept_by_the_next_run(tmp_path):
    with started(tmp_path) as process:
        process.kill()
        process.communicate()
    assert len(list(tmp_path.iterdir())) == 1
    with started(tmp_path) as process:  # which finds one file: its own
        process.terminate()
        process.communicate()
    assert list(tmp_path.iterdir()) == []


CLOSED = {
    "output": ("{} tasks deepsea-919 >&-", 1, "genome-keras: standard output: closed\n"),
    "output, for a file": ("{} lm sample --help >&- 2>/dev/null", 0, ""),
    "error": ("{} tasks deepsea-919 >/dev/null 2>&-", 0, ""),
    "input": ("{} predict - <&-", 1, "genome-keras: -: cannot read: standard input is closed\n"),
    "a full disk": (
        "{} tasks deepsea-919 >/dev/full",
        1,
        "genome-keras: No space left on device\n",
    ),
}


@pytest.mark.parametrize("case", CLOSED)
def test_closed_streams(case):
    line, status, said = CLOSED[case]
    if "/dev/full" in line and not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full on this machine")
    done = subprocess.run(
        line.format(" ".join(RUN)),
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (status, said)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_standard_output_is_utf8_whatever_the_locale(tmp_path, encoding):
    code = (
        "import sys\nfrom genome_keras import cli\n"
        "from genome_keras.io.tables import open_table\n"
        "class Parser:\n"
        "    def parse_args(self, arguments): return self\n"
        "    def run(self, options):\n"
        "        with open_table('-', ['gène']) as t: t.write(['\\u2603'], [0], [1], SCORES)\n"
        "import numpy as np\nSCORES = np.zeros((1, 1))\n"
        "cli._parser = lambda *names: Parser()\ncli.run()\n"
    )
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert done.stdout.decode() == "name\tstart\tend\tgène\n\N{SNOWMAN}\t0\t1\t0\n", done.stderr
