"""`genome-keras train`: train a model on a data set."""

from genome_keras import MODELS
from genome_keras.commands._types import positive


def add_to(commands):
    """Adds the command to the program."""
    parser = commands.add_parser(
        "train",
        help="train a model; the same command goes on after a kill",
        description="Trains on the split 'train' of a data set, keeps the epoch with the lowest "
        "validation loss, and resumes from the last finished epoch when run again.",
    )
    add = parser.add_argument
    add("data", metavar="DATA.h5", help="data set with x, y, split, source and tasks")
    add("--out", required=True, metavar="DIR", help="folder for weights, state and log")
    add("--model", choices=MODELS, default="bigru_multitask", help="(default: %(default)s)")
    add("--epochs", type=positive, default=8, metavar="N")
    add("--batch-size", type=positive, default=128, metavar="N")
    add("--learning-rate", type=float, default=5e-3, help="the highest (default: %(default)s)")
    add("--warmup", type=int, default=500, metavar="STEPS", help="steps to the highest rate")
    add("--fine-tune", metavar="NAME", help="start from this checkpoint (a name or a path)")
    add("--seed", type=int, default=0)
    parser.set_defaults(run=_train)


def _train(options):
    from genome_keras.train import train_dataset

    train_dataset(
        options.data,
        model=options.model,
        out=options.out,
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        warmup=options.warmup,
        fine_tune=options.fine_tune,
        seed=options.seed,
    )
