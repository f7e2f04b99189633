"""Genome-wide scores by several processes or machines, on Ray Data.

Each part of the work becomes one whole file of a Parquet data set. A part whose worker
dies is done again by another; finished parts stay, so nothing is lost and nothing comes
twice. On several machines, all must see the input and the output at the same paths.
"""

import hashlib
import importlib.util
import json
import logging
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby, islice
from typing import NamedTuple

from genome_keras.arguments import at_least, at_least_one, one_of
from genome_keras.cluster.alleles_page import add_parts
from genome_keras.cluster.folder import Folder
from genome_keras.cluster.workers import AlleleWorker, WindowWorker, allele_fields
from genome_keras.errors import GenomeKerasError, SequenceError
from genome_keras.io import vcf
from genome_keras.io.atomic import protected
from genome_keras.io.reference import open_genome
from genome_keras.io.tables import load_pyarrow
from genome_keras.progress import progress
from genome_keras.scoring.effects import kinds
from genome_keras.scoring.engines import model_without_keras
from genome_keras.scoring.model_in_use import ModelInUse, model_in_use
from genome_keras.variants.nearby_genes import genes_of
from genome_keras.variants.page import variants_page
from genome_keras.variants.score_variants import within
from genome_keras.variants.summary import accessible_columns
from genome_keras.weights.resolve import default_for
from genome_keras.windows import ON_SHORT, SHORT_IS_ERROR


class PartsDone(NamedTuple):
    """What a run did.

    Attributes:
        rows: written by this run.
        parts: of all runs.
        done: of them, those that were there when this run began.

    Example:
        >>> done = PartsDone(rows=200_000, parts=3, done=1)
        >>> done.parts - done.done  # what this run did
        2
    """

    rows: int
    parts: int
    done: int


def predict_genome(
    genome: str | os.PathLike,
    out: str | os.PathLike,
    *,
    weights: object = None,
    stride: int | None = None,
    on_short: str = "error",
    unknown: str | None = None,
    tasks: Iterable[str] | str | None = None,
    all_tasks: bool = False,
    engine: str = "auto",
    batch_size: int | None = None,
    part: int = 100_000,
    workers: int = 2,
    gpus: float = 0.0,
    address: str | None = None,
    resume: bool = False,
) -> PartsDone:
    """Scores every window of a genome: the rows of `genome_keras.predict_fasta`, in parts.

    Args:
        genome: FASTA, bgzip FASTA or 2bit, as in `genome_keras.io.reference.open_genome`.
        out: folder of the Parquet data set, see `genome_keras.cluster.folder.Folder`;
            the rows of a contig are in order within and across its files.
        weights, stride, on_short, unknown, tasks, all_tasks, engine, batch_size: as in
            `genome_keras.predict_fasta`; what "auto" is, is found here once, for all workers,
            and is "keras" where they have GPUs.
        part: windows of a part.
        workers: processes, each with its own model; 0 does all parts in this one, without
            Ray, and only there may `weights` be a `keras.Model` or a `Scorer`.
        gpus: share of a GPU for each of them.
        address: of a running Ray cluster, or "auto"; None starts one here, for this call.
        resume: go on with a folder that holds finished parts of the same call.

    Returns:
        `PartsDone`.

    Raises:
        GenomeKerasError: Ray or pyarrow is missing, `out` is there, or what a worker met.
        FormatError: no genome, or `out` was made of something else.
        SequenceError: a short contig where that is an error.
        WeightsError: a checkpoint that cannot be used.
        ValueError: another value of an argument.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from genome_keras import integer_logreg
        >>> model = integer_logreg(window=4, tasks=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     genome = Path(folder, "genome.fa")
        ...     _ = genome.write_text(">chr1\\nACGTACGT\\n")
        ...     done = predict_genome(genome, f"{folder}/scores", weights=model, part=1, workers=0)
        >>> done
        PartsDone(rows=2, parts=2, done=0)
    """
    one_of(on_short=on_short, accepted=ON_SHORT)
    contigs = _contigs(genome)
    if weights is None:  # as `predict_fasta`, by the first contig that has letters
        weights = default_for(next(filter(None, contigs.values()), 0))
    use = model_in_use(_absolute(weights), batch_size=batch_size, engine=engine)
    window = use.window_of_tasks()
    stride = window if stride is None else stride
    at_least_one(part=part, stride=stride)
    team = Team(use, workers, gpus, address, engine=engine)
    how = {"genome": os.path.abspath(genome), "stride": stride, "on_short": on_short}
    how |= {"unknown": unknown, "all_tasks": all_tasks, "engine": team.engine}
    if tasks is not None:
        how["tasks"] = use.columns(tasks, all_tasks=all_tasks)[1]
    jobs = list(_stretches(contigs, window, stride, part, on_short))
    about = {**how, **_told(use), "contigs": contigs, "part": part}
    return _run(WindowWorker, how, jobs, Folder(out, about, resume=resume), team)


