"""What the layers of a model say about windows: outputs, and hidden states step by step."""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np

from genome_keras.arguments import one_of
from genome_keras.encode import tokens
from genome_keras.layers.clockwork import Clockwork
from genome_keras.scoring.batch import BatchSizes, compiles_sizes, filled
from genome_keras.scoring.choices import check_windows
from genome_keras.scoring.model_in_use import keras_model_of
from genome_keras.scoring.twins import compiled, twin

WHICH = ("all", "last")


class Readout(NamedTuple):
    """A layer whose output can be read.

    Attributes:
        layer: its name.
        kind: its class.
        shape: of its output for one window; None is any length.
        recurrent: whether what is read are hidden states, one a step.

    Example:
        >>> Readout("forward_gru", "GRU", (12, 3), recurrent=True).shape
        (12, 3)
    """

    layer: str
    kind: str
    shape: tuple
    recurrent: bool


def readouts(model: object) -> list[Readout]:
    """The layers of a model that `read_out` takes.

    Args:
        model: a functional `keras.Model` with one input of codes (batch, window), of any
            factory; a `Checkpoint` or the name of one, or a `Scorer`.

    Returns:
        List of `Readout`, in the order of the layers.

    Raises:
        ValueError: another model, or one that keeps its state between batches.

    Example:
        >>> from genome_keras import bigru_multitask
        >>> model = bigru_multitask(embedding=4, units=3, depth=1, window=12, tasks=2)
        >>> [entry.layer for entry in readouts(model) if entry.recurrent]
        ['forward_gru_1', 'backward_gru_1']
    """
    return [entry for entry, _ in _outputs(model)[1].values()]


def read_out(
    model: object, seqs: Sequence[str] | np.ndarray, *, layer: str, batch_size: int = 256
) -> np.ndarray:
    """The output of one layer for windows, not in training.

    Of a recurrent layer these are the hidden states after every step, also where the next
    layer reads only the last one. Those of a layer named "backward_..." are turned round:
    state t has read the window from its end to step t. A model of both strands is read on
    the strand that is given.

    Args:
        model: as `readouts` takes it.
        seqs: windows, as `genome_keras.encode.tokens` takes them.
        layer: one of the names that `readouts` lists.
        batch_size: windows at a time.

    Returns:
        float32 (n, ...): of recurrent layers (n, steps, units), where a step is a base, or
        what the layers below make of bases (pooled positions of `danq`, words of
        `kmer_rnn`).

    Raises:
        SequenceError: what `tokens` refuses.
        ValueError: another model, layer or window.

    Example:
        >>> from genome_keras import bigru_multitask
        >>> model = bigru_multitask(embedding=4, units=3, depth=1, window=12, tasks=2)
        >>> read_out(model, "ACGTACGTACGT", layer="head").shape
        (1, 2)
    """
    inputs, outputs = _outputs(model)
    one_of(layer=layer, accepted=outputs)
    return _read(inputs, {layer: outputs[layer]}, tokens(seqs), batch_size)[layer]


def hidden_states(
    model: object, seqs: Sequence[str] | np.ndarray, *, layers: str = "all", batch_size: int = 256
) -> dict[str, np.ndarray]:
    """Hidden states of the recurrent layers at every step of windows.

    Args:
        model, seqs, batch_size: as in `read_out`.
        layers: "all", or "last", the last of each direction: what the head, or the next
            base's probabilities, are made of.

    Returns:
        dict layer -> float32 (n, steps, units), as `read_out` gives them.

    Raises:
        SequenceError: what `tokens` refuses.
        ValueError: as in `read_out`; a model without recurrent layers.

    Example:
        >>> from genome_keras import bigru_multitask
        >>> model = bigru_multitask(embedding=4, units=3, depth=1, window=12, tasks=2)
        >>> {name: states.shape for name, states in hidden_states(model, "ACGTACGTACGT").items()}
        {'forward_gru_1': (1, 12, 3), 'backward_gru_1': (1, 12, 3)}
    """
    one_of(layers=layers, accepted=WHICH)
    inputs, outputs = _outputs(model)
    chosen = {name: read for name, read in outputs.items() if read[0].recurrent}
    if not chosen:
        raise ValueError(f"expected a model with recurrent layers. Received: {model.name}")
    if layers == "last":
        last = {_is_backward(name): name for name in chosen}.values()
        chosen = {name: chosen[name] for name in chosen if name in last}
    return _read(inputs, chosen, tokens(seqs), batch_size)


def _outputs(model):
    """A new input of codes, and dict layer -> (`Readout`, its output for that input)."""
    model = keras_model_of(model)
    if not isinstance(model, keras.models.Model) or len(getattr(model, "inputs", None) or ()) != 1:
        raise ValueError("expected a functional model with one input, the codes")
    if any(getattr(layer, "stateful", False) for layer in model.layers):
        raise ValueError("expected a model that forgets between batches: stateful=False")
    given, outputs = model.inputs[0], {}
    codes = keras.Input((given.shape[1],), dtype=given.dtype, name="codes")

    def call(operation, *args, **kwargs):
        output = operation(*args, **kwargs)
        if isinstance(operation, keras.layers.Layer):
            recurrent = isinstance(operation, keras.layers.RNN | Clockwork)
            read = _at_every_step(operation)(args[0]) if recurrent else output
            if isinstance(read, keras.KerasTensor):
                kind = type(operation).__name__
                entry = Readout(operation.name, kind, tuple(read.shape[1:]), recurrent)
                outputs[operation.name] = entry, read
        return output

    keras.models.clone_model(
        model,
        input_tensors=keras.tree.map_structure(lambda _: codes, model.input),
        clone_function=lambda layer: layer,
        call_function=call,
    )
    names = [layer.name for layer in model.layers if layer.name in outputs]
    return codes, {name: outputs[name] for name in names}


def _at_every_step(layer):
    """The same recurrent layer, with the same variables, that gives all its states."""
    more = {"return_sequences": True, "name": f"{layer.name}_states"}
    if isinstance(layer, Clockwork):
        other = Clockwork.from_config({**layer.get_config(), **more})
        other.kernels, other.recurrent_kernels = layer.kernels, layer.recurrent_kernels
        other.biases, other.built = layer.biases, True
        return other
    return twin(layer, {**more, "return_state": False})


def _is_backward(name):
    return name.startswith("backward_")


def _read(inputs, chosen, codes, batch_size):
    check_windows(codes, inputs.shape[1])
    network = compiled(keras.Model(inputs, {name: output for name, (_, output) in chosen.items()}))
    sizes, parts = BatchSizes(batch_size, compiled=compiles_sizes(network)), []
    for batch, count in filled(codes, sizes.of(len(codes))):
        # Of both strands, the given one comes first.
        outputs = network.predict_on_batch(batch)
        parts.append({name: values[:count] for name, values in outputs.items()})
    whole = {}
    for name, (entry, _) in chosen.items():
        values = np.concatenate([part[name] for part in parts]).astype(np.float32, copy=False)
        turned = entry.recurrent and _is_backward(name)
        whole[name] = np.ascontiguousarray(values[:, ::-1]) if turned else values
    return whole
