"""Three threads do what a plain loop does, errors included."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genome_keras.scoring.pipeline import overlap

NEVER = 99


def plain(items, work, finish):
    for item in items:
        finish(item, work(item))


def run(way, make, work, finish, count):
    """What is finished, and which error ends it, where each step fails at one item."""
    done = []

    def fail(step, item, at):
        if item == at:
            raise OSError(f"{step} {item}")

    def items():
        for item in range(count):
            fail("make", item, make)
            yield item

    def worked(item):
        fail("work", item, work)
        return item * item

    def finished(item, square):
        fail("finish", item, finish)
        done.append((item, square))

    try:
        way(items(), worked, finished)
    except OSError as error:
        return done, str(error)
    return done, None


AT = st.integers(0, 12) | st.just(NEVER)


@given(AT, AT, AT, st.integers(0, 12), st.integers(1, 5))
def test_a_plain_loop_does_the_same(make, work, finish, count, ahead):
    found = run(lambda *steps: overlap(*steps, ahead=ahead), make, work, finish, count)
    assert found == run(plain, make, work, finish, count)


def test_the_three_steps_run_at_the_same_time():
    """Each waits for the others, which no plain loop lives to see."""
    together = threading.Barrier(3, timeout=30)

    def items():
        for item in range(6):
            if item >= 2:
                together.wait()
            yield item

    def work(item):
        if 1 <= item < 5:
            together.wait()
        return item

    def finish(item, same):
        if item < 4:
            together.wait()

    overlap(items(), work, finish)


def test_no_more_than_ahead_are_held():
    held, most = set(), []

    def items():
        for item in range(50):
            held.add(item)
            most.append(len(held))
            yield item

    def finish(item, _):
        time.sleep(0.001)
        held.discard(item)

    overlap(items(), lambda item: item, finish, ahead=3)
    assert max(most) <= 3


@pytest.mark.parametrize("where", ["make", "wait"])
def test_an_interrupt_ends_all_threads_at_once(where, monkeypatch):
    before, finished = threading.active_count(), []

    def items():
        for item in range(20):
            if where == "make" and item == 3:
                raise KeyboardInterrupt
            yield item

    def finish(item, _):
        finished.append(item)
        if where == "wait" and item == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        overlap(items(), lambda item: item, finish)
    assert threading.active_count() == before
    assert finished == list(range(len(finished))) and len(finished) <= 4
