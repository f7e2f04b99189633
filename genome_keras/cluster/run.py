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
from contextlib import closing, contextmanager
from itertools import groupby, islice
from typing import NamedTuple

from tqdm import tqdm

from genome_keras.arguments import at_least_one
from genome_keras.cluster.folder import Folder
from genome_keras.errors import GenomeKerasError, SequenceError
from genome_keras.io import vcf
from genome_keras.io.reference import open_genome
from genome_keras.io.tables import load_pyarrow
from genome_keras.scoring import predict
from genome_keras.scoring.choices import chosen_tasks, window_of
from genome_keras.scoring.effects import EFFECTS, LIKELIHOOD, kinds
from genome_keras.weights.resolve import DEFAULT, find
from genome_keras.windows import ON_SHORT, SHORT_IS_ERROR


class Summary(NamedTuple):
    """What a run did.

    Attributes:
        rows: written by this run.
        parts: of all runs.
        done: of them, those that were there when this run began.
    """

    rows: int
    parts: int
    done: int


def predict_genome(
    genome,
    out,
    *,
    weights=DEFAULT,
    stride=None,
    on_short="error",
    unknown=None,
    all_tasks=False,
    engine="keras",
    batch_size=256,
    part=100_000,
    workers=2,
    gpus=0.0,
    address=None,
    resume=False,
):
    """Scores every window of a genome: the rows of `genome_keras.predict_fasta`, in parts.

    Args:
        genome: FASTA, bgzip FASTA or 2bit, as in `genome_keras.io.reference.open_genome`.
        out: folder of the Parquet data set, see `genome_keras.cluster.folder.Folder`;
            the rows of a contig are in order within and across its files.
        weights, stride, on_short, unknown, all_tasks, engine, batch_size: as in
            `genome_keras.predict_fasta`; "auto" is not accepted, for workers may differ.
        part: windows of a part.
        workers: processes, each with its own model.
        gpus: share of a GPU for each of them.
        address: of a running Ray cluster, or "auto"; None starts one here, for this call.
        resume: go on with a folder that holds finished parts of the same call.

    Returns:
        `Summary`.

    Raises:
        GenomeKerasError: Ray or pyarrow is missing, `out` is there, or what a worker met.
        FormatError: no genome, or `out` was made of something else.
        SequenceError: a short contig where that is an error.
        WeightsError: a checkpoint that cannot be used.
        ValueError: another value of an argument.
    """
    from genome_keras.cluster.workers import Windows

    for name, value, accepted in (
        ("engine", engine, ("keras", "onnx")),
        ("on_short", on_short, ON_SHORT),
    ):
        if value not in accepted:
            raise ValueError(f"{name} must be one of {accepted}. Received: {name}={value!r}")
    checkpoint, window = predict.of_windows(weights)
    stride = window if stride is None else stride
    at_least_one(part=part, workers=workers, batch_size=batch_size, stride=stride)
    _ray(address, gpus)
    how = {"weights": _absolute(weights), "genome": os.path.abspath(genome), "stride": stride}
    how |= {"on_short": on_short, "unknown": unknown, "all_tasks": all_tasks, "engine": engine}
    contigs = _contigs(genome)
    jobs = list(_stretches(contigs, window, stride, part, on_short))
    about = {**how, "sha256": checkpoint.bytes_sha256(), "contigs": contigs, "part": part}
    how["batch_size"] = batch_size
    return _run(Windows, how, jobs, Folder(out, about, resume=resume), workers, gpus, address)


