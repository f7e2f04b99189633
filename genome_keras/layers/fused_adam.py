"""Adam in one pass over the weights, where the backend has such a step."""

from typing import Any

import keras

from genome_keras.layers.recurrent import on_cpu

_PART = 2**14  # numbers whose norm is taken at once


@keras.saving.register_keras_serializable("genome_keras")
class FusedAdam(keras.optimizers.Adam):
    """`keras.optimizers.Adam` with one operation a weight on CPUs with TensorFlow or torch.

    Keras's step is a dozen operations, each of which reads and writes all weights: of danq
    and deepsea, with 50 million, they take half of the time of training. Numbers, state and
    arguments are Keras's. `amsgrad`, weights other than float32, sparse gradients, replicas,
    GPUs and JAX, which fuses the operations itself, take Keras's own steps. On torch,
    `global_clipnorm` cuts gradients in place, as `torch.nn.utils.clip_grad_norm_` does.

    Args: as `keras.optimizers.Adam`.

    Source: Kingma & Ba 2015 (arXiv:1412.6980).

    Example:
        >>> FusedAdam(1e-3, global_clipnorm=1.0).global_clipnorm
        1.0
    """

    _fused_by = None  # the backend whose step in one pass it takes
    _divisor = None  # of the gradients of one step, on torch

    def build(self, var_list: list) -> None:
        super().build(var_list)
        self._fused_by = None if self.amsgrad else _one_device()

    def _clip_gradients(self, grads):
        clip = self.global_clipnorm
        if not clip or self.clipnorm or not self._fused(grads):
            return super()._clip_gradients(grads)
        if self._fused_by == "tensorflow":
            import tensorflow as tf

            return tf.clip_by_global_norm(grads, clip)[0]
        import torch

        # Of many numbers at once torch's norm is wrong in the fourth digit.
        parts = [part for grad in grads for part in grad.reshape(-1).split(_PART)]
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(parts)))
        # Where a gradient is infinite, all become NaN, as with Keras.
        self._divisor = torch.clamp(norm / clip, min=1) + (norm - norm)
        return grads

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        divisor, self._divisor = self._divisor, None
        if self._fused_by != "torch" or not self._fused([*grads, *trainable_variables]):
            return super()._backend_update_step(grads, trainable_variables, learning_rate)
        import torch

        numbers = [self._get_variable_index(variable) for variable in trainable_variables]
        kept = (self._momentums, self._velocities)
        means, squares = ([some[number].value for number in numbers] for some in kept)
        steps = int(self.iterations) + 1
        with torch.no_grad():
            torch._fused_adam_(
                [variable.value for variable in trainable_variables],
                [grad.contiguous() for grad in grads],
                means,
                squares,
                [],
                [torch.tensor(float(steps))] * len(grads),
                lr=float(learning_rate),
                beta1=self.beta_1,
                beta2=self.beta_2,
                weight_decay=0.0,
                # torch adds it to an unbiased root, Keras to the root as it is.
                eps=self.epsilon / (1 - self.beta_2**steps) ** 0.5,
                amsgrad=False,
                maximize=False,
                grad_scale=divisor,
                found_inf=None,
            )

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if self._fused_by != "tensorflow" or not self._fused([gradient, variable]):
            return super().update_step(gradient, variable, learning_rate)
        import tensorflow as tf

        number = self._get_variable_index(variable)
        mean, square = self._momentums[number].value, self._velocities[number].value
        step = tf.cast(self.iterations + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=mean.handle,
            v=square.handle,
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=tf.cast(learning_rate, tf.float32),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )

    def _fused(self, tensors):
        """Whether all are dense float32."""
        if self._fused_by == "tensorflow":
            import tensorflow as tf

            kinds = (tf.Tensor, tf.Variable)
            return all(isinstance(each, kinds) and each.dtype == tf.float32 for each in tensors)
        if self._fused_by == "torch":
            return all(keras.backend.standardize_dtype(each.dtype) == "float32" for each in tensors)
        return False


def _one_device():
    """The backend, where there are steps in one pass and one device, a CPU; else None."""
    backend = keras.backend.backend()
    if backend not in ("tensorflow", "torch") or not on_cpu(backend):
        return None
    if backend == "tensorflow":
        import tensorflow as tf

        return None if tf.distribute.has_strategy() else backend
    return backend