def score_variants(
    path: str | os.PathLike,
    out: str | os.PathLike,
    *,
    genome: str | os.PathLike,
    weights: object = None,
    effect: str = "diff",
    tasks: Iterable[str] | str | None = None,
    both_strands: bool | None = None,
    window: int | None = None,
    region: str | None = None,
    unknown: str | None = None,
    batch_size: int | None = None,
    engine: str = "auto",
    part: int = 10_000,
    workers: int = 2,
    gpus: float = 0.0,
    address: str | None = None,
    resume: bool = False,
    summary: Iterable[str] | str | None = None,
    report: str | os.PathLike | None = None,
    genes: str | os.PathLike | None = None,
) -> PartsDone:
    """Scores every alternative allele: the rows of `score_vcf`, in parts.

    The alleles of the VCF, not their scores, are in the memory of this process.

    Args:
        path: VCF, plain or gzip; "-" is standard input.
        out: as in `predict_genome`; neighbouring records of one contig share a file.
        genome, weights, effect, tasks, both_strands, window, region, unknown, batch_size: as
            in `score_vcf`.
        part: alleles of a part.
        engine, workers, gpus, address, resume: as in `predict_genome`.
        summary, report, genes: as in `score_vcf`; this process draws the page, with Keras, when all
            parts are done.

    Returns:
        `PartsDone`.

    Raises:
        As `predict_genome`; FormatError also for a malformed VCF.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from genome_keras import integer_logreg
        >>> model = integer_logreg(window=4, tasks=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     genome = Path(folder, "genome.fa")
        ...     _ = genome.write_text(">chr1\\nACGTACGT\\n")
        ...     path = Path(folder, "x.vcf")
        ...     _ = path.write_text("#CHROM\\tPOS\\tID\\tREF\\tALT\\nchr1\\t4\\t.\\tT\\tA,C\\n")
        ...     settings = {"genome": genome, "weights": model, "workers": 0}
        ...     done = score_variants(path, f"{folder}/effects", **settings)
        >>> done
        PartsDone(rows=2, parts=1, done=0)
    """
    at_least_one(part=part)
    sizes = {"both_strands": both_strands, "batch_size": batch_size}
    use = model_in_use(_absolute(weights), **sizes, engine=engine)
    chosen, columns = use.columns(tasks)
    effects = kinds(effect, language_model=use.is_language_model)
    tracks = None if summary is None else accessible_columns(use, summary)
    window = use.window_of(window)
    team = Team(use, workers, gpus, address, both_strands=both_strands, engine=engine)
    how = {"genome": os.path.abspath(genome), "effect": effect, "tasks": columns}
    how |= {"both_strands": both_strands, "window": window, "unknown": unknown}
    how |= {"engine": team.engine}
    how |= {"effects": effects} if len(effects) > 1 else {}
    how |= {} if summary is None else {"summary": summary}
    contigs, jobs = _contigs(genome), []
    with closing(vcf.read(path)) as lines, open_genome(genome) as letters:
        inside = within(lines, region, letters)
        pairs = groupby((variant for _, variant in inside), lambda variant: variant.contig)
        for contig, variants in pairs:
            while some := [allele_fields(variant) for variant in islice(variants, part)]:
                jobs.append((contig, json.dumps(some)))
    digest = hashlib.sha256(json.dumps(jobs).encode()).hexdigest()
    about = {**how, **_told(use), "contigs": contigs, "jobs": digest}
    shown = {"tasks": columns, "chosen": chosen, "effect": effects[0], "weights": use.name}
    shown |= {"checkpoint": use.checkpoint, "genes": genes_of(genes, report), "tracks": tracks}
    with (
        protected([path, weights, genome, genes]),
        open_genome(genome) as letters,
        variants_page(report, genome=letters, **shown) as page,
    ):
        folder = Folder(out, about, resume=resume)
        done = _run(AlleleWorker, how, jobs, folder, team)
        if report is not None:
            ends = f":{effects[0]}" if len(effects) > 1 else ""
            seen = {"window": window, "unknown": unknown}
            seen["columns"] = [f"{name}{ends}" for name in columns]
            add_parts(page, _parts(folder, jobs), letters, **seen)
            page.scorer = use.scorer
    return done


