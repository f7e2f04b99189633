"""`genome-keras weights`: list checkpoints, show, verify and publish them."""

from argparse import _SubParsersAction

from genome_keras import MODELS
from genome_keras.commands._arguments import positive


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser("weights", help="list, show, verify and publish checkpoints")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="one line a checkpoint")
    listing.add_argument("--architecture", choices=MODELS)
    listing.add_argument("--data", metavar="WORD", help="the data set in the name")
    listing.add_argument("--window", type=positive, metavar="BP")
    listing.add_argument("--task", metavar="TEXT", help="in the name of a task, such as CTCF")
    listing.set_defaults(run=_list)
    info = actions.add_parser("info", help="facts and model card of a checkpoint")
    info.add_argument("name", help="a name from `genome-keras weights list`, a path or hf://...")
    info.set_defaults(run=_info)
    verify = actions.add_parser(
        "verify",
        help="check bytes, structure, probe, card and scores",
        description="One line a check. Exit status 1 where one failed.",
    )
    verify.add_argument("names", nargs="*", metavar="NAME", help="(default: all published)")
    verify.add_argument("--data", metavar="DATA.h5", help="also score its test split afresh")
    verify.set_defaults(run=_verify)
    push = actions.add_parser("push", help="upload a folder of save_pretrained to the Hub")
    push.add_argument("folder", metavar="DIR")
    push.add_argument("address", metavar="hf://OWNER/REPO[@BRANCH][/NAME]")
    push.add_argument("--private", action="store_true", help="if the repository is made now")
    push.set_defaults(run=_push)


def _list(options):
    from genome_keras.weights.registry import PUBLISHED
    from genome_keras.weights.resolve import find, list_weights

    print("name", "architecture", "window", "tasks", "bytes", "test_auroc", sep="\t")
    for name in list_weights(
        options.architecture, data=options.data, window=options.window, task=options.task
    ):
        found = find(name)
        print(
            name,
            found.architecture,
            found.arguments.get("window"),
            len(found.tasks),
            PUBLISHED[name].size,
            _auroc(found.config["held_out"].get("all")),
            sep="\t",
        )


def _auroc(scores):
    """Of multi-task models; a dash for language models."""
    return f"{scores['auroc_mean']:.4f}" if scores and "auroc_mean" in scores else "-"


def _info(options):
    from genome_keras.errors import printable
    from genome_keras.weights.resolve import facts, find

    found = find(options.name)
    print(printable(found.card, keep="\n\t"))
    print("## Facts\n")
    for fact, value in facts(found):
        print(f"- {fact}: {printable(str(value))}")


def _verify(options):
    from genome_keras.errors import WeightsError, printable
    from genome_keras.sharing.verify import verify
    from genome_keras.weights.resolve import list_weights

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
