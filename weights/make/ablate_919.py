"""What each habit of training is worth to a network on the 919 columns, one changed at a time.

    python weights/make/ablate_919.py DATA.h5 RUNS [--start BEGUN] [--steps 1000] [--only NAME ...]

All go on from the same weights of `center_context(window=200)`, with the same regions in the same
order, and are scored on the regions of the split "valid" that `train_919.py` has. Runs are kept
under RUNS; those that are whole are not done again. The last row takes the last weights of the
first run in place of their average. DATA is the file of 1200 bp: the teachers read 1000.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from validation_table import last_line, validation_table

HERE = Path(__file__).parent
TEACHERS = "center_context.deepsea919.v1", "bigru_multitask.deepsea919.v1"
USUAL = "as trained"
WAYS = {
    USUAL: [],
    "no dropout before the head": ["--set", '{"window": 200, "head_dropout": 0.0}'],
    "dropout .3 before the head": ["--set", '{"window": 200, "head_dropout": 0.3}'],
    "dropout .1 after each convolution": ["--set", '{"window": 200, "dropout": 0.1}'],
    "weight decay .01": ["--decay", "0.01"],
    "edges of touched columns as .3": ["--edges", "0.3"],
    "half of each label from the teachers": ["--teacher", "teacher.npy"],
    "batches of 32": ["--batch", "32", "--steps", "{twice}"],
    "rate .001": ["--rate", "0.001"],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("runs", type=Path)
    parser.add_argument("--start", default=HERE / "begun/center_context.deepsea919_200bp.v1")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--only", nargs="+", choices=WAYS, default=list(WAYS), metavar="NAME")
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    regions = 64 * options.steps
    logs = {}
    for number, (name, change) in enumerate(WAYS.items()):
        if name in options.only:
            run = options.runs / f"{number}"
            change = [
                word.format(twice=2 * options.steps) if "twice" in word else word for word in change
            ]
            logs[name] = trained(options, run, change, regions)
    rows = [(name, log["cpu_s"], log["valid"]) for name, log in logs.items()]
    if USUAL in logs:
        rows.append(("last weights, not averaged", logs[USUAL]["cpu_s"], logs[USUAL]["last"]))
    print(*validation_table(rows), sep="\n")


def trained(options, run, change, regions):
    """The last line of the log of a run that is whole."""
    done = run / "whole"
    if not done.exists():
        some = ["--regions", str(regions), "--seed", "3"]
        if "--teacher" in change:
            file = options.runs / "teacher.npy"
            change = ["--teacher", str(file)]
            if not file.exists():
                program(("teacher_919.py", options.data, file, *TEACHERS, *some))
        start = ["--start", Path(options.start) / "best.weights.h5", "--keep-head"]
        how = ["--model", "center_context", "--set", '{"window": 200}', "--average", "0.998"]
        how += ["--steps", str(options.steps), *some, *start, *change]
        program(("train_919.py", options.data, run, *how))
        done.touch()
    return last_line(run)


def program(words):
    subprocess.run([sys.executable, HERE / words[0], *map(str, words[1:])], check=True)


if __name__ == "__main__":
    main()
