"""Ctrl-C and SIGTERM end training, also where Keras forgets them."""

import contextlib
import signal
import threading

import pytest
from support.training import run, without_time

from genome_keras.training.interrupts import kept_interrupts
from genome_keras.training.run_folder import RunFolder


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_swallowed_interrupt_ends_training(tmp_path, monkeypatch, number):
    """The run ends after the step; its handler is back, and the run goes on."""
    handler = signal.signal(number, signal.default_int_handler)
    try:
        usual, seen = RunFolder.on_train_batch_end, []

        def swallowed(self, batch, logs=None):
            usual(self, batch, logs)
            seen.append(batch)
            if len(seen) == 2:
                with contextlib.suppress(KeyboardInterrupt):
                    signal.raise_signal(number)

        monkeypatch.setattr(RunFolder, "on_train_batch_end", swallowed)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "run", epochs=2, save_every=0)
        assert len(seen) == 2
        assert signal.getsignal(number) is signal.default_int_handler
        monkeypatch.undo()
        resumed, straight = run(tmp_path / "run", epochs=2), run(tmp_path / "other", epochs=2)
        assert without_time(resumed[0]) == without_time(straight[0])
    finally:
        signal.signal(number, handler)


def test_other_threads_train_too(tmp_path):
    found = []

    def work():
        with kept_interrupts() as callback:
            callback.on_train_batch_end(0)
            found.append(True)

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [True] and signal.getsignal(signal.SIGINT) is before
