"""A GRU for torch on CPUs with Keras's weights.

With gradients torch's native kernel computes it. Without, a loop over the time steps
takes the matrix products of oneDNN: those of the native kernel are MKL's, which uses
half of what processors of AMD with AVX-512 can do.
"""

import torch

ROWS = 32  # of a batch; below it the loop's own cost outweighs its products


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
    if go_backwards:
        x = x.flip(1)
    if _loops(x):
        return _loop(x, state, kernel, recurrent_kernel, bias)

    def native(matrix):  # torch's order: reset, update, candidate
        update, reset, candidate = matrix.chunk(3, -1)
        return torch.cat([reset, update, candidate], -1)

    weights = [native(kernel).T, native(recurrent_kernel).T, *native(bias)]
    # One layer with biases, no dropout, not training, one direction, batch first.
    return torch.gru(x, state[None], weights, True, 1, 0.0, False, False, True)[0]


def _loops(x):
    return (
        not torch.is_grad_enabled()
        and x.device.type == "cpu"
        and x.shape[0] >= ROWS
        and torch.backends.mkldnn.is_available()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )


def _loop(x, state, kernel, recurrent_kernel, bias):
    units = state.shape[-1]
    # tanh(x) is 2 sigmoid(2 x) - 1, by which torch is three times as fast.
    scale = kernel.new_ones(3 * units)
    scale[2 * units :] = 2
    given, own = ((matrix * scale).T.contiguous() for matrix in (kernel, recurrent_kernel))
    given_bias, own_bias = bias * scale
    x, h = x.transpose(0, 1).contiguous(), state.contiguous()
    states = x.new_empty(*x.shape[:2], units)
    for step, after in zip(x, states, strict=True):
        a, b = _product(step, given, given_bias), _product(h, own, own_bias)
        gates = a[:, : 2 * units].add_(b[:, : 2 * units]).sigmoid_()
        update, reset = gates.chunk(2, -1)
        candidate = a[:, 2 * units :].addcmul_(reset, b[:, 2 * units :])
        candidate = candidate.sigmoid_().mul_(2).sub_(1)
        h = torch.lerp(candidate, h, update, out=after)
    return states.transpose(0, 1)


def _product(rows, matrix, row):
    return torch.ops.mkldnn._linear_pointwise(rows, matrix, row, "none", [], "")
