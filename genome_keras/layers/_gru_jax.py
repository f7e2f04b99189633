"""A GRU for JAX on CPUs with a hand-written backward pass.

Each gate has a matrix of its own: slices of a wider product would keep XLA's CPU
compiler from fusing and vectorising the gate arithmetic. The input's share of the
gates is computed in the loop, where it stays in the cache. The backward scan gives
the gradients of the input, the state and the gates; those of the weights come from
large matrix products over all time steps after it.
"""

from functools import partial

import jax
from jax import lax
from jax import numpy as jnp

from genome_keras.layers._gru_steps import backward_step


def gru(x, state, kernel, recurrent_kernel, bias, *, reset_after, go_backwards=False):
    """All states of a GRU.

    Args:
        x: float (batch, window, features).
        state: float (batch, units), the state before the first step.
        kernel, recurrent_kernel: float (features, 3 units), (units, 3 units);
            gates in Keras's order: update, reset, candidate.
        bias: float (2, 3 units) with `reset_after`, else (3 units,).
        reset_after: whether the reset gate applies after the recurrent product.
        go_backwards: read from the last step to the first.

    Returns:
        float (batch, window, units), in the order of reading.
    """
    if not reset_after:
        bias = jnp.stack([bias, jnp.zeros_like(bias)])
    x = jnp.swapaxes(x, 0, 1)
    if go_backwards:
        x = x[::-1]
    return jnp.swapaxes(_states(reset_after, x, state, kernel, recurrent_kernel, bias), 0, 1)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _states(reset_after, *arguments):
    return _forward(reset_after, *arguments)[0]


def _forward(reset_after, x, state, kernel, recurrent_kernel, bias):
    wz, wr, wc = jnp.split(kernel, 3, -1)
    uz, ur, uc = jnp.split(recurrent_kernel, 3, -1)
    bz, br, bc = jnp.split(bias[0], 3)
    sz, sr, sc = jnp.split(bias[1], 3)
    bz, br = bz + sz, br + sr

    def step(h, x):
        z = _sigmoid(x @ wz + bz + h @ uz)
        r = _sigmoid(x @ wr + br + h @ ur)
        c = x @ wc + bc
        if reset_after:
            g = h @ uc + sc
            c = jnp.tanh(c + r * g)
        else:
            g = r * h
            c = jnp.tanh(c + g @ uc)
        h = c + z * (h - c)
        return h, (h, z, r, c, g)

    _, (states, *gates) = lax.scan(step, state, x)
    return states, (x, state, kernel, recurrent_kernel, states, gates)


def _backward(reset_after, saved, d_states):
    x, state, kernel, recurrent_kernel, states, gates = saved
    previous = jnp.concatenate([state[None], states[:-1]])
    kernels = [matrix.T for matrix in jnp.split(kernel, 3, -1)]
    recurrent_kernels = [matrix.T for matrix in jnp.split(recurrent_kernel, 3, -1)]

    def step(dh, inputs):
        return backward_step(dh, inputs, kernels, recurrent_kernels, reset_after=reset_after)

    inputs = (d_states, previous, *gates)
    d_state, (d_x, *d_gates) = lax.scan(step, jnp.zeros_like(state), inputs, reverse=True)
    # What the recurrent matrix of the candidate multiplies, and its gradient.
    read, d_read = (previous, d_gates[3]) if reset_after else (gates[-1], d_gates[2])
    dz, dr, dc = d_gates[:3]
    return (
        d_x,
        d_state,
        _products((x, dz), (x, dr), (x, dc)),
        _products((previous, dz), (previous, dr), (read, d_read)),
        jnp.stack([_sums(dz, dr, dc), _sums(dz, dr, d_read)]),
    )


_states.defvjp(_forward, _backward)


def _sigmoid(x):
    return 0.5 * jnp.tanh(0.5 * x) + 0.5


def _products(*pairs):
    """a^T b of each pair over all steps and rows, side by side."""
    return jnp.concatenate([_flat(a).T @ _flat(b) for a, b in pairs], -1)


def _sums(*arrays):
    return jnp.concatenate([array.sum((0, 1)) for array in arrays], -1)


def _flat(x):
    return x.reshape(-1, x.shape[-1])
