"""What a caller chooses of a model, checked: its window and its tasks."""

from genome_keras.scoring.effects import LIKELIHOOD


def window_of(window, models, name):
    """The window to use: the model's, or the given one where the model takes any.

    Args:
        window: bp, or None.
        models: bp that the model takes, or None.
        name: of the model, for messages.

    Raises:
        ValueError: neither, or two that differ.
    """
    if models is None and window is None:
        raise ValueError(f"{name} takes windows of any length: window must say how long")
    if None not in (models, window) and window != models:
        raise ValueError(f"{name} takes windows of {models} bp. Received: window={window}")
    return models or window


def check_windows(codes, window):
    """Raises ValueError for no windows at all, or codes (n, window) of another length.

    Args:
        codes: uint8 (n, window).
        window: bp that the model takes; None is any.
    """
    if not len(codes):
        raise ValueError("expected at least one window. Received: none")
    if window not in (None, codes.shape[1]):
        raise ValueError(f"expected windows of {window} bp. Received: {codes.shape[1]} bp")


def chosen_tasks(checkpoint, tasks):
    """Columns of a checkpoint's scores, and their names.

    Args:
        checkpoint: a `genome_keras.weights.Checkpoint`.
        tasks: names; None is all that were trained.

    Returns:
        A slice or list of int, and a list of str.

    Raises:
        ValueError: a task that the checkpoint has not.
    """
    every = _task_names(checkpoint)
    if tasks is None:
        if all(checkpoint.trained):
            return slice(None), every
        tasks = [task for task, trained in zip(every, checkpoint.trained, strict=True) if trained]
    for task in tasks:
        if task not in every:
            raise ValueError(
                f"{checkpoint.name}: no task {task!r}; it has {len(every)}, the first is "
                f"{every[0]!r}, and `genome-keras weights info` lists them"
            )
    return [every.index(task) for task in tasks], list(tasks)


def _task_names(checkpoint):
    """Names of the scores of a checkpoint's model, as a `Scorer` has them."""
    if checkpoint.tasks:
        return checkpoint.tasks
    if "tasks" in checkpoint.arguments:
        return [f"task_{task}" for task in range(checkpoint.arguments["tasks"])]
    return [LIKELIHOOD]
