"""`genome-keras weights`: list checkpoints, show, verify and publish them."""

from argparse import _SubParsersAction

from genome_keras import MODELS
from genome_keras.commands._arguments import given, positive


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser("weights", help="list, show, verify and publish checkpoints")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="one line a checkpoint")
    listing.add_argument("--architecture", choices=MODELS)
    listing.add_argument("--data", metavar="WORD", help="the data set in the name")
    listing.add_argument("--window", type=positive, metavar="BP", help="that it reads")
    listing.add_argument(
        "--task",
        action="append",
        metavar="TASK",
        help="that have this: some letters of a name, a pattern, or fields such as "
        "'cell=K562 target=CTCF'; may be repeated",
    )
    listing.add_argument("--group", metavar="WORD", help="that have tasks of TF, histone or DNase")
    listing.set_defaults(run=_list)
    info = actions.add_parser("info", help="facts and model card of a checkpoint")
    info.add_argument("name", metavar="NAME", help="checkpoint, as --weights of the others")
    info.set_defaults(run=_info)
    verify = actions.add_parser(
        "verify",
        help="check bytes, structure, probe, card and scores",
        description="One line a check. Exit status 1 where one failed.",
    )
    verify.add_argument("names", nargs="*", metavar="NAME", help="(default: all published)")
    verify.add_argument("--data", metavar="DATA.h5", help="also score its test split afresh")
    verify.set_defaults(run=_verify)
    push = actions.add_parser(
        "push", help="upload a folder of save_pretrained, or a checkpoint, to the Hub"
    )
    push.add_argument("folder", metavar="DIR|NAME")
    push.add_argument("address", metavar="hf://OWNER/REPO[@BRANCH][/NAME]")
    push.add_argument("--private", action="store_true", help="if the repository is made now")
    push.set_defaults(run=_push)


def _list(options):
    from genome_keras.weights.listing import list_weights

    listed = list_weights(**given(options, "architecture", "data", "window", "task", "group"))
    columns = ("name", "architecture", "window", "tasks", "bytes", "test_auroc", "data", "groups")
    print(*columns, sep="\t")
    for each in listed:
        print(*(_cell(getattr(each, name)) for name in columns), sep="\t")


def _cell(value):
    """Text of a column; a dash for what a language model has not."""
    if isinstance(value, float):
        return f"{value:.4f}"
    return ",".join(value) or "-" if isinstance(value, tuple) else "-" if value is None else value


def _info(options):
    from genome_keras.errors import printable
    from genome_keras.weights.resolve import facts, find

    checkpoint = find(options.name)
    print(printable(checkpoint.card, keep="\n\t"))
    print("## Facts\n")
    for fact, value in facts(checkpoint):
        print(f"- {fact}: {printable(str(value))}")


def _verify(options):
    from genome_keras.errors import WeightsError, printable
    from genome_keras.sharing.verify import verify
    from genome_keras.weights.listing import list_weights

    words = {True: "ok", False: "FAILED", None: "skipped"}
    failed = 0
    for name in options.names or list_weights():
        for check in verify(name, data=options.data):
            detail = printable(check.detail)
            print(check.name, check.what, words[check.passed], detail, sep="\t", flush=True)
            failed += check.passed is False
    if failed:
        raise WeightsError(f"{failed} {'check' if failed == 1 else 'checks'} failed")


def _push(options):
    from genome_keras.sharing.pretrained import push

    print(push(options.folder, options.address, private=options.private))
