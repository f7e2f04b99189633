"""Commands that are killed at random moments, and started again: what they leave.

    OMP_NUM_THREADS=1 python benchmarks/kills.py [--only NAME ...] [--kills N] [--minutes M]

Each job runs unbroken; its files are what all others must end with. Then the same command
begins in a new folder and gets SIGKILL or SIGTERM, in turns, at a moment drawn from the time
that the unbroken run took, until N of them were ended by it; what stands under the name of its
output by then must be whole, after SIGTERM nothing else may be left but what a later run goes on
from, and the same command again must end with the same files, byte for byte, and no other. Of
logs and states the processor seconds are not compared, of `.keras` and `.npz` files not the dates.

Each job begins in a process that was forked from one that has imported all it needs: so moments
fall into its work, and not into seconds of imports, which write nothing. With --programs it is a
new Python each time, and moments fall into all of it.
"""

import argparse
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "torch")  # its processes can be forked

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

GENOME = 60_000  # bp
TIMED = ("cpu_seconds",)  # of the rows of a log, and of a fit
COUNTS, TASK = "kmer_logreg.human_chromatin.v1", "--task A549|CEBPB|None"


class Job(NamedTuple):
    """A command, what it writes, and what it may leave for the run that goes on."""

    command: str
    out: str
    kept: tuple = ()


