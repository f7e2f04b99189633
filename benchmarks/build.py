"""Building a data set: `genome_keras.building.build` beside bedtools and NumPy.

    python benchmarks/build.py ../shared/data

Real input: yeast (bins of 200 bp of the whole genome, all ChIP-exo factors, a summit in
the bin) and human chr20 (177 tracks, half of the bin covered), every bin kept. Each way runs in
a process of its own and writes the same x and y as HDF5, gzip level 4; their labels and
letters are compared. Seconds are of the processor and of the clock; memory is the largest
resident set of the process, or of bedtools if that is larger.

Where selene_sdk is installed (`pip install selene-sdk pytabix`), its `Genome` and
`GenomicFeatures`, which its samplers call for each example, are asked for 2,000 of the
bins, one after the other, and nothing is written: the row is scaled to all bins and has
no set-up in it.

The way of bedtools is what people write by hand: `bedtools makewindows`, one
`bedtools coverage` (or `intersect -c`) for each track, the genome in memory as one array
of bytes, and windows by slicing.
"""

import argparse
import gzip
import importlib.util
import json
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from turns import Row, versions

INPUTS = {
    "yeast": ("yeast/sacCer3_R64.fa.gz", "yeast/rossi2021_chexmix_peaks.tar.gz"),
    "chr20": (
        "human_genome/grch37_chr20_chr21.fa.gz",
        "human_genome/hg19_peaks_chr20_chr21.tar.gz",
    ),
}
WAYS = ("genome_keras", "bedtools")
BIN, CONTEXT = 200, 1000
MOST_N = 100  # letters of a window
SOME = 2_000  # bins that selene_sdk is asked for


def ours(case, genome, peaks, out):
    from genome_keras.building.build import build

    rule = {"summit_width": BIN} if case == "yeast" else {"contigs": ["chr20"]}
    build(genome, peaks, out, bin_size=BIN, context=CONTEXT, negatives="all", **rule)


