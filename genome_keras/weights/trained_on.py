"""The chromosomes whose regions a checkpoint has seen in training."""

from collections.abc import Iterable

from genome_keras.weights.checkpoint import Checkpoint

# Of the data sets `human_chromatin` and `human_deepsea919`, whose splits are whole chromosomes:
# validation is chr2 and chr7, the test chr9, chr10 and chr22, and chr16 is in none.
_HUMAN = "1 3 4 5 6 8 11 12 13 14 15 17 18 19 20 21 X"
_OF_DATA = {"human_": frozenset(f"chr{name}" for name in _HUMAN.split())}


def trained_on(checkpoint: Checkpoint) -> frozenset[str] | None:
    """Names of the chromosomes, "chr1"; None where nobody has written them down.

    Args:
        checkpoint: a published one, or that of a run whose data told where they lie.

    Example:
        >>> from genome_keras.weights import find
        >>> "chr20" in trained_on(find("kmer_logreg.human_chromatin.v1"))
        True
    """
    told = checkpoint.config.get("contigs")
    if isinstance(told, list):
        return frozenset(str(name) for name in told)
    data_set = str(checkpoint.config.get("name") or checkpoint.name).partition(".")[2]
    return next((names for data, names in _OF_DATA.items() if data_set.startswith(data)), None)


def same_names(chromosomes: Iterable[str]) -> frozenset[str]:
    """Names of chromosomes with "chr" before them, as UCSC has them and Ensembl has not.

    Example:
        >>> sorted(same_names(["1", "chr2", "X"]))
        ['chr1', 'chr2', 'chrX']
    """
    return frozenset(name if name.startswith("chr") else f"chr{name}" for name in chromosomes)
