"""Windows that were seen in training: by letters, and by chromosomes."""

import numpy as np
import pytest

import genome_keras
from genome_keras.encode import decode, reverse_complement, tokens
from genome_keras.evaluation.seen_in_training import cost, sharing
from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.weights.registry import PUBLISHED
from genome_keras.weights.trained_on import trained_on


def brute(codes, others, k):
    """How many windows have a k-mer without N of the others, on either strand."""
    seqs = [*decode(others), *reverse_complement(decode(others))]
    known = {seq[i : i + k] for seq in seqs for i in range(len(seq) - k + 1)}
    known = {kmer for kmer in known if "N" not in kmer}
    return sum(
        any(seq[i : i + k] in known for i in range(len(seq) - k + 1)) for seq in decode(codes)
    )


@pytest.mark.parametrize("k", [1, 4, 5, 8, 13])
def test_as_counted_one_by_one(k):
    draw = np.random.default_rng(k)
    codes, others = (draw.integers(0, 4 + (k > 4), (40, 12)).astype(np.uint8) for _ in "ab")
    others[0, 2:] = codes[7, :10]
    others[1] = reverse_complement(codes[8:9])
    assert sharing(codes, others, k=k) == brute(codes, others, k)


def test_31_letters_of_either_strand_and_no_30():
    draw = np.random.default_rng(0)
    codes, others = (draw.integers(0, 4, (5, 60)).astype(np.uint8) for _ in "ab")
    assert sharing(codes, others) == 0 and cost(others) == 5 * 30
    others[3, 10:41] = codes[1, 20:51]
    others[4, :31] = reverse_complement(codes[2:3, 5:36])
    others[2, 10:40], codes[0, 50] = codes[0, 20:50], 3 - others[2, 40]
    codes[0, 19] = (others[2, 9] + 1) % 4
    codes[0, 50] = (others[2, 40] + 1) % 4
    assert sharing(codes, others) == 2
    codes[1, 35] = 4  # N is like nothing
    assert sharing(codes, others) == 1


def test_windows_shorter_than_that_share_nothing():
    assert sharing(tokens(["ACGT"]), tokens(["ACGT"])) == 0


@pytest.mark.parametrize("name", [each for each in PUBLISHED if ".human_" in each])
def test_published_models_tell_their_chromosomes(name):
    learned = trained_on(genome_keras.weights.find(name))
    assert {"chr1", "chr20", "chrX"} <= learned
    assert not learned & {"chr2", "chr7", "chr9", "chr10", "chr16", "chr22"}


def test_others_tell_what_was_written_down():
    assert trained_on(Checkpoint("x", {"contigs": ["II"]}, locate=None)) == {"II"}
    assert trained_on(Checkpoint("x.weights.h5", {}, locate=None)) is None


def test_evaluate_counts_both(tmp_path, caplog):
    caplog.set_level("INFO")
    draw = np.random.default_rng(0)
    seqs = decode(draw.integers(0, 4, (8, 100)))
    seqs[7] = seqs[0]
    places = ["chr2", "chr3"] * 4
    rows = (
        f"{seq},{split},{chrom},0,{i % 2}\n"
        for i, (seq, split, chrom) in enumerate(
            zip(seqs, ["train"] * 4 + ["test"] * 4, places, strict=True)
        )
    )
    (tmp_path / "d.csv").write_text("sequence,split,chrom,start,A549|CEBPB|None\n" + "".join(rows))
    name = "kmer_logreg.human_chromatin.v1"
    result = genome_keras.evaluate(tmp_path / "d.csv", weights=name, replicates=0)
    assert result["seen_in_training"] == {"shared_31mers": 1, "on_trained_chromosomes": {name: 2}}
    assert "1 of 4 windows of 'test' share 31 letters in a row with one of 'train'" in caplog.text
    assert "2 of 4 windows of 'test' lie on chromosomes named as those it was" in caplog.text
