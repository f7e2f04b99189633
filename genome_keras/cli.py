"""The command line: parse, one public call, write.

Exit status: 0 done, 1 bad data, 2 bad usage. Nothing heavy is imported before
the arguments are known to be right.
"""

import argparse
import importlib
import logging
import os
import re
import signal
import sys

from genome_keras import __version__
from genome_keras.errors import GenomeKerasError
from genome_keras.quiet_keras import quiet_keras

# One module of `genome_keras.commands` each, in the order of the help.
COMMANDS = (
    "predict",
    "cluster",
    "variants",
    "ism",
    "attribute",
    "filters",
    "modisco",
    "build",
    "fetch",
    "weights",
    "export",
    "train",
    "logreg",
    "evaluate",
    "compare",
    "tasks",
    "import",
    "words",
    "lm",
)
INTERRUPTED = 130  # as shells say it


def run():
    """The program `genome-keras`: SIGTERM tidies up as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    status = main()
    if status == INTERRUPTED:
        # All is tidy by now, and threads of TensorFlow would take half a minute to end.
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def main(arguments=None):
    """Runs `genome-keras` in this process and returns its exit status.

    Args:
        arguments: list of str; None takes those of the process.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # "5 out of the last 5 calls triggered retracing", where a command has several models
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    try:
        options = _parser().parse_args(arguments)
        with quiet_keras():
            options.run(options)
        sys.stdout.flush()
    except GenomeKerasError as error:
        return _complain(error, 1)
    except BrokenPipeError:
        # The reader of our output went away; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        told = error.filename is not None and error.strerror
        return _complain(f"{error.filename}: {error.strerror}" if told else error, 1)
    except ValueError as error:
        return _complain(error, 2)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    return 0


def _complain(error, status):
    """One line, without the numbers that Python puts before what the system says."""
    line = re.sub(r"\[Errno -?\d+\] ", "", " ".join(str(error).split()))
    print(f"genome-keras: {line}", file=sys.stderr)
    return status


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message):
        line = " ".join(message.split())
        self.exit(2, f"{self.prog}: error: {line} (see {self.prog} --help)\n")


def _parser():
    parser = _Parser(
        prog="genome-keras",
        description="Models of regulatory DNA: score sequences, inspect checkpoints, train.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"genome_keras.commands.{name}").add_to(commands)
    return parser
