#!/usr/bin/env bash
# A pipeline author: streams in, whole files out, statuses that can be trusted.
#   examples/pipeline.sh IN.fa[.gz] OUT_FOLDER
set -euo pipefail
weights=${WEIGHTS:-kmer_logreg.human_chromatin.v1}
mkdir -p "$2"

# What is used, and under which terms: beside the results.
genome-keras weights info "$weights" > "$2/card.md"

# Compressed or not, from a stream; the columns of one factor.
genome-keras predict - --weights "$weights" --task "K562|CTCF|*" --stride 50 < "$1" > "$2/scores.tsv"

# The highest window of each record.
tail -n +2 "$2/scores.tsv" | sort -t $'\t' -k1,1 -k4,4gr | awk -F '\t' '!seen[$1]++' | cut -f 1-4 > "$2/best.tsv"

# A file that is wrong ends with status 1 and one line, and leaves no table behind.
if printf '>a\nACGT!\n' | genome-keras predict - --weights "$weights" --out "$2/wrong.tsv"; then
    exit 1
fi
[ ! -e "$2/wrong.tsv" ] && wc -l "$2/best.tsv"
