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

genome-keras lm train "$ecoli" --out "$runs/ecoli" --tail 0.1 \
    --cell gru --units 512 --depth 2 --embedding 8 --window 100 --batch-size 50 \
    --epochs 4 --learning-rate 3e-3 --warmup 200 --decay cosine --reverse-complement
genome-keras lm train "$pfalciparum" --out "$runs/pfalciparum" --tail 0.1 \
    --cell gru --units 256 --depth 2 --embedding 8 --window 100 --batch-size 100 \
    --epochs 2 --learning-rate 4e-3 --warmup 200 --decay cosine --reverse-complement

for name in ecoli pfalciparum; do
    genome=$ecoli
    [ "$name" = ecoli ] || genome=$pfalciparum
    genome-keras lm baselines "$genome" --tail 0.1 --out "$runs/$name.tsv" \
        --mix "$runs/$name/best.weights.h5"
    python "$(dirname "$0")/publish_lm.py" "$genome" "char_rnn.$name.v1=$runs/$name" \
        --table "$runs/$name.tsv"
done
