"""Ctrl-C and SIGTERM while Keras fits a model."""

import signal
import threading
from contextlib import contextmanager

import keras


@contextmanager
def kept_interrupts():
    """Within it, an interrupt that Keras swallows ends training after the step.

    Keras waits for the metrics of a step under a bare `except`, and that is where most
    interrupts come: there a KeyboardInterrupt is forgotten.

    Yields:
        A callback for `fit`. Outside the main thread, which no signal reaches, it does nothing.
    """
    came, before = [], {}

    def note(number, frame):
        came.append(number)
        before[number](number, frame)

    def end(batch, logs=None):
        if came:
            raise KeyboardInterrupt

    try:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if callable(signal.getsignal(number)):
                    before[number] = signal.getsignal(number)
                    signal.signal(number, note)
        yield keras.callbacks.LambdaCallback(on_train_batch_end=end)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
