"""`genome-keras import`: published weights of other packages as a checkpoint."""

from argparse import _SubParsersAction
from pathlib import Path

from genome_keras.commands._arguments import NewFile, positive
from genome_keras.errors import FormatError

SIGNALS = {  # models of measured signal: what they are, and their files
    "bpnet": (
        "BPNet, or ChromBPNet's accessibility alone",
        "Keras .h5 of its program, bpnet-lite's",
    ),
    "chrombpnet": ("ChromBPNet, both networks", "Keras .h5 of its program, bpnet-lite's"),
    "enformer": ("Enformer with one head", "enformer-pytorch's"),
    "borzoi": ("Borzoi with one head", "borzoi-pytorch's"),
    "basenji2": ("Basenji2 with one head", "Keras .h5 of its program, basenji2-pytorch's"),
    "deepstarr": ("DeepSTARR", "Keras .h5 of its publication, no"),
    "legnet": ("LegNet for human reporter assays (MPRA-LegNet)", "human_legnet's"),
    "spliceai": ("one of SpliceAI's five networks", "Keras .h5 of its package, no"),
}


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "import",
        help="turn published weights of other packages into a checkpoint or a Keras 3 model",
        description="Reads weights in the layout of their publication, and checks every shape. "
        "Nothing in a file is run.",
    )
    kinds = parser.add_subparsers(dest="architecture", required=True, metavar="KIND")
    for name in ("basset", "beluga", "danq", "deepsea", "sei"):
        _add_state(kinds, name)
    for name, (what, files) in SIGNALS.items():
        _add_signals(kinds, name, what, files)
    _add_deepbind(kinds)
    _add_keras(kinds)


def _add_state(kinds, name):
    parser = kinds.add_parser(
        name,
        help=f"published weights of {name}, as a checkpoint",
        description="Writes a checkpoint that every other command takes as "
        "--weights OUT.weights.h5.",
    )
    add = parser.add_argument
    add("file", metavar="FILE", help="torch state (.pth, .pt), safetensors, or Keras 0.x HDF5")
    add("--out", type=NewFile, required=True, metavar="OUT.weights.h5", help="checkpoint to write")
    add("--tasks", metavar="NAMES.txt", help="names of the tasks, one a line, in their order")
    add("--window", type=positive, metavar="BP", help="where it is not the published one")
    parser.set_defaults(run=_import)


def _add_signals(kinds, name, what, files):
    parser = kinds.add_parser(
        name,
        help=f"{what}, as a checkpoint",
        description="Writes a checkpoint that predict takes as --weights OUT.weights.h5.",
    )
    add = parser.add_argument
    add("file", metavar="FILE", help=f"{files} torch state, or safetensors")
    add("--out", type=NewFile, required=True, metavar="OUT.weights.h5", help="checkpoint to write")
    add("--tasks", metavar="NAMES.txt", help="names of the tracks, one a line, in their order")
    add("--window", type=positive, metavar="BP", help="where it is not the published one")
    add("--bins", type=positive, metavar="N", help="of the output, where not the published ones")
    add("--head", metavar="WORD", help="of enformer, borzoi: human (default) or mouse")
    parser.set_defaults(run=_import_signals)


def _add_deepbind(kinds):
    parser = kinds.add_parser(
        "deepbind",
        help="DeepBind's networks for single proteins, as one checkpoint",
        description="Writes a checkpoint of one or many of the authors' networks; each is a task.",
    )
    add = parser.add_argument
    add("models", nargs="*", metavar="MODEL", help="such as D00328.003 (default: all in FILE)")
    add(
        "--params",
        required=True,
        metavar="FILE",
        help="the authors' parameter files: an archive, a folder, or one file",
    )
    add("--out", type=NewFile, required=True, metavar="OUT.weights.h5", help="checkpoint to write")
    add("--table", metavar="db.tsv", help="the authors' table, for the names of the tasks")
    add("--window", type=positive, default=101, metavar="BP", help="of the input (default: 101)")
    add(
        "--output",
        choices=("probability", "score"),
        default="probability",
        help="the sigmoid of the score (default), or the score as the authors' program prints it",
    )
    parser.set_defaults(run=_import_deepbind)


def _add_keras(kinds):
    parser = kinds.add_parser(
        "keras",
        help="a network that Keras 0.2 to 2.x saved in HDF5, as a Keras 3 model",
        description="Builds the Keras 3 model layer by layer; a layer that is not known is an "
        "error that names it.",
    )
    add = parser.add_argument
    add("file", metavar="FILE", help="HDF5 of the whole model, or of its weights with --json")
    add("--json", metavar="JSON", help="the model's description, where it is not in FILE")
    add(
        "--backend",
        choices=("theano", "tensorflow"),
        help="which saved FILE, where FILE does not tell: Theano read kernels backwards",
    )
    add("--out", type=NewFile, required=True, metavar="OUT.keras", help="model to write")
    parser.set_defaults(run=_import_keras)


def _import(options):
    from genome_keras.sharing.import_weights import import_weights

    if not Path(options.file).is_file():
        raise FormatError(options.file, None, "no such file")
    import_weights(
        options.architecture,
        options.file,
        options.out,
        tasks=options.tasks,
        window=options.window,
    )


def _import_signals(options):
    from genome_keras.sharing.import_signals import import_signals

    if not Path(options.file).is_file():
        raise FormatError(options.file, None, "no such file")
    how = {name: getattr(options, name) for name in ("tasks", "window", "bins", "head")}
    import_signals(options.architecture, options.file, options.out, **how)


def _import_deepbind(options):
    from genome_keras.sharing.import_deepbind import import_deepbind

    import_deepbind(
        options.params,
        options.out,
        models=options.models or None,
        table=options.table,
        window=options.window,
        output=options.output,
    )


def _import_keras(options):
    from genome_keras.sharing.import_keras import import_keras

    import_keras(options.file, options.out, json=options.json, backend=options.backend)
