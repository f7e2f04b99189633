"""First-layer filters as position matrices: the sequences that they answer to."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from genome_keras.encode import reverse_complement
from genome_keras.io.motifs import Motif
from genome_keras.layers.strands import OneHot, StackStrands
from genome_keras.scoring.batch import BatchSizes, batch_scores, compiles_sizes
from genome_keras.scoring.model_in_use import keras_model_of
from genome_keras.scoring.twins import compiled

MOST = 2**27  # activations at a time: 512 MB
_AFTER = (keras.layers.BatchNormalization, keras.layers.ReLU, keras.layers.Activation)


class Filters(NamedTuple):
    """What the first filters of a model answer to.

    Attributes:
        counts: int64 (filters, width, 4), letters A, C, G, T at each place of the sites.
        sites: int64 (filters,), their number.
        largest: float32 (filters,), the largest activation.
        background: float64 (4,), frequencies of the letters that were read.

    Example:
        >>> counts = np.array([[[9, 1, 0, 0], [0, 0, 10, 0]]])
        >>> found = Filters(counts, np.array([10]), np.float32([2.5]), np.full(4, 0.25))
        >>> [(motif.name, motif.matrix[0].tolist()) for motif in found.motifs()]
        [('filter_0', [0.9, 0.1, 0.0, 0.0])]
    """

    counts: np.ndarray
    sites: np.ndarray
    largest: np.ndarray
    background: np.ndarray

    def motifs(self) -> list[Motif]:
        """Position frequency matrices, list of `genome_keras.io.motifs.Motif`.

        The name is "filter_" and the number of the filter from 0; a filter without sites
        is left out.
        """
        return [
            Motif(f"filter_{number}", self.counts[number] / sites, int(sites))
            for number, sites in enumerate(self.sites)
            if sites
        ]


def filters(
    model: object,
    codes: np.ndarray | Iterable[np.ndarray],
    *,
    fraction: float = 0.5,
    both_strands: bool | None = None,
    batch_size: int = 64,
) -> Filters:
    """Aligned letters where the first filters of a model answer.

    A site is a place that a filter covers whole, all letters known, with an activation of
    more than `fraction` of the filter's largest one over all windows; where that is not
    above 0, the filter has none. Activations are those that the next layer reads: after the
    normalisation and the rectifier.

    Args:
        model: of `basset`, `clockwork_rnn`, `danq`, `deepbind` or `deepsea`, or another, also
            of measured signal, whose first convolution reads one-hot letters; a `Checkpoint`
            or the name of one, or a `Scorer`.
        codes: uint8 (n, window); or an iterable of such arrays that can be gone through
            twice, such as a list, for more than memory holds.
        fraction: 0 or more, less than 1.
        both_strands: also sites of the other strand; None does what the model does.
        batch_size: windows at a time.

    Returns:
        `Filters`.

    Raises:
        ValueError: no such convolution, another value of an argument, no window, windows
            shorter than the filters.

    Source: Kelley et al. 2016 (doi:10.1101/gr.200535.115), Basset, which takes half of the
        largest activation, all places; Alipanahi et al. 2015 (doi:10.1038/nbt.3300),
        DeepBind, the best place of each sequence above a threshold.

    Example:
        >>> from genome_keras import deepbind
        >>> model = deepbind(filters=2, width=4, hidden=None, window=12, tasks=2)
        >>> found = filters(model, np.random.default_rng(0).integers(0, 4, (8, 12), np.uint8))
        >>> found.counts.shape, found.background.shape
        ((2, 4, 4), (4,))
    """
    _check_fraction(fraction)
    if iter(codes) is codes:
        raise ValueError("expected codes that can be gone through twice. Received: an iterator")
    batches = [codes] if isinstance(codes, np.ndarray) else codes
    how = {"fraction": fraction, "both_strands": both_strands, "batch_size": batch_size}
    sites = FilterSites(keras_model_of(model), **how)
    for batch in batches:
        sites.look(batch)
    for batch in batches:
        sites.count(batch)
    return sites.filters()


def _check_fraction(fraction: float) -> None:
    """Raises ValueError for a number below 0, or of 1 and more."""
    if not 0 <= fraction < 1:
        raise ValueError(f"fraction must be from 0 to less than 1. Received: {fraction!r}")


class FilterSites:
    """Sites of the first filters, found in two rounds over the same windows.

    The first, `look`, finds the largest activations; the second, `count`, the sites.

    Args:
        model: a `keras.Model`, as `filters` takes it.
        fraction, both_strands, batch_size: as in `filters`.

    Raises:
        ValueError: as `filters`.

    Example:
        >>> from genome_keras import deepbind
        >>> model = deepbind(filters=2, width=4, hidden=None, window=12, tasks=2)
        >>> sites = FilterSites(model)
        >>> codes = np.random.default_rng(0).integers(0, 4, (8, 12), np.uint8)
        >>> sites.look(codes)
        >>> sites.count(codes)
        >>> sites.filters().largest.shape
        (2,)
    """

    def __init__(
        self,
        model: keras.Model,
        *,
        fraction: float = 0.5,
        both_strands: bool | None = None,
        batch_size: int = 64,
    ) -> None:
        _check_fraction(fraction)
        activations = Activations(*_first(model))
        self.width, _, filters = activations.convolution.kernel.shape
        letters = keras.Input((None,), dtype="uint8")
        self._network = compiled(keras.Model(letters, activations(letters)))
        self._sizes = BatchSizes(batch_size, compiled=compiles_sizes(self._network))
        if both_strands is None:
            both_strands = any(isinstance(layer, StackStrands) for layer in model.layers)
        self.fraction, self.both_strands, self.batch_size = fraction, both_strands, batch_size
        self._largest, self._letters = np.full(filters, -np.inf, np.float32), np.zeros(4, np.int64)
        self._counts = np.zeros((filters, self.width, 4), np.int64)

    def look(self, codes: np.ndarray) -> None:
        """Takes windows of the first round, uint8 (n, window)."""
        for part, values in self._activations(codes):
            self._largest = np.maximum(self._largest, values.max((0, 1)))
            self._letters += np.bincount(part.ravel(), minlength=5)[:4]

    def count(self, codes: np.ndarray) -> None:
        """Takes windows of the second round, uint8 (n, window)."""
        for part, values in self._activations(codes):
            above = (values > self.fraction * self._largest) & (values > 0)
            for number in np.flatnonzero(above.any((0, 1))):
                row, at = np.nonzero(above[..., number])
                sites = part[row[:, None], at[:, None] + np.arange(self.width)]
                cells = (4 * np.arange(self.width) + sites).ravel()
                counts = np.bincount(cells, minlength=4 * self.width)
                self._counts[number] += counts.reshape(self.width, 4)

    def filters(self) -> Filters:
        """What was found: `Filters`."""
        if not self._letters.sum():
            raise ValueError("expected windows with letters. Received: none")
        sites, background = self._counts[:, 0].sum(1), self._letters / self._letters.sum()
        return Filters(self._counts, sites, self._largest, background)

    def _activations(self, codes):
        """Batches of both strands, and activations (n, places, filters) at whole sites."""
        if codes.ndim != 2 or codes.shape[1] < self.width:
            raise ValueError(
                f"expected windows (n, window) of at least {self.width} bp. "
                f"Received: shape {codes.shape}"
            )
        # Of long windows, and of many filters, as many at a time as fit into memory.
        size = min(self.batch_size, max(1, MOST // (codes.shape[1] * len(self._largest))))
        for strand in (codes, reverse_complement(codes)) if self.both_strands else (codes,):
            for first in range(0, len(strand), size):
                part = strand[first : first + size]
                values = batch_scores(self._network, part, size, self._sizes)
                known = np.lib.stride_tricks.sliding_window_view(part < 4, self.width, 1)
                yield part, np.where(known.all(-1)[..., None], values, -np.inf)


def _first(model):
    """The convolution that reads letters, and what stands between it and the next layer."""
    layers = list(model.layers)
    at = next((i for i, x in enumerate(layers) if isinstance(x, keras.layers.Conv1D)), None)
    if at is None:
        accepted = "basset, clockwork_rnn, conv_bigru, danq, deepbind, deepsea"
        raise ValueError(
            f"expected a model with a convolution, as {accepted}. Received: {model.name}"
        )
    first = layers[at]
    letters = [layer.output for layer in layers if isinstance(layer, OneHot)]
    ends = [
        layer.output
        for layer in layers
        if isinstance(layer, keras.layers.ZeroPadding1D) and any(layer.input is x for x in letters)
    ]
    plain = first.strides == first.dilation_rate == (1,) and first.groups == 1
    if not plain or not any(first.input is x for x in (*letters, *ends)):
        raise ValueError(
            f"{model.name}: expected a first convolution of letters as `OneHot` gives them, "
            f"without strides, dilation and groups. Received: {first.name!r}"
        )
    after, output = [], first.output
    for layer in layers[at + 1 :]:
        if not isinstance(layer, _AFTER) or layer.input is not output:
            break
        after.append(layer)
        output = layer.output
    return first, after


class Activations(keras.layers.Layer):
    """float (batch, places, filters) of codes: at the places that filters cover whole.

    Args:
        convolution: a built `keras.layers.Conv1D` of four channels.
        after: layers that follow it.

    Example:
        >>> convolution = keras.layers.Conv1D(2, 4, kernel_initializer="ones")
        >>> convolution.build((None, None, 4))
        >>> activations = Activations(convolution, after=[])
        >>> ops.convert_to_numpy(activations(np.zeros((1, 6), np.uint8)))[0].tolist()
        [[4.0, 4.0], [4.0, 4.0], [4.0, 4.0]]
    """

    def __init__(self, convolution: keras.layers.Conv1D, after: list[keras.layers.Layer]) -> None:
        super().__init__(dtype="float32")
        self.convolution, self.after = convolution, after

    def call(self, inputs: Any) -> Any:
        x = ops.conv(OneHot(dtype="float32")(inputs), self.convolution.kernel, padding="valid")
        if self.convolution.use_bias:
            x = x + self.convolution.bias
        x = self.convolution.activation(x)
        for layer in self.after:
            x = layer(x, training=False)
        return x

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        width, _, size = self.convolution.kernel.shape
        window = inputs.shape[1]
        places = None if window is None else window - width + 1
        return keras.KerasTensor((inputs.shape[0], places, size), dtype="float32")
