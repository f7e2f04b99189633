"""An engineer: a new head on a checkpoint's layers, fitted, then all layers tuned, in Keras."""

import numpy as np
import toy_data

from genome_keras import conv_bigru, predict, task_scores, tokens
from genome_keras.datasets.chromatin_data import Examples
from genome_keras.training.head import fit_head

seqs, labels = toy_data.labelled(300)  # put your own in their place: str, and 0, 1 or -1
codes, source = tokens(seqs), np.full(300, "mine")
rows, held_out = slice(150), slice(150, 200)
train = Examples(codes[rows], labels[rows], source[rows], ["site"])
valid = Examples(codes[held_out], labels[held_out], source[held_out], ["site"])

name = "conv_bigru.human_chromatin_200bp.v1"
model = conv_bigru(weights=name, tasks=["site"], learning_rate=1e-4, seed=0)
fit_head(model, train, valid)  # to convergence, on features that are computed once
model.fit(train.codes, train.labels, batch_size=50, epochs=1, verbose=0)  # all layers, slowly

found = predict(seqs[200:], weights=model)
print(f"AUROC {task_scores(labels[200:], found.scores)['auroc'][0]:.3f}")
found.as_frame().to_csv("scores.csv")
model.save("mine.keras")
