"""`genome-keras export`: a checkpoint as .keras, ONNX, LiteRT or SavedModel."""

from argparse import _SubParsersAction

from genome_keras.commands._arguments import NewFile


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "export",
        help="write a checkpoint as .keras, ONNX, LiteRT or SavedModel",
        description="Writes a checkpoint for use without this package, and compares its scores "
        "with the model's. Prints the largest difference.",
    )
    add = parser.add_argument
    add("weights", metavar="NAME", help="checkpoint, as --weights of the others")
    told = "a .keras, .onnx or .tflite file; a folder"
    add("--out", type=NewFile, required=True, metavar="FILE", help=told)
    add(
        "--format",
        choices=("keras", "onnx", "litert", "saved_model"),
        help="(default: by the suffix of FILE; saved_model must be said)",
    )
    parser.set_defaults(run=_export)


def _export(options):
    from genome_keras.sharing.export import export

    worst = export(options.weights, options.out, format=options.format)
    print("largest difference", f"{worst:.1e}")
