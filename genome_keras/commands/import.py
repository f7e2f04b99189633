"""`genome-keras import`: published weights of other packages as a checkpoint."""

from pathlib import Path

from genome_keras.commands._arguments import new_file, positive
from genome_keras.errors import FormatError


def add_to(commands):
    """Adds the command to the program."""
    parser = commands.add_parser(
        "import",
        help="turn published weights of DeepSEA, DanQ or Basset into a checkpoint",
        description="Reads weights in the layout of their publication, checks every shape, and "
        "writes a checkpoint that every other command takes as --weights OUT.weights.h5.",
    )
    add = parser.add_argument
    add("architecture", choices=("basset", "danq", "deepsea"), help="what the weights are of")
    add("file", metavar="FILE", help="torch state (.pth, .pt), safetensors, or Keras 0.x HDF5")
    add("--out", type=new_file, required=True, metavar="OUT.weights.h5", help="checkpoint to write")
    add("--tasks", metavar="NAMES.txt", help="names of the tasks, one a line, in their order")
    add("--window", type=positive, metavar="BP", help="where it is not the published one")
    parser.set_defaults(run=_import)


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
