"""A GRU for JAX on CPUs with a hand-written backward pass.

Gates are kept in three arrays, not in one that is sliced inside the loop: XLA's
CPU compiler then fuses and vectorises the gate arithmetic. The backward scan
carries only the gradient of the state; gradients of the weights come from one
matrix product over all time steps at its end.
"""

from functools import partial

import jax
from jax import lax
from jax import numpy as jnp


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
    input_bias, recurrent_bias = (bias[0], bias[1]) if reset_after else (bias, jnp.zeros_like(bias))
    x = jnp.swapaxes(x, 0, 1)
    if go_backwards:
        x = x[::-1]
    steps, batch, features = x.shape
    projected = (x.reshape(-1, features) @ kernel + input_bias).reshape(steps, batch, -1)
    recur = _scan_after if reset_after else _scan_before
    return jnp.swapaxes(recur(projected, state, recurrent_kernel, recurrent_bias), 0, 1)


def _sigmoid(x):
    return 0.5 * jnp.tanh(0.5 * x) + 0.5


def _previous(states, state):
    return jnp.concatenate([state[None], states[:-1]])


def _flat(x):
    return x.reshape(-1, x.shape[-1])


# Reset gate after the recurrent product (cuDNN's cell).


@partial(jax.custom_vjp)
def _scan_after(x, state, kernel, bias):
    return _forward_after(x, state, kernel, bias)[0]


def _forward_after(x, state, kernel, bias):
    units = kernel.shape[0]

    def step(h, x):
        g = h @ kernel + bias
        z = _sigmoid(x[:, :units] + g[:, :units])
        r = _sigmoid(x[:, units : 2 * units] + g[:, units : 2 * units])
        g = g[:, 2 * units :]
        c = jnp.tanh(x[:, 2 * units :] + r * g)
        h = z * h + (1 - z) * c
        return h, (h, z, r, c, g)

    _, (states, z, r, c, g) = lax.scan(step, state, x)
    return states, (states, state, z, r, c, g, kernel)


def _backward_after(saved, d_states):
    states, state, z, r, c, g, kernel = saved
    previous = _previous(states, state)
    transposed = kernel.T

    def step(dh, inputs):
        d, h, z, r, c, g = inputs
        dh = dh + d
        dz = dh * (h - c) * z * (1 - z)
        dc = dh * (1 - z) * (1 - c * c)
        dr = dc * g * r * (1 - r)
        dg = dc * r
        dh = dh * z + jnp.concatenate([dz, dr, dg], -1) @ transposed
        return dh, (dz, dr, dc, dg)

    d_state, (dz, dr, dc, dg) = lax.scan(
        step, jnp.zeros_like(state), (d_states, previous, z, r, c, g), reverse=True
    )
    d_recurrent = _flat(jnp.concatenate([dz, dr, dg], -1))
    d_x = jnp.concatenate([dz, dr, dc], -1)
    return d_x, d_state, _flat(previous).T @ d_recurrent, d_recurrent.sum(0)


_scan_after.defvjp(_forward_after, _backward_after)


# Reset gate before the recurrent product (the paper's cell).


@partial(jax.custom_vjp)
def _scan_before(x, state, kernel, bias):
    return _forward_before(x, state, kernel, bias)[0]


def _forward_before(x, state, kernel, bias):
    units = kernel.shape[0]
    gates, candidate = kernel[:, : 2 * units], kernel[:, 2 * units :]

    def step(h, x):
        g = h @ gates
        z = _sigmoid(x[:, :units] + g[:, :units])
        r = _sigmoid(x[:, units : 2 * units] + g[:, units:])
        c = jnp.tanh(x[:, 2 * units :] + (r * h) @ candidate)
        h = z * h + (1 - z) * c
        return h, (h, z, r, c)

    _, (states, z, r, c) = lax.scan(step, state, x + bias)
    return states, (states, state, z, r, c, kernel)


def _backward_before(saved, d_states):
    states, state, z, r, c, kernel = saved
    units = kernel.shape[0]
    previous = _previous(states, state)
    gates, candidate = kernel[:, : 2 * units].T, kernel[:, 2 * units :].T

    def step(dh, inputs):
        d, h, z, r, c = inputs
        dh = dh + d
        dz = dh * (h - c) * z * (1 - z)
        dc = dh * (1 - z) * (1 - c * c)
        dm = dc @ candidate
        dr = dm * h * r * (1 - r)
        dh = dh * z + dm * r + jnp.concatenate([dz, dr], -1) @ gates
        return dh, (dz, dr, dc)

    d_state, (dz, dr, dc) = lax.scan(
        step, jnp.zeros_like(state), (d_states, previous, z, r, c), reverse=True
    )
    d_gates = jnp.concatenate([dz, dr], -1)
    d_kernel = jnp.concatenate(
        [_flat(previous).T @ _flat(d_gates), _flat(previous * r).T @ _flat(dc)], -1
    )
    d_x = jnp.concatenate([d_gates, dc], -1)
    return d_x, d_state, d_kernel, _flat(d_x).sum(0)


_scan_before.defvjp(_forward_before, _backward_before)
