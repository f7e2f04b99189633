"""Laws of genome_keras.building.spans: the same as with sets of positions."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genome_keras.building.spans import Spans, ranges

PLACES = st.lists(st.tuples(st.integers(0, 80), st.integers(1, 30)), max_size=8)
POSITIONS = np.arange(-5, 130)


def made(places):
    starts = [start for start, _ in places]
    ends = [start + size for start, size in places]
    inside = {at for start, end in zip(starts, ends, strict=True) for at in range(start, end)}
    return Spans(starts, ends), inside


@given(places=PLACES)
def test_the_union_is_sorted_and_its_places_do_not_touch(places):
    spans, inside = made(places)
    pairs = zip(spans.starts, spans.ends, strict=True)
    assert {at for start, end in pairs for at in range(start, end)} == inside
    assert (spans.starts < spans.ends).all() and (spans.starts[1:] > spans.ends[:-1]).all()
    assert spans.holds(POSITIONS).tolist() == [at in inside for at in POSITIONS]


@given(places=PLACES, size=st.integers(1, 40))
def test_bases_inside_and_bins_touched(places, size):
    spans, inside = made(places)
    ends = POSITIONS + size
    wanted = [sum(p in inside for p in range(at, at + size)) for at in POSITIONS]
    assert spans.count(POSITIONS, ends).tolist() == wanted
    assert spans.bins(size).tolist() == sorted({at // size for at in inside})


def test_ranges():
    assert ranges(np.array([5, 1, 9]), np.array([7, 1, 12])).tolist() == [5, 6, 9, 10, 11]
    assert ranges(np.array([3]), np.array([1])).tolist() == []
