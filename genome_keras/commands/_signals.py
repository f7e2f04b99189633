"""Signals that end a command, as an exception that lets it tidy up."""

import signal

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

    What is ignored stays so, as under nohup.
    """
    for name in NAMES:
        number = getattr(signal, name, None)  # Windows has not all
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _stop)


def _stop(number, frame):
    if signal.Signals(number).name == "SIGXCPU":  # comes every second from now on
        signal.signal(number, signal.SIG_IGN)
    raise Stopped(number)