SETTINGS = "--model deepbind --set filters=8 --set width=8 --set hidden=8 --epochs 3"
JOBS = {
    "predict": Job("predict g.fa --stride 3000 --batch-size 4 --out o.tsv", "o.tsv"),
    "variants": Job(
        f"variants v.vcf --genome g.fa --resume --weights {COUNTS} {TASK} --out o.vcf.gz",
        "o.vcf.gz",
        ("o.vcf.gz.parts",),
    ),
    "cluster": Job(
        f"cluster predict g.fa --workers 0 --part 60 --resume --weights {COUNTS} --out o",
        "o",
        ("o",),
    ),
    "build": Job("build g.fa a.bed b.bed --out o.h5 --bin-size 20 --context 100", "o.h5"),
    "logreg": Job("logreg data.h5 --out o --C 1", "o", ("o",)),
    "train": Job(f"train data.h5 --out o {SETTINGS} --seed 1", "o", ("o",)),
    "lm train": Job(
        "lm train g.fa --out o --units 4 --depth 1 --batch-size 8 --epochs 2 --tail 0.1 "
        "--window 50 --save-every 1",
        "o",
        ("o",),
    ),
    "export": Job("export m.weights.h5 --out o.keras", "o.keras"),
}
TRAINING = ("logreg", "train", "lm train", "export")
IMPORTED = (
    "h5py",
    "onnxruntime",
    "pyarrow.parquet",
    "genome_keras.cluster.run",
    "genome_keras.building.build",
    "genome_keras.variants.score_variants",
)
TRAINED = (
    "genome_keras.models.deepbind",
    "genome_keras.models.char_rnn",
    "genome_keras.models.kmer_logreg",
    "genome_keras.training.train",
    "genome_keras.training.train_logreg",
    "genome_keras.lm.train",
    "genome_keras.sharing.export",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=JOBS, default=list(JOBS), metavar="NAME")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=1e9, help="of a job, at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--programs", action="store_true", help="begin with a new Python")
    options = parser.parse_args()
    frameworks = {*options.only} & {*TRAINING}
    for module in () if options.programs else IMPORTED + TRAINED * bool(frameworks):
        importlib.import_module(module)
    print("| command | unbroken, s | killed | ended before | not whole | left | other files | s |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    problems = []
    for name in options.only:
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter()
            inputs = write_inputs(Path(folder, "inputs"), checkpoint=name == "export")
            found = tried(JOBS[name], inputs, Path(folder), options, problems)
            cells = f"{found['usual']:.2f} | {found['killed']} | {found['ended']} "
            cells += f"| {found['torn']} | {found['left']} | {found['other']} "
            print(f"| `{name}` | {cells}| {time.perf_counter() - begun:.0f} |", flush=True)
    sys.exit(bool(problems))


def tried(job, inputs, folder, options, problems):
    """Counts of what became of a job that was killed so often; problems are added in words."""
    draw, counts = random.Random(options.seed), dict.fromkeys(("killed", "ended"), 0)
    counts |= dict.fromkeys(("torn", "left", "other"), 0)
    times = []
    for _ in range(2):
        place = new_place(folder / "work", inputs)
        begun = time.perf_counter()
        status = start(job, place, options)(None)
        times.append(time.perf_counter() - begun)
        if status:
            sys.exit(f"{job.command}: status {status}\n{(place / 'told').read_text()}")
    whole, counts["usual"] = files(place), min(times)

    def problem(what, told):
        counts[what] += 1
        problems.append(what)
        told = f"{job.command}: {number}, {sent.name} after {delay:.3f} s: {told}"
        print(told, file=sys.stderr, flush=True)

    ends = time.monotonic() + 60 * options.minutes
    number = -1
    while counts["killed"] < options.kills and time.monotonic() < ends:
        number += 1
        place = new_place(folder / "work", inputs)
        sent = (signal.SIGKILL, signal.SIGTERM)[number % 2]
        delay = draw.uniform(0, counts["usual"])
        wait = start(job, place, options)
        time.sleep(delay)
        status = wait(sent)
        counts["killed" if status else "ended"] += 1
        if status not in (0, -sent, 128 + sent):
            problem("other", f"status {status}: {(place / 'told').read_text()[-300:]}")
        now = files(place)
        for path in now:
            top = path.partition("/")[0]
            if path == job.out and now[path] != whole[path]:
                problem("torn", f"{path} is not whole")
            if sent == signal.SIGTERM and path not in whole and top not in job.kept:
                problem("left", f"{path} is left")
        status, now = start(job, place, options)(None), files(place)
        if status:
            problem("other", f"again: status {status}: {(place / 'told').read_text()[-300:]}")
        elif now != whole:
            names = {path for path in {**now, **whole} if now.get(path) != whole.get(path)}
            problem("left" if names - {*whole} else "other", f"again: {sorted(names)[:4]}")
    return counts


def start(job, place, options):
    """Begins a job; gives a function that sends a signal, or none, and waits for the status."""
    arguments = job.command.split()
    if options.programs:
        with (place / "told").open("wb") as told:
            command = [sys.executable, "-m", "genome_keras", *arguments]
            process = subprocess.Popen(command, cwd=place, stdout=told, stderr=told)

        def wait(sent):
            if sent is not None:
                process.send_signal(sent)
            return process.wait()

        return wait
    pid = os.fork()
    if not pid:
        in_child(arguments, place)

    def wait_for_child(sent):
        if sent is not None:
            os.kill(pid, sent)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    return wait_for_child


def in_child(arguments, place):
    """The program, in a process that was forked; it does not return."""
    status = 70
    try:
        from genome_keras.cli import main
        from genome_keras.commands._signals import catch_signals

        os.chdir(place)
        told = os.open("told", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(told, 1)
        os.dup2(told, 2)
        catch_signals()
        status = main(arguments)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def new_place(place, inputs):
    """A folder of its own with the inputs."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(inputs, place)
    return place


def files(place):
    """Path -> digest of what counts, of all files of a folder but what was told."""
    paths = [path for path in sorted(place.rglob("*")) if path.is_file() and path.name != "told"]
    return {str(path.relative_to(place)): digest(path) for path in paths}


def digest(path):
    data = path.read_bytes()
    if path.name in ("log.json", "best.json"):

        def timeless(row):
            return {key: value for key, value in row.items() if key not in TIMED}

        data = json.dumps(json.loads(data, object_hook=timeless)).encode()
    elif path.name == "log.csv":
        head, *rows = [line.split(",") for line in data.decode().splitlines()]
        kept = [at for at, name in enumerate(head) if name not in TIMED]
        data = repr([[row[at] for at in kept] for row in (head, *rows)]).encode()
    elif path.suffix in (".keras", ".npz") and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = sorted(
                {*archive.namelist()} - {"metadata.json", *(f"{name}.npy" for name in TIMED)}
            )
            data = b"".join(name.encode() + archive.read(name) for name in names)
    return hashlib.sha256(data).hexdigest()


def write_inputs(folder, *, checkpoint=False):
    """A genome, peaks, variants, a data set and perhaps a checkpoint."""
    from support.training import write_examples

    folder.mkdir()
    draw = random.Random(7)
    genome = "".join(draw.choices("ACGT", k=GENOME))
    (folder / "g.fa").write_text(f">chr1\n{genome}\n")
    for name in "ab":
        starts = sorted(draw.sample(range(1000, GENOME - 1000, 100), 150))
        lines = [f"chr1\t{start}\t{start + 60}\n" for start in starts]
        (folder / f"{name}.bed").write_text("".join(lines))
    with (folder / "v.vcf").open("w") as file:
        print("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT", file=file)
        for at in range(500, GENOME - 500, 20):
            alt = "CGTA"["ACGT".index(genome[at])]
            print("chr1", at + 1, ".", genome[at], alt, sep="\t", file=file)
    write_examples(folder / "data.h5")
    if checkpoint:
        write_checkpoint(folder / "m.weights.h5")
    return folder


def write_checkpoint(path):
    """A small model with its description."""
    from genome_keras import kmer_logreg
    from genome_keras.weights import description
    from genome_keras.weights.checkpoint import save_bare

    model = kmer_logreg(k=(1, 2), window=12, tasks=2, seed=1)
    save_bare(model, path)
    description.write(path.with_name("m.json"), description.of_model(model))


if __name__ == "__main__":
    main()
