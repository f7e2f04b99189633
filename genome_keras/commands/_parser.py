"""The parser of the program and of each command: what all of them say in the same way.

An option `--out` is also `-o`. Help tells every default. What is mistyped is one line with
the nearest word, and a command without its arguments shows its help.
"""

import argparse
import os
from collections.abc import Iterable, Iterator
from typing import Any

from genome_keras.arguments import nearest
from genome_keras.commands._arguments import positive

SHORT = {"--out": "-o"}
# Set before a framework loads, they hold for every engine.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
THREADS += ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC")  # the last is JAX's


class Parser(argparse.ArgumentParser):
    """As `argparse.ArgumentParser`; subcommands have this class too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"formatter_class": _Help, **kwargs})

    def add_argument(self, *names: str, old: Iterable[str] = (), **how: Any) -> argparse.Action:
        """As of argparse.

        Args:
            old: former spellings of the option, which help does not show.
        """
        names = (*(SHORT[name] for name in names if name in SHORT), *names)
        action = super().add_argument(*names, **how)
        for name in old:
            self._option_string_actions[name] = action
        return action

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        if args is not None and not args and self._subparsers is not None:
            self.print_help()
            self.exit()
        parsed, left = super().parse_known_args(args, namespace)
        if left:
            self.error(self._unknown(left))
        return parsed, left

    def _unknown(self, left):
        told = f"unrecognized arguments: {' '.join(left)}"
        word = next((each.partition("=")[0] for each in left if each.startswith("--")), "")
        return told + _hint(word, [name for name in self._option_string_actions if name[1] == "-"])

    def _check_value(self, action, value):
        if action.choices is None or value in action.choices:
            return
        words = [str(choice) for choice in action.choices]
        told = f"invalid choice: {value!r}{_hint(str(value), words)} (choose from "
        raise argparse.ArgumentError(action, f"{told}{', '.join(map(repr, words))})")

    def error(self, message: str) -> None:
        """Says what is wrong in one line, without the usage."""
        line = " ".join(message.split())
        self.exit(2, f"{self.prog}: error: {line} (see {self.prog} --help)\n")


class _Help(argparse.HelpFormatter):
    """Help that tells the default of every option that has one and does not tell it itself."""

    def _get_help_string(self, action):
        told = action.help or ""
        silent = action.default in (None, False, "-", argparse.SUPPRESS) or "default" in told
        if silent or not action.option_strings or isinstance(action.default, list | tuple | range):
            return told
        return f"{told} (default: %(default)s)".strip()

    def _format_action(self, action):
        if action.help is None and action.option_strings:
            action.help = self._get_help_string(action) or None
        return super()._format_action(action)


def leaves(parser: Parser) -> Iterator[Parser]:
    """The parsers below one that have no subcommands, or it itself where it has none."""
    below = subcommands(parser)
    for each in below.values():
        yield from leaves(each)
    if not below:
        yield parser


def subcommands(parser: argparse.ArgumentParser) -> dict[str, Parser]:
    """Name -> parser of each subcommand."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def add_threads(parser: Parser) -> None:
    """The option `--threads` of each command below that computes."""
    for leaf in leaves(parser):
        told = "of the processor (default: all, or as OMP_NUM_THREADS says)"
        leaf.add_argument("--threads", type=positive, metavar="N", help=told)


def use_threads(options: argparse.Namespace) -> None:
    """Tells frameworks that load from now on how many threads they may have."""
    if getattr(options, "threads", None) is not None:
        os.environ.update(dict.fromkeys(THREADS, str(options.threads)))


def _hint(word, known):
    near = nearest(word, known, most=1)
    return f"; did you mean {near[0]!r}?" if near else ""
