#!/bin/sh
# The 919 columns, from the data files to published bytes and their test scores.
#
#   weights/make/deepsea919.sh DATA PUBLISHED RUNS STEP [STEP ...]
#
# DATA has human_deepsea919_200bp.h5 and human_deepsea919_1200bp.h5; PUBLISHED has
# deepsea_919_metadata.tsv and deepsea_danq_919_aucs.tsv. Steps, in their order:
#
#   search    small networks on 40,000 regions, to choose what is trained at length
#   train     the three networks that are published, from random weights (hours each)
#   further   the same from weights/make/begun, as the published ones went on
#   ablate    what each habit of training is worth
#   rivals    deepsea, danq, basset and center_context from random weights, each for the same
#             processor time, and kmer_logreg
#   paper     the experiment of Zhang & Kamath: 80,000 windows of 100 bp, baseline both ways
#   publish   weights/make/begun -> RUNS/weights: checkpoints, graphs, calibrations, compared with
#             those in the package: weights must be the same bytes
#   scores    the test split: beside the published figures and the k-mer baselines
#
# Every line goes on where it was when it is run again. The published networks were trained by
# the clock in several stretches (docs/results.md), so `train` gives others, `publish` the same.
set -eu
data=$1 published=$2 runs=$3
shift 3
make=$(dirname "$0")
short=$data/human_deepsea919_200bp.h5 long=$data/human_deepsea919_1200bp.h5
export KERAS_BACKEND=${KERAS_BACKEND:-tensorflow} OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
export TF_ENABLE_ONEDNN_OPTS=${TF_ENABLE_ONEDNN_OPTS:-1}
mkdir -p "$runs"

network() { # NAME DATA ARGUMENTS ...
    name=$1 file=$2
    shift 2
    python "$make/train_919.py" "$file" "$runs/$name" --average 0.999 "$@"
}

search() {
    python "$make/search_919.py" "$short" "$long" "$runs/search"
}

train() {
    network center_context "$long" --also "$short" --model center_context \
        --set '{"window": 1000}' --shift 100 --seed 1 --steps 40754
    network center_context_200bp "$short" --model center_context \
        --set '{"window": 200}' --seed 2 --steps 24994
    network bigru_multitask "$short" --model bigru_multitask \
        --set '{"window": 200, "weights": "bigru_multitask.human_chromatin_200bp.v1"}' \
        --seed 3 --steps 10684
}

further() {
    network center_context.further "$long" --also "$short" --model center_context \
        --set '{"window": 1000, "dropout": 0.1}' --shift 100 --seed 11 --steps 5000 --rate 1e-3 \
        --start "$make/begun/center_context.deepsea919.v3/best.weights.h5" --keep-head
    network center_context_200bp.further "$short" --model center_context \
        --set '{"window": 200}' --seed 12 --steps 5000 --rate 1.5e-3 \
        --start "$make/begun/center_context.deepsea919_200bp.v1/best.weights.h5" --keep-head
    network bigru_multitask.further "$short" --model bigru_multitask \
        --set '{"window": 200}' --seed 13 --steps 5000 --rate 1.5e-3 \
        --start "$make/begun/bigru_multitask.deepsea919.v1/best.weights.h5" --keep-head
}

ablate() {
    python "$make/ablate_919.py" "$long" "$runs/ablation"
}

rivals() {
    mkdir -p "$runs/rivals"
    for model in deepsea danq basset center_context; do
        network "rivals/$model" "$long" --model "$model" --shift 100 \
            --set '{"window": 1000, "tasks": 919}' \
            --seed 21 --rate 1e-3 --seconds 2000
    done
    genome-keras logreg "$long" --out "$runs/rivals/kmers" --window 200 --examples 100000 \
        --C 1e-4 1e-3 1e-2
}

paper() {
    how="--source tf_bins edge_bins --window 100 --examples 80000"
    genome-keras train "$short" --out "$runs/paper" --recipe paper $how --seed 1 --patience 15
    genome-keras logreg "$short" --out "$runs/kmers_paper" --recipe paper $how
    genome-keras logreg "$short" --out "$runs/kmers" $how --C 1e-4 1e-3 1e-2 1e-1
    genome-keras evaluate "$short" --source tf_bins edge_bins --weights "$runs/paper" \
        --weights "$runs/kmers_paper" --weights "$runs/kmers" --out "$runs/paper_scores"
}

one() { # NAME DATA
    python "$make/publish.py" "$2" "$1=$make/begun/$1" --half --backend tensorflow \
        --into "$runs/weights"
    python "$make/graphs.py" "$1" --into "$runs/weights"
    genome-keras calibrate "$2" --source windows --weights "$runs/weights/$1.weights.h5" \
        --out "$runs/weights/$1.calibration.tsv"
    cmp "$runs/weights/$1.weights.h5" "$make/../$1.weights.h5"
    # Scores, and constants that a graph was made with, differ in the seventh digit by processor
    for end in json onnx calibration.tsv; do
        cmp "$runs/weights/$1.$end" "$make/../$1.$end" || true
    done
}

publish() {
    mkdir -p "$runs/weights"
    one center_context.deepsea919.v1 "$long"
    one center_context.deepsea919.v2 "$long"
    one center_context.deepsea919.v3 "$long"
    one center_context.deepsea919_200bp.v1 "$short"
    one bigru_multitask.deepsea919.v1 "$short"
}

scores() {
    begun() { echo "$1=$make/begun/$1"; }
    beside() { python "$make/evaluate_919.py" "$long" "$published" "$@" --scores "$runs/scores"; }
    long_network=$(begun center_context.deepsea919.v3)
    paper_network=$(begun bigru_multitask.deepsea919.v1)
    beside "$long_network" "$(begun center_context.deepsea919_200bp.v1)" "$paper_network"
    # Those trained from random weights: the first column by column with the others, then v3
    for model in center_context danq deepsea basset; do
        set -- "$@" "$model=$runs/rivals/$model"
    done
    beside "$@"
    beside "$long_network" "$(begun center_context.deepsea919.v2)" "$@" "$paper_network"
    genome-keras evaluate "$long" --source tf_bins edge_bins --out "$runs/test_scores" \
        --weights "$runs/kmers" --weights "$runs/kmers_paper" --weights "$runs/rivals/kmers" \
        --weights center_context.deepsea919.v3 --weights center_context.deepsea919.v2 \
        --weights center_context.deepsea919_200bp.v1 --weights bigru_multitask.deepsea919.v1
}

for step in "$@"; do
    case $step in
    search | train | further | ablate | rivals | paper | publish | scores) "$step" ;;
    *)
        echo "deepsea919.sh: unknown step $step" >&2
        exit 2
        ;;
    esac
done
