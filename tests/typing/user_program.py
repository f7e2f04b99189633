"""A program of a user, for a type checker: what it says of these values must be so.

It is never run; mypy reads it (`.ci/run`). A line marked `type: ignore` is wrong on purpose:
where the checker no longer says so, the mark itself is told as unused.
"""

import keras
import numpy as np
from typing_extensions import assert_type

import genome_keras
from genome_keras import (
    Interval,
    Variant,
    bigru_multitask,
    export,
    predict,
    score_variants,
    strand_symmetric,
)

assert_type(genome_keras.__version__, str)
assert_type(genome_keras.MODELS, tuple[str, ...])

model: keras.Model = bigru_multitask(window=100, tasks=919, units=64, both_strands=True)
bigru_multitask(windoww=100)  # type: ignore[call-arg]
bigru_multitask(window="long")  # type: ignore[arg-type]
both: keras.Model = strand_symmetric(model, merge="mean")

place = Interval("chr1", 100, 200)
assert_type(place.start, int)
assert_type(place.strand, str | None)
variant = Variant("chr1", 5, "A", "C")
assert_type(variant.ref, str)
variant.position = 6  # type: ignore[misc]

scores = predict("genome.fa", weights=model, stride=50)
assert_type(scores.tasks, list[str])
scored: np.ndarray = scores.scores
predict("genome.fa", strid=50)  # type: ignore[call-arg]

effects = score_variants([variant], "genome.fa")
assert_type(effects.variants, list[Variant])
assert_type(effects.status, list[str])

assert_type(export("mine", "m.onnx"), float)
print(genome_keras.no_such_name)  # type: ignore[attr-defined]
