"""The middle of stored windows."""


def centre(stored, window):
    """The slice of `window` bp in the middle of `stored` bp.

    Args:
        stored: bp.
        window: bp; None takes all.

    Raises:
        ValueError: it does not fit, or has no middle there.
    """
    if window is None:
        return slice(0, stored)
    if not 0 < window <= stored or (stored - window) % 2:
        raise ValueError(
            f"window must be 1 to {stored} and {'odd' if stored % 2 else 'even'}, to lie in the "
            f"middle of {stored} bp. Received: window={window!r}"
        )
    start = (stored - window) // 2
    return slice(start, start + window)
