"""Checks of arguments that functions and factories share."""


def at_least_one(**sizes):
    """Raises ValueError for a size that is not an integer of at least 1."""
    for name, value in sizes.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} must be an integer of at least 1. Received: {name}={value!r}")


def one_of(*, accepted, **choice):
    """Raises ValueError for a word that is not among `accepted`."""
    for name, value in choice.items():
        if value not in accepted:
            words = ", ".join(map(repr, accepted))
            raise ValueError(f"{name} must be one of {words}. Received: {name}={value!r}")


def layers_of(**sizes):
    """Checks arguments that have one number for each layer.

    Returns:
        A list of one tuple for each layer, in the order of the arguments.

    Raises:
        ValueError: not tuples of one length, or a number below one.
    """
    for name, values in sizes.items():
        if not isinstance(values, (tuple, list)) or not values:
            raise ValueError(
                f"{name} must have one integer for each layer. Received: {name}={values!r}"
            )
        at_least_one(**{f"{name}[{i}]": value for i, value in enumerate(values)})
    lengths = {name: len(values) for name, values in sizes.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"need one number for each layer in each. Received lengths: {lengths}")
    return list(zip(*sizes.values(), strict=True))


def check_positive(**sizes):
    """Raises ValueError for a size below 1."""
    for name, value in sizes.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1. Received: {name}={value}")
