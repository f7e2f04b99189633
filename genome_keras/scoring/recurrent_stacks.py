"""Recurrent layers that read windows piece by piece, with the model's own weights."""

import keras
import numpy as np
from keras import ops

from genome_keras.layers.strands import OneHot
from genome_keras.scoring.batch import BatchSizes, compiles_sizes, filled
from genome_keras.scoring.effects import KEPT
from genome_keras.scoring.twins import compiled, state_sizes, twin

PIECE = 10  # steps; fewer save more, more have larger batches


class Stack:
    """Recurrent layers that read windows piece by piece, with the model's own weights.

    Args:
        embedding: layer that reads one-hot letters.
        recurrent: the `keras.layers.RNN` of the stack, in their order.
        readout: "last", "max" or "mean" of the last layer's outputs, or "likelihood".
        batch_size: rows at a time, about.
        next_base: of "likelihood", the layer that gives probabilities of the next base.

    Example:
        >>> from genome_keras.scoring.scorer import Scorer
        >>> from genome_keras import bigru_multitask
        >>> sizes = {"embedding": 4, "units": 3, "depth": 1}
        >>> model = bigru_multitask(**sizes, window=12, tasks=2)
        >>> stack = Scorer(model).network.stacks[0]
        >>> stack.scores(np.zeros((5, 12), np.uint8), at=6).shape
        (5, 3)
    """

    def __init__(
        self,
        embedding: keras.layers.Layer,
        recurrent: list[keras.layers.RNN],
        readout: str,
        batch_size: int,
        *,
        next_base: keras.layers.Layer | None = None,
    ) -> None:
        self.readout, self.batch_size = readout, batch_size
        carrying = {"return_sequences": True, "return_state": True, "stateful": False}
        stack = [twin(layer, carrying) for layer in recurrent]
        codes = keras.Input((None,), dtype="uint8")
        x = embedding(OneHot()(codes))
        before, after = [], []
        for layer in stack:
            states = [keras.Input((layer.units,)) for _ in state_sizes(layer)]
            given = states if len(states) > 1 else states[0]
            x, *left = layer(x, initial_state=given)
            before += states
            after += left
        self.state_sizes = [layer.units for layer in stack for _ in state_sizes(layer)]
        if readout == "likelihood":
            # The output before a step tells its base: the first is in the state.
            top = len(state_sizes(stack[-1]))
            x = ops.concatenate([ops.expand_dims(before[-top], 1), x[:, :-1]], 1)
            base = keras.Input((None,), dtype="uint8")
            logs = ops.log(ops.clip(next_base(x), KEPT, 1.0))
            value = ops.sum(OneHot()(base) * logs, (1, 2))[:, None]
            inputs, self.width = [codes, base, *before], 1
        else:
            read = {"last": lambda x: x[:, -1], "max": lambda x: ops.max(x, 1)}
            value = read.get(readout, lambda x: ops.sum(x, 1))(x)
            inputs, self.width = [codes, *before], stack[-1].units
        self.model = compiled(keras.Model(inputs, [value, *after]))
        self._sizes = BatchSizes(batch_size, compiled=compiles_sizes(self.model))

    def scores(self, codes: np.ndarray, at: int) -> np.ndarray:
        """Read-outs of windows, what comes before a step once for those that begin alike.

        Args:
            codes: uint8 (n, window).
            at: the step, at least 1.

        Returns:
            float32 (n, width).
        """
        n, window = codes.shape
        begun, row = np.unique(codes[:, :at], axis=0, return_inverse=True)
        states, value = self._heads(begun, at)
        row, whole, size = row.reshape(-1), np.empty((n, self.width), np.float32), self._sizes.of(n)
        for first, (some, count) in zip(range(0, n, size), filled(codes, size), strict=True):
            of_head = np.pad(row[first : first + size], (0, size - count))
            tail = _Rows(some, [state[of_head] for state in states], value[of_head], None)
            self._step(tail, at, window)
            whole[first : first + count] = tail.value[:count]
        return whole / window if self.readout == "mean" else whole

    def _heads(self, begun, at):
        """States and read-outs after the first steps, a row for each of so many beginnings."""
        heads, size = [], self._sizes.of(len(begun))
        for some, count in filled(begun, size):
            head = self._start(some)
            self._step(head, 0, at)
            heads.append(([state[:count] for state in head.states], head.value[:count]))
        states, values = zip(*heads, strict=True)
        joined = [np.concatenate(state) for state in zip(*states, strict=True)]
        return joined, np.concatenate(values)

    def substitutions(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Read-outs of all substitutions (n, window, 4, width), and of the windows (n, width)."""
        n, rows = len(codes), max(1, self.batch_size // (3 * PIECE))  # windows at a time
        rows = -(-n // -(-n // rows))  # of about the same number each
        parts = []
        for some, count in filled(codes, rows):
            parts.append([values[:count] for values in self._read(some)])
        changed, own = (np.concatenate(values) for values in zip(*parts, strict=True))
        return changed, own

    def _read(self, codes):
        n, window = codes.shape
        changed = np.zeros((n, window, 4, self.width), np.float32)
        own, groups = self._start(codes), []
        begin = 0
        while begin < window:
            end = begin + (window % PIECE or PIECE) if not begin else begin + PIECE
            groups.append(self._joined(own, begin, end))
            for group in [own, *groups]:
                self._step(group, begin, end)
            begin = end
        for group in groups:
            changed[group.at] = group.value
        kept = np.minimum(codes, 3)[..., None, None]
        np.put_along_axis(changed, kept, own.value[:, None, None], 2)
        if self.readout == "mean":
            return changed / window, own.value / window
        return changed, own.value

    def _start(self, codes):
        states = [np.zeros((len(codes), size), np.float32) for size in self.state_sizes]
        value = np.full((len(codes), self.width), -np.inf if self.readout == "max" else 0.0)
        return _Rows(codes, states, value.astype(np.float32), None)

    def _joined(self, own, begin, end):
        """The substitutions between two steps, with the states of the windows there."""
        n, length = len(own.codes), end - begin
        row, at = np.divmod(np.arange(n * length * 3) // 3, length)
        at += begin
        # Of an N, any three letters: what comes of it means nothing.
        letter = (own.codes[row, at] + np.tile([1, 2, 3], n * length)) % 4
        codes = own.codes[row]
        codes[np.arange(len(row)), at] = letter
        states = [state[row] for state in own.states]
        return _Rows(codes, states, own.value[row], (row, at, letter))

    def _step(self, group, begin, end):
        piece = group.codes[:, begin:end]
        inputs = [piece]
        if self.readout == "likelihood":  # nothing comes before the first base
            inputs.append(np.where(np.arange(begin, end) == 0, 4, piece).astype(np.uint8))
        value, *states = map(np.asarray, self.model.predict_on_batch([*inputs, *group.states]))
        group.states = states
        if self.readout == "last":
            group.value = value
        elif self.readout == "max":
            group.value = np.maximum(group.value, value)
        else:
            group.value = group.value + value


class _Rows:
    """Sequences that are being read: codes, states of the layers, what is read out so far."""

    def __init__(self, codes, states, value, at):
        self.codes, self.states, self.value, self.at = codes, states, value, at
