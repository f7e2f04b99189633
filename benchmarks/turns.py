"""Contenders in processes of their own that take turns, and the numbers of their rounds."""

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import select
import statistics
import subprocess
import sys
from typing import NamedTuple

BACKENDS = ("tensorflow", "jax", "torch")


class EndedError(Exception):
    """A contender whose process is no longer there."""


class Child:
    """A contender: a script that runs `answer` when it is called with `--child NAME`.

    Args:
        script: path of it.
        name: of the contender.
        environment: dict of what is added to the environment.
    """

    def __init__(self, script, name, environment):
        self.process = subprocess.Popen(
            [sys.executable, script, "--child", name],
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, *question):
        """Starts a turn; `hear` gives what came of it."""
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(question), file=self.process.stdin, flush=True)

    def hear(self, patience=None):
        """The answer to the last question.

        Raises:
            EndedError: the process is no longer there, or was ended after `patience` seconds.
        """
        if not select.select([self.process.stdout], [], [], patience)[0]:
            self.process.kill()
            self.process.wait()
            raise EndedError(f"no answer in {patience:.0f} s")
        line = self.process.stdout.readline()
        if not line:
            raise EndedError(f"ended with status {self.process.wait()}")
        return json.loads(line)

    def ask(self, *question):
        self.tell(*question)
        return self.hear()

    def end(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Row(NamedTuple):
    """A line of `table.py`: the rounds of ours, of a peer and of what bounds both.

    Args:
        what: is measured.
        unit: of the numbers; with "s" less is better.
        ours, theirs, bound: a number for each round; () where there is none.
        peer: its name and version, or why there is none.
        limit: what the bound is.
        goal: in words.
    """

    what: str
    unit: str
    ours: list
    peer: str
    theirs: list = ()
    limit: str = "-"
    bound: list = ()
    goal: str = "-"


def answer(reply):
    """In a child: replies to each question, until there are no more."""
    sys.stdout, answers = sys.stderr, sys.stdout
    for line in sys.stdin:
        print(json.dumps(reply(*json.loads(line))), file=answers, flush=True)


def installed(names=BACKENDS):
    """Those of the modules that can be imported."""
    return tuple(name for name in names if importlib.util.find_spec(name))


def versions(names, python=sys.executable):
    """Versions of the packages that are there, for a line of text."""
    if python != sys.executable:
        code = "import sys, turns; print(turns.versions(sys.argv[1:]))"
        command = [python, "-c", code, *names]
        env = {**os.environ, "PYTHONPATH": os.path.dirname(__file__)}
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()
    found = []
    for name in names:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found.append(f"{name} {importlib.metadata.version(name)}")
    return ", ".join(found)


def spread(values, form="{:.0f}"):
    """The median of the rounds, the lowest and the highest."""
    middle, low, high = (form.format(of(values)) for of in (statistics.median, min, max))
    return f"{middle} ({low}-{high})"


def ratios(values, peers):
    """Of each round: both took their turns side by side."""
    return [a / b for a, b in zip(values, peers, strict=True)]
