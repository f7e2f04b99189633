"""`genome-keras calibrate`: lines and thresholds that make scores mean what they say."""

from argparse import _SubParsersAction

from genome_keras.commands._arguments import NewFile, given, positive
from genome_keras.commands._data import add_data


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "calibrate",
        help="fit probabilities and thresholds at the natural rate of labels",
        description="Fits for each task a line for the log-odds and a threshold, on held-out "
        "regions whose labels are as rare as where the scores will be used, and writes a table. "
        "Called NAME.calibration.tsv beside NAME.weights.h5, it belongs to that checkpoint.",
    )
    add = parser.add_argument
    add_data(add)
    add(
        "--weights",
        required=True,
        metavar="NAME",
        help="name or path of a checkpoint, or folder of a training run",
    )
    add("--split", default="valid", metavar="SPLIT", help="of the data (default: %(default)s)")
    add("--out", type=NewFile, required=True, metavar="OUT.tsv", help="the table")
    add("--batch-size", type=positive, default=512, metavar="N", help="windows at a time")
    parser.set_defaults(run=_calibrate)


def _calibrate(options):
    from genome_keras.evaluation.calibrate import calibrate

    names = ("weights", "split", "batch_size")
    calibration = calibrate(options.data, sources=options.source, **given(options, *names))
    calibration.write(options.out)
    print(f"{options.out}: calibrated {calibration.told()}; {calibration.about}")