class Team:
    """Who does the parts: this process, or workers of Ray.

    Args:
        use: of `genome_keras.scoring.model_in_use.model_in_use`.
        workers, gpus, address: as in `predict_genome`.
        both_strands, engine: as in `score_variants`.

    Attributes:
        engine: the same for all of them, "keras" or "onnx"; or "auto" of an architecture that
            needs neither anywhere.

    Raises:
        GenomeKerasError: Ray or pyarrow is missing, or nobody answers at the address.
        ValueError: another number, or a model that other processes cannot load.

    Example:
        >>> from genome_keras import integer_logreg
        >>> team = Team(model_in_use(integer_logreg(window=4, tasks=1)), 0, 0.0, None)
        >>> list(team.results(lambda how, use: lambda part: part["rows"], {}, [{"rows": 2}]))
        [2]
    """

    def __init__(
        self,
        use: ModelInUse,
        workers: int,
        gpus: float,
        address: str | None,
        *,
        both_strands: bool | None = None,
        engine: str = "keras",
    ) -> None:
        at_least(0, workers=workers)
        if not 0 <= gpus < float("inf"):
            raise ValueError(f"gpus must be at least 0. Received: gpus={gpus!r}")
        if workers and use.checkpoint is None:
            raise ValueError(
                f"workers need a checkpoint, which `save_pretrained` makes; {use.name} is in the "
                f"memory of this process, which workers=0 uses. Received: workers={workers}"
            )
        if workers:
            _check_ray(address)
        load_pyarrow()
        self.workers, self.gpus, self.address = workers, gpus, address
        self.engine = _same_for_all(engine, use, gpus, both_strands)
        if use.checkpoint is not None:
            sizes = {"both_strands": both_strands, "batch_size": use.batch_size}
            use = model_in_use(use.checkpoint, **sizes, engine=self.engine)
        self.use, self.both_strands = use, both_strands

    def results(
        self, worker: Callable[..., Callable[[dict], dict]], how: dict, parts: Sequence[dict]
    ) -> Iterator[dict]:
        """What becomes of each part, in any order."""
        if not self.workers:
            do = worker(how, self.use)
            yield from map(do, parts)
        elif parts:
            yield from self._by_ray(worker, how, parts)

    def _by_ray(self, worker, how, parts):
        import ray.data

        given = self.use.checkpoint, self.both_strands, self.use.batch_size, self.engine
        with _cluster(self.address, self.workers):
            results = ray.data.from_items(parts, override_num_blocks=len(parts)).map(
                worker,
                fn_constructor_args=(how, *given),
                compute=ray.data.ActorPoolStrategy(size=self.workers),
                num_cpus=1,
                num_gpus=self.gpus,
            )
            yield from results.iter_rows()


