"""A GRU for torch on CPUs with a hand-written backward pass.

Loops over the time steps in Python. Their large matrix products are oneDNN's where torch
has them: those of MKL, which torch takes elsewhere, use half of what processors of AMD with
AVX-512 can do. The inputs' share of the gates is computed for several steps at once; so
are, backwards, the gradients of the input and of the weights, while what they are made of
is in the cache.
"""

import numpy as np
import torch

ROWS = 512  # of a product for several steps at once
PACKED = 16  # rows of one step's product from which on oneDNN's speed outweighs its calls' cost


@torch.compiler.disable  # it would unroll the loops
def gru(
    x, state, kernel, recurrent_kernel, bias, *, reset_after, go_backwards=False, sequences=True
):
    """All states of a GRU.

    Args:
        x: float32 (batch, window, features).
        state: float32 (batch, units), the state before the first step.
        kernel, recurrent_kernel: float32 (features, 3 units), (units, 3 units);
            gates in Keras's order: update, reset, candidate.
        bias: float32 (2, 3 units) with `reset_after`, else (3 units,).
        reset_after: whether the reset gate applies after the recurrent product.
        go_backwards: read from the last step to the first.
        sequences: without, predictions write one state over the other.

    Returns:
        float32 (batch, window, units), in the order of reading, or None without
        `sequences`; and the last of them, (batch, units).

    Raises:
        NotImplementedError: in the backward pass, where gradients of gradients are asked for.
    """
    if x.is_meta:  # Keras asks for shapes
        return x.new_empty(*x.shape[:2], state.shape[1]), torch.empty_like(state)
    if not reset_after:
        bias = torch.stack([bias, torch.zeros_like(bias)])
    x = x.transpose(0, 1)
    if go_backwards:
        x = x.flip(0)
    arguments = x, state, kernel, recurrent_kernel, bias
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in arguments):
        states, last = _States.apply(reset_after, *arguments)
    else:
        states, *_ = _forward(*arguments, reset_after=reset_after, sequences=sequences, keep=False)
        states, last = states[1:], states[-1]
    return states.transpose(0, 1) if sequences else None, last


class _States(torch.autograd.Function):
    """The states after the steps (window, batch, units), and the last of them by itself."""

    @staticmethod
    def forward(ctx, reset_after, *arguments):
        x, _, kernel, recurrent_kernel, _ = arguments
        states, *gates = _forward(*arguments, reset_after=reset_after, sequences=True, keep=True)
        ctx.save_for_backward(x, kernel, recurrent_kernel, states, *gates)
        ctx.set_materialize_grads(False)
        ctx.reset_after = reset_after
        return states[1:], states[-1].clone()

    @staticmethod
    @torch.compiler.disable
    def backward(ctx, d_states, d_last):
        if torch.is_grad_enabled():  # `once_differentiable` would leave some out silently
            raise NotImplementedError(
                "a GRU's gradients have no gradients on torch (create_graph=True). "
                "Within genome_keras.layers.recurrent.keras_only() they have"
            )
        return None, *_backward(d_states, d_last, *ctx.saved_tensors, reset_after=ctx.reset_after)


