"""Says in the cards of checkpoints what their calibrations are, and writes the sums of all files.

    python weights/make/calibrated.py NAME [NAME ...]

The tables, NAME.calibration.tsv, lie in `weights/`: `genome-keras calibrate` makes them. What is
printed are the lines for `PUBLISHED` in `genome_keras/weights/registry.py`.
"""

import argparse
import textwrap
from pathlib import Path

import numpy as np
from checkpoint_files import entry, write_sums

from genome_keras.io.atomic import atomic
from genome_keras.weights.calibration import OWN, SUFFIX, Calibration

WEIGHTS = Path(__file__).parents[1]
HEAD, NEXT = "## Calibration\n", "## Licence\n"
WORDS = (
    "`{name}{suffix}` turns scores into probabilities at the natural rate of labels and has a "
    "threshold for each task (`genome-keras predict --calibrated` and `--calls`): {told}. Fitted "
    "on {about}. Of the calls by a threshold of the task's own, on regions that it was not chosen "
    "on: median precision {precision:.3f}, median recall {recall:.3f}."
)


def section(name: str, calibration: Calibration) -> str:
    """What a card says of a calibration."""
    own = np.array([how == OWN for how in calibration.how])
    precision, recall = (
        float(np.nanmedian(values[own])) for values in (calibration.precision, calibration.recall)
    )
    words = WORDS.format(
        name=name,
        suffix=SUFFIX,
        told=calibration.told(),
        about=calibration.about,
        precision=precision,
        recall=recall,
    )
    return f"{HEAD}\n{textwrap.fill(words, 92, break_on_hyphens=False)}\n\n"


def with_section(card: str, text: str) -> str:
    """A card with this section before its licence, in place of one that it has."""
    before, has_licence, after = card.partition(NEXT)
    if not has_licence:
        raise ValueError(f"the card has no {NEXT.strip()!r}")
    return before.partition(HEAD)[0] + text + NEXT + after


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", metavar="NAME")
    for name in parser.parse_args().names:
        card = WEIGHTS / f"{name}.md"
        text = section(name, Calibration.read(WEIGHTS / (name + SUFFIX)))
        with atomic(card) as path:
            path.write_text(with_section(card.read_text(encoding="utf-8"), text), encoding="utf-8")
        print(entry(WEIGHTS, name))
    write_sums(WEIGHTS)


if __name__ == "__main__":
    main()
