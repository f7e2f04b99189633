"""The arithmetic of `genome_keras.lm.mixing`, compiled by numba.

Only +, -, *, / and comparisons of float32, in a fixed order: no fast-math, no library's
exp or log. The decoder of a file therefore sees, bit by bit, what its encoder saw.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

F = np.float32
ZERO, ONE, QUARTER = F(0), F(1), F(0.25)
PRIME = np.uint64(0x9E3779B97F4A7C15)
CHECK = np.uint64(0xFFFF)
HISTORY = 32  # bases in a 64-bit word
MISSES = 8  # of the last 16 bases, after which a match is dropped
FLOOR = F(1e-4)  # added to every probability
NEAR, SLOW, FAST = 6, F(0.01), F(0.06)  # last bases, rates of the running composition


def _exact_log(x):
    """ln(x) in float64 from basic operations only, the same on every machine."""
    exponent = 0
    while x < 0.75:
        x, exponent = x * 2, exponent - 1
    z = (x - 1) / (x + 1)
    power, total = z, 0.0
    for odd in range(1, 60, 2):
        total += power / odd
        power *= z * z
    return 2 * total + exponent * 0.6931471805599453


STEPS = 4096
LOG = np.array([_exact_log(max(i, 0.5) / STEPS) for i in range(STEPS + 1)], F)
POWERS = np.array([2.0**i for i in range(-40, 41)], F)


class State(NamedTuple):
    """Everything that changes; arrays only, so that compiled code can take it.

    `words` are the last 32 bases (newest lowest) and their reverse complement (newest
    highest), two bits each; `at` is the position, then the weight sets in use. `low_*`
    are tables of counts by direct context; `high_*` hashed slots of a 16-bit check and
    four 4-bit counts; `map_*` turn such counts, and states of matches, into
    probabilities that are learned.
    """

    words: np.ndarray
    at: np.ndarray
    bases: np.ndarray
    low_order: np.ndarray
    low_offset: np.ndarray
    low_slot: np.ndarray
    low: np.ndarray
    high_order: np.ndarray
    high_bits: np.ndarray
    high_offset: np.ndarray
    high_slot: np.ndarray
    high_key: np.ndarray
    high_counts: np.ndarray
    high: np.ndarray
    map_high: np.ndarray
    map_high_n: np.ndarray
    match_order: np.ndarray
    match_table: np.ndarray
    match_at: np.ndarray
    match_length: np.ndarray
    match_misses: np.ndarray
    match_state: np.ndarray
    map_match: np.ndarray
    map_match_n: np.ndarray
    x: np.ndarray
    set_offset: np.ndarray
    set_weights: np.ndarray
    set_logits: np.ndarray
    set_p: np.ndarray
    final_weights: np.ndarray
    composition: np.ndarray
    features: np.ndarray
    w_in: np.ndarray
    w_out: np.ndarray
    hidden: np.ndarray
    logits: np.ndarray
    p: np.ndarray
    rates: np.ndarray


@njit(inline="always", cache=True)
def _exp(x):
    x = max(min(x, F(25)), F(-25))
    y = x * F(1.4426950408889634)
    n = math.floor(y)
    r = (y - F(n)) * F(0.6931471805599453)
    tail = F(1 / 6) + r * (F(1 / 24) + r * (F(1 / 120) + r * F(1 / 720)))
    return (ONE + r * (ONE + r * (F(0.5) + r * tail))) * POWERS[n + 40]


@njit(inline="always", cache=True)
def _tanh(x):
    x = max(min(x, F(4.97)), F(-4.97))
    s = x * x
    top = x * (F(135135) + s * (F(17325) + s * (F(378) + s)))
    return top / (F(135135) + s * (F(62370) + s * (F(3150) + s * F(28))))


@njit(inline="always", cache=True)
def _softmax(z, p):
    highest = max(max(z[0], z[1]), max(z[2], z[3]))
    total = ZERO
    for s in range(4):
        p[s] = _exp(z[s] - highest)
        total += p[s]
    total = ONE / total
    for s in range(4):
        p[s] *= total


@njit(inline="always", cache=True)
def _centred_log(p, x):
    mean = ZERO
    for s in range(4):
        x[s] = LOG[int(p[s] * F(STEPS))]
        mean += x[s]
    mean *= QUARTER
    for s in range(4):
        x[s] -= mean


@njit(inline="always", cache=True)
def _ones(v):
    v = v - ((v >> 1) & 0x5555)
    v = (v & 0x3333) + ((v >> 2) & 0x3333)
    v = (v + (v >> 4)) & 0x0F0F
    return (v + (v >> 8)) & 0x1F


@njit(inline="always", cache=True)
def _slot(order, bits, offset, context):
    """Where a context's counts are, and what the slot must be marked with."""
    if 2 * order <= bits:
        return offset + np.int64(context), np.uint32(0)
    mixed = (context + np.uint64(1)) * PRIME
    place = offset + np.int64(mixed >> np.uint64(64 - bits))
    return place, np.uint32((mixed >> np.uint64(16)) & CHECK)


