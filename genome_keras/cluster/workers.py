"""What a worker of the cluster does: one part after the other, with one model.

A part is a dict: `contig`, `path` of its file, and `job`, JSON of the rest.
"""

import json
import os
from functools import cached_property

import numpy as np

from genome_keras.encode import ACCEPTED, translate
from genome_keras.errors import GenomeKerasError, SequenceError
from genome_keras.genome import Variant
from genome_keras.io.fasta import Piece
from genome_keras.io.reference import open_genome
from genome_keras.io.tables import load_pyarrow, open_table
from genome_keras.scoring import predict
from genome_keras.scoring.choices import chosen_tasks
from genome_keras.scoring.scorer import open_scorer
from genome_keras.variants.score_variants import open_effects, score
from genome_keras.weights.resolve import find
from genome_keras.windows import Slider


class Worker:
    """Writes the table of a part.

    Args:
        how: dict of the arguments of all parts.
    """

    def __init__(self, how):
        self.how = how

    def __call__(self, part):
        """Number of rows written; a problem is told as text, for it ends the whole run."""
        try:
            if os.path.exists(part["path"]):  # its worker died before it told
                rows = load_pyarrow()[1].read_metadata(part["path"]).num_rows
            else:
                os.makedirs(os.path.dirname(part["path"]), exist_ok=True)
                rows = self.write(part)
            return {"rows": rows, "problem": ""}
        except (GenomeKerasError, OSError, ValueError) as error:
            return {"rows": 0, "problem": str(error) or repr(error)}

    @cached_property
    def checkpoint(self):
        return find(self.how["weights"])

    @cached_property
    def genome(self):
        return open_genome(self.how["genome"])


class Windows(Worker):
    """Scores windows of a stretch of a contig, as `genome_keras.predict_fasta` does."""

    @cached_property
    def scores(self):
        return predict.scoring(self.checkpoint, self.how["engine"], self.how["batch_size"])

    def write(self, part):
        start, end = json.loads(part["job"])
        letters = self.genome.fetch((part["contig"], start, end)).encode()
        _, foreign = translate(letters, unknown=self.how["unknown"])
        if foreign >= 0:  # told here, for the slider counts from the start of the part
            raise SequenceError(
                f"{part['contig']}: position {start + foreign + 1} (1-based): "
                f"{chr(letters[foreign])!r}; {ACCEPTED}"
            )
        names = ("stride", "batch_size", "on_short", "unknown")
        slider = Slider(
            [Piece(part["contig"], 1, letters, True)],
            window=self.checkpoint.arguments["window"],
            **{name: self.how[name] for name in names},
        )
        chosen = np.array(self.checkpoint.trained) | self.how["all_tasks"]
        tasks = np.array(self.checkpoint.tasks)[chosen].tolist()
        rows = 0
        with open_table(part["path"], tasks) as table:
            for batch in slider:
                scores = self.scores(batch.codes)[:, chosen]
                table.write(batch.names, batch.starts + start, batch.ends + start, scores)
                rows += len(scores)
        return rows


class Alleles(Worker):
    """Scores variants, as `genome_keras.variants.score_variants.score_vcf` does."""

    @cached_property
    def scorer(self):
        how = {name: self.how[name] for name in ("both_strands", "batch_size")}
        return open_scorer(self.how["weights"], **how)

    def write(self, part):
        variants = [Variant(*of) for of in json.loads(part["job"])]
        chosen, tasks = chosen_tasks(self.checkpoint, self.how["tasks"])
        found = score(variants, self.genome, self.scorer, window=self.how["window"])
        values = getattr(found, self.how["effect"])[:, chosen]
        with open_effects(part["path"], tasks, [self.how["effect"]]) as write:
            write(found, values[None])
        return len(values)
