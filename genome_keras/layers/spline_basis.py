"""Steps of a window summed up by smooth, overlapping weights."""

from typing import Any

import keras
import numpy as np
from keras import ops

from genome_keras.arguments import at_least

DEGREE = 3


@keras.saving.register_keras_serializable("genome_keras")
class SplineBasis(keras.layers.Layer):
    """Sums over the steps of each channel, each weighted by one cubic B-spline.

    Knots lie evenly from the first step to the last; nothing is trained.

    Args:
        splines: their number, at least 4.

    Call arguments:
        inputs: float (batch, steps, channels), at least 2 steps.

    Returns:
        float (batch, channels, splines).

    Source: Chen et al. 2022 (doi:10.1038/s41588-022-01102-2), Sei's spline basis function
        transformation.

    Example:
        >>> import numpy as np
        >>> sums = SplineBasis(4)(np.ones((1, 5, 2)))  # at every step the weights add up to 1
        >>> tuple(sums.shape), round(float(keras.ops.sum(sums[0, 0])), 4)
        ((1, 2, 4), 5.0)
    """

    def __init__(self, splines: int = 16, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        at_least(DEGREE + 1, splines=splines)
        self.splines = splines

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.basis = spline_basis(input_shape[1], self.splines)

    def call(self, inputs: Any) -> Any:
        basis = ops.convert_to_tensor(self.basis, dtype=self.compute_dtype)
        return ops.matmul(ops.transpose(inputs, (0, 2, 1)), basis)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], input_shape[2], self.splines)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "splines": self.splines}


def spline_basis(steps: int, splines: int) -> np.ndarray:
    """Cubic B-splines at the steps 0, 1 and so on, by Cox and de Boor's recursion.

    Args:
        steps: at least 2.
        splines: at least 4.

    Returns:
        float32 (steps, splines); every row adds up to 1.

    Raises:
        ValueError: fewer of either.

    Example:
        >>> spline_basis(3, 4).tolist()  # of no inner knots: Bernstein's polynomials
        [[1.0, 0.0, 0.0, 0.0], [0.125, 0.375, 0.375, 0.125], [0.0, 0.0, 0.0, 1.0]]
    """
    at_least(2, steps=steps)
    at_least(DEGREE + 1, splines=splines)
    ends = np.zeros(DEGREE), np.full(DEGREE, steps - 1.0)
    knots = np.concatenate([ends[0], np.linspace(0, steps - 1, splines - DEGREE + 1), ends[1]])
    at = np.arange(steps, dtype=float)[:, None]
    basis = ((knots[:-1] <= at) & (at < knots[1:])).astype(float)
    basis[-1, splines - 1] = 1  # the last step belongs to the last interval
    for degree in range(1, DEGREE + 1):
        widths = knots[degree:] - knots[:-degree]
        shares = (at - knots[:-degree]) / np.where(widths, widths, 1) * (widths > 0)
        falling = (knots[degree:] - at) / np.where(widths, widths, 1) * (widths > 0)
        basis = shares[:, :-1] * basis[:, :-1] + falling[:, 1:] * basis[:, 1:]
    return basis.astype("float32")
