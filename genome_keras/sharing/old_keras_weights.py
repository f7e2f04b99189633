"""Arrays of old layers in Keras 3's order and shapes."""

import numpy as np

_LSTM = (0, 2, 1, 3)  # where Keras 1 keeps input gate, forget gate, cell, output gate
_GRU = (0, 1, 2)  # update gate, reset gate, candidate


def convolution(arrays: list, *, filters: int, size: tuple, theano: bool, first: bool) -> list:
    """Kernel (*size, channels, filters), and the bias where there is one.

    Args:
        arrays: of the layer.
        filters, size: of the kernel.
        theano: the kernel was read backwards.
        first: two-dimensional kernels are (filters, channels, *size), as in Keras 1 with
            Theano's order of dimensions.

    Raises:
        ValueError: a kernel of another shape.

    Example:
        >>> kernel = np.arange(3.0).reshape(3, 1, 1)
        >>> (found,) = convolution([kernel], filters=1, size=(3,), theano=True, first=False)
        >>> found[:, 0, 0].tolist()  # Theano reads it backwards
        [2.0, 1.0, 0.0]
    """
    kernel, *bias = arrays
    if len(size) == 1 and kernel.ndim == 4:
        if kernel.shape[:2] == (size[0], 1) and kernel.shape[3] == filters:  # Keras 1
            kernel = kernel[:, 0]
        else:  # Keras 0.x
            kernel = kernel[..., 0].transpose(2, 1, 0)
    elif first:
        kernel = kernel.transpose(2, 3, 1, 0)
    if kernel.shape[:-2] != tuple(size) or kernel.shape[-1] != filters:
        raise ValueError(f"a kernel of shape {arrays[0].shape} for {filters} filters of {size}")
    if theano:
        kernel = np.flip(kernel, tuple(range(len(size))))
    return [kernel, *bias]


def recurrent(arrays: list, kind: str) -> list:
    """Kernel, recurrent kernel and bias of an LSTM, a GRU or a simple recurrent layer.

    Keras 1 has three arrays for each gate, the LSTM's in another order.

    Example:
        >>> gates = [np.full((1, 1), gate) for gate in range(3) for part in range(3)]
        >>> [array.tolist() for array in recurrent(gates, "GRU")]
        [[[0, 1, 2]], [[0, 1, 2]], [[0, 1, 2]]]
    """
    gates = {"LSTM": _LSTM, "GRU": _GRU}.get(kind)
    if gates is None or len(arrays) != 3 * len(gates):
        return arrays
    return [np.concatenate([arrays[3 * gate + part] for gate in gates], -1) for part in range(3)]


def bidirectional(arrays: list, kind: str) -> list:
    """Those of the forward layer, then those of the backward one.

    Example:
        >>> gates = [np.full((1, 1), gate) for gate in range(3) for part in range(3)]
        >>> len(bidirectional([*gates, *gates], "GRU"))  # kernel, recurrent kernel, bias of both
        6
    """
    half = len(arrays) // 2
    return [*recurrent(arrays[:half], kind), *recurrent(arrays[half:], kind)]


def normalization(arrays: list, *, epsilon: float, version: tuple, theano: bool | None) -> list:
    """Scale, shift, mean and variance.

    Before Keras 1.0 the last is a standard deviation s that normalizes by s + epsilon.

    Raises:
        ValueError: Keras 1.0 with Theano, some releases of which kept the variance and some
            the standard deviation.

    Example:
        >>> arrays = [np.float32([2.0])] * 4
        >>> how = {"epsilon": 0.5, "version": (0, 3), "theano": True}
        >>> normalization(arrays, **how)[-1].tolist()  # (2 + 0.5)**2 - 0.5
        [5.75]
    """
    if version >= (1, 1) or (version == (1, 0) and theano is False):
        return arrays
    if version == (1, 0):
        raise ValueError("Keras 1.0 does not tell whether it kept variances or deviations")
    *others, deviation = arrays
    return [*others, np.square(deviation + np.float32(epsilon)) - np.float32(epsilon)]
