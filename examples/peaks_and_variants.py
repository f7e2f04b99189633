"""A biologist: own peaks become a model, which says how good it is, reads a VCF and draws a page.

python examples/peaks_and_variants.py [GENOME PEAKS VCF]
"""

import sys

import toy_data

from genome_keras import evaluate, score_vcf, train
from genome_keras.datasets import build

genome, peaks, variants = sys.argv[1:] or toy_data.peaks_and_variants(bins=60)

# 200-bp bins with a peak and as many without; whole chromosomes are held out.
build(genome, peaks, "data.h5", context=200, valid=["chr2"], test=["chr3"])
train("data.h5", out="model", fine_tune="conv_bigru.human_chromatin_200bp.v1")

found = evaluate("data.h5", weights="model", out="quality", report="quality.html")
for name, scores in found["subsets"]["all"]["groups"]["all"]["models"].items():
    print(f"{name}: AUROC {scores['auroc_mean']:.3f}, AUPRC {scores['auprc_mean']:.3f}")

use = {"genome": genome, "weights": "model"}
print(score_vcf(variants, "effects.tsv", **use, report="variants.html", shown=2))
