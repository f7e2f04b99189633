"""An adaptive context-mixing model of DNA: the strongest baseline, and a compressor.

Many simple predictors of the next base, weighed together by a small network that learns
as it goes:

- counts after the last k bases, for k from 1 to 24, on both strands: each base also counts
  as its complement in the context that follows it on the other strand (inverted repeats);
  above order 10 what small counts mean is itself learned;
- matches: where the last 12, 16, 20 or 32 bases came before, on either strand, the base
  that followed, through up to 8 substitutions in 16 bases;
- optionally, probabilities from elsewhere, such as a trained `char_rnn`.

Four sets of weights, chosen by the state of the match, the support of the contexts and
the place in the codon, give four mixtures of log-probabilities. The last layer adds to
their weighted sum a network of one hidden layer that also sees what each of the three
codon positions held lately.

Source: Mahoney 2005 (PAQ: mixing in the logistic domain, indirect counts, matches); Pratas
    et al. 2019 and Silva et al. 2020 (GeCo2 and GeCo3: inverted repeats, substitution-
    tolerant contexts, a network as mixer). The code is written anew.
"""

from collections.abc import Callable

import numpy as np

from genome_keras.errors import GenomeKerasError

LOW = (1, 2, 3, 4, 6, 8, 9, 10, 11)
HIGH = (11, 12, 13, 14, 16, 18, 20, 22, 24)
MATCH = (12, 16, 20, 32)
HIDDEN = 32
RATES = (2e-3, 2e-3, 2e-3, 1 / 1023, 1 / 255)  # sets, hidden, final, maps, maps of matches
SETS = (1, 16, 27, 192)
MOST_BITS = 26
CHUNK = 1 << 16


class ContextMixer:
    """Learns a sequence base by base.

    Args:
        length: bases it will see at most; memory grows with it, 0.6 GB for 4.6 Mb and
            2.2 GB for 23 Mb.
        experts: further probabilities given with each base.

    Raises:
        GenomeKerasError: numba is missing.

    Example:
        >>> mixer = ContextMixer(800)
        >>> chances = mixer.score(np.array([0, 1, 2, 3] * 200, np.uint8))
        >>> bool(chances[-100:].min() > 0.9)  # it has learned what follows what
        True
    """

    def __init__(self, length: int, *, experts: int = 0) -> None:
        self._kernel = _kernel()
        self.length, self.experts = length, experts
        self.state = _fresh(self._kernel.State, length, experts)

    def score(self, codes: np.ndarray, *, given: np.ndarray | None = None) -> np.ndarray:
        """The probability of each base, before it is learned.

        Args:
            codes: uint8 (n,), 0 to 3: no N.
            given: float32 (n, experts, 4), probabilities of A, C, G, T at each base from
                `experts` other models; None where there are none.

        Returns:
            float32 (n,).
        """
        n = self._room(codes)
        if given is None:
            given = np.empty((n, 0, 4), np.float32)
        if given.shape != (n, self.experts, 4):
            raise ValueError(f"expected given ({n}, {self.experts}, 4). Received: {given.shape}")
        out = np.empty(n, np.float32)
        self._kernel.score(self.state, codes, given, out)
        return out

    def encoder(self) -> "_Encoder":
        """An arithmetic encoder of the bases to come."""
        return _Encoder(self)

    def decoder(self, packed: bytes) -> "_Decoder":
        """The decoder of what `encoder` gave, for a mixer of the same length.

        Args:
            packed: bytes.
        """
        return _Decoder(self, packed)

    def _room(self, codes):
        if codes.dtype != np.uint8 or codes.ndim != 1 or (len(codes) and codes.max() > 3):
            raise ValueError("expected uint8 codes (n,) of A 0, C 1, G 2, T 3, without N")
        if self.state.at[0] + len(codes) > self.length:
            raise ValueError(f"more bases than the {self.length} this mixer was made for")
        return len(codes)


class _Encoder:
    def __init__(self, mixer):
        self.mixer, self.ends = mixer, _whole_interval()
        self.given = np.empty((mixer.experts, 4), np.float32)

    def encode(self, codes):
        """Bytes for uint8 codes (n,), 0 to 3; what is not yet certain stays inside."""
        n = self.mixer._room(codes)
        out = np.empty(2 * n + 8, np.uint8)  # at most 16 bits a base
        state = self.mixer.state
        filled = _coder().encode(state, codes, self.given, self.ends, out)
        return out[:filled].tobytes()

    def finish(self):
        """The last bytes."""
        return int(self.ends[1]).to_bytes(6, "big")


class _Decoder:
    def __init__(self, mixer, packed):
        self.mixer, self.packed = mixer, np.frombuffer(packed, np.uint8)
        self.ends, self.place = _whole_interval(), 6
        self.ends[2] = int.from_bytes(packed[:6].ljust(6, b"\0"), "big")
        self.given = np.empty((mixer.experts, 4), np.float32)

    def decode(self, n):
        """The next n bases, uint8 (n,)."""
        out = np.zeros(n, np.uint8)
        self.mixer._room(out)
        self.place = _coder().decode(
            self.mixer.state, self.packed, self.place, self.given, self.ends, out
        )
        return out


