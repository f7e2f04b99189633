"""Errors a user can cause; each message is one line that says what to change."""


class GenomeKerasError(Exception):
    """Base of the errors below; the command line prints it and exits with status 1."""


class SequenceError(GenomeKerasError, ValueError):
    """A sequence that cannot be encoded: a foreign letter, or lengths that differ."""


class FormatError(GenomeKerasError, ValueError):
    """A malformed file.

    Args:
        path: the file; "-" is standard input.
        line: 1-based line number, or None where a line means nothing.
        problem: what was expected and what came.
    """

    def __init__(self, path, line, problem):
        self.path, self.line, self.problem = path, line, problem
        where = f"{path}:{line}" if line is not None else f"{path}"
        super().__init__(f"{where}: {problem}")

    def __reduce__(self):
        return type(self), (self.path, self.line, self.problem)


class WeightsError(GenomeKerasError, ValueError):
    """A checkpoint that is unknown, missing, damaged or of another architecture."""
