"""The command line: parse, one public call, write.

Exit status: 0 done, 1 bad data, 2 bad usage, 128 + N ended by signal N. Nothing heavy is
imported before the arguments are known to be right.
"""

import argparse
import importlib
import logging
import os
import re
import signal
import sys
from contextlib import suppress

from genome_keras import __version__
from genome_keras.commands import _streams as streams
from genome_keras.commands._arguments import check_new_files, files_of, use_bgzip
from genome_keras.commands._completion import SHELLS, completion
from genome_keras.commands._freed_memory import keep_freed_memory
from genome_keras.commands._parser import Parser, add_threads, use_threads
from genome_keras.commands._signals import Stopped, catch_signals
from genome_keras.errors import GenomeKerasError, printable
from genome_keras.io import interruption
from genome_keras.io.atomic import check_outputs, protected
from genome_keras.quiet_keras import quiet_keras, use_onednn
from genome_keras.weights.registry import PUBLISHED

# One module of `genome_keras.commands` each, in the order of the help.
COMMANDS = (
    "predict",
    "cluster",
    "variants",
    "ism",
    "attribute",
    "experiment",
    "design",
    "filters",
    "modisco",
    "motifs",
    "build",
    "fetch",
    "weights",
    "export",
    "train",
    "logreg",
    "evaluate",
    "calibrate",
    "compare",
    "tasks",
    "import",
    "words",
    "lm",
)
COMPUTING_NOTHING = ("fetch", "weights", "compare", "tasks", "import")
SIGNALLED = 128  # and the number of the signal, as shells say it


def run() -> None:
    """The program `genome-keras`: other signals that end it tidy up as Ctrl-C does.

    Example:
        >>> import subprocess, sys
        >>> command = [sys.executable, "-m", "genome_keras", "--version"]
        >>> subprocess.run(command, capture_output=True).returncode
        0
    """
    streams.prepare()
    catch_signals()
    keep_freed_memory()
    with quiet_keras():  # this process and its descriptors are ours; those of `main` are not
        status = main()
    if status > SIGNALLED:
        # All is tidy by now, and threads of TensorFlow would take half a minute to end.
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def main(arguments: list[str] | None = None) -> int:
    """Runs `genome-keras` in this process and returns its exit status.

    Args:
        arguments: list of str; None takes those of the process.

    Example:
        >>> import contextlib, io
        >>> with contextlib.redirect_stdout(io.StringIO()) as printed:
        ...     status = main(["tasks", "human-chromatin-192"])
        >>> status, printed.getvalue().splitlines()[0].split("\\t")[:2]
        (0, ['name', 'cell'])
    """
    try:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        use_onednn()
        # "5 out of the last 5 calls triggered retracing", where a command has several models
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        words = sys.argv[1:] if arguments is None else arguments
        asked = [name for name in COMMANDS if name in words[:1]]
        options = _parser(asked or COMMANDS).parse_args(words)
        use_threads(options)
        use_bgzip(options)
        inputs, outputs = files_of(options)
        check_new_files(outputs, options)
        with protected(inputs):
            check_outputs(outputs)
            options.run(options)
        sys.stdout.flush()
        interruption.check()
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
    except MemoryError:
        return _complain("out of memory; what is read or computed at once needs more", 1)
    except KeyboardInterrupt as interrupt:
        return _interrupted(interrupt)
    except Exception:
        if (interrupt := interruption.came()) is None:
            raise
        return _interrupted(interrupt)  # Python or a library made another error of it
    return 0


def _interrupted(interrupt):
    if isinstance(interrupt, Stopped):
        return _complain(f"stopped by {interrupt.name}", SIGNALLED + interrupt.number)
    return _complain("interrupted", SIGNALLED + signal.SIGINT)


def _complain(error, status):
    """One line, without the numbers that Python puts before what the system says."""
    line = printable(re.sub(r"\[Errno -?\d+\] ", "", " ".join(str(error).split())))
    with suppress(OSError):  # a terminal that is gone
        print(f"genome-keras: {line}", file=sys.stderr, flush=True)
    return status


def _parser(names=COMMANDS):
    """The program's parser; that of the one command asked for is made sooner."""
    parser = Parser(
        prog="genome-keras",
        description="Models of regulatory DNA: score sequences, inspect checkpoints, train.",
        epilog="genome-keras COMMAND --help tells more of a command.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument(
        "--completion",
        action=_Completion,
        choices=SHELLS,
        help="print what makes the shell complete commands, options and checkpoints: "
        "source <(genome-keras --completion bash)",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in names:
        importlib.import_module(f"genome_keras.commands.{name}").add_to(commands)
        if name not in COMPUTING_NOTHING:
            add_threads(commands.choices[name])
    return parser


class _Completion(argparse.Action):
    def __call__(self, parser, namespace, shell, option_string=None):
        print(completion(parser, shell, names=sorted(PUBLISHED)), end="")
        parser.exit()