def prequential(
    codes: np.ndarray,
    *,
    given: np.ndarray | None = None,
    progress: Callable[[int], object] | None = None,
) -> np.ndarray:
    """The probability of each base of a sequence, each scored before it is learned.

    Args:
        codes: uint8 (n,), 0 to 3.
        given: float32 (n, experts, 4), or None.
        progress: called with the number of bases done, now and then.

    Returns:
        float32 (n,).

    Example:
        >>> chances = prequential(np.array([0, 1, 2, 3] * 200, np.uint8))
        >>> chances.shape, float(chances[0])  # nothing is known of the first base
        ((800,), 0.25)
    """
    mixer = ContextMixer(len(codes), experts=0 if given is None else given.shape[1])
    out = np.empty(len(codes), np.float32)
    for begin in range(0, len(codes), CHUNK):
        part = slice(begin, begin + CHUNK)
        out[part] = mixer.score(codes[part], given=None if given is None else given[part])
        if progress is not None:
            progress(len(codes[part]))
    return out


def _coder():
    """The compiled arithmetic coder; a mixer was made, so numba is there."""
    from genome_keras.lm import _coder

    return _coder


def _fresh(make, n, experts):
    bits = min(MOST_BITS, max(16, int(2 * n).bit_length()))
    low_offset = np.cumsum([0, *(4**k for k in LOW)])
    high_bits = np.array([min(2 * k, bits) for k in HIGH])
    high_offset = np.cumsum([0, *(1 << high_bits)])
    matches = 2 * len(MATCH)
    inputs = len(LOW) + len(HIGH) + matches + experts
    features = 4 * inputs + 24 + 4 * 6 + 1
    counts = np.arange(1 << 16)
    counts = np.stack([counts >> 4 * s & 15 for s in range(4)], -1).astype(np.float32)
    guess = (counts + np.float32(0.3)) / (counts.sum(1, keepdims=True) + np.float32(1.2))
    draw = np.random.Generator(np.random.PCG64(0))  # uniform: the same on every machine
    w_in = draw.random((features, HIDDEN), np.float32) - np.float32(0.5)

    def floats(*shape, value=0.0):
        return np.full(shape, value, np.float32)

    return make(
        words=np.zeros(2, np.uint64),
        at=np.zeros(1 + len(SETS), np.int64),
        bases=np.zeros(n + 1, np.uint8),
        low_order=np.array(LOW),
        low_offset=low_offset,
        low_slot=np.zeros(len(LOW), np.int64),
        low=np.zeros((low_offset[-1], 4), np.uint16),
        high_order=np.array(HIGH),
        high_bits=high_bits,
        high_offset=high_offset,
        high_slot=np.zeros(len(HIGH), np.int64),
        high_key=np.zeros(len(HIGH), np.uint32),
        high_counts=np.zeros(len(HIGH), np.int64),
        high=np.zeros(high_offset[-1], np.uint32),
        map_high=np.repeat(guess[None], len(HIGH), 0),
        map_high_n=np.zeros((len(HIGH), 1 << 16), np.uint16),
        match_order=np.array(MATCH),
        match_table=np.full((len(MATCH), 1 << min(bits, 24)), -1, np.int32),
        match_at=np.full(matches, -1, np.int64),
        match_length=np.zeros(matches, np.int64),
        match_misses=np.zeros(matches, np.int64),
        match_state=np.full(matches, -1, np.int64),
        map_match=floats(matches, 32 * 16 * 4, 4, value=0.25),
        map_match_n=np.zeros((matches, 32 * 16 * 4), np.uint16),
        x=floats(inputs, 4),
        set_offset=np.cumsum([0, *SETS]),
        set_weights=floats(sum(SETS), inputs, value=0.25),
        set_logits=floats(len(SETS), 4),
        set_p=floats(len(SETS), 4),
        final_weights=floats(len(SETS), value=1 / len(SETS)),
        composition=floats(2, 3, 4, value=0.25),
        features=floats(features),
        w_in=w_in * np.float32(0.125),
        w_out=floats(HIDDEN, 4),
        hidden=floats(HIDDEN),
        logits=floats(4),
        p=floats(4),
        rates=np.array(RATES, np.float32),
    )


def _whole_interval():
    return np.array([0, 2**48 - 1, 0], np.uint64)


def _kernel():
    try:
        from genome_keras.lm import _mixing
    except ImportError as error:
        if error.name and error.name.startswith("genome_keras"):
            raise
        raise GenomeKerasError(
            'context mixing needs numba: pip install "genome_keras[lm]"'
        ) from error
    return _mixing