def score_variants(
    path,
    out,
    *,
    genome,
    weights=DEFAULT,
    effect="diff",
    tasks=None,
    both_strands=None,
    window=None,
    batch_size=256,
    part=10_000,
    workers=2,
    gpus=0.0,
    address=None,
    resume=False,
):
    """Scores every alternative allele: the rows of `score_vcf`, in parts.

    The alleles of the VCF, not their scores, are in the memory of this process.

    Args:
        path: VCF, plain or gzip; "-" is standard input.
        out: as in `predict_genome`; neighbouring records of one contig share a file.
        genome, weights, tasks, both_strands, window, batch_size: as in `score_vcf`.
        effect: "diff" or "logodds".
        part: alleles of a part.
        workers, gpus, address, resume: as in `predict_genome`.

    Returns:
        `Summary`.

    Raises:
        As `predict_genome`; FormatError also for a malformed VCF.
    """
    from genome_keras.cluster.workers import Alleles

    if effect not in EFFECTS:
        raise ValueError(f"effect must be one of {EFFECTS}. Received: effect={effect!r}")
    at_least_one(part=part, workers=workers, batch_size=batch_size)
    checkpoint = find(weights)
    _, columns = chosen_tasks(checkpoint, tasks)
    kinds(effect, language_model=columns == [LIKELIHOOD])
    window = window_of(window, checkpoint.arguments.get("window"), weights)
    _ray(address, gpus)
    how = {"weights": _absolute(weights), "genome": os.path.abspath(genome), "effect": effect}
    how |= {"tasks": tasks, "both_strands": both_strands, "window": window}
    contigs, jobs = _contigs(genome), []
    with closing(vcf.read(path)) as lines:
        for contig, of in groupby((variant for _, variant in lines), lambda one: one.contig):
            while some := list(islice(of, part)):
                alleles = [(v.contig, v.position, v.ref, v.alt, v.id) for v in some]
                jobs.append((contig, json.dumps(alleles)))
    digest = hashlib.sha256(json.dumps(jobs).encode()).hexdigest()
    about = {**how, "sha256": checkpoint.bytes_sha256(), "contigs": contigs, "jobs": digest}
    how["batch_size"] = batch_size
    return _run(Alleles, how, jobs, Folder(out, about, resume=resume), workers, gpus, address)


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


def _run(worker, how, jobs, folder, workers, gpus, address):
    parts = [
        {"contig": contig, "path": str(folder.part(contig, number)), "job": job}
        for number, (contig, job) in enumerate(jobs)
    ]
    todo = [part for part in parts if not os.path.exists(part["path"])]
    rows, done = 0, len(parts) - len(todo)
    with (
        tqdm(total=len(parts), initial=done, unit=" parts", disable=None) as bar,
        closing(_computed(worker, how, todo, workers, gpus, address)) as every,
    ):
        for found in every:
            if found["problem"]:
                raise GenomeKerasError(found["problem"])
            rows += found["rows"]
            bar.update()
    folder.tidy()
    return Summary(rows, len(parts), done)


def _computed(worker, how, parts, workers, gpus, address):
    """What the workers tell of each part, in any order."""
    if not parts:
        return
    import ray.data

    with _cluster(address, workers):
        found = ray.data.from_items(parts, override_num_blocks=len(parts)).map(
            worker,
            fn_constructor_args=(how,),
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=1,
            num_gpus=gpus,
        )
        yield from found.iter_rows()


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


def _ray(address, gpus):
    """Raises GenomeKerasError unless Ray and pyarrow are installed, and the address answers."""
    if not 0 <= gpus < float("inf"):
        raise ValueError(f"gpus must be at least 0. Received: gpus={gpus!r}")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
    if importlib.util.find_spec("ray") is None:  # first, for it brings pyarrow along
        raise GenomeKerasError('several workers need Ray: pip install "genome_keras[ray]"')
    load_pyarrow()
    if address not in (None, "auto", "local"):  # Ray itself would try for minutes
        host, _, port = address.removeprefix("ray://").rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except (OSError, ValueError, OverflowError) as error:
            raise GenomeKerasError(
                f"address {address!r}: expected HOST:PORT of a Ray cluster that runs ({error})"
            ) from error


def _absolute(weights):
    """A path that workers elsewhere find too; names stay."""
    return os.path.abspath(weights) if os.path.exists(weights) else str(weights)


def _contigs(genome):
    with open_genome(genome) as opened:
        return dict(opened.contigs)
