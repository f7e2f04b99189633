"""Every epoch of a training run on one split, and which of them is the best."""

from typing import Any

import numpy as np

from genome_keras.evaluation.measure import Measured, Split, counts_in, measure
from genome_keras.scores import best_threshold, f1, overall_perplexity


class Epochs:
    """Gathers the scores of a run, epoch by epoch, and tells which epoch is the best.

    Args:
        split: `Split` that the scores are of.
        valid_labels: (m, tasks), of the split that chooses epochs and thresholds.

    Example:
        >>> from genome_keras.evaluation.measure import split_of
        >>> labels = np.array([[0], [1], [1]])
        >>> run = Epochs(split_of(labels, train_rates=[0.5]), valid_labels=labels)
        >>> run.add(1, labels * 0.6 + 0.2, labels * 0.6 + 0.2)
        >>> run.add(2, labels * 0.8 + 0.1, labels * 0.8 + 0.1)
        >>> run.best, [row["epoch"] for row in run.each()]
        (2, [1, 2])
    """

    def __init__(self, split: Split, valid_labels: np.ndarray) -> None:
        self.split, self.valid_labels = split, valid_labels
        self.numbers, self.measured, self.valid_perplexity, self.valid_f1 = [], [], [], []
        # Intervals of every epoch would take long, and nobody reads them.
        self._plain = split._replace(replicates=0)

    def add(self, number: int, scores: np.ndarray, valid_scores: np.ndarray) -> None:
        """The next epoch: its number, its scores (n, tasks) and (m, tasks)."""
        tuned = best_threshold(self.valid_labels, valid_scores)
        self.numbers.append(number)
        self.measured.append(measure(self._plain, scores, tuned=tuned))
        self.valid_perplexity.append(overall_perplexity(self.valid_labels, valid_scores))
        self.valid_f1.append(f1(self.valid_labels, valid_scores))

    @property
    def best(self) -> int:
        """Number of the epoch with the lowest perplexity on the choosing split."""
        return self.numbers[self._best]

    @property
    def _best(self):
        return int(np.argmin(self.valid_perplexity))

    def each(self) -> list[dict[str, Any]]:
        """One row for each epoch, fit for JSON: means over all tasks of a group."""
        rows = []
        for number, model, valid in zip(
            self.numbers, self.measured, self.valid_perplexity, strict=True
        ):
            row = {"epoch": number, "valid_perplexity": valid}
            for group, tasks in self.split.groups.items():
                for metric in ("f1", "f1_tuned", "auroc", "auprc", "perplexity"):
                    table = model.tables["all"]
                    values = table[metric][tasks & counts_in(metric, table)]
                    known = values[~np.isnan(values)]
                    row[f"{group}_{metric}"] = known.mean().item() if known.size else None
            rows.append(row)
        return rows

    def by_task(self) -> Measured:
        """Each task with the epoch that has its highest F1 on the choosing split."""
        return self._pick(dict.fromkeys(self.split.subsets, np.array(self.valid_f1)), "by task")

    def by_task_optimistic(self) -> Measured:
        """Each task with the epoch that has its highest F1 on these very windows.

        Source: Zhang & Kamath 2016, section 4.4, "max F1 score over all epochs".
        """
        scores = {
            subset: np.array([epoch.tables[subset]["f1"] for epoch in self.measured])
            for subset in self.split.subsets
        }
        return self._pick(scores, "optimistic")

    def _pick(self, f1_by_subset, kind):
        tables = {}
        for subset, values in f1_by_subset.items():
            values = np.nan_to_num(values, nan=-1.0)
            values[self._best] += 1e-12  # the best of all where none is better for the task
            epoch = values.argmax(0)
            columns = self.measured[0].tables[subset]
            tables[subset] = {
                name: _chosen(epoch, [each.tables[subset][name] for each in self.measured])
                for name in columns
            }
            tables[subset]["epoch"] = np.array(self.numbers)[epoch]
        return Measured(kind, tables, {}, {}, {})


def _chosen(epoch, columns):
    return np.take_along_axis(np.stack(columns), epoch[None], 0)[0]
