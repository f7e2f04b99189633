"""`genome-keras evaluate`: held-out scores of checkpoints."""


def add_to(commands):
    """Adds the command to the program."""
    parser = commands.add_parser(
        "evaluate",
        help="held-out scores of checkpoints beside the baselines",
        description="Scores checkpoints on one split of a data set beside the positive rate "
        "(prior) and GC content, per task and per source.",
    )
    add = parser.add_argument
    add("data", metavar="DATA.h5", help="data set with x, y, split, source and tasks")
    add("--weights", action="append", required=True, help="name or path; may be repeated")
    add("--split", choices=("train", "valid", "test"), default="test")
    add("--out", required=True, metavar="DIR", help="folder for scores.json and per_task.tsv")
    parser.set_defaults(run=_evaluate)


def _evaluate(options):
    from genome_keras.evaluate import as_markdown, evaluate

    result = evaluate(options.data, weights=options.weights, split=options.split, out=options.out)
    print(as_markdown(result))
