"""Every architecture on the same data, splits and number of windows, in one table.

    python benchmarks/architectures.py DATA.h5 --out DIR [--window 100] [--epochs 3]
        [--models NAME ...] [--batch-size 128] [--patience 2] [--ablation]

Each model is trained on the split "train" for at most the same epochs with the default recipe
(a random strand of each window, an end after `--patience` epochs without a better one), and its
best epoch by validation perplexity is scored on one strand of the split "test": means over the
tasks with at least 1 % positives in training. Sizes are those of the sources up to 300 bp, but
for DeepSEA's; above, `SMALL` says what two CPU cores can train. DIR holds a run for each model: a
killed benchmark goes on, finished runs are only scored. With --ablation the models are
`conv_bigru` and it with one thing changed. `train s` (with the validation of each
epoch) and `score s` are CPU seconds of one thread for 1,000 windows. The backend is
KERAS_BACKEND, TensorFlow by default.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

from genome_keras.datasets.chromatin_data import open_chromatin
from genome_keras.evaluation.evaluate import evaluate
from genome_keras.training.train import train_dataset
from genome_keras.weights.run_files import RunFiles

# Rate of Adam where the default recipe's is too high for the network.
RATES = {
    "deepsea": 1e-3,
    "danq": 1e-3,
    "basset": 2e-3,
    "kmer_rnn": 2e-3,
    "conv_bigru": 2.5e-3,
}
SHORT = {
    "conv_bigru": {},
    "bigru_multitask": {},
    "danq": {"padding": "same"},
    "deepsea": {"padding": "same", "filters": (128, 192, 384), "hidden": 370},
    "basset": {"padding": "same"},
    "deepbind": {"both_strands": False},
    "clockwork_rnn": {},
    "kmer_rnn": {},
    "kmer_logreg": {},
    "integer_logreg": {},
}
SMALL = {
    "danq": {"filters": 96, "units": 64, "hidden": 256},
    "deepsea": {"filters": (64, 96, 128), "hidden": 256},
    "basset": {"filters": (64, 64, 96), "hidden": (256, 256)},
    "deepbind": {"filters": 64, "both_strands": False},
}
# Run: what is changed in `conv_bigru`.
ABLATION = {
    "conv_bigru": {},
    "relu": {"activation": "relu"},
    "dropout": {"dropout": 0.1},
    "filters_128": {"filters": (128, 128)},
    "no_blocks": {"blocks": 0},
    "no_gru": {"units": 0},
}
METRICS = ("f1_mean", "f1_tuned_mean", "auroc_mean", "auprc_mean", "overall_perplexity")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="an HDF5 data set, e.g. human_chromatin_100bp.h5")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--window", type=int, help="the middle of each example (default: all)")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--patience", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--models", nargs="+", help="(default: all that fit the window)")
    parser.add_argument("--ablation", action="store_true", help="parts of conv_bigru instead")
    options = parser.parse_args()
    train, sample = (
        open_chromatin(options.data, split, window=options.window) for split in ("train", "valid")
    )
    sizes = ABLATION if options.ablation else SHORT if sample.window <= 300 else SMALL
    if unknown := set(options.models or ()) - set(sizes):
        parser.error(f"--models: {', '.join(sorted(unknown))}; accepted here: {', '.join(sizes)}")
    runs, about = {}, {}
    for name in options.models or sizes:
        runs[name] = os.fspath(options.out / name)
        architecture = "conv_bigru" if options.ablation else name
        model = train_dataset(
            options.data,
            out=runs[name],
            model=architecture,
            arguments=sizes[name],
            window=options.window,
            epochs=options.epochs,
            batch_size=options.batch_size,
            learning_rate=RATES.get(architecture),
            patience=options.patience,
        )
        log = RunFiles(runs[name]).read_log()
        trained = sum(row["cpu_seconds"] for row in log) / len(log) / len(train) * 1000
        said = ", ".join(f"{key}={value}" for key, value in sizes[name].items()) or "defaults"
        costs = f"{trained:.2f} | {_seconds(model, sample):.2f}"
        about[runs[name]] = f"{name} | {said} | {model.count_params():,} | {costs}"
    result = evaluate(options.data, weights=list(runs.values()), replicates=0)
    for subset, part in result["subsets"].items():
        group = part["groups"]["frequent"]
        print(f"\n**{subset}**: {part['examples']:,} windows, {group['tasks']} tasks\n")
        print("| model | sizes | parameters | train s | score s | F1 | tuned F1 | AUROC ", end="")
        print("| AUPRC | perplexity |\n|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
        for name, scores in group["models"].items():
            numbers = " | ".join(f"{scores[metric]:.4f}" for metric in METRICS)
            print(f"| {about.get(name, f'{name} | | | |')} | {numbers} |")


def _seconds(model, sample):
    """CPU seconds to score 1,000 windows, without compiling."""
    codes = sample.read_codes(0, 1000)
    model.predict(codes, batch_size=100, verbose=0)
    before = time.process_time()
    model.predict(codes, batch_size=100, verbose=0)
    return (time.process_time() - before) * 1000 / len(codes)


if __name__ == "__main__":
    main()
