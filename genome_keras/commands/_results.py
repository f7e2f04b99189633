"""What a command made and what comes next: a line for who sits at a terminal."""

from genome_keras.commands._notes import say
from genome_keras.progress import on_terminal


def result(text: str, *, then: str | None = None) -> None:
    """Writes one line on standard error, where that is a terminal.

    Args:
        text: what was made and where it lies.
        then: a command that goes on with it.
    """
    if on_terminal():
        say(text + (f"; next: {then}" if then else ""))
