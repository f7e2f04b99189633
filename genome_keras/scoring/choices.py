"""Checks of the windows that a caller gives to a model."""

import numpy as np


def check_windows(codes: np.ndarray, window: int | None) -> None:
    """Raises ValueError for no windows at all, or codes (n, window) of another length.

    Args:
        codes: uint8 (n, window).
        window: bp that the model takes; None is any.

    Example:
        >>> check_windows(np.zeros((1, 12), np.uint8), 200)
        Traceback (most recent call last):
        ValueError: expected windows of 200 bp. Received: 12 bp
    """
    if not len(codes):
        raise ValueError("expected at least one window. Received: none")
    if window not in (None, codes.shape[1]):
        raise ValueError(f"expected windows of {window} bp. Received: {codes.shape[1]} bp")
