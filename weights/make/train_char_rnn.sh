#!/bin/sh
# Trains the two character models that are published, and the tables beside them.
#
#   weights/make/train_char_rnn.sh ECOLI.fa.gz PFALCIPARUM.fa.gz RUNS
#
# Each line goes on where it was when it is run again.
set -eu
ecoli=$1 pfalciparum=$2 runs=$3
export KERAS_BACKEND=${KERAS_BACKEND:-jax} OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
mkdir -p "$runs"

more="--tail 0.1 --window 100 --decay cosine --reverse-complement"
genome-keras lm train "$ecoli" --out "$runs/ecoli_first" $more \
    --cell gru --units 512 --depth 2 --embedding 8 --batch-size 50 \
    --epochs 3 --learning-rate 1e-3 --warmup 200
genome-keras lm train "$ecoli" --out "$runs/ecoli" $more --batch-size 50 \
    --fine-tune "$runs/ecoli_first/best.weights.h5" --seed 1 \
    --epochs 2 --learning-rate 8e-4 --warmup 100
genome-keras lm train "$pfalciparum" --out "$runs/pfalciparum" $more \
    --cell gru --units 256 --depth 2 --embedding 8 --batch-size 100 \
    --epochs 1 --learning-rate 2e-3 --warmup 200

for name in ecoli pfalciparum; do
    genome=$ecoli
    [ "$name" = ecoli ] || genome=$pfalciparum
    genome-keras lm baselines "$genome" --tail 0.1 --out "$runs/$name.tsv" \
        --mix "$runs/$name/best.weights.h5"
    python "$(dirname "$0")/publish_lm.py" "$genome" "char_rnn.$name.v1=$runs/$name" \
        --table "$runs/$name.tsv"
done
