"""A student: the network of Zhang & Kamath 2016 by their recipe, beside its baseline.

python examples/redo_the_paper.py [DATA.h5]
"""

import sys

import toy_data

from genome_keras import evaluate, train
from genome_keras.datasets import build
from genome_keras.training.recipe import recipe_of
from genome_keras.training.train_logreg import train_logreg

if sys.argv[1:]:
    data, sizes, epochs = sys.argv[1], {}, 61
else:  # a toy: everything is there, and small
    data, sizes, epochs = "data.h5", {"units": 4, "depth": 1}, 2
    genome, peaks, _ = toy_data.peaks_and_variants(bins=40)
    build(genome, peaks, data, context=100, valid=["chr2"], test=["chr3"])
train(data, out="network", recipe=recipe_of("paper", epochs=epochs), arguments=sizes)
train_logreg(data, out="kmers")
found = evaluate(data, weights=["network", "kmers"], out="scores", report="scores.html")
for name, scores in found["subsets"]["all"]["groups"]["all"]["models"].items():
    print(f"{name}: F1 {scores['f1_mean']:.3f}, perplexity {scores['perplexity_mean']:.4f}")