def _same_for_all(engine, use, gpus, both_strands):
    """What "auto" is for all workers, whatever each of them has."""
    if engine != "auto":
        return engine
    if gpus or use.checkpoint is None:
        return "keras"
    model = model_without_keras(use.checkpoint, "auto", both_strands=both_strands)
    if model is None:
        return "keras"
    return "onnx" if model.engine == "onnx" else "auto"


def _stretches(contigs, window, stride, part, on_short):
    """Contig and job, its start and end, of stretches that together have all windows."""
    for contig, length in contigs.items():
        if length < window:
            if on_short == "error":
                raise SequenceError(
                    f"{contig}: {length} bp, shorter than the window of {window} bp; "
                    + SHORT_IS_ERROR
                )
            if on_short == "pad":
                yield contig, json.dumps([0, length])
            continue
        count = (length - window) // stride + 1
        for first in range(0, count, part):
            last = min(first + part, count) - 1
            end = length if last == count - 1 else last * stride + window
            yield contig, json.dumps([first * stride, end])


def _parts(folder, jobs):
    return [
        {"contig": contig, "path": str(folder.part(contig, number)), "job": job}
        for number, (contig, job) in enumerate(jobs)
    ]


def _run(worker, how, jobs, folder, team):
    parts = _parts(folder, jobs)
    todo = [part for part in parts if not os.path.exists(part["path"])]
    rows, done = 0, len(parts) - len(todo)
    with (
        progress(total=len(parts), initial=done, unit=" parts") as bar,
        closing(team.results(worker, how, todo)) as results,
    ):
        for result in results:
            if result["problem"]:
                raise GenomeKerasError(result["problem"])
            rows += result["rows"]
            bar.update()
    folder.tidy()
    return PartsDone(rows, len(parts), done)


@contextmanager
def _cluster(address, workers):
    """A cluster for the block: one that runs, or one of this machine, which ends with it."""
    import ray.data

    names = ("KERAS_BACKEND", "GENOME_KERAS_CACHE", "TF_CPP_MIN_LOG_LEVEL")
    passed = {name: os.environ[name] for name in names if name in os.environ}
    sizes = {"num_cpus": workers + 1, "object_store_memory": 256 * 2**20}
    here = {} if address else {**sizes, "include_dashboard": False}
    ray.init(
        address=address or "local",
        log_to_driver=False,
        logging_level="ERROR",
        runtime_env={"env_vars": passed},
        **here,
    )
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    try:
        yield
    except ray.exceptions.RayError as error:
        raise GenomeKerasError(f"Ray: {str(error).strip().splitlines()[0]}") from error
    finally:
        ray.shutdown()


def _check_ray(address):
    """Raises GenomeKerasError unless Ray is installed, and the address answers."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
    if importlib.util.find_spec("ray") is None:  # first, for it brings pyarrow along
        raise GenomeKerasError('several workers need Ray: pip install "genome_keras[ray]"')
    if address not in (None, "auto", "local"):  # Ray itself would try for minutes
        host, _, port = address.removeprefix("ray://").rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except (OSError, ValueError, OverflowError) as error:
            raise GenomeKerasError(
                f"address {address!r}: expected HOST:PORT of a Ray cluster that runs ({error})"
            ) from error


def _told(use):
    """What the rows depend on of a model, for the record of a folder."""
    if use.checkpoint is None:
        return {"weights": use.name, "sha256": use.digest()}
    return {"weights": use.name, "sha256": use.checkpoint.bytes_sha256()}


def _absolute(weights):
    """A path that workers elsewhere find too; all else stays."""
    is_path = isinstance(weights, str | os.PathLike) and os.path.exists(weights)
    return os.path.abspath(weights) if is_path else weights


def _contigs(genome):
    with open_genome(genome) as opened:
        return dict(opened.contigs)
