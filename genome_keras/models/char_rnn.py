"""The character-level language model of Zhang & Kamath 2016."""

import keras

from genome_keras.arguments import at_least_one, one_of
from genome_keras.layers.recurrent import GRU, LSTM
from genome_keras.layers.sequence_model import SequenceModel
from genome_keras.layers.strands import OneHot
from genome_keras.losses import NextBaseCrossEntropy
from genome_keras.metrics import NextBasePerplexity
from genome_keras.models._factory import Seeds, Weights, factory, finish

_CELLS = {"gru": GRU, "lstm": LSTM, "rnn": keras.layers.SimpleRNN}


@factory
def char_rnn(
    *,
    cell: str = "gru",
    window: int | None = None,
    units: int = 128,
    depth: int = 2,
    embedding: int | None = None,
    dropout: float = 0.0,
    stateful: bool = False,
    batch_size: int | None = None,
    learning_rate: float = 2e-3,
    seed: int | None = None,
    weights: Weights = None,
    trunk_trainable: bool = True,
) -> keras.Model:
    """A recurrent network that gives the probabilities of the next base.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (read
    as zeros), and gives float32 (batch, window, 4): at position t, the
    probabilities of A, C, G, T at position t + 1, from positions 0 to t. Train
    it on codes shifted by one; a next base of N has no weight in the loss.

    Args:
        cell: "gru", "lstm" or "rnn" (a plain recurrent layer with tanh).
        window: length of the input in bp; None accepts any length.
        units: of every layer.
        depth: recurrent layers.
        embedding: numbers per letter; None takes `units`, as the authors do. A few
            are enough for four letters, and save a quarter of the arithmetic.
        dropout: fraction dropped after the embedding and after each layer.
        stateful: keep the state from one batch to the next (row i continues row
            i). Needs `batch_size`. Call the model itself: on JAX, Keras's
            `predict` and `fit` forget the state between batches.
        batch_size: rows of every batch; None accepts any number.
        learning_rate: of Adam; the gradient's norm is clipped at 5.
        seed: of the initial weights and of dropout; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.
        trunk_trainable: False lets `fit` train the head only.

    Returns:
        A compiled `keras.Model`.

    Raises:
        ValueError: a size below one, an unknown cell, a stateful model without
            `batch_size`, or an argument that contradicts the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Zhang & Kamath 2016, section 4.2, and the authors' program
        (embedding as wide as the layers, clipping). Departure: GRU with
        `reset_after=True`, the cell that cuDNN computes.

    Example:
        >>> model = char_rnn(units=2, window=12)
        >>> model.output_shape
        (None, 12, 4)
    """
    one_of(cell=cell, accepted=tuple(_CELLS))
    embedding = units if embedding is None else embedding
    at_least_one(units=units, depth=depth, embedding=embedding)
    if stateful and batch_size is None:
        raise ValueError("stateful=True needs batch_size. Received: batch_size=None")
    seeds = Seeds(seed)
    codes = keras.Input((window,), batch_size=batch_size, dtype="uint8", name="codes")
    x = keras.layers.Dense(
        embedding,
        use_bias=False,
        kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
        name="embedding",
    )(OneHot(name="letters")(codes))
    if dropout:
        x = keras.layers.Dropout(dropout, seed=seeds())(x)
    for layer in range(1, depth + 1):
        x, *_ = _CELLS[cell](
            units,
            return_sequences=True,
            return_state=True,  # for `with_states`
            stateful=stateful,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seeds()),
            seed=Seeds(seed)(),  # nothing is drawn from it, but states of runs hold it
            name=f"{cell}_{layer}",
        )(x)
        if dropout:
            x = keras.layers.Dropout(dropout, seed=seeds())(x)
    scores = keras.layers.Dense(
        4,
        activation="softmax",
        kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
        name="next_base",
    )(x)
    return finish(
        SequenceModel(codes, scores, name="char_rnn"),
        loss=NextBaseCrossEntropy(),
        metric=NextBasePerplexity(),
        learning_rate=learning_rate,
        clip=5.0,
        recurrent=True,
    )


def with_states(model: keras.Model, *, embeddings: bool = False) -> keras.Model:
    """The same network with its states as inputs and outputs, on any backend.

    Layers, and so weights, are shared with `model`: training one trains the other.

    Args:
        model: of `char_rnn`, not stateful.
        embeddings: give the outputs of the last recurrent layer, float (batch, window,
            units), in place of the scores.

    Returns:
        A `keras.Model` from [codes, *states] to [scores, *states]: codes and scores as
        in `char_rnn`, states float (batch, units), one a layer (two for an LSTM), in
        the order of the layers. Zeros are the state before the first base.

    Example:
        >>> model = with_states(char_rnn(units=3, depth=2))
        >>> [tuple(each.shape) for each in model.inputs]
        [(None, None), (None, 3), (None, 3)]
    """
    codes = keras.Input((None,), dtype="uint8", name="codes")
    x, before, after = codes, [], []
    for layer in model.layers[1 : -1 if embeddings else None]:
        if not isinstance(layer, keras.layers.RNN):
            x = layer(x)
            continue
        count = 2 if isinstance(layer, keras.layers.LSTM) else 1
        given = [keras.Input((layer.units,), name=f"{layer.name}_{i}") for i in range(count)]
        x, *states = layer(x, initial_state=given)
        before += given
        after += states
    return keras.Model([codes, *before], [x, *after], name="char_rnn_with_states")
