"""Convolution, pooling and normalisation along the window as single operations of torch.

Arrays are (batch, window, channels). Keras on torch turns them round before and after each
convolution and pooling, and takes eight passes for a normalisation. Here torch gets them as
images of one row, which it reads as they lie. Weights, numbers and configuration are Keras's;
other backends, GPUs, masks and types other than float32 take Keras's own path.
"""

from typing import Any

import keras

from genome_keras.layers.recurrent import torch_at_once

WIDE = 512  # channels: from here on, to turn the kernel round at each call takes longer


@keras.saving.register_keras_serializable("genome_keras")
class Conv1D(keras.layers.Conv1D):
    """`keras.layers.Conv1D`, channels last, as one operation of torch on CPUs.

    Strides, groups, causal padding and padding that is not the same on both sides take Keras's
    own path.

    Args: as `keras.layers.Conv1D`.

    Example:
        >>> tuple(Conv1D(4, 3)(keras.ops.zeros((2, 8, 5))).shape)
        (2, 6, 4)
    """

    @property
    def at_once(self) -> bool:
        """Whether torch can take it as one operation, of float32 on a CPU."""
        usual = self.padding != "causal" and self._reach % 2 == 0
        usual = usual and self.strides == (1,) and self.groups == 1
        return usual and self.data_format == "channels_last"

    @property
    def _reach(self):
        """Positions that padding adds."""
        return (self.kernel_size[0] - 1) * self.dilation_rate[0] if self.padding == "same" else 0

    def call(self, inputs: Any) -> Any:
        if not (self.at_once and torch_at_once(inputs)):
            return super().call(inputs)
        kernel = keras.ops.convert_to_tensor(self.kernel)
        bias = None if self.bias is None else keras.ops.convert_to_tensor(self.bias)
        outputs = self.sums(inputs, kernel, bias)
        return outputs if self.activation is None else self.activation(outputs)

    def sums(self, inputs: Any, kernel: Any, bias: Any) -> Any:
        """What it gives before its activation, by torch, with another kernel and bias.

        Args:
            inputs: float32 (batch, window, channels).
            kernel: float32 (width, channels, filters).
            bias: float32 (filters,), or None.

        Returns:
            float32 (batch, positions, filters).
        """
        if inputs.shape[2] >= WIDE:
            return _products(inputs, kernel, bias, self._reach // 2, self.dilation_rate[0])
        from torch.nn.functional import conv2d

        how = {"padding": (0, self._reach // 2), "dilation": (1, *self.dilation_rate)}
        return _window(conv2d(_image(inputs), kernel.permute(2, 1, 0).unsqueeze(2), bias, **how))


@keras.saving.register_keras_serializable("genome_keras")
class MaxPooling1D(keras.layers.MaxPooling1D):
    """`keras.layers.MaxPooling1D`, channels last, as one operation of torch on CPUs.

    Windows that overlap, and padding where there is some, take Keras's own path.

    Args: as `keras.layers.MaxPooling1D`.

    Example:
        >>> tuple(MaxPooling1D(2, data_format="channels_last")(keras.ops.zeros((2, 8, 5))).shape)
        (2, 4, 5)
    """

    def call(self, inputs: Any) -> Any:
        pool = self.pool_size[0]
        usual = self.strides == self.pool_size and self.data_format == "channels_last"
        if not (usual and torch_at_once(inputs)) or (
            self.padding == "same" and inputs.shape[1] % pool
        ):
            return super().call(inputs)
        import torch

        if not torch.is_grad_enabled():  # nobody asks which it was
            steps = inputs.shape[1] // pool
            return inputs[:, : steps * pool].unflatten(1, (steps, pool)).amax(2)
        return _window(torch.nn.functional.max_pool2d(_image(inputs), (1, pool)))


@keras.saving.register_keras_serializable("genome_keras")
class BatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization` over the last axis as one operation of torch on CPUs.

    Args: as `keras.layers.BatchNormalization`.

    Example:
        >>> tuple(BatchNormalization()(keras.ops.zeros((2, 8, 5))).shape)
        (2, 8, 5)
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        rank = len(inputs.shape)
        usual = mask is None and not self.renorm and self.axis in (-1, rank - 1)
        if not (usual and rank in (2, 3) and torch_at_once(inputs)):
            return super().call(inputs, training=training, mask=mask)
        import torch

        weights = (self.gamma, self.beta, self.moving_mean, self.moving_variance)
        gamma, beta, mean, variance = (None if w is None else w.value for w in weights)
        image = _image(inputs) if rank == 3 else inputs
        if training and self.trainable:
            none, epsilon = (None, None, True, 0.0), self.epsilon
            outputs, mean, root = torch.native_batch_norm(image, gamma, beta, *none, epsilon)
            self._average(self.moving_mean, mean)
            self._average(self.moving_variance, (root**-2 - epsilon).clamp(min=0))
        else:
            of_all = torch.nn.functional.batch_norm
            outputs = of_all(image, mean, variance, gamma, beta, eps=self.epsilon)
        return _window(outputs) if rank == 3 else outputs

    def _average(self, kept, now):
        kept.assign(kept * self.momentum + now.detach() * (1 - self.momentum))


def _products(inputs, kernel, bias, padding, dilation):
    """A convolution as a sum of products, one for each step of the kernel, as it lies."""
    if padding:
        from torch.nn.functional import pad

        inputs = pad(inputs, (0, 0, padding, padding))
    steps = inputs.shape[1] - (len(kernel) - 1) * dilation
    outputs = inputs[:, :steps].matmul(kernel[0])
    for number in range(1, len(kernel)):
        first = number * dilation
        outputs = outputs + inputs[:, first : first + steps].matmul(kernel[number])
    return outputs if bias is None else outputs + bias


def _image(x):
    """(batch, window, channels) as (batch, channels, 1, window), at the same place in memory."""
    return x.permute(0, 2, 1).unsqueeze(2)


def _window(x):
    return x.squeeze(2).permute(0, 2, 1)
