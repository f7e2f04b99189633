"""DeepBind's published networks side by side in one model."""

import keras
import numpy as np

import genome_keras
from genome_keras.errors import WeightsError
from genome_keras.sharing.deepbind_files import DeepBindNetwork


def stacked(
    networks: dict[str, DeepBindNetwork],
    *,
    window: int | None,
    output: str,
    where: object = "deepbind",
) -> tuple[keras.Model, list[str]]:
    """One model of many networks.

    Args:
        networks: name -> `DeepBindNetwork`.
        window, output: as in `deepbind_2015`.
        where: what to call the networks in errors.

    Returns:
        The compiled model, and the names in the order of its output.

    Raises:
        WeightsError: networks that read other strands, or have other numbers of detectors.

    Example:
        >>> detectors, ones = np.ones((2, 4, 1), "float32"), np.ones(1, "float32")
        >>> network = DeepBindNetwork(True, 2, "max", 0, detectors, ones, ((ones[None], ones),))
        >>> model, names = stacked({"D1": network, "D2": network}, window=12, output="probability")
        >>> model.output_shape, names
        ((None, 2), ['D1', 'D2'])
    """
    for what in ("both_strands", "filters"):
        kinds = {_fact(network, what): name for name, network in networks.items()}
        if len(kinds) > 1:
            first, second = list(kinds.values())[:2]
            raise WeightsError(
                f"{where}: {first} and {second} do not fit into one model: they differ in {what} "
                "(networks for RNA read one strand, those for DNA both). Import them apart"
            )
    groups = {}
    for name, network in networks.items():
        groups.setdefault((network.width, network.readout, network.hidden), []).append(name)
    shapes = sorted(groups)
    model = genome_keras.deepbind_2015(
        window=window,
        tasks=[len(groups[shape]) for shape in shapes],
        widths=[width for width, _, _ in shapes],
        readouts=[readout for _, readout, _ in shapes],
        hidden=[hidden for _, _, hidden in shapes],
        filters=_fact(next(iter(networks.values())), "filters"),
        both_strands=_fact(next(iter(networks.values())), "both_strands"),
        output=output,
    )
    for number, shape in enumerate(shapes, 1):
        _set(model, number, [networks[name] for name in groups[shape]])
    return model, [name for shape in shapes for name in groups[shape]]


def _fact(network, what):
    return len(network.thresholds) if what == "filters" else network.both_strands


def _set(model, number, networks):
    """Sets the weights of a group."""
    detectors = np.concatenate([network.detectors for network in networks], -1)
    thresholds = np.concatenate([network.thresholds for network in networks])
    model.get_layer(f"detectors_{number}").set_weights([detectors, thresholds])
    names = [f"hidden_{number}", f"score_{number}"][-len(networks[0].layers) :]
    for place, name in enumerate(names):
        layers = [network.layers[place] for network in networks]
        model.get_layer(name).set_weights(
            [np.stack(arrays) for arrays in zip(*layers, strict=True)]
        )
