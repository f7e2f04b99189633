"""Architectures: one file is one factory of the same name."""

from genome_keras.quiet_keras import use_onednn

use_onednn()  # before the first factory imports Keras, and Keras TensorFlow
