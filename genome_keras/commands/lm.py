"""`genome-keras lm`: language models of genomes."""

import argparse
import sys
from argparse import _SubParsersAction

from genome_keras.commands._arguments import (
    NewFile,
    add_out_folder,
    add_unknown,
    add_weights,
    given,
    positive,
)
from genome_keras.commands._results import result


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command and its subcommands to the program."""
    parser = commands.add_parser("lm", help="language models of genomes")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for add in (_train, _score, _sample, _embed, _baselines, _compress, _decompress):
        add(actions)


def _train(actions):
    parser = actions.add_parser(
        "train",
        help="train a recurrent network on a genome; the same command goes on after a kill",
        description="Trains char_rnn on parallel streams over the contigs of a FASTA file.",
    )
    add = parser.add_argument
    add("genome", metavar="GENOME.fa", help="FASTA, plain or gzip")
    add_out_folder(add, "weights, state and log")
    add("--fine-tune", metavar="NAME", help="start from this checkpoint (a name or a path)")
    add("--cell", choices=("gru", "lstm", "rnn"), help="(default: gru)")
    add("--units", type=positive, metavar="N", help="of every layer (default: 128)")
    add("--depth", type=positive, metavar="N", help="layers (default: 2)")
    add("--embedding", type=positive, metavar="N", help="numbers per letter (default: units)")
    add("--dropout", type=float, default=0.0, metavar="P")
    add("--window", type=positive, default=100, metavar="BP", help="steps gradients go back")
    add("--batch-size", type=positive, default=50, metavar="N", help="streams (default: 50)")
    add("--epochs", type=positive, default=1, metavar="N")
    add("--learning-rate", type=float, default=2e-3, help="the highest (default: %(default)s)")
    add("--warmup", type=int, default=0, metavar="STEPS", help="steps to the highest rate")
    add("--decay", choices=("none", "cosine", "exponential"), default="none")
    add("--reverse-complement", action="store_true", help="read half of the streams backwards")
    _held_out(add)
    add_unknown(add)
    add("--save-every", type=positive, default=600, metavar="S", help="seconds between states")
    add("--seed", type=int, default=0)
    parser.set_defaults(run=_run_train)


def _score(actions):
    parser = actions.add_parser(
        "score",
        help="log-likelihood and perplexity of the records of a FASTA file",
        description="A table: name, length, bases scored, log_likelihood, perplexity, "
        "bits_per_base. N and the first base of a record are not scored.",
    )
    add = _records(parser)
    add(
        "--track",
        type=NewFile,
        metavar="FILE",
        help="-log2 P of every base: .bw, .tsv, .tsv.gz or .parquet",
    )
    add("--piece", type=positive, metavar="BP", help="read long records as pieces, side by side")
    add("--warm-up", type=positive, default=1000, metavar="BP", help="read before each piece")
    parser.set_defaults(run=_run_score)


def _sample(actions):
    parser = actions.add_parser("sample", help="draw new sequences, as FASTA")
    add = parser.add_argument
    add_weights(add, required=True)
    add("--length", type=positive, required=True, metavar="BP")
    add("--samples", type=positive, default=1, metavar="N")
    add("--prime", type=_letters, default="", metavar="LETTERS", help="read these first")
    add("--temperature", type=float, default=1.0, help="0 takes the likeliest (default: 1)")
    add("--top-k", type=positive, default=4, metavar="K", help="draw among the K likeliest")
    add("--seed", type=int, default=0)
    add("--out", type=NewFile, default="-", help="FASTA; - is standard output (default)")
    parser.set_defaults(run=_run_sample)


def _embed(actions):
    parser = actions.add_parser("embed", help="hidden states of records, as a table")
    add = _records(parser)
    add("--pool", choices=("mean", "last"), default="mean", help="over the record")
    parser.set_defaults(run=_run_embed)


def _baselines(actions):
    parser = actions.add_parser(
        "baselines",
        help="perplexity of order-k counts and context mixing, with and without a network",
        description="A table: model, protocol, scored, perplexity, bits_per_base, bases, "
        "cpu_seconds.",
    )
    add = parser.add_argument
    add("genome", metavar="GENOME.fa", help="FASTA, plain or gzip")
    _held_out(add)
    add("--orders", type=_orders, default=(2, 4, 8, 10, 11, 12), metavar="K,K,...")
    add("--no-mixing", action="store_true", help="without context mixing")
    add("--mix", metavar="NAME", help="checkpoint to score and to mix in: a name or a path")
    add_unknown(add)
    add("--out", type=NewFile, default="-", help="TSV; - is standard output (default)")
    parser.set_defaults(run=_run_baselines)


def _compress(actions):
    parser = actions.add_parser("compress", help="compress FASTA by context mixing, losslessly")
    parser.add_argument("fasta", metavar="IN.fa", help="FASTA, plain or gzip")
    parser.add_argument("out", type=NewFile, metavar="OUT")
    parser.set_defaults(run=_run_compress)


def _decompress(actions):
    parser = actions.add_parser("decompress", help="undo compress, to the byte")
    parser.add_argument("file", metavar="FILE", help="written by 'lm compress'")
    parser.add_argument("out", type=NewFile, metavar="OUT.fa")
    parser.set_defaults(run=_run_decompress)


def _held_out(add):
    add(
        "--test",
        old=["--hold-out"],
        dest="hold_out",
        nargs="+",
        default=(),
        metavar="CONTIG",
        help="contigs not learned from",
    )
    add(
        "--test-share",
        old=["--tail"],
        dest="tail",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="not learned from, at the end",
    )


def _records(parser):
    add = parser.add_argument
    add("fasta", metavar="IN.fa", help="FASTA, plain or gzip; - is standard input")
    add_weights(add, required=True)
    add("--out", type=NewFile, default="-", help="table; - is standard output (default)")
    add_unknown(add)
    add("--batch-size", type=positive, default=50, metavar="N", help="records at a time")
    return add


def _orders(text):
    parts = text.split(",")
    if not all(part.isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(f"expected whole numbers like 2,8,11, got {text!r}")
    return tuple(map(int, parts))


def _letters(text):
    if not set(text.upper()) <= set("ACGTN"):
        raise argparse.ArgumentTypeError(f"expected the letters A, C, G, T and N, got {text!r}")
    return text


def _run_train(options):
    from genome_keras.lm.train import train_genome

    names = ("out", "fine_tune", "cell", "units", "depth", "embedding", "dropout", "window")
    names += ("batch_size", "epochs", "learning_rate", "warmup", "decay")
    names += ("reverse_complement", "hold_out", "tail", "unknown", "save_every", "seed")
    log = train_genome(options.genome, **given(options, *names))
    last = log[-1]
    held_out = f", held out {last['held_out']:.4f}" if last["held_out"] else ""
    text = f"epoch {last['epoch']}: training perplexity {last['training']:.4f}{held_out}"
    print(text, file=sys.stderr)
    result(
        f"the best of {last['epoch']} epochs",
        out=options.out,
        then=f"genome-keras lm score FASTA --weights {options.out}",
    )


def _run_score(options):
    from genome_keras.lm.score_file import score_fasta

    total = score_fasta(
        options.fasta,
        options.out,
        **given(options, "weights", "track", "unknown", "batch_size", "piece", "warm_up"),
    )
    print(f"perplexity {total.perplexity:.4f} over {total.bases} bases", file=sys.stderr)


def _run_sample(options):
    from genome_keras.lm.sample import sample_fasta

    sample_fasta(
        options.out,
        **given(options, "weights", "length", "samples", "prime", "temperature", "top_k", "seed"),
    )


def _run_embed(options):
    from genome_keras.lm.embed import embed_fasta

    embed_fasta(
        options.fasta,
        options.out,
        **given(options, "weights", "pool", "unknown", "batch_size"),
    )


def _run_baselines(options):
    from genome_keras.lm.baselines import baselines, write_table

    rows = baselines(
        options.genome,
        mixing=not options.no_mixing,
        **given(options, "hold_out", "tail", "orders", "mix", "unknown"),
    )
    write_table(rows, options.out)


def _run_compress(options):
    from genome_keras.lm.compress import compress

    sizes = compress(options.fasta, options.out)
    print(
        f"{sizes.text} bytes to {sizes.file}: {sizes.bases} bases at "
        f"{sizes.tally.bits_per_base:.4f} bits each, layout {sizes.layout} bytes",
        file=sys.stderr,
    )


def _run_decompress(options):
    from genome_keras.lm.compress import decompress

    decompress(options.file, options.out)
