"""What type checkers and editors see of `genome_keras`: its table of names, from their homes."""

from genome_keras.datasets.chromatin_data import chromatin as chromatin
from genome_keras.datasets.chromatin_data import open_chromatin as open_chromatin
from genome_keras.datasets.task_table import tasks as tasks
from genome_keras.encode import decode as decode
from genome_keras.encode import kmer_counts as kmer_counts
from genome_keras.encode import one_hot as one_hot
from genome_keras.encode import reverse_complement as reverse_complement
from genome_keras.encode import tokens as tokens
from genome_keras.errors import FormatError as FormatError
from genome_keras.errors import GenomeKerasError as GenomeKerasError
from genome_keras.errors import SequenceError as SequenceError
from genome_keras.errors import WeightsError as WeightsError
from genome_keras.evaluation.calibrate import calibrate as calibrate
from genome_keras.evaluation.compare import compare as compare
from genome_keras.evaluation.evaluate import evaluate as evaluate
from genome_keras.genome import Interval as Interval
from genome_keras.genome import Variant as Variant
from genome_keras.io.motifs import read_motifs as read_motifs
from genome_keras.io.reference import open_genome as open_genome
from genome_keras.io.word_vectors import read_words as read_words
from genome_keras.layers.motifs import start_from_motifs as start_from_motifs
from genome_keras.layers.strands import strand_symmetric as strand_symmetric
from genome_keras.lm.mixing import ContextMixer as ContextMixer
from genome_keras.lm.score import log_likelihood_ratios as log_likelihood_ratios
from genome_keras.lm.train import train_genome as train_genome
from genome_keras.losses import MaskedCrossEntropy as MaskedCrossEntropy
from genome_keras.metrics import F1 as F1
from genome_keras.metrics import Perplexity as Perplexity
from genome_keras.models.basset import basset as basset
from genome_keras.models.bigru_multitask import bigru_multitask as bigru_multitask
from genome_keras.models.borzoi import borzoi as borzoi
from genome_keras.models.bpnet import bpnet as bpnet
from genome_keras.models.center_context import center_context as center_context
from genome_keras.models.char_rnn import char_rnn as char_rnn
from genome_keras.models.chrombpnet import chrombpnet as chrombpnet
from genome_keras.models.clockwork_rnn import clockwork_rnn as clockwork_rnn
from genome_keras.models.conv_bigru import conv_bigru as conv_bigru
from genome_keras.models.danq import danq as danq
from genome_keras.models.deepbind import deepbind as deepbind
from genome_keras.models.deepbind_2015 import deepbind_2015 as deepbind_2015
from genome_keras.models.deepsea import deepsea as deepsea
from genome_keras.models.enformer import enformer as enformer
from genome_keras.models.integer_logreg import integer_logreg as integer_logreg
from genome_keras.models.kmer_logreg import kmer_logreg as kmer_logreg
from genome_keras.models.kmer_rnn import kmer_rnn as kmer_rnn
from genome_keras.models.spliceai import spliceai as spliceai
from genome_keras.scores import task_scores as task_scores
from genome_keras.scoring.load import load_model as load_model
from genome_keras.scoring.model_in_use import open_scorer as open_scorer
from genome_keras.scoring.predict import predict as predict
from genome_keras.scoring.predict import predict_fasta as predict_fasta
from genome_keras.scoring.predict import predict_intervals as predict_intervals
from genome_keras.scoring.signals import predict_signal as predict_signal
from genome_keras.sharing.export import export as export
from genome_keras.sharing.import_deepbind import import_deepbind as import_deepbind
from genome_keras.sharing.import_keras import import_keras as import_keras
from genome_keras.sharing.import_signals import import_signals as import_signals
from genome_keras.sharing.import_weights import import_weights as import_weights
from genome_keras.sharing.pretrained import save_pretrained as save_pretrained
from genome_keras.sharing.verify import verify as verify
from genome_keras.training.batches import Batches as Batches
from genome_keras.training.batches import tf_dataset as tf_dataset
from genome_keras.training.batches import torch_dataset as torch_dataset
from genome_keras.training.recipe import Recipe as Recipe
from genome_keras.training.train import train as train
from genome_keras.training.words import learn_words as learn_words
from genome_keras.variants.score_variants import score_variants as score_variants
from genome_keras.variants.score_variants import score_vcf as score_vcf
from genome_keras.weights.calibration import Calibration as Calibration
from genome_keras.weights.listing import list_weights as list_weights
from genome_keras.weights.listing import tasks_of as tasks_of

MODELS: tuple[str, ...]
SIGNAL_MODELS: tuple[str, ...]
__version__: str
__all__: list[str]
