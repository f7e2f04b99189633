"""`genome-keras weights`: list checkpoints, show a card."""


def add_to(commands):
    """Adds the command to the program."""
    parser = commands.add_parser("weights", help="list checkpoints, show a model card")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="one line a checkpoint")
    listing.set_defaults(run=_list)
    info = actions.add_parser("info", help="the model card of a checkpoint")
    info.add_argument("name", help="a name from `genome-keras weights list`")
    info.set_defaults(run=_info)


def _list(options):
    from genome_keras.weights import find, list_weights

    print("name", "architecture", "window", "tasks", "bytes", "test_auroc", sep="\t")
    for name in list_weights():
        found = find(name)
        print(
            name,
            found.config["architecture"],
            found.arguments.get("window"),
            len(found.tasks),
            found.path.stat().st_size,
            f"{found.config['held_out']['all']['auroc_mean']:.4f}",
            sep="\t",
        )


def _info(options):
    from genome_keras.weights import find

    print(find(options.name).card, end="")
