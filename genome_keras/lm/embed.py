"""Embeddings of the records of a FASTA file, as a table."""

import os

from genome_keras.io.atomic import protected
from genome_keras.io.tables import open_table
from genome_keras.lm.genome import contigs
from genome_keras.lm.score import embeddings
from genome_keras.lm.train import load_lm
from genome_keras.weights.checkpoint import Checkpoint


def embed_fasta(
    path: str | os.PathLike,
    out: str | os.PathLike = "-",
    *,
    weights: str | os.PathLike | Checkpoint,
    pool: str = "mean",
    unknown: str | None = None,
    batch_size: int = 50,
) -> None:
    """Writes one vector for each record: the outputs of the last recurrent layer.

    Args:
        path: FASTA, plain or gzip; "-" is standard input.
        out: as in `genome_keras.io.tables.open_table`; columns are h0, h1, ...
        weights: as in `genome_keras.lm.train.load_lm`.
        pool: "mean" over the record, or "last", the state after its last base.
        unknown: "N" reads foreign letters as N; None refuses them.
        batch_size: records at a time.

    Raises:
        FormatError, SequenceError, WeightsError, GenomeKerasError: as in `score_fasta`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with open(f"{folder}/genome.fa", "w") as file:
        ...         print(">chr1", "ACGTTGCA" * 20, ">chr2", "ACGT" * 5, sep="\\n", file=file)
        ...     paths = f"{folder}/genome.fa", f"{folder}/vectors.tsv"
        ...     embed_fasta(*paths, weights="char_rnn.ecoli.v1")
        ...     with open(f"{folder}/vectors.tsv") as table:
        ...         [line.split()[:3] for line in table][1:]
        [['chr1', '0', '160'], ['chr2', '0', '20']]
    """
    model = load_lm(weights)
    units = model.get_layer("next_base").kernel.shape[0]
    with (
        protected([path, weights]),
        open_table(out, [f"h{number}" for number in range(units)]) as table,
    ):
        held = []

        def flush():
            if held:
                lengths = [len(record.codes) for record in held]
                vectors = embeddings(
                    model, [r.codes for r in held], pool=pool, batch_size=batch_size
                )
                table.write([r.name for r in held], [0] * len(held), lengths, vectors)
                held.clear()

        for record in contigs(path, unknown=unknown):
            held.append(record)
            if len(held) == batch_size or sum(len(r.codes) for r in held) > 1_000_000:
                flush()
        flush()