def by_hand(case, genome, peaks, out):
    import h5py
    import numpy as np

    folder = Path(out).parent
    letters = {}
    for record in gzip.decompress(Path(genome).read_bytes()).split(b">")[1:]:
        name, _, lines = record.partition(b"\n")
        letters[name.split()[0].decode()] = lines.replace(b"\n", b"")
    if case == "chr20":
        letters = {"chr20": letters["chr20"]}
    sizes = folder / "sizes"
    sizes.write_text("".join(f"{name}\t{len(seq)}\n" for name, seq in letters.items()))
    bins = folder / "bins.bed"
    made = subprocess.run(
        ["bedtools", "makewindows", "-g", sizes, "-w", str(BIN)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = [line.split("\t") for line in made.stdout.splitlines()]
    rows = [(name, int(start)) for name, start, end in rows if int(end) - int(start) == BIN]
    bins.write_text("".join(f"{name}\t{start}\t{start + BIN}\n" for name, start in rows))
    table = np.full(256, 255, np.uint8)
    for code, letter in enumerate("ACGTN"):
        table[[ord(letter), ord(letter.lower())]] = code
    edge = np.full(CONTEXT, 4, np.uint8)
    codes = {
        name: np.concatenate([edge, table[np.frombuffer(seq, np.uint8)], edge])
        for name, seq in letters.items()
    }
    first = CONTEXT + BIN // 2 - CONTEXT // 2
    x = np.stack([codes[name][first + start : first + start + CONTEXT] for name, start in rows])
    kept = (x == 4).sum(1) <= MOST_N
    files = sorted(Path(peaks).iterdir())
    y = np.zeros((len(rows), len(files)), np.int8)
    for task, path in enumerate(files):
        tool = ["intersect", "-c"] if case == "yeast" else ["coverage"]
        column = -1 if case == "yeast" else -3
        need = 1 if case == "yeast" else BIN // 2
        done = subprocess.run(
            ["bedtools", *tool, "-a", bins, "-b", path], capture_output=True, text=True, check=True
        )
        y[:, task] = [int(line.split("\t")[column]) >= need for line in done.stdout.splitlines()]
    with h5py.File(out, "w") as file:
        for name, values in (("x", x[kept]), ("y", y[kept])):
            chunk = (1024, values.shape[1])
            file.create_dataset(name, data=values, chunks=chunk, compression="gzip")


def measure(way, case, genome, peaks, out):
    began = time.perf_counter()
    spent = {"genome_keras": ours, "bedtools": by_hand, "selene_sdk": selene}[way](
        case, genome, peaks, out
    )
    mine, tools = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(
        json.dumps(
            {
                "clock": None if spent else round(time.perf_counter() - began, 1),
                "cpu": spent or sum(one.ru_utime + one.ru_stime for one in (mine, tools)),
                "MB": max(mine.ru_maxrss, tools.ru_maxrss) / 1024,
            }
        )
    )


def selene(case, genome, peaks, out):
    """Asks selene_sdk for some bins of the data set `out`; returns processor s, scaled to all."""
    import h5py
    import numpy as np
    import pysam
    from selene_sdk.sequences import Genome
    from selene_sdk.targets import GenomicFeatures

    folder = Path(out).parent
    (folder / "g.fa").write_bytes(gzip.decompress(Path(genome).read_bytes()))
    rows = []
    for path in sorted(Path(peaks).iterdir()):
        for line in path.read_text().splitlines():
            contig, start, end = line.split("\t")[:3]
            rows.append((contig, int(start), int(end), path.stem))
    rows = ["\t".join(map(str, row)) + "\n" for row in sorted(rows)]
    (folder / "all.bed").write_text("".join(rows))
    pysam.tabix_compress(str(folder / "all.bed"), str(folder / "all.bed.gz"))
    pysam.tabix_index(str(folder / "all.bed.gz"), preset="bed")
    names = [path.stem for path in sorted(Path(peaks).iterdir())]
    # Its labels are 1 from one base less than this share of the bin.
    share = ((1 if case == "yeast" else BIN // 2) + 0.5) / BIN
    with h5py.File(out) as file:
        n = len(file["y"])
        chosen = np.linspace(0, n - 1, SOME).astype(int)
        contigs, starts = (file[name][:][chosen] for name in ("chrom", "start"))
        places = list(zip(contigs.astype(str), starts.tolist(), strict=True))
        x, y = file["x"][:][chosen], file["y"][:][chosen]
    letters = Genome(str(folder / "g.fa"))
    features = GenomicFeatures(str(folder / "all.bed.gz"), names, feature_thresholds=share)
    letters.get_encoding_from_coords(*places[1][:1], 1000, 2000)  # opens its files
    features.get_feature_data(*places[1][:1], 1000, 2000)
    before, found = BIN // 2 - CONTEXT // 2, []
    began = time.process_time()
    for contig, start in places:
        window = start + before, start + before + CONTEXT
        found.append(
            (
                letters.get_encoding_from_coords(contig, *window),
                features.get_feature_data(contig, start, start + BIN),
            )
        )
    spent = time.process_time() - began
    for (one_hot, labels), codes, ones in zip(found, x, y, strict=True):
        assert (labels == ones).all(), "labels"
        if len(one_hot) == CONTEXT and 4 not in codes:  # none at the ends of a contig
            assert (one_hot.argmax(1) == codes).all(), "letters"
    return spent * n / len(places)


def same(one, other):
    import h5py

    with h5py.File(one) as a, h5py.File(other) as b:
        shapes = [(a[name].shape, b[name].shape) for name in ("x", "y")]
        for name in ("x", "y"):
            assert a[name].shape == b[name].shape, shapes
            for row in range(0, len(a[name]), 20_000):
                assert (a[name][row : row + 20_000] == b[name][row : row + 20_000]).all(), name
        return a["y"].shape


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", help="folder of the real data sets")
    parser.add_argument("--case", choices=INPUTS, action="append")
    parser.add_argument("--tracks", type=int, help="the first so many (default: all)")
    parser.add_argument("--measure", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(*options.measure)
        return
    if shutil.which("bedtools") is None:
        sys.exit("bedtools is not installed")
    ways = WAYS + ("selene_sdk",) * (importlib.util.find_spec("selene_sdk") is not None)
    print("| input | bins x tracks | way | processor s | clock s | peak MB | processor ratio |")
    print("|---|---|---|---:|---:|---:|---:|")
    for case in options.case or INPUTS:
        with tempfile.TemporaryDirectory() as folder:
            shape, found = compared(options.data, case, ways, Path(folder), options.tracks)
        for way, of in found.items():
            ratio = of["cpu"] / found["genome_keras"]["cpu"]
            print(
                f"| {case} | {shape} | {way} | {of['cpu']:.1f} | {of['clock'] or '-'} | "
                f"{of['MB']:.0f} | {ratio:.2f} |",
                flush=True,
            )


def compared(data, case, ways, folder, tracks=None, python=sys.executable):
    """What each way took, and the size of what all of them made."""
    genome, archive = (Path(data) / path for path in INPUTS[case])
    peaks = folder / "peaks"
    peaks.mkdir()
    with tarfile.open(archive) as packed:
        files = sorted((of for of in packed.getmembers() if of.isfile()), key=lambda of: of.name)
        for member in files[:tracks]:
            (peaks / Path(member.name).name).write_bytes(packed.extractfile(member).read())
    found = {}
    for way in ways:
        out = folder / f"{WAYS[0] if way == 'selene_sdk' else way}.h5"
        command = [python if way == "selene_sdk" else sys.executable, __file__, data]
        command += ["--measure", way, case, genome, peaks, out]
        done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True)
        found[way] = json.loads(done.stdout.splitlines()[-1])
    n, tracks = same(*(folder / f"{way}.h5" for way in WAYS))
    return f"{n:,} x {tracks}", found


def compare(options):
    """Rows of `table.py`: 120 tracks of yeast."""
    what, unit = "`build`, yeast", "s"
    if options.data is None or not (options.data / INPUTS["yeast"][0]).exists():
        yield Row(what, unit, [], "missing: the data (--data)")
        return
    if shutil.which("bedtools") is None:
        yield Row(what, unit, [], "missing: bedtools")
        return
    told = subprocess.run(["bedtools", "--version"], capture_output=True, text=True, check=True)
    peers = {"bedtools": told.stdout.strip().replace(" v", " ")}
    selene = versions(["selene-sdk"], options.peers)
    peers |= {"selene_sdk": selene} if selene else {}
    rounds = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            ways = (WAYS[0], *peers)
            shape, found = compared(
                options.data, "yeast", ways, Path(folder), 120, python=options.peers
            )
        rounds.append({way: of["cpu"] for way, of in found.items()})
    for way, peer in peers.items():
        ours, theirs = ([one[name] for one in rounds] for name in (WAYS[0], way))
        yield Row(f"{what}, {shape}", unit, ours, peer, theirs)
    if not selene:
        yield Row(what, unit, [], "missing: selene_sdk (--peers)")


if __name__ == "__main__":
    main()
