"""Signals that end a command, as an exception that lets it tidy up."""

import signal

from genome_keras.io import interruption

NAMES = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGXCPU")


class Stopped(KeyboardInterrupt):
    """A signal other than Ctrl-C.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number, self.name = number, signal.Signals(number).name


def catch_signals() -> None:
    """From now on, signals that would end the process raise `Stopped` in the main thread.

    Ctrl-C raises KeyboardInterrupt as before. Either is noted, so that no file is finished
    after it. What is ignored stays so, as under nohup.
    """
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    for name in NAMES:
        number = getattr(signal, name, None)  # Windows has not all
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _stop)


def _stop(number, frame):
    if signal.Signals(number).name == "SIGXCPU":  # comes every second from now on
        signal.signal(number, signal.SIG_IGN)
    _raise(Stopped(number), frame)


def _interrupt(number, frame):
    _raise(KeyboardInterrupt(), frame)


def _raise(error, frame):
    interruption.note(error)
    if not interruption.is_held(frame):
        raise error