def _forward(x, state, kernel, recurrent_kernel, bias, *, reset_after, sequences, keep):
    """States (1 + window, batch, units) from the given one on, or the last (1, batch, units);
    and, of all steps to be kept, the update and the reset gate side by side, the candidate,
    and its recurrent share (or, without `reset_after`, what that reads)."""
    window, rows, units = *x.shape[:2], state.shape[1]
    kept = window if keep else 1
    states = _empty(1 + window if sequences else 1, rows, units)
    gates, candidates, shares = (_empty(kept, rows, n * units) for n in (2, 1, 1))
    with torch.inference_mode():
        states[0] = state
        h, *after = states.unbind()
        after = after or [h] * window
        steps = [part.unbind() for part in (gates, *gates.chunk(2, -1), candidates, shares)]
        steps.append(tuple(candidates.numpy()))
        steps = [step * (window // kept) for step in steps]
        product, *product_c = _products(recurrent_kernel, bias[1], rows, reset_after)
        for (a, b), both, z, r, c, g, numbers, place in zip(
            _inputs(x, kernel, bias[0]), *steps, after, strict=True
        ):
            if reset_after:
                own, own_c = product(h).tensor_split([2 * units], 1)
                torch.add(a, own, out=both).sigmoid_()
                torch.addcmul(b, r, own_c, out=c)
                if keep:
                    g.copy_(own_c)
            else:
                torch.add(a, product(h), out=both).sigmoid_()
                torch.add(b, product_c[0](torch.mul(r, h, out=g)), out=c)
            np.tanh(numbers, out=numbers)  # c; torch's tanh takes several times as long
            h = torch.lerp(c, h, z, out=place)
    return states, gates, candidates, shares


def _backward(
    d_states, d_last, x, kernel, recurrent_kernel, states, gates, candidates, shares, *, reset_after
):
    """Gradients of x, the first state, kernel, recurrent_kernel and bias, by those of the
    states after the steps and of the last of them; either may be None."""
    window, rows, units = candidates.shape
    d_x, d_state = _empty(*x.shape), states.new_zeros(rows, units)
    d_kernel, d_recurrent = torch.zeros_like(kernel), torch.zeros_like(recurrent_kernel)
    d_bias = kernel.new_zeros(2, 3 * units)
    with torch.inference_mode():
        products = _products(recurrent_kernel, None, rows, reset_after, transposed=True)
        # Of the sums inside the gates and the candidate: what the input and the state added.
        size = min(window, _steps(rows))
        d_inputs, d_own = (_empty(size, rows, n * units) for n in (3, 3 if reset_after else 2))
        d_candidates = _empty(size, rows, units)
        dh = d_state if d_last is None else d_last.clone()
        for start in reversed(range(0, window, size)):
            some = slice(start, min(start + size, window))
            steps = some.stop - start
            saved = states[1:][some], gates[some], candidates[some], shares[some]
            made = [array[:steps] for array in (d_inputs, d_own, d_candidates)]
            dh = _back(dh, None if d_states is None else d_states[some], saved, made, products)
            given, own, dc = (array.flatten(0, 1) for array in made)
            d_x[some] = _linear(given, kernel).unflatten(0, (steps, rows))
            d_kernel += _linear(x[some].flatten(0, 1).T, given.T)
            d_bias[0] += given.sum(0)
            d_recurrent[:, : own.shape[1]] += _linear(states[some].flatten(0, 1).T, own.T)
            if reset_after:
                d_bias[1] += own.sum(0)
            else:
                d_recurrent[:, 2 * units :] += _linear(shares[some].flatten(0, 1).T, dc.T)
        d_state.copy_(dh)
    return d_x, d_state, d_kernel, d_recurrent, d_bias


def _back(dh, d_states, saved, made, products):
    """The gradient of the state before some steps, from that after them."""
    states, gates, candidates, shares = saved
    d_inputs, d_own, d_candidates = made
    product, *product_c = products  # the second without `reset_after`
    units = dh.shape[1]
    dz, dr, *dg = d_own.split(units, -1)
    arrays = states, *gates.chunk(2, -1), candidates, shares, d_inputs, d_candidates
    arrays += d_own, d_own[..., : 2 * units], dz, dr, *dg
    arrays = [array.unbind() for array in arrays]
    later = [None] * len(states) if d_states is None else d_states.unbind()
    spare = torch.empty_like(dh)
    for d, h, z, r, c, g, given, dc, own, both, dz, dr, *dg in reversed(
        list(zip(later, *arrays, strict=True))
    ):
        if d is not None:
            dh.add_(d)
        before = dh * z
        dh.sub_(before)  # the candidate's
        # The update gate times what it weighs, the state before less c, is h - c.
        torch.mul(dh, torch.sub(h, c, out=spare), out=dz)
        torch.addcmul(dh, torch.mul(dh, c, out=spare), c, value=-1, out=dc)
        if product_c:
            read = product_c[0](dc)
            before.addcmul_(read, r)
        else:
            read = torch.mul(dc, r, out=dg[0])
        torch.mul(read, g, out=spare)
        torch.addcmul(spare, spare, r, value=-1, out=dr)
        dh = before.add_(product(own))
        torch.cat((both, dc), 1, out=given)
    return dh


def _inputs(x, kernel, bias):
    """The inputs' share of the gates and of the candidate, step by step."""
    matrix, units = kernel.T.contiguous(), kernel.shape[1] // 3
    for some in x.split(_steps(x.shape[1])):
        shares = _linear(some.flatten(0, 1), matrix, bias).unflatten(0, some.shape[:2])
        yield from zip(
            *(part.unbind() for part in shares.tensor_split([2 * units], -1)), strict=True
        )


def _products(recurrent_kernel, bias, rows, reset_after, *, transposed=False):
    """The product of a step's rows with the recurrent kernel; without `reset_after`, that
    with its part for the gates and that with its part for the candidate."""
    units = recurrent_kernel.shape[0]
    cuts = [3 * units] if reset_after else [2 * units, units]
    matrices = recurrent_kernel.split(cuts, 1)
    if transposed:
        return [_product(matrix.T.contiguous(), None, rows) for matrix in matrices]
    biases = bias.split(cuts)
    return [_product(*pair, rows) for pair in zip(matrices, biases, strict=True)]


def _product(matrix, bias, rows):
    if _ONEDNN and rows >= PACKED:
        packed = torch.ops.mkldnn._reorder_linear_weight(matrix.T.contiguous(), rows)
        return lambda h: _linear(h, packed, bias)
    out = _empty(rows, matrix.shape[1])
    if bias is None:
        return lambda h: torch.mm(h, matrix, out=out)
    return lambda h: torch.addmm(bias, h, matrix, out=out)


def _linear(rows, matrix, bias=None):
    """rows @ matrix.T + bias."""
    if _ONEDNN:
        return torch.ops.mkldnn._linear_pointwise(rows, matrix, bias, "none", [], "")
    return torch.nn.functional.linear(rows, matrix, bias)


def _steps(rows):
    return max(1, ROWS // max(1, rows))


def _empty(*shape):
    # numpy asks the system for large pages and torch does not: fewer page faults.
    return torch.from_numpy(np.empty(shape, np.float32))


_ONEDNN = torch.backends.mkldnn.is_available() and all(
    hasattr(torch.ops.mkldnn, name) for name in ("_linear_pointwise", "_reorder_linear_weight")
)
