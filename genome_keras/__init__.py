"""Keras models of regulatory DNA, with pretrained weights.

Names are loaded when they are first used: importing the package loads no
framework.
"""

import importlib

__version__ = "0.2.0"

# One factory a module of the same name; a new model is one more word here.
MODELS = (
    "basset",
    "beluga",
    "bigru_multitask",
    "center_context",
    "char_rnn",
    "clockwork_rnn",
    "conv_bigru",
    "danq",
    "deepbind",
    "deepbind_2015",
    "deepsea",
    "integer_logreg",
    "kmer_logreg",
    "kmer_rnn",
    "sei",
)

# Those that give measured signal in bins of a window, not P(label = 1) for each task.
SIGNAL_MODELS = (
    "basenji2",
    "borzoi",
    "bpnet",
    "chrombpnet",
    "deepstarr",
    "enformer",
    "legnet",
    "spliceai",
)

_HOMES = {name: f"genome_keras.models.{name}" for name in (*MODELS, *SIGNAL_MODELS)} | {
    "tokens": "genome_keras.encode",
    "one_hot": "genome_keras.encode",
    "decode": "genome_keras.encode",
    "reverse_complement": "genome_keras.encode",
    "kmer_counts": "genome_keras.encode",
    "MaskedCrossEntropy": "genome_keras.losses",
    "Perplexity": "genome_keras.metrics",
    "F1": "genome_keras.metrics",
    "task_scores": "genome_keras.scores",
    "tasks": "genome_keras.datasets.task_table",
    "Interval": "genome_keras.genome",
    "Variant": "genome_keras.genome",
    "open_genome": "genome_keras.io.reference",
    "chromatin": "genome_keras.datasets.chromatin_data",
    "open_chromatin": "genome_keras.datasets.chromatin_data",
    "Batches": "genome_keras.training.batches",
    "tf_dataset": "genome_keras.training.batches",
    "torch_dataset": "genome_keras.training.batches",
    "read_motifs": "genome_keras.io.motifs",
    "start_from_motifs": "genome_keras.layers.motifs",
    "strand_symmetric": "genome_keras.layers.strands",
    "learn_words": "genome_keras.training.words",
    "read_words": "genome_keras.io.word_vectors",
    "import_deepbind": "genome_keras.sharing.import_deepbind",
    "import_keras": "genome_keras.sharing.import_keras",
    "import_signals": "genome_keras.sharing.import_signals",
    "import_weights": "genome_keras.sharing.import_weights",
    "list_weights": "genome_keras.weights.listing",
    "tasks_of": "genome_keras.weights.listing",
    "load_model": "genome_keras.scoring.load",
    "save_pretrained": "genome_keras.sharing.pretrained",
    "export": "genome_keras.sharing.export",
    "verify": "genome_keras.sharing.verify",
    "train": "genome_keras.training.train",
    "Recipe": "genome_keras.training.recipe",
    "train_genome": "genome_keras.lm.train",
    "log_likelihood_ratios": "genome_keras.lm.score",
    "ContextMixer": "genome_keras.lm.mixing",
    "open_scorer": "genome_keras.scoring.model_in_use",
    "ablate": "genome_keras.interpret.ablation",
    "design": "genome_keras.interpret.sequence_design",
    "epistasis": "genome_keras.interpret.interactions",
    "marginalize": "genome_keras.interpret.planted_motifs",
    "space": "genome_keras.interpret.planted_motifs",
    "evaluate": "genome_keras.evaluation.evaluate",
    "calibrate": "genome_keras.evaluation.calibrate",
    "Calibration": "genome_keras.weights.calibration",
    "compare": "genome_keras.evaluation.compare",
    "predict": "genome_keras.scoring.predict",
    "score_variants": "genome_keras.variants.score_variants",
    "score_vcf": "genome_keras.variants.score_variants",
    "predict_signal": "genome_keras.scoring.signals",
    "predict_fasta": "genome_keras.scoring.predict",
    "predict_intervals": "genome_keras.scoring.predict",
    "GenomeKerasError": "genome_keras.errors",
    "SequenceError": "genome_keras.errors",
    "FormatError": "genome_keras.errors",
    "WeightsError": "genome_keras.errors",
}

__all__ = ["MODELS", "SIGNAL_MODELS", "__version__", *_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'genome_keras' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
