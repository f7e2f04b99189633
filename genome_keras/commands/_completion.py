"""What shells complete: a script made from the parsers, so that it knows every option."""

import argparse
from collections.abc import Iterator

from genome_keras.commands._parser import Parser, subcommands

SHELLS = ("bash", "zsh", "fish")
_SCRIPT = """\
# Completion of genome-keras for {shell}: source <(genome-keras --completion {shell})
{before}_genome_keras() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}"
    local at="" word words="" i
    for ((i = 1; i < COMP_CWORD; i++)); do
        word="${{COMP_WORDS[i]}}"
        case "$at $word" in
{paths}
        esac
    done
    case "$at $previous" in
{values}
        *)
            case "$at" in
{words}
            esac
            case "$current" in
                -*) ;;
                *) words="${{words%%--*}}" ;;
            esac ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _genome_keras genome-keras
"""
_FISH = """\
# Completion of genome-keras for fish: genome-keras --completion fish | source
function __genome_keras_at
    set -l at ""
    for word in (commandline -opc)[2..-1]
        switch "$at $word"
{paths}
        end
    end
    test "$at" = "$argv[1]"
end
{words}
"""


def completion(parser: Parser, shell: str, *, names: list[str]) -> str:
    """A script for a shell.

    Args:
        parser: of the program.
        shell: one of `SHELLS`.
        names: of the published checkpoints, which complete NAME.

    Returns:
        The script. Where nothing is known the shell completes names of files.
    """
    if shell == "fish":
        return _fish(parser, names)
    paths, values, words = [], [], []
    for path, each in _walk(parser):
        if path:
            paths.append(f'            "{path}") at="$at $word" ;;')
        options, first = [], [*subcommands(each)]
        for action in each._actions:
            known = _values(action, names)
            if not action.option_strings and not isinstance(action, argparse._SubParsersAction):
                first += known
            shown = [name for name in action.option_strings if name.startswith("--")]
            options += shown
            if known and action.option_strings:
                case = "|".join(f'"{path} {name}"' for name in action.option_strings)
                values.append(f'        {case}) words="{" ".join(known)}" ;;')
        words.append(f'                "{path}") words="{" ".join([*first, *options])}" ;;')
    before = "autoload -Uz bashcompinit && bashcompinit\n" if shell == "zsh" else ""
    parts = {"paths": paths, "values": values, "words": words}
    joined = {name: "\n".join(lines) for name, lines in parts.items()}
    return _SCRIPT.format(shell=shell, before=before, **joined)


def _fish(parser, names):
    paths, words = [], []
    for path, each in _walk(parser):
        if path:
            paths.append(f'            case "{path}"\n                set at "$at $word"')
        begin = f"complete -c genome-keras -n '__genome_keras_at \"{path}\"'"
        if below := subcommands(each):
            words.append(f"{begin} -f -a '{' '.join(below)}'")
        for action in each._actions:
            known = _values(action, names)
            told = f" -a '{' '.join(known)}'" if known else ""
            spelt = [
                f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
                for name in action.option_strings
            ]
            if spelt:
                takes = "" if action.nargs == 0 else " -x" if known else " -r"
                words.append(f"{begin} {' '.join(spelt)}{takes}{told}")
            elif known:
                words.append(begin + told)
    return _FISH.format(paths="\n".join(paths), words="\n".join(words))


def _walk(parser, path="") -> Iterator[tuple[str, Parser]]:
    yield path, parser
    for name, below in subcommands(parser).items():
        yield from _walk(below, f"{path} {name}")


def _values(action, names):
    if isinstance(action.choices, dict):
        return []
    if action.choices is not None:
        return [*map(str, action.choices)]
    return names if action.metavar == "NAME" else []
