"""What a GRU's backward pass does at one step, on arrays of JAX or of TensorFlow."""


def backward_step(dh, saved, kernels, recurrent_kernels, *, reset_after):
    """Gradients of one step from those of the steps after it.

    Args:
        dh: float (batch, units), of the state after the step, from later steps.
        saved: six of (batch, units): the gradient of what the step gave, the state before
            it, the update gate, the reset gate, the candidate, and, with `reset_after`, the
            candidate's recurrent share, else the state behind the reset gate.
        kernels, recurrent_kernels: of update, reset and candidate, transposed.
        reset_after: as in the layer.

    Returns:
        The gradient of the state before the step; and those of its input, of the sums
        inside the update gate, the reset gate and the candidate, and, with `reset_after`,
        of the candidate's recurrent share.
    """
    d, h, z, r, c, g = saved
    (wz, wr, wc), (uz, ur, uc) = kernels, recurrent_kernels
    dh = dh + d
    dz = dh * (h - c) * z * (1 - z)
    dc = dh * (1 - z) * (1 - c * c)
    if reset_after:
        dg = dc * r
        dr = dg * g * (1 - r)
        own = dg @ uc
    else:
        dg = dc @ uc
        dr = dg * g * (1 - r)
        own = dg * r
    dh = dh * z + own + dz @ uz + dr @ ur
    return dh, (dz @ wz + dr @ wr + dc @ wc, dz, dr, dc, *([dg] if reset_after else []))
