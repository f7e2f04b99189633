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
from genome_keras.io.reference import Genome, open_genome
from genome_keras.io.tables import load_pyarrow, open_table
from genome_keras.io.vcf_alleles import Malformed
from genome_keras.scoring.file_run import check_finite, file_run
from genome_keras.scoring.model_in_use import ModelInUse, model_in_use
from genome_keras.variants.effects_table import open_effects
from genome_keras.variants.score_variants import score_variants
from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.windows import Slider


class Worker:
    """Writes the table of a part.

    Args:
        how: dict of the arguments of all parts.
        weights: what was resolved where the run began: a `Checkpoint`, or in the same
            process a `ModelInUse`.
        both_strands, batch_size, engine: as in `model_in_use`; of a `ModelInUse` they are
            known.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from genome_keras import integer_logreg
        >>> model = integer_logreg(window=4, tasks=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     genome = Path(folder, "genome.fa")
        ...     _ = genome.write_text(">chr1\\nACGTACGT\\n")
        ...     how = {"genome": genome, "stride": 4, "on_short": "error", "unknown": None}
        ...     how |= {"all_tasks": False}
        ...     part = {"contig": "chr1", "path": f"{folder}/0.parquet", "job": "[0, 8]"}
        ...     worker = WindowWorker(how, model_in_use(model))
        ...     print(worker(part)["rows"], worker(part)["rows"])  # the file of a part is made once
        2 2
    """

    def __init__(
        self,
        how: dict,
        weights: Checkpoint | ModelInUse,
        both_strands: bool | None = None,
        batch_size: int | None = None,
        engine: str = "keras",
    ) -> None:
        self.how, sizes = how, {"both_strands": both_strands, "batch_size": batch_size}
        self.use = model_in_use(weights, **sizes, engine=engine)

    def __call__(self, part: dict) -> dict:
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
    def genome(self) -> Genome:
        """The open genome, of this worker alone."""
        return open_genome(self.how["genome"])


class WindowWorker(Worker):
    """Scores windows of a stretch of a contig, as `genome_keras.predict_fasta` does.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from genome_keras import integer_logreg
        >>> model = integer_logreg(window=4, tasks=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     genome = Path(folder, "genome.fa")
        ...     _ = genome.write_text(">chr1\\nACGTACGT\\n")
        ...     how = {"genome": genome, "stride": 4, "on_short": "error", "unknown": None}
        ...     how |= {"all_tasks": False}
        ...     part = {"contig": "chr1", "path": f"{folder}/0.parquet", "job": "[0, 8]"}
        ...     print(WindowWorker(how, model_in_use(model))(part))
        {'rows': 2, 'problem': ''}
    """

    def write(self, part: dict) -> int:
        """Writes the table of a part, and gives the number of its rows."""
        start, end = json.loads(part["job"])
        letters = self.genome.fetch((part["contig"], start, end)).encode()
        _, foreign = translate(letters, unknown=self.how["unknown"])
        if foreign >= 0:  # told here, for the slider counts from the start of the part
            raise SequenceError(
                f"{part['contig']}: position {start + foreign + 1} (1-based): "
                f"{chr(letters[foreign])!r}; {ACCEPTED}"
            )
        sizes = {name: self.how[name] for name in ("stride", "on_short", "unknown")}
        sizes |= {"window": self.use.window_of_tasks(), "batch_size": self.use.batch_size}
        slider = Slider([Piece(part["contig"], 1, letters, True)], **sizes)
        chosen, tasks = self.use.columns(self.how.get("tasks"), all_tasks=self.how["all_tasks"])
        table = open_table(part["path"], tasks)
        with file_run(slider, table, lambda: self.use.scorer, unit=None) as run:
            for batch in run.batches:
                scores = run.work.scores(batch.codes)[:, chosen]
                check_finite(scores, batch, tasks, self.use.name)
                run.out.write(batch.names, batch.starts + start, batch.ends + start, scores)
        return run.count


class AlleleWorker(Worker):
    """Scores variants, as `genome_keras.variants.score_vcf` does.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from genome_keras import integer_logreg
        >>> model = integer_logreg(window=4, tasks=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     genome = Path(folder, "genome.fa")
        ...     _ = genome.write_text(">chr1\\nACGTACGT\\n")
        ...     how = {"genome": genome, "effect": "diff", "unknown": None, "window": 4}
        ...     job = json.dumps([["chr1", 4, "T", "A", None], ["chr1", 4, "T", "C", None]])
        ...     part = {"contig": "chr1", "path": f"{folder}/0.parquet", "job": job}
        ...     print(AlleleWorker(how | {"tasks": None}, model_in_use(model))(part))
        {'rows': 2, 'problem': ''}
    """

    def write(self, part: dict) -> int:
        """Writes the table of a part, and gives the number of its rows."""
        variants = [allele_of(fields) for fields in json.loads(part["job"])]
        given = {name: self.how[name] for name in ("tasks", "window", "unknown")}
        given["summary"] = summary = self.how.get("summary")
        effects = score_variants(variants, self.genome, weights=self.use, **given)
        names = self.how.get("effects", [self.how["effect"]])
        own = {"summary": summary is not None}
        with open_effects(part["path"], effects.tasks, names, **own) as write:
            values = np.stack([getattr(effects, name) for name in names])
            write(effects, values, effects.summary)
        return len(variants)


def allele_fields(variant: Variant | Malformed) -> list:
    """An allele as fields for JSON; `allele_of` makes it from them.

    Example:
        >>> allele_fields(Variant("chr1", 10, "A", "C", id="rs1"))
        ['chr1', 10, 'A', 'C', 'rs1']
    """
    names = ("contig", "position", "ref", "alt", "id", "problem")
    return [getattr(variant, name) for name in names if hasattr(variant, name)]


def allele_of(fields: list) -> Variant | Malformed:
    """The allele of `allele_fields`.

    Example:
        >>> allele_of(["chr1", 10, "A", "C", "rs1"])
        Variant(contig='chr1', position=10, ref='A', alt='C', id='rs1')
    """
    return (Malformed if len(fields) == len(Malformed._fields) else Variant)(*fields)