@njit(inline="always", cache=True)
def _newest(word, order):
    return word & ((np.uint64(1) << np.uint64(2 * order)) - np.uint64(1))


@njit(inline="always", cache=True)
def _bump(counts, s):
    if (counts >> (4 * s)) & 15 == 15:
        counts = (counts >> 1) & 0x7777
    return counts + (1 << (4 * s))


@njit(inline="always", cache=True)
def _learn_map(p, n, index, base, limit):
    rate = ONE / (F(n[index]) + F(8))
    if rate < limit:
        rate = limit
    else:
        n[index] += 1
    for s in range(4):
        p[s] -= rate * p[s]
    p[base] += rate


@njit(cache=True)
def _low_inputs(m, row):
    for a in range(len(m.low_order)):
        order = m.low_order[a]
        slot = m.low_offset[a] + np.int64(_newest(m.words[0], order))
        m.low_slot[a] = slot
        c = m.low[slot]
        prior = F(0.06) if order >= 11 else F(0.4)
        scale = ONE / (F(c[0]) + F(c[1]) + F(c[2]) + F(c[3]) + F(4) * prior)
        p = m.set_p[0]  # a place to work in
        for s in range(4):
            p[s] = (F(c[s]) + prior) * scale
        _centred_log(p, m.x[row])
        row += 1
    return row


@njit(cache=True)
def _high_inputs(m, row):
    word = m.words[0]
    for b in range(len(m.high_order)):
        order = m.high_order[b]
        slot, key = _slot(order, m.high_bits[b], m.high_offset[b], _newest(word, order))
        m.high_slot[b], m.high_key[b] = slot, key
    for b in range(len(m.high_order)):
        entry = m.high[m.high_slot[b]]
        known = (entry >> np.uint32(16)) == m.high_key[b]
        m.high_counts[b] = np.int64(entry & np.uint32(0xFFFF)) if known else 0
    for b in range(len(m.high_order)):
        _centred_log(m.map_high[b, m.high_counts[b]], m.x[row])
        row += 1
    return row


