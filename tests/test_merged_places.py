"""Laws of genome_keras.building.merged_places: the same as with sets of positions."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genome_keras.building.merged_places import MergedPlaces, ranges

PLACES = st.lists(st.tuples(st.integers(0, 80), st.integers(1, 30)), max_size=8)
POSITIONS = np.arange(-5, 130)


def made(places):
    starts = [start for start, _ in places]
    ends = [start + size for start, size in places]
    inside = {at for start, end in zip(starts, ends, strict=True) for at in range(start, end)}
    return MergedPlaces(starts, ends), inside


@given(places=PLACES)
def test_the_union_is_sorted_and_its_places_do_not_touch(places):
    merged, inside = made(places)
    pairs = zip(merged.starts, merged.ends, strict=True)
    assert {at for start, end in pairs for at in range(start, end)} == inside
    assert (merged.starts < merged.ends).all() and (merged.starts[1:] > merged.ends[:-1]).all()
    assert merged.holds(POSITIONS).tolist() == [at in inside for at in POSITIONS]


@given(places=PLACES, size=st.integers(1, 40))
def test_bases_inside_and_bins_touched(places, size):
    merged, inside = made(places)
    ends = POSITIONS + size
    wanted = [sum(p in inside for p in range(at, at + size)) for at in POSITIONS]
    assert merged.count(POSITIONS, ends).tolist() == wanted
    assert merged.bins(size).tolist() == sorted({at // size for at in inside})


def test_ranges():
    assert ranges(np.array([5, 1, 9]), np.array([7, 1, 12])).tolist() == [5, 6, 9, 10, 11]
    assert ranges(np.array([3]), np.array([1])).tolist() == []
