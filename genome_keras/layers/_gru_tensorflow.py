"""A GRU for TensorFlow on CPUs with a hand-written backward pass.

The input's share of each gate is computed in the loop, where it stays in the cache,
and each gate has a matrix of its own: slices of a wider product would keep XLA from
fusing and vectorising the gate arithmetic. The backward loop gives the gradients of
the input, the state and the gates; those of the weights come from large matrix
products over all time steps after it. Loops of a known number of steps are compiled
by XLA, once for each batch size; others run operation by operation, at any length.
"""

import tensorflow as tf

from genome_keras.layers._gru_steps import backward_step


def gru(
    x, state, kernel, recurrent_kernel, bias, *, reset_after, go_backwards=False, training=False
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
        training: keep the gates for the backward pass, which else computes them anew.

    Returns:
        float32 (batch, window, units), in the order of reading; and the last of
        them, (batch, units).
    """
    # `custom_gradient` takes values, not variables.
    kernel, recurrent_kernel, bias = map(tf.convert_to_tensor, (kernel, recurrent_kernel, bias))
    if not reset_after:
        bias = tf.stack([bias, tf.zeros_like(bias)])
    x = tf.transpose(x, [1, 0, 2])
    if go_backwards:
        x = tf.reverse(x, [0])

    def forward(*arguments, keep):
        return _forward(*arguments, reset_after=reset_after, keep=keep)

    def backward(*arguments):
        return _backward(*arguments, reset_after=reset_after)

    if not tf.executing_eagerly() and x.shape[0] is not None:
        forward = tf.function(forward, jit_compile=True, autograph=False)
        backward = tf.function(backward, jit_compile=True, autograph=False)

    @tf.custom_gradient
    def states_of(*arguments):
        states, *gates = forward(*arguments, keep=training)

        def gradients(d_states):
            kept = gates or forward(*arguments, keep=True)[1:]
            x, state, kernel, recurrent_kernel, _ = arguments
            previous = tf.concat([state[None], states[:-1]], 0)
            d_x, d_state, *d_gates = backward(d_states, previous, kernel, recurrent_kernel, *kept)
            # What the recurrent matrix of the candidate multiplies, and its gradient.
            read, d_read = (previous, d_gates[3]) if reset_after else (kept[-1], d_gates[2])
            dz, dr, dc = d_gates[:3]
            return (
                d_x,
                d_state,
                _products((x, dz), (x, dr), (x, dc)),
                _products((previous, dz), (previous, dr), (read, d_read)),
                tf.stack([_sums(dz, dr, dc), _sums(dz, dr, d_read)]),
            )

        return states, gradients

    states = states_of(x, state, kernel, recurrent_kernel, bias)
    return tf.transpose(states, [1, 0, 2]), states[-1]


def _forward(x, state, kernel, recurrent_kernel, bias, *, reset_after, keep):
    """States (window, batch, units); to be kept: the update and the reset gate, the
    candidate, and its recurrent share (or, without `reset_after`, what that reads)."""
    steps, shape = tf.shape(x)[0], (x.shape[1], recurrent_kernel.shape[0])
    inputs = _array(steps, x.shape[1:]).unstack(x)
    wz, wr, wc = tf.split(kernel, 3, -1)
    uz, ur, uc = tf.split(recurrent_kernel, 3, -1)
    bz, br, bc = tf.split(bias[0], 3)
    sz, sr, sc = tf.split(bias[1], 3)
    bz, br = bz + sz, br + sr

    def step(t, h, *arrays):
        x = inputs.read(t)
        z = tf.sigmoid(tf.nn.bias_add(x @ wz, bz) + h @ uz)
        r = tf.sigmoid(tf.nn.bias_add(x @ wr, br) + h @ ur)
        c = tf.nn.bias_add(x @ wc, bc)
        if reset_after:
            g = tf.nn.bias_add(h @ uc, sc)
            c = tf.tanh(c + r * g)
        else:
            g = r * h
            c = tf.tanh(c + g @ uc)
        h = c + z * (h - c)
        values = (h, z, r, c, g) if keep else (h,)
        return t + 1, h, *_written(arrays, t, values)

    arrays = [_array(steps, shape) for _ in range(5 if keep else 1)]
    _, _, *arrays = tf.while_loop(
        lambda t, *_: t < steps, step, (0, state, *arrays), maximum_iterations=steps
    )
    return [array.stack() for array in arrays]


def _backward(d_states, previous, kernel, recurrent_kernel, *gates, reset_after):
    """Gradients of x, of the state, and of the sums inside the update gate, the reset gate
    and the candidate; with `reset_after` also of the candidate's recurrent share."""
    steps, features = tf.shape(previous)[0], kernel.shape[0]
    shape = previous.shape[1:]
    inputs = [_array(steps, shape).unstack(a) for a in (d_states, previous, *gates)]
    kernels = [tf.transpose(matrix) for matrix in tf.split(kernel, 3, -1)]
    recurrent_kernels = [tf.transpose(matrix) for matrix in tf.split(recurrent_kernel, 3, -1)]

    def step(t, dh, *arrays):
        saved = [array.read(t) for array in inputs]
        dh, values = backward_step(dh, saved, kernels, recurrent_kernels, reset_after=reset_after)
        return t - 1, dh, *_written(arrays, t, values)

    arrays = [_array(steps, (shape[0], features))]
    arrays += [_array(steps, shape) for _ in range(4 if reset_after else 3)]
    _, d_state, d_x, *d_gates = tf.while_loop(
        lambda t, *_: t >= 0,
        step,
        (steps - 1, tf.zeros_like(previous[0]), *arrays),
        maximum_iterations=steps,
    )
    return d_x.stack(), d_state, *(array.stack() for array in d_gates)


def _array(steps, shape):
    return tf.TensorArray(tf.float32, steps, element_shape=shape, clear_after_read=False)


def _written(arrays, t, values):
    return [array.write(t, value) for array, value in zip(arrays, values, strict=True)]


def _products(*pairs):
    """a^T b of each pair over all steps and rows, side by side."""
    return tf.concat([tf.matmul(_flat(a), _flat(b), transpose_a=True) for a, b in pairs], -1)


def _sums(*arrays):
    return tf.concat([tf.reduce_sum(array, (0, 1)) for array in arrays], -1)


def _flat(x):
    return tf.reshape(x, [-1, x.shape[-1]])