@njit(cache=True)
def _match_inputs(m, row):
    longest = 0
    for j in range(len(m.match_at)):
        place = m.match_at[j]
        m.match_state[j] = -1
        for s in range(4):
            m.x[row, s] = ZERO
        if place >= 0:
            base = np.int64(m.bases[place])
            if j & 1:
                base = 3 - base
            length = m.match_length[j]
            longest = max(longest, length)
            step = length if length < 16 else min(16 + (length - 16) // 8, 31)
            state = (step * 16 + min(_ones(m.match_misses[j]), 15)) * 4 + base
            m.match_state[j] = state
            _centred_log(m.map_match[j, state], m.x[row])
        row += 1
    return row, longest


@njit(cache=True)
def _choose_sets(m, longest):
    """Weight sets: one for all, by match, by the support of three orders, by place."""
    support = 0
    for b in (1, 3, 4):
        c = m.high_counts[b]
        total = (c & 15) + ((c >> 4) & 15) + ((c >> 8) & 15) + ((c >> 12) & 15)
        support = support * 3 + (0 if total == 0 else (1 if total < 4 else 2))
    m.at[1] = m.set_offset[0]
    m.at[2] = m.set_offset[1] + (0 if longest == 0 else min(15, 1 + longest // 3))
    m.at[3] = m.set_offset[2] + support
    m.at[4] = m.set_offset[3] + m.at[0] % 3 * 64 + np.int64(_newest(m.words[0], 3))


@njit(cache=True)
def _fill_features(m):
    f, inputs = m.features, m.x.shape[0]
    for i in range(inputs):
        for s in range(4):
            f[i * 4 + s] = m.x[i, s] * F(0.5)
    o = inputs * 4
    for r in range(3):  # what this codon position held lately, then the next two
        phase = (m.at[0] + r) % 3
        for s in range(4):
            f[o] = (m.composition[0, phase, s] - QUARTER) * F(4)
            f[o + 12] = (m.composition[1, phase, s] - QUARTER) * F(8)
            o += 1
    o += 12
    for r in range(NEAR):
        base = np.int64((m.words[0] >> np.uint64(2 * r)) & np.uint64(3))
        for s in range(4):
            f[o] = ONE if s == base else ZERO
            o += 1
    f[o] = ONE


@njit(cache=True)
def predict(m, given):
    """Fills `m.p` with the probabilities of the next base.

    `given`: float32 (experts, 4), probabilities from elsewhere.
    """
    row = _low_inputs(m, 0)
    row = _high_inputs(m, row)
    row, longest = _match_inputs(m, row)
    for e in range(len(given)):
        _centred_log(given[e], m.x[row])
        row += 1
    _choose_sets(m, longest)
    for q in range(4):
        w, z = m.set_weights[m.at[1 + q]], m.set_logits[q]
        for s in range(4):
            z[s] = ZERO
        for i in range(len(w)):
            for s in range(4):
                z[s] += w[i] * m.x[i, s]
        _softmax(z, m.set_p[q])
    _fill_features(m)
    f, h = m.features, m.hidden
    for j in range(len(h)):
        h[j] = ZERO
    for i in range(len(f)):
        v, w = f[i], m.w_in[i]
        for j in range(len(h)):
            h[j] += v * w[j]
    for j in range(len(h)):
        h[j] = _tanh(h[j])
    z = m.logits
    for s in range(4):
        z[s] = ZERO
    for q in range(4):
        for s in range(4):
            z[s] += m.final_weights[q] * m.set_logits[q, s]
    for j in range(len(h)):
        for s in range(4):
            z[s] += h[j] * m.w_out[j, s]
    _softmax(z, m.p)
    scale = ONE / (ONE + F(4) * FLOOR)
    for s in range(4):
        m.p[s] = (m.p[s] + FLOOR) * scale


@njit(cache=True)
def _learn_weights(m, base):
    rate, rate_hidden, rate_final = m.rates[0], m.rates[1], m.rates[2]
    d = m.logits  # the slope of ln P(base) in the logits
    for s in range(4):
        d[s] = (ONE if s == base else ZERO) - m.p[s]
    for q in range(4):
        slope = ZERO
        for s in range(4):
            slope += d[s] * m.set_logits[q, s]
        m.final_weights[q] += rate_final * slope
    f, h = m.features, m.hidden
    for j in range(len(h)):
        back, step = ZERO, rate_hidden * h[j]
        for s in range(4):
            back += d[s] * m.w_out[j, s]
            m.w_out[j, s] += step * d[s]
        h[j] = back * (ONE - h[j] * h[j]) * rate_hidden
    for i in range(len(f)):
        v, w = f[i], m.w_in[i]
        if v != ZERO:
            for j in range(len(h)):
                w[j] += v * h[j]
    for q in range(4):
        w = m.set_weights[m.at[1 + q]]
        for s in range(4):
            d[s] = ((ONE if s == base else ZERO) - m.set_p[q, s]) * rate
        for i in range(len(w)):
            w[i] += d[0] * m.x[i, 0] + d[1] * m.x[i, 1] + d[2] * m.x[i, 2] + d[3] * m.x[i, 3]


@njit(cache=True)
def _learn_counts(m, base, word, reverse, position):
    """Counts the base after its context and, on the other strand, before it."""
    for a in range(len(m.low_order)):
        order = m.low_order[a]
        for inverted in range(2):
            slot, s = m.low_slot[a], base
            if inverted:
                if position <= order:
                    continue
                slot = m.low_offset[a] + np.int64(reverse >> np.uint64(64 - 2 * order))
                s = 3 - np.int64((word >> np.uint64(2 * order)) & np.uint64(3))
            c = m.low[slot]
            c[s] += 1
            if c[s] >= 60000:
                for r in range(4):
                    c[r] >>= 1
    for b in range(len(m.high_order)):
        order = m.high_order[b]
        counts = np.uint32(_bump(m.high_counts[b], base))
        m.high[m.high_slot[b]] = (m.high_key[b] << np.uint32(16)) | counts
        if position > order:
            context = reverse >> np.uint64(64 - 2 * order)
            s = 3 - np.int64((word >> np.uint64(2 * order)) & np.uint64(3))
            slot, key = _slot(order, m.high_bits[b], m.high_offset[b], context)
            entry = m.high[slot]
            known = (entry >> np.uint32(16)) == key
            old = np.int64(entry & np.uint32(0xFFFF)) if known else 0
            m.high[slot] = (key << np.uint32(16)) | np.uint32(_bump(old, s))


@njit(cache=True)
def _follow_matches(m, base):
    for j in range(len(m.match_at)):
        place = m.match_at[j]
        if place < 0:
            continue
        expected = np.int64(m.bases[place])
        if j & 1:
            expected = 3 - expected
        if expected == base:
            m.match_length[j] += 1
            m.match_misses[j] = (m.match_misses[j] << 1) & 0xFFFF
        else:
            m.match_length[j] = 0
            m.match_misses[j] = ((m.match_misses[j] << 1) | 1) & 0xFFFF
        lost = _ones(m.match_misses[j]) > MISSES
        m.match_at[j] = -1 if lost else (place - 1 if j & 1 else place + 1)


@njit(cache=True)
def _seek_matches(m, word, reverse, position):
    """Looks up where the newest bases came before, on this strand and on the other."""
    width = m.match_table.shape[1]
    for k in range(len(m.match_order)):
        order = m.match_order[k]
        if position <= HISTORY:
            continue
        whole = order == HISTORY
        context = word if whole else _newest(word, order)
        slot = np.int64((((context + np.uint64(1)) * PRIME) >> np.uint64(20)) % np.uint64(width))
        j = 2 * k
        if m.match_at[j] < 0 or m.match_length[j] < 16:
            candidate = np.int64(m.match_table[k, slot])
            if candidate >= 0 and candidate != m.match_at[j]:
                n = 0
                while (
                    n < HISTORY
                    and candidate > n
                    and m.bases[candidate - 1 - n] == m.bases[position - 1 - n]
                ):
                    n += 1
                if n >= order and (m.match_at[j] < 0 or n > m.match_length[j]):
                    m.match_at[j], m.match_length[j], m.match_misses[j] = candidate, n, 0
        j += 1
        if m.match_at[j] < 0 or m.match_length[j] < 16:
            context = reverse if whole else reverse >> np.uint64(64 - 2 * order)
            other = np.int64(
                (((context + np.uint64(1)) * PRIME) >> np.uint64(20)) % np.uint64(width)
            )
            candidate = np.int64(m.match_table[k, other]) - order  # where the copy begins
            if candidate >= 1 and candidate - 1 != m.match_at[j]:
                n = 0
                while (
                    n < HISTORY
                    and candidate + n < position
                    and 3 - m.bases[candidate + n] == m.bases[position - 1 - n]
                ):
                    n += 1
                if n >= order and (m.match_at[j] < 0 or n > m.match_length[j]):
                    m.match_at[j], m.match_length[j], m.match_misses[j] = candidate - 1, n, 0
        m.match_table[k, slot] = position


@njit(cache=True)
def update(m, base):
    """Learns the base that came after `predict`."""
    _learn_weights(m, base)
    for b in range(len(m.high_order)):
        state = m.high_counts[b]
        _learn_map(m.map_high[b, state], m.map_high_n[b], state, base, m.rates[3])
    for j in range(len(m.match_at)):
        state = m.match_state[j]
        if state >= 0:
            _learn_map(m.map_match[j, state], m.map_match_n[j], state, base, m.rates[4])
    position = m.at[0]
    m.bases[position] = base
    phase = position % 3
    for s in range(4):
        m.composition[0, phase, s] -= FAST * m.composition[0, phase, s]
        m.composition[1, phase, s] -= SLOW * m.composition[1, phase, s]
    m.composition[0, phase, base] += FAST
    m.composition[1, phase, base] += SLOW
    position += 1
    word = (m.words[0] << np.uint64(2)) | np.uint64(base)
    reverse = (m.words[1] >> np.uint64(2)) | (np.uint64(3 - base) << np.uint64(62))
    _learn_counts(m, base, word, reverse, position)
    m.words[0], m.words[1], m.at[0] = word, reverse, position
    _follow_matches(m, base)
    _seek_matches(m, word, reverse, position)


@njit(cache=True)
def score(m, codes, given, out):
    """Probability of each base before it is learned, into float32 `out`."""
    for t in range(len(codes)):
        predict(m, given[t])
        out[t] = m.p[codes[t]]
        update(m, np.int64(codes[t]))


# Arithmetic coding: an interval [low, high] of 48 bits, cut in proportion to
# probabilities of 16 bits; leading bytes go out once both ends share them.
