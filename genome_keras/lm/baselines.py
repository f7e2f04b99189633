"""A table of baselines for a genome, and of a network beside and among them."""

import os
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from genome_keras.io.atomic import atomic
from genome_keras.lm import counts
from genome_keras.lm.genome import read_genome, split
from genome_keras.lm.mixing import prequential
from genome_keras.lm.perplexity import tally
from genome_keras.progress import progress
from genome_keras.weights.checkpoint import Checkpoint

COLUMNS = ("model", "protocol", "scored", "perplexity", "bits_per_base", "bases", "cpu_seconds")
ORDERS = (2, 4, 8, 10, 11, 12)


def baselines(
    genome: str | os.PathLike,
    *,
    hold_out: Sequence[str] = (),
    tail: float = 0.0,
    orders: Sequence[int] = ORDERS,
    mixing: bool = True,
    mix: str | os.PathLike | Checkpoint | None = None,
    unknown: str | None = None,
) -> list[dict[str, Any]]:
    """Perplexities of uniform, order-k counts and context mixing, each by its protocol.

    Held-out bases come after all others; N is left out. `static` counts both strands of
    the training bases. The rows `held-out part` of prequential models are the same run's
    bases of that part: each was scored after all bases before it were learned.

    Args:
        genome: FASTA, plain or gzip.
        hold_out, tail: as in `genome_keras.lm.genome.split`.
        orders: of the counts.
        mixing: also run context mixing.
        mix: a trained `char_rnn`, name or path, as in `load_lm`: scored alone on the
            held-out part, and mixed in as one more predictor. On bases it was trained
            on, what it adds is flattered; read the held-out row.
        unknown: "N" reads foreign letters as N; None refuses them.

    Returns:
        list of dict with the keys `COLUMNS`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with open(f"{folder}/genome.fa", "w") as file:
        ...         print(">chr1", "ACGTTGCA" * 20, ">chr2", "ACGT" * 5, sep="\\n", file=file)
        ...     how = {"orders": (2,), "mixing": False, "hold_out": ["chr2"]}
        ...     rows = baselines(f"{folder}/genome.fa", **how)
        >>> [(row["model"], row["bases"]) for row in rows if row["protocol"] == "held-out"]
        [('order-2 static', 20)]
    """
    training, scored = split(read_genome(genome, unknown=unknown), hold_out=hold_out, tail=tail)
    known = [part.codes[part.first :] for part in (*training, *scored)]
    all_codes = np.concatenate(known)
    first = sum(len(part.codes) for part in training)
    keep = all_codes < 4
    codes, cut = all_codes[keep], int(keep[:first].sum())
    rows = []

    def add(model, protocol, probabilities, seconds, *, begin=0):
        whole = {0: "whole"}.get(begin, "held-out part")
        cost = tally(probabilities)
        numbers = (cost.perplexity, cost.bits_per_base, cost.bases, round(seconds, 1))
        rows.append(dict(zip(COLUMNS, (model, protocol, whole, *numbers), strict=True)))

    def add_prequential(model, probabilities, seconds):
        add(model, "prequential", probabilities, seconds)
        if cut < len(codes):
            add(model, "prequential", probabilities[cut:], seconds, begin=cut)

    add_prequential("uniform", counts.uniform(len(codes)), 0.0)
    for order in orders:
        clock = time.process_time()
        add_prequential(
            f"order-{order} adaptive",
            counts.adaptive(codes, order=order),
            time.process_time() - clock,
        )
        if scored and order <= counts.MOST:
            clock = time.process_time()
            static = counts.static(
                [part.codes for part in training], scored, order=order, both_strands=True
            )
            spent = time.process_time() - clock
            add(f"order-{order} static", "held-out", np.concatenate(static), spent, begin=cut)
    if mixing:
        add_prequential("context mixing", *_mixed(codes, None))
    if mix is not None:
        clock = time.process_time()
        probabilities = _network(mix, training, scored)
        spent = time.process_time() - clock
        if scored:
            alone = np.concatenate(probabilities[len(training) :])
            add("network", "held-out", _of_bases(alone, all_codes[first:]), spent, begin=cut)
        given = np.concatenate(probabilities)[keep][:, None]
        given = np.where(np.isnan(given), np.float32(0.25), given)
        mixed, seconds = _mixed(codes, given)
        add_prequential("network in context mixing", mixed, seconds + spent)
    return rows


def write_table(rows: Iterable[dict[str, Any]], out: str | os.PathLike = "-") -> None:
    """Writes rows of `baselines` as TSV; "-" is standard output.

    Example:
        >>> row = dict(zip(COLUMNS, ("uniform", "prequential", "whole", 4.0, 2.0, 800, 0.0)))
        >>> write_table([row])  # doctest: +NORMALIZE_WHITESPACE
        model   protocol    scored perplexity bits_per_base bases cpu_seconds
        uniform prequential whole  4          2             800   0
    """
    lines = ["\t".join(COLUMNS)]
    for row in rows:
        lines.append("\t".join(_text(row[name]) for name in COLUMNS))
    text = "\n".join(lines) + "\n"
    if out == "-":
        sys.stdout.write(text)
        return
    with atomic(out) as path:
        path.write_text(text, encoding="utf-8")


def _mixed(codes, given):
    clock = time.process_time()
    with progress(total=len(codes), unit="bp", unit_scale=True, desc="mix") as bar:
        scored = prequential(codes, given=given, progress=bar.update)
    return scored, time.process_time() - clock


def _network(mix, training, scored):
    from genome_keras.lm.score import probabilities
    from genome_keras.lm.train import load_lm

    parts = (*training, *scored)
    piece = max(10_000, sum(len(part.codes) for part in parts) // 200)
    all_rows = probabilities(
        load_lm(mix), [part.codes for part in parts], batch_size=200, window=200, piece=piece
    )
    return [rows[part.first :] for rows, part in zip(all_rows, parts, strict=True)]


def _of_bases(probabilities, codes):
    from genome_keras.lm.score import of_bases

    return of_bases(probabilities, codes)


def _text(value):
    return f"{value:.6g}" if isinstance(value, float) else str(value)
