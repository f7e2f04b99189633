"""A GRU for torch on CPUs: torch's native kernel with Keras's weights."""

import torch


def gru(x, state, kernel, recurrent_kernel, bias, *, go_backwards=False):
    """All states of a GRU whose reset gate applies after the recurrent product.

    Args:
        x: float (batch, window, features).
        state: float (batch, units), the state before the first step.
        kernel, recurrent_kernel: float (features, 3 units), (units, 3 units);
            gates in Keras's order: update, reset, candidate.
        bias: float (2, 3 units).
        go_backwards: read from the last step to the first.

    Returns:
        float (batch, window, units), in the order of reading.
    """

    def native(matrix):  # torch's order: reset, update, candidate
        update, reset, candidate = matrix.chunk(3, -1)
        return torch.cat([reset, update, candidate], -1)

    weights = [native(kernel).T, native(recurrent_kernel).T, *native(bias)]
    if go_backwards:
        x = x.flip(1)
    # One layer with biases, no dropout, not training, one direction, batch first.
    return torch.gru(x, state[None], weights, True, 1, 0.0, False, False, True)[0]
