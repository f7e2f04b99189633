"""`genome-keras words`: vectors of genomic words, from a genome."""

from argparse import _SubParsersAction

from genome_keras.commands._arguments import NewFile, add_unknown, given, positive


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "words",
        help="learn vectors of k-mers from a genome, for kmer_rnn",
        description="Learns a vector for each k-mer from its neighbours in FASTA (skip-gram "
        "with negative sampling); train with --model kmer_rnn --set words=FILE.",
    )
    add = parser.add_argument
    add("fasta", metavar="IN.fa", help="FASTA, plain or gzip; - is standard input")
    add("--out", type=NewFile, required=True, metavar="OUT.h5", help="file of vectors to write")
    add("--word", default="6", help="length, 1 to 6, or a pattern such as 1101011 (default: 6)")
    add("--stride", type=positive, default=2, metavar="BP", help="from a word to its neighbour")
    add("--context", type=positive, default=4, metavar="N", help="neighbours on each side")
    add("--embedding", type=positive, default=64, metavar="N", help="numbers of a vector")
    add("--negatives", type=positive, default=5, metavar="N", help="for each neighbour")
    add("--one-strand", action="store_true", help="leave out the reverse complements")
    add_unknown(add)
    add("--steps", type=positive, default=200, metavar="N", help="of the fit, at most")
    add("--seed", type=int, default=0)
    parser.set_defaults(run=_words)


def _words(options):
    from genome_keras.training.words import learn_words

    learn_words(
        options.fasta,
        options.out,
        word=int(options.word) if len(options.word) == 1 else options.word,
        both_strands=not options.one_strand,
        **given(options, "stride", "context", "embedding", "negatives", "unknown", "steps", "seed"),
    )
