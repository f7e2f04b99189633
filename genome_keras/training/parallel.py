"""Training on several devices at once, by the means of the backend: each takes a share.

JAX: `keras.distribution.DataParallel`, on the devices of one process or of several.
TensorFlow: `tf.distribute.MirroredStrategy`, on the devices of one process, or
`tf.distribute.MultiWorkerMirroredStrategy`, on those of several.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from genome_keras.datasets.source import Source
from genome_keras.layers.fused_adam import FusedAdam
from genome_keras.losses import MaskedCrossEntropy
from genome_keras.training.batches import Batches
from genome_keras.weights.run_files import RunFiles

PROCESSES = "KERAS_DISTRIBUTION_NUM_PROCESSES"
CLUSTER = "TF_CONFIG"


class EvenBatches(Batches):
    """Batches that are all full, or one process' share of each.

    What a last batch lacks is windows of N whose labels are not measured, so that its loss
    and metrics are those of the windows it has. Keras' mean of the losses of batches then
    weighs it as a full one.

    Args:
        source, batch_size, more: as in `genome_keras.training.batches.Batches`.
        share, shares: of so many processes this one; a share is rows that lie together.

    Example:
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> draw = np.random.default_rng(0)
        >>> codes = draw.integers(0, 4, (10, 12), np.uint8)
        >>> labels = draw.integers(0, 2, (10, 2), np.int8)
        >>> examples = Examples(codes, labels, np.array(["genome"] * 10), ["CTCF", "DNase"])
        >>> batches = EvenBatches(examples, batch_size=4)
        >>> codes, labels = batches[2]  # two examples are left: two windows of N fill it
        >>> len(codes), labels[2:].tolist()
        (4, [[-1, -1], [-1, -1]])
    """

    def __init__(
        self, source: Source, *, batch_size: int, share: int = 0, shares: int = 1, **more: Any
    ) -> None:
        super().__init__(source, batch_size=batch_size, **more)
        size = batch_size // shares
        self.rows = slice(share * size, (share + 1) * size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        codes, labels = super().__getitem__(index)
        missing = self.reader.batch_size - len(codes)
        if missing:
            codes = np.pad(codes, ((0, missing), (0, 0)), constant_values=4)
            labels = np.pad(labels, ((0, missing), (0, 0)), constant_values=-1)
        return codes[self.rows], labels[self.rows]


class SharedCrossEntropy(MaskedCrossEntropy):
    """What one replica of TensorFlow adds to the loss of the whole batch.

    Keras adds the gradients of all replicas; their labels are weighed by the sum of all
    weights, so the sum is the gradient of the mean over all measured labels.

    Example:
        >>> loss = SharedCrossEntropy()  # of one replica it is the masked cross-entropy
        >>> round(float(loss(np.int8([[1, -1]]), np.float32([[0.5, 0.9]]))), 4)
        0.6931
    """

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        import tensorflow as tf

        values, weight = self.weighted(y_true, y_pred, sample_weight)
        total = ops.sum(weight)
        if (replica := tf.distribute.get_replica_context()) is not None:
            total = replica.all_reduce(tf.distribute.ReduceOp.SUM, total)
        return ops.sum(weight * values) / ops.maximum(total, 1e-7)


class SharedAdam(keras.optimizers.Adam):
    """Adam for replicas of TensorFlow, whose gradients are shares of that of the batch.

    Keras cuts each share by its own norm and adds up what is left. Here each gets the mean of
    the shares first, and `global_clipnorm` must be divided by the number of replicas.

    Example:
        >>> SharedAdam(1e-3, global_clipnorm=0.5).global_clipnorm
        0.5
    """

    def apply(self, grads: list, trainable_variables: list | None = None) -> None:
        import tensorflow as tf

        if (replica := tf.distribute.get_replica_context()) is not None:
            grads = replica.all_reduce(tf.distribute.ReduceOp.MEAN, list(grads))
        return super().apply(grads, trainable_variables)


@contextmanager
def parallel(devices: int) -> Iterator[None]:
    """Within it, models are made and trained on several devices.

    With the environment of `keras.distribution.initialize` (JAX: the number of processes,
    the address of the first, the number of this one) or with `TF_CONFIG` (TensorFlow: the
    addresses of the workers, the number of this one) the devices are those of all
    processes, each of which runs the same program.

    Args:
        devices: how many; 1 changes nothing. Of several processes, all.

    Raises:
        ValueError: torch, fewer devices than that, only some of those of the processes, or
            processes of TensorFlow that are not all workers.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> with parallel(1):  # on so many GPUs, where there are more
        ...     model = kmer_logreg(k=(1, 2), window=12, tasks=2)
    """
    backend = keras.backend.backend()
    several = _several(backend)
    if devices == 1 and not several:
        yield
    elif backend == "jax":
        if several:
            _join()
        available = keras.distribution.list_devices()
        if several:
            _all(devices, len(available))
        chosen = _first(available, devices)
        with keras.distribution.DataParallel(devices=chosen, auto_shard_dataset=False).scope():
            yield
    elif several:
        strategy = _workers()
        _all(devices, strategy.num_replicas_in_sync)
        with strategy.scope():
            yield
    elif backend == "tensorflow":
        import tensorflow as tf

        available = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        chosen = _first([device.name for device in available], devices)
        with tf.distribute.MirroredStrategy(chosen).scope():
            yield
    else:
        raise ValueError(f"{backend} trains on one device here. Received: devices={devices}")


def shares() -> tuple[int, int, int]:
    """How many devices share a batch, and this process' number and those of all.

    Example:
        >>> shares()  # one device, and the only process
        (1, 0, 1)
    """
    backend = keras.backend.backend()
    if backend == "jax" and (distribution := keras.distribution.distribution()) is not None:
        import jax

        return distribution.device_mesh.devices.size, jax.process_index(), jax.process_count()
    if backend == "tensorflow":
        import tensorflow as tf

        strategy = tf.distribute.get_strategy()
        number, processes = 0, 1
        if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            cluster = strategy.cluster_resolver
            number, processes = cluster.task_id, cluster.cluster_spec().num_tasks("worker")
        return strategy.num_replicas_in_sync, number, processes
    return 1, 0, 1


def batches_of(source: Source, *, batch_size: int, **more: Any) -> Batches:
    """`Batches`, or even ones where several devices share them.

    Args:
        source, batch_size, more: as in `genome_keras.training.batches.Batches`.

    Raises:
        ValueError: a batch that the devices cannot share evenly.

    Example:
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> draw = np.random.default_rng(0)
        >>> codes = draw.integers(0, 4, (10, 12), np.uint8)
        >>> labels = draw.integers(0, 2, (10, 2), np.int8)
        >>> examples = Examples(codes, labels, np.array(["genome"] * 10), ["CTCF", "DNase"])
        >>> len(batches_of(examples, batch_size=4))
        3
    """
    devices, share, processes = shares()
    if devices == 1:
        return Batches(source, batch_size=batch_size, **more)
    if batch_size % devices:
        raise ValueError(
            f"batch_size must be a multiple of {devices}, the number of devices. "
            f"Received: batch_size={batch_size}"
        )
    if keras.backend.backend() == "tensorflow":
        share, processes = 0, 1  # Keras takes whole batches there, and shares them itself
    return EvenBatches(source, batch_size=batch_size, share=share, shares=processes, **more)


def loss_of(positive_weight: float | list[float]) -> MaskedCrossEntropy:
    """`MaskedCrossEntropy`, or what a replica has of it.

    Example:
        >>> type(loss_of(1.0)).__name__
        'MaskedCrossEntropy'
    """
    return (SharedCrossEntropy if _replicas() else MaskedCrossEntropy)(positive_weight)


def adam(rate: Any, clip: float | None, ema: float | None = None) -> keras.optimizers.Adam:
    """Adam that cuts the gradient of the whole batch to the norm `clip`; None cuts none.

    With `ema` it also keeps averages of the weights, of which a step leaves that share.

    Example:
        >>> adam(1e-3, clip=1.0).global_clipnorm
        1.0
    """
    averages = {} if ema is None else {"use_ema": True, "ema_momentum": ema}
    if clip is None or not _replicas():
        return FusedAdam(rate, global_clipnorm=clip, **averages)
    return SharedAdam(rate, global_clipnorm=clip / shares()[0], **averages)


def reads_alone() -> bool:
    """Whether a process can read its state at any time.

    Processes of TensorFlow add up their metrics when one is read, so all must read it.

    Example:
        >>> reads_alone()  # the only process
        True
    """
    return keras.backend.backend() != "tensorflow" or shares()[2] == 1


@contextmanager
def own_folder(out: str | os.PathLike) -> Iterator[Path]:
    """The folder a process writes to: `out` for the first, for others a copy that goes.

    All begin from the state in `out`, which they must see; only the first writes there.

    Example:
        >>> with own_folder("run") as folder:  # of the first process, or the only one
        ...     str(folder)
        'run'
    """
    _, share, _ = shares()
    if not share:
        yield Path(out)
        return
    with tempfile.TemporaryDirectory() as folder:
        for path in RunFiles(out).to_go_on:
            if path.exists():
                shutil.copy(path, folder)
        yield Path(folder)


def _join():
    import jax

    if not jax.distributed.is_initialized():
        keras.distribution.initialize()


def _replicas():
    """Whether replicas of TensorFlow share each batch."""
    return keras.backend.backend() == "tensorflow" and shares()[0] > 1


def _several(backend):
    """Whether this process is one of several; of them the environment tells."""
    if backend != "tensorflow":
        return backend == "jax" and PROCESSES in os.environ
    cluster = json.loads(os.environ.get(CLUSTER, "{}")).get("cluster", {})
    if sum(map(len, cluster.values())) < 2:
        return False
    if list(cluster) != ["worker"]:
        raise ValueError(f"{CLUSTER} must have workers only. Received: {', '.join(cluster)}")
    return True


def _workers():
    """The strategy of the processes of `TF_CONFIG`; the first thing to ask of TensorFlow."""
    import tensorflow as tf

    class Workers(tf.distribute.MultiWorkerMirroredStrategy):
        """Keras 3.15 asks for means that TensorFlow does not have.

        One is of a batch of codes and labels, of which Keras only looks at the shapes; the
        other, along the axis 0, is of the loss and the metrics of a step, which are scalars.
        """

        def reduce(self, reduce_op, value, axis=None):
            if isinstance(value, tuple):
                return tuple(
                    self.experimental_local_results(per_replica)[0] for per_replica in value
                )
            return super().reduce(reduce_op, value, axis=None)

    return Workers()


def _all(devices, count):
    if devices < count:
        raise ValueError(
            f"the processes have {count} devices, and all take part. Received: devices={devices}"
        )
    _first(range(count), devices)


def _first(available, devices):
    if devices > len(available):
        raise ValueError(f"there are {len(available)} devices. Received: devices={devices}")
    return available[:devices]
