"""Ctrl-C and other signals that end a process while Keras fits a model."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keras

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGXCPU")  # Windows has not all


@contextmanager
def kept_interrupts() -> Iterator[keras.callbacks.Callback]:
    """Within it, an interrupt that Keras swallows ends training after the step.

    Keras waits for the metrics of a step under a bare `except`, and that is where most
    interrupts come: there a KeyboardInterrupt is forgotten.

    Yields:
        A callback for `fit`. Outside the main thread, which no signal reaches, it does nothing.

    Example:
        >>> with kept_interrupts() as callback:  # for model.fit(..., callbacks=[callback])
        ...     isinstance(callback, keras.callbacks.Callback)
        True
    """
    came, before = [], {}

    def note(number, frame):
        came.append(number)
        before[number](number, frame)

    def end(batch, logs=None):
        if came:
            before[came[-1]](came[-1], None)  # raises what it raised before
            raise KeyboardInterrupt

    try:
        if threading.current_thread() is threading.main_thread():
            numbers = (getattr(signal, name) for name in NAMES if hasattr(signal, name))
            for number in numbers:
                if callable(signal.getsignal(number)):
                    before[number] = signal.getsignal(number)
                    signal.signal(number, note)
        yield keras.callbacks.LambdaCallback(on_train_batch_end=end)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
