"""Recurrent layers that read windows piece by piece, with the model's own weights."""

import keras
import numpy as np
from keras import ops

from genome_keras.layers.strands import OneHot
from genome_keras.scoring.effects import KEPT
from genome_keras.scoring.twins import compiled, state_sizes, twin

PIECE = 10  # steps; fewer save more, more have larger batches


class Stack:
    """Recurrent layers that read windows piece by piece, with the model's own weights.

    Args:
        layers: dict name -> layer of the model.
        prefix: of the names of the stack's layers: "forward_", "backward_" or "".
        readout: "last", "max" or "mean" of the last layer's outputs, or "likelihood".
        batch_size: rows at a time, about.
    """

    def __init__(self, layers, prefix, readout, batch_size):
        self.readout, self.batch_size = readout, batch_size
        likelihood = readout == "likelihood"
        own = [layer for name, layer in layers.items() if name.startswith(prefix)]
        carrying = {"return_sequences": True, "return_state": True, "stateful": False}
        stack = [twin(layer, carrying) for layer in own if isinstance(layer, keras.layers.RNN)]
        codes = keras.Input((None,), dtype="uint8")
        x = layers[f"{prefix}embedding"](OneHot()(codes))
        before, after = [], []
        for layer in stack:
            states = [keras.Input((layer.units,)) for _ in state_sizes(layer)]
            given = states if len(states) > 1 else states[0]
            x, *left = layer(x, initial_state=given)
            before += states
            after += left
        self.sizes = [layer.units for layer in stack for _ in state_sizes(layer)]
        if likelihood:
            # The output before a step tells its base: the first is in the state.
            top = len(state_sizes(stack[-1]))
            x = ops.concatenate([ops.expand_dims(before[-top], 1), x[:, :-1]], 1)
            base = keras.Input((None,), dtype="uint8")
            found = ops.log(ops.clip(layers["next_base"](x), KEPT, 1.0))
            value = ops.sum(OneHot()(base) * found, (1, 2))[:, None]
            inputs, self.width = [codes, base, *before], 1
        else:
            of = {"last": lambda x: x[:, -1], "max": lambda x: ops.max(x, 1)}
            value = of.get(readout, lambda x: ops.sum(x, 1))(x)
            inputs, self.width = [codes, *before], stack[-1].units
        self.model = compiled(keras.Model(inputs, [value, *after]))

    def scores(self, codes, at):
        """Read-outs of windows, what comes before a step once for those that begin alike.

        Args:
            codes: uint8 (n, window).
            at: the step, at least 1.

        Returns:
            float32 (n, width).
        """
        n, window = codes.shape
        begun, row = np.unique(codes[:, :at], axis=0, return_inverse=True)
        row, whole = row.reshape(-1), np.empty((n, self.width), np.float32)
        heads = [self._batch(begun, first) for first in range(0, len(begun), self.batch_size)]
        for head in heads:
            self._step(head, 0, at)
        states = [np.concatenate(of) for of in zip(*(head.states for head in heads), strict=True)]
        value = np.concatenate([head.value for head in heads])
        for first in range(0, n, self.batch_size):
            tail = self._batch(codes, first)
            of = np.pad(row[first : first + self.batch_size], (0, self.batch_size))
            of = of[: self.batch_size]
            tail.states, tail.value = [states_of[of] for states_of in states], value[of]
            self._step(tail, at, window)
            rest = min(self.batch_size, n - first)
            whole[first : first + rest] = tail.value[:rest]
        return whole / window if self.readout == "mean" else whole

    def substitutions(self, codes):
        """Read-outs of all substitutions (n, window, 4, width), and of the windows (n, width)."""
        n, window = codes.shape
        rows = max(1, self.batch_size // (3 * PIECE))  # windows at a time
        rows = -(-n // -(-n // rows))  # of about the same number each
        parts = []
        for first in range(0, n, rows):
            some = codes[first : first + rows]
            filled = np.concatenate([some, np.full((rows - len(some), window), 4, np.uint8)])
            parts.append([of[: len(some)] for of in self._read(filled)])
        every, own = (np.concatenate(of) for of in zip(*parts, strict=True))
        return every, own

    def _batch(self, codes, first):
        """A batch of full size, before the first step; N fills it."""
        some = codes[first : first + self.batch_size]
        lacking = self.batch_size - len(some)
        return self._start(np.pad(some, ((0, lacking), (0, 0)), constant_values=4))

    def _read(self, codes):
        n, window = codes.shape
        every = np.zeros((n, window, 4, self.width), np.float32)
        own, groups = self._start(codes), []
        begin = 0
        while begin < window:
            end = begin + (window % PIECE or PIECE) if not begin else begin + PIECE
            groups.append(self._joined(own, begin, end))
            for group in [own, *groups]:
                self._step(group, begin, end)
            begin = end
        for group in groups:
            every[group.at] = group.value
        kept = np.minimum(codes, 3)[..., None, None]
        np.put_along_axis(every, kept, own.value[:, None, None], 2)
        if self.readout == "mean":
            return every / window, own.value / window
        return every, own.value

    def _start(self, codes):
        states = [np.zeros((len(codes), size), np.float32) for size in self.sizes]
        value = np.full((len(codes), self.width), -np.inf if self.readout == "max" else 0.0)
        return Rows(codes, states, value.astype(np.float32), None)

    def _joined(self, own, begin, end):
        """The substitutions between two steps, with the states of the windows there."""
        n, length = len(own.codes), end - begin
        row, at = np.divmod(np.arange(n * length * 3) // 3, length)
        at += begin
        # Of an N, any three letters: what comes of it means nothing.
        letter = (own.codes[row, at] + np.tile([1, 2, 3], n * length)) % 4
        codes = own.codes[row]
        codes[np.arange(len(row)), at] = letter
        return Rows(codes, [of[row] for of in own.states], own.value[row], (row, at, letter))

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


class Rows:
    """Sequences that are being read: codes, states of the layers, what is read out so far."""

    def __init__(self, codes, states, value, at):
        self.codes, self.states, self.value, self.at = codes, states, value, at
