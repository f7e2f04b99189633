"""An arithmetic coder over the mixed probabilities."""

import numpy as np
from numba import njit

from genome_keras.lm._mixing import F, predict, update

TOTAL = 1 << 16


TOP = np.uint64(0xFF0000000000)


MASK = np.uint64(0xFFFFFFFFFFFF)


BYTE, SHIFT = np.uint64(8), np.uint64(40)


@njit(inline="always", cache=True)
def _cuts(p, cuts):
    """Integer borders of the four parts, none empty."""
    cuts[0] = 0
    for s in range(3):
        cuts[s + 1] = cuts[s] + 1 + np.int64(p[s] * F(TOTAL - 4))
    if cuts[3] > TOTAL - 1:  # rounding up; the last part must keep one
        for s in range(1, 4):
            cuts[s] = min(cuts[s], TOTAL - 4 + s)
    cuts[4] = TOTAL


@njit(inline="always", cache=True)
def _narrow(ends, cuts, s):
    low, width = ends[0], ends[1] - ends[0]
    ends[0] = low + ((width * np.uint64(cuts[s])) >> np.uint64(16)) + np.uint64(s > 0)
    ends[1] = low + ((width * np.uint64(cuts[s + 1])) >> np.uint64(16))


@njit(cache=True)
def encode(m, codes, given, ends, out):
    """Codes bases into uint8 `out`; returns how many bytes are full."""
    cuts, filled = np.zeros(5, np.int64), 0
    for t in range(len(codes)):
        predict(m, given)
        _cuts(m.p, cuts)
        _narrow(ends, cuts, codes[t])
        while (ends[0] ^ ends[1]) & TOP == np.uint64(0):
            out[filled] = np.uint8(ends[1] >> SHIFT)
            filled += 1
            ends[0] = (ends[0] << BYTE) & MASK
            ends[1] = ((ends[1] << BYTE) & MASK) | np.uint64(255)
        update(m, np.int64(codes[t]))
    return filled


@njit(cache=True)
def decode(m, packed, place, given, ends, out):
    """Fills uint8 `out` with bases; returns how many bytes of `packed` are read.

    `ends` has a third number, the value within the interval.
    """
    cuts = np.zeros(5, np.int64)
    for t in range(len(out)):
        predict(m, given)
        _cuts(m.p, cuts)
        low, width = ends[0], ends[1] - ends[0]
        s = 0
        while s < 3 and ends[2] > low + ((width * np.uint64(cuts[s + 1])) >> np.uint64(16)):
            s += 1
        _narrow(ends, cuts, s)
        while (ends[0] ^ ends[1]) & TOP == np.uint64(0):
            ends[0] = (ends[0] << BYTE) & MASK
            ends[1] = ((ends[1] << BYTE) & MASK) | np.uint64(255)
            byte = np.uint64(packed[place]) if place < len(packed) else np.uint64(0)
            ends[2] = ((ends[2] << BYTE) & MASK) | byte
            place += 1
        out[t] = s
        update(m, np.int64(s))
    return place
