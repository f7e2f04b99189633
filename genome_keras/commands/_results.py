"""What a command made and what comes next: a line for who sits at a terminal."""

from genome_keras.commands._notes import say
from genome_keras.progress import on_terminal


def result(text: str, *, out: str, then: str | None = None) -> None:
    """Writes one line on standard error, where that is a terminal.

    Args:
        text: what was made.
        out: where it lies; "-" is standard output, where no line is needed.
        then: what goes on with it.
    """
    if on_terminal() and out != "-":
        say(f"{text} in {out}" + (f"; next: {then}" if then else ""))
