"""Laws of genome_keras.building.build and of the command."""

import gzip
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from fractions import Fraction
from unittest import mock

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.genomes import two_bit

from genome_keras.building import tracks
from genome_keras.building.build import build
from genome_keras.cli import main
from genome_keras.datasets.chromatin_data import chromatin
from genome_keras.errors import FormatError, GenomeKerasError, SequenceError
from genome_keras.genome import Interval
from genome_keras.io import fasta

CODES = {letter: code for code, letter in enumerate("ACGTN")}
LENGTHS = {"chr1": 2_345, "chr2": 31, "chrX": 1_204}


def letters(length, seed=0, gaps=()):
    found = np.random.default_rng(seed).choice(list("ACGTacgt"), length)
    for start, end in gaps:
        found[start:end] = "N"
    return "".join(found)


GENOME = {
    name: letters(length, seed, gaps=[(300, 390), (1000, 1010)])
    for seed, (name, length) in enumerate(LENGTHS.items())
}


def write_genome(path, records=GENOME, width=60):
    with open(path, "w") as file:
        for name, seq in records.items():
            lines = [seq[at : at + width] for at in range(0, len(seq), width)]
            file.write(f">{name} about it\n" + "\n".join(lines) + "\n")
    return path


def write_bed(path, places):
    path.write_text("".join(f"{contig}\t{start}\t{end}\n" for contig, start, end in places))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("build")
    write_genome(folder / "g.fa")
    rng = np.random.default_rng(7)
    (folder / "peaks").mkdir()
    for name in ("CTCF", "REST"):
        places = []
        for contig, length in LENGTHS.items():
            for start in rng.integers(0, length - 30, length // 100):
                places.append((contig, start, start + rng.integers(1, 31)))
        write_bed(folder / "peaks" / f"{name}.bed", places)
    return folder


def made(folder, peaks=None, **settings):
    """What `build` writes, as dict of arrays, and its summary."""
    settings = {"bin_size": 20, "context": 50, "max_n": 0.5} | settings
    peaks = folder / "peaks" if peaks is None else peaks
    done = build(folder / "g.fa", peaks, folder / "o.h5", **settings)
    with h5py.File(folder / "o.h5") as file:
        return {name: file[name][:] for name in file}, done


def positions(places):
    """dict contig -> set of the positions of places."""
    found = {name: set() for name in LENGTHS}
    for contig, start, end in places:
        found[contig].update(range(start, end))
    return found


def expected(peaks, *, measured, blacklist, bin_size, context, share, width, max_n):
    """Rows by counting base by base: contig, start, codes, labels."""
    ones = [positions(places) for places in peaks]
    inside = [None if one is None else positions(one) for one in measured]
    black = positions(blacklist)
    for contig, seq in GENOME.items():
        for start in range(0, len(seq) - bin_size + 1, bin_size):
            place = Interval(contig, start, start + bin_size)
            bases = set(range(start, start + bin_size))
            window = place.resized(context)
            row = [
                CODES[seq[at].upper()] if 0 <= at < len(seq) else 4
                for at in range(window.start, window.end)
            ]
            if bases & black[contig] or row.count(4) > Fraction(str(max_n)) * context:
                continue
            labels = []
            for track, (places, one) in enumerate(zip(peaks, ones, strict=True)):
                if inside[track] is not None and not bases <= inside[track][contig]:
                    labels.append(-1)
                elif width is None:
                    covered = len(bases & one[contig])
                    labels.append(int(covered >= Fraction(str(share)) * bin_size))
                else:
                    middle = place.resized(width)
                    summits = [(b + e) // 2 for c, b, e in places if c == contig]
                    labels.append(int(any(middle.start <= s < middle.end for s in summits)))
            yield contig, start, row, labels


@st.composite
def places(draw, most=4):
    found = []
    for _ in range(draw(st.integers(0, most))):
        contig = draw(st.sampled_from(list(LENGTHS)))
        start = draw(st.integers(0, LENGTHS[contig] - 1))
        end = draw(st.integers(start + 1, min(start + 400, LENGTHS[contig])))
        found.append((contig, start, end))
    return found


@settings(max_examples=60, deadline=None)
@given(
    peaks=st.lists(places(), min_size=1, max_size=3),
    regions=st.lists(st.none() | places(2), min_size=3, max_size=3),
    blacklist=places(2),
    bin_size=st.integers(1, 300),
    context=st.integers(1, 90),
    share=st.sampled_from([0.01, 0.07, 0.3, 0.5, 0.505, 1]),
    width=st.none() | st.integers(1, 500),
    max_n=st.sampled_from([0, 0.1, 0.3, 1]),
)
def test_every_row_is_what_counting_bases_gives(
    folder, peaks, regions, blacklist, bin_size, context, share, width, max_n
):
    regions = regions[: len(peaks)]
    found = []
    for track, (one, region) in enumerate(zip(peaks, regions, strict=True)):
        path = write_bed(folder / f"p{track}.bed", one)
        inside = None if region is None else write_bed(folder / f"m{track}.bed", region)
        found.append(tracks.Track(f"t{track}", path, inside))
    rule = {"bin_size": bin_size, "context": context, "max_n": max_n}
    wanted = list(
        expected(peaks, measured=regions, blacklist=blacklist, share=share, width=width, **rule)
    )
    # Bins that were measured in no track are never kept.
    wanted = [row for row in wanted if 1 in row[3] or 0 in row[3]]
    rule |= {"share": share} if width is None else {"summit_width": width}
    rule |= {"negatives": "all", "blacklist": write_bed(folder / "b.bed", blacklist)}
    if not any(1 in row[3] for row in wanted):
        with pytest.raises(FormatError, match="no usable bin has a label"):
            made(folder, found, **rule)
        return
    data, done = made(folder, found, **rule)
    assert data["chrom"].astype(str).tolist() == [row[0] for row in wanted]
    assert data["start"].tolist() == [row[1] for row in wanted]
    assert data["x"].tolist() == [row[2] for row in wanted]
    assert data["y"].tolist() == [row[3] for row in wanted]
    assert done.labelled == sum(1 in row[3] for row in wanted)
    assert done.labelled + done.unlabelled == len(wanted)
    assert done.empty == [
        track.name for at, track in enumerate(found) if not any(row[3][at] == 1 for row in wanted)
    ]


def test_layout(folder):
    data, done = made(folder, test=["chrX"])
    n = done.labelled + done.unlabelled
    assert data["x"].shape == (n, 50) and data["x"].dtype == np.uint8
    assert data["y"].shape == (n, 2) and data["y"].dtype == np.int8
    assert data["tasks"].tolist() == [b"CTCF", b"REST"] and set(data["source"]) == {b"genome"}
    assert (data["split"] == np.where(data["chrom"] == b"chrX", b"test", b"train")).all()
    assert done.splits == {
        "train": (data["split"] == b"train").sum(),
        "valid": 0,
        "test": (data["split"] == b"test").sum(),
    }
    assert data["contigs"].tolist() == [
        [b"chr1", b"train"],
        [b"chr2", b"train"],
        [b"chrX", b"test"],
    ]
    roles = [(role, name) for role, name, _ in data["inputs"].tolist()]
    assert roles == [(b"genome", b"g.fa"), (b"peaks", b"CTCF.bed"), (b"peaks", b"REST.bed")]
    with h5py.File(folder / "o.h5") as file:
        attributes = dict(file.attrs)
    assert attributes["labels"].startswith("1 peaks cover at least 10 bp of the bin, 0 not")
    assert attributes["bin_size"] == 20 and attributes["negatives"] == "equal"
    assert str(folder) not in str(attributes)
    examples = chromatin(folder / "o.h5", "test")
    np.testing.assert_array_equal(examples.codes, data["x"][data["split"] == b"test"])


def test_the_sums_of_the_inputs(folder):
    tool = shutil.which("sha256sum")
    if tool is None:
        pytest.skip("no sha256sum on this machine")
    data, _ = made(folder)
    for path, (_, name, digest) in zip(
        [folder / "g.fa", *sorted((folder / "peaks").iterdir())], data["inputs"], strict=True
    ):
        printed = subprocess.run([tool, path], capture_output=True, check=True).stdout
        assert path.name.encode() == name and printed.split()[0] == digest


def test_same_inputs_and_seed_give_the_same_bytes(folder):
    contents = []
    for seed in (0, 0, 1):
        made(folder, seed=seed, negatives=9)
        contents.append((folder / "o.h5").read_bytes())
        time.sleep(1.1)  # HDF5 would write whole seconds
    assert contents[0] == contents[1] != contents[2]


def test_negatives(folder):
    every, all_of = made(folder, negatives="all")
    _, equal = made(folder)
    assert equal.labelled == all_of.labelled
    assert equal.unlabelled == min(all_of.unlabelled, equal.labelled)
    none, _ = made(folder, negatives=0)
    assert (none["y"] == 1).any(1).all()
    some, done = made(folder, negatives=7)
    assert done.unlabelled == 7 == (~(some["y"] == 1).any(1)).sum()
    key = [set(zip(one["chrom"], one["start"], strict=True)) for one in (none, some, every)]
    assert key[0] < key[1] < key[2]
    with pytest.raises(ValueError, match=rf"at most {all_of.unlabelled}, .*Received: 100000"):
        made(folder, negatives=100_000)


def test_negatives_are_drawn_from_everywhere(folder):
    """Every bin without a label is drawn by some seed."""
    every, _ = made(folder, negatives="all")
    bare = ~(every["y"] == 1).any(1)
    wanted = set(zip(every["chrom"][bare], every["start"][bare], strict=True))
    seen = set()
    for seed in range(60):
        data, _ = made(folder, negatives=len(wanted) // 5, seed=seed)
        kept = ~(data["y"] == 1).any(1)
        seen |= set(zip(data["chrom"][kept], data["start"][kept], strict=True))
    assert seen == wanted


def test_contigs(folder):
    every, _ = made(folder, negatives="all")
    some, _ = made(folder, contigs=["chrX", "chr2"], negatives="all", valid=["chr2"])
    kept = np.isin(every["chrom"], [b"chrX", b"chr2"])
    np.testing.assert_array_equal(some["x"], every["x"][kept])
    np.testing.assert_array_equal(some["y"], every["y"][kept])
    assert set(some["split"][some["chrom"] == b"chr2"]) == {b"valid"}


def test_other_forms_of_the_same_inputs(folder, tmp_path):
    plain, _ = made(folder)
    packed = tmp_path / "g.fa.gz"
    packed.write_bytes(gzip.compress((folder / "g.fa").read_bytes()))
    table = tmp_path / "tracks.tsv"
    for path in (folder / "peaks").iterdir():
        (tmp_path / f"{path.stem}.bed.gz").write_bytes(gzip.compress(path.read_bytes()))
    whole = write_bed(tmp_path / "all.bed", [(name, 0, size) for name, size in LENGTHS.items()])
    table.write_text(
        f"# name\tfile\nCTCF\tCTCF.bed.gz\t{whole.name}\n\nREST\t{tmp_path}/REST.bed.gz\n"
    )
    ways = [
        [table],
        sorted(tmp_path.glob("*.bed.gz")),
        [tmp_path / "CTCF.bed.gz", folder / "peaks" / "REST.bed"],
    ]
    for peaks in ways:
        build(packed, peaks, tmp_path / "o.h5", bin_size=20, context=50, max_n=0.5)
        with h5py.File(tmp_path / "o.h5") as file:
            for name in ("x", "y", "tasks", "chrom", "start"):
                np.testing.assert_array_equal(file[name][:], plain[name])


def test_a_2bit_genome(folder, tmp_path):
    (tmp_path / "g.2bit").write_bytes(two_bit(GENOME))
    plain, _ = made(folder)
    with mock.patch.object(fasta, "PIECE", 333):
        build(
            tmp_path / "g.2bit",
            folder / "peaks",
            tmp_path / "o.h5",
            bin_size=20,
            context=50,
            max_n=0.5,
        )
    with h5py.File(tmp_path / "o.h5") as file:
        np.testing.assert_array_equal(file["x"][:], plain["x"])
        np.testing.assert_array_equal(file["y"][:], plain["y"])


@pytest.mark.parametrize("piece", [1, 7, 333])
def test_pieces_of_the_genome_do_not_matter(folder, piece):
    whole, _ = made(folder)
    with mock.patch.object(fasta, "PIECE", piece), mock.patch("genome_keras.io.fasta.LINE", 64):
        parts, _ = made(folder)
    np.testing.assert_array_equal(whole["x"], parts["x"])


def test_summits_of_narrow_peaks(folder, tmp_path):
    path = tmp_path / "a.narrowPeak"
    path.write_text("chr1\t0\t2000\t.\t0\t.\t1\t1\t1\t1205\nchrX\t0\t60\t.\t0\t.\t1\t1\t1\t20\n")
    data, _ = made(folder, path, summit_width=20, negatives=0)
    assert data["tasks"].tolist() == [b"a"]
    assert list(zip(data["chrom"], data["start"], strict=True)) == [(b"chr1", 1200), (b"chrX", 20)]
    data, _ = made(folder, path, summit_width=50, negatives=0)  # 15 bp on either side
    assert data["start"].tolist() == [1180, 1200, 1220, 0, 20]
    data, _ = made(folder, path, summit_width=1, negatives=0, bin_size=10)
    assert data["start"].tolist() == [1200]  # whose base 5 is the summit
    path.write_text("chr1\t0\t20\t.\t0\t.\t1\t1\t1\t-1\n")
    with pytest.raises(FormatError, match="chr1:0-20: expected a summit, got -1; label by the sh"):
        made(folder, path, summit_width=20)


def write_bad(folder, line):
    path = folder / "bad.bed"
    path.write_text(f"chr1\t5\t25\n{line}\n")
    return path


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr9\t1\t2", "bad.bed:2: no contig 'chr9' in the genome, which has 3: 'chr1', 'chr2'"),
        ("chr2\t1\t32", "bad.bed:2: expected an end of at most 31, the length of 'chr2', got 32"),
        ("chr2\t9", "bad.bed:2: expected at least 3 columns"),
    ],
)
@pytest.mark.parametrize("role", ["peaks", "blacklist", "measured"])
def test_a_bad_place_is_an_error_with_its_line(folder, tmp_path, line, message, role):
    bad, good = write_bad(tmp_path, line), folder / "peaks" / "CTCF.bed"
    peaks = {"peaks": bad, "blacklist": good, "measured": tracks.Track("a", good, bad)}[role]
    out = tmp_path / "o.h5"
    with pytest.raises(FormatError) as caught:
        build(folder / "g.fa", peaks, out, blacklist=bad if role == "blacklist" else ())
    assert message in str(caught.value) and str(caught.value).startswith(str(tmp_path))
    assert not out.exists()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"test": ["chr7"]}, SequenceError, "no contig 'chr7'; it has 3: 'chr1', 'chr2', 'chrX'"),
        ({"contigs": ["7"]}, SequenceError, "no contig '7'"),
        ({"contigs": ["chr1"], "valid": ["chr2"]}, ValueError, "must be one of contigs"),
        ({"valid": ["chr2"], "test": ["chr2"]}, ValueError, "must not share contigs"),
        ({"share": 0.5, "summit_width": 9}, ValueError, "expected share or summit_width"),
        ({"share": 0}, ValueError, "share must be above 0, up to 1. Received: share=0"),
        ({"share": 1.01}, ValueError, "share must be above 0, up to 1"),
        ({"summit_width": 0}, ValueError, "summit_width must be an integer of at least 1"),
        ({"bin_size": 0}, ValueError, "bin_size must be an integer of at least 1"),
        ({"context": 0}, ValueError, "context must be an integer of at least 1"),
        ({"max_n": 1.5}, ValueError, "max_n must be a share"),
        ({"negatives": "some"}, ValueError, "negatives must be a whole number, 'equal' or 'all'"),
        ({"negatives": -1}, ValueError, "negatives must be a whole number"),
        ({"negatives": 0.5}, ValueError, "negatives must be a whole number"),
        ({"max_n": 0, "context": 5000}, FormatError, "no usable bin has a label"),
        ({"peaks": "none.bed"}, FormatError, "none.bed: cannot read: No such file"),
        ({"peaks": []}, ValueError, "at least one track"),
        ({"genome": "none.fa"}, FormatError, "none.fa: cannot read: No such file"),
        ({"blacklist": "none.bed"}, FormatError, "none.bed: cannot read: No such file"),
        ({"out": "/nowhere/o.h5"}, GenomeKerasError, "cannot write: there is no folder"),
    ],
)
def test_errors(folder, tmp_path, change, error, message):
    out = tmp_path / "o.h5"
    out.write_text("old")
    arguments = {"genome": folder / "g.fa", "peaks": folder / "peaks", "out": out} | change
    arguments = {"bin_size": 20, "context": 50} | arguments
    with pytest.raises(error) as caught:
        build(arguments.pop("genome"), arguments.pop("peaks"), arguments.pop("out"), **arguments)
    assert message in str(caught.value)
    assert out.read_text() == "old" and [path.name for path in tmp_path.iterdir()] == ["o.h5"]


@pytest.mark.parametrize(
    ("genome", "error", "message"),
    [
        (">chr1\nACGTRACGT\n", SequenceError, "chr1: position 5 (1-based): 'R'; accepted are"),
        (">chr1\nACGT\n>chr1\nACGT\n", FormatError, "the name 'chr1' a second time"),
        ("ACGT\n", FormatError, ":1: expected '>'"),
    ],
)
def test_bad_genomes(tmp_path, genome, error, message):
    (tmp_path / "g.fa").write_text(genome)
    bed = write_bed(tmp_path / "a.bed", [("chr1", 0, 4)])
    rule = {"bin_size": 4, "context": 4, "max_n": 1}
    with pytest.raises(error) as caught:
        build(tmp_path / "g.fa", bed, tmp_path / "o.h5", **rule)
    assert message in str(caught.value) and not (tmp_path / "o.h5").exists()
    if "R" in genome:
        build(tmp_path / "g.fa", bed, tmp_path / "o.h5", unknown="N", negatives=1, **rule)
        assert chromatin(tmp_path / "o.h5", "train").codes.tolist() == [[0, 1, 2, 3], [4, 0, 1, 2]]


LEFT_OUT = "chrUn\t1\t5\nchr2\t20\t40\nchr2\t3\t3\n"


@pytest.mark.parametrize("summit_width", [None, 20])
def test_places_that_are_not_in_the_genome_can_be_left_out(folder, tmp_path, capsys, summit_width):
    good, bad = folder / "peaks" / "CTCF.bed", tmp_path / "CTCF.bed"
    bad.write_text(LEFT_OUT + good.read_text())
    rule = {"summit_width": summit_width}
    wanted, done = made(folder, good, **rule)
    assert done.left_out == []
    with pytest.raises(FormatError, match=r"CTCF.bed:1: no contig 'chrUn'.*--on-outside skip"):
        made(folder, bad, **rule)
    found, done = made(folder, bad, on_outside="skip", **rule)
    for name in ("x", "y", "start"):
        np.testing.assert_array_equal(found[name], wanted[name])
    told = "1 without a base (start = end), 1 on contigs that the genome lacks, "
    told = f"{bad}: left out places: {told}1 past the end of their contig"
    assert done.left_out == [told]
    with pytest.raises(ValueError, match="on_outside must be one of 'error', 'skip'"):
        made(folder, good, on_outside="guess")
    command = ["build", folder / "g.fa", bad, "--out", tmp_path / "o.h5", "--on-outside", "skip"]
    command += ["--bin-size", 20, "--max-n", 1]
    assert main([str(word) for word in command]) == 0
    assert f"genome-keras: {told}\n" in capsys.readouterr().err


def test_a_malformed_line_of_peaks_costs_that_line(folder, tmp_path, caplog):
    good, bad = folder / "peaks" / "CTCF.bed", tmp_path / "CTCF.bed"
    bad.write_text("contig\tstart\tend\n" + good.read_text() + "chr2\t9\t2\n")
    wanted, _ = made(folder, good)
    found, done = made(folder, bad)
    for name in ("x", "y", "start"):
        np.testing.assert_array_equal(found[name], wanted[name])
    assert done.left_out == [f"{bad}: left out places: 2 malformed"]
    assert f"{bad}:1: left out: malformed: column 2 (start): expected a whole" in caplog.text


def test_no_input_is_written_over(folder, tmp_path):
    """By whatever name: the genome, a file of a folder, of a table, the table, a blacklist."""
    shutil.copytree(folder / "peaks", tmp_path / "peaks")
    shutil.copy(folder / "g.fa", tmp_path)
    write_bed(tmp_path / "m.bed", [("chr1", 0, 900)])
    write_bed(tmp_path / "b.bed", [("chr1", 0, 9)])
    (tmp_path / "t.tsv").write_text("REST\tpeaks/REST.bed\tm.bed\n")
    (tmp_path / "link.h5").symlink_to("peaks/CTCF.bed")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for out in ("g.fa", "peaks/CTCF.bed", "link.h5", "peaks/REST.bed", "m.bed", "b.bed", "t.tsv"):
        peaks = [tmp_path / "peaks" / "CTCF.bed", tmp_path / "t.tsv"]
        with pytest.raises(GenomeKerasError, match="cannot write: it is an input too"):
            build(tmp_path / "g.fa", peaks, tmp_path / out, blacklist=tmp_path / "b.bed")
    with pytest.raises(GenomeKerasError, match="cannot write: it is an input too"):
        build(tmp_path / "g.fa", tmp_path / "peaks", tmp_path / "peaks" / "CTCF.bed")
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


@pytest.mark.skipif(os.name != "posix", reason="named pipes are POSIX")
@pytest.mark.parametrize("role", ["genome", "peaks", "measured", "blacklist"])
def test_a_pipe_is_refused_for_files_are_read_twice(folder, tmp_path, role):
    os.mkfifo(tmp_path / "pipe")
    good = folder / "peaks" / "CTCF.bed"
    given = {"genome": folder / "g.fa", "peaks": good, "measured": None, "blacklist": ()}
    given |= {role: tmp_path / "pipe"}
    track = tracks.Track("a", given["peaks"], given["measured"])
    with pytest.raises(FormatError, match="pipe: a pipe or device, but it is read more than once"):
        build(given["genome"], track, tmp_path / "o.h5", blacklist=given["blacklist"])


def test_tables_of_tracks(tmp_path):
    write_bed(tmp_path / "a.bed", [])
    (tmp_path / "deep").mkdir()
    write_bed(tmp_path / "deep" / "b.narrowPeak", [])
    table = tmp_path / "t.tsv"
    table.write_text("#x\nA one\ta.bed\ta.bed\nB\tdeep/b.narrowPeak\t\n")
    one, two = tracks.find(table)
    assert one == ("A one", tmp_path / "a.bed", tmp_path / "a.bed") and not one.has_summits
    assert two == ("B", tmp_path / "deep" / "b.narrowPeak", None) and two.has_summits
    for line, message in [
        ("A", "t.tsv:1: expected name, peak file"),
        ("A\tno.bed", "t.tsv:1: no such file"),
        ("A\ta.bed\tno.bed", "t.tsv:1: no such file"),
        ("\ta.bed", "t.tsv:1: expected name, peak file"),
        ("A\ta.bed\nA\tdeep/b.narrowPeak", "a second track 'A'"),
    ]:
        table.write_text(line + "\n")
        with pytest.raises(FormatError, match=message):
            tracks.find(table)


def test_folders_and_archives(tmp_path):
    for name in ("b.bed", "a.narrowPeak.gz", "c.bed.gz", "notes.txt", ".hidden.bed"):
        (tmp_path / name).write_text("")
    assert [track.name for track in tracks.find(tmp_path)] == ["a", "b", "c"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match="a folder without"):
        tracks.find(tmp_path / "empty")
    archive = tmp_path / "p.tar.gz"
    tarfile.open(archive, "w:gz").close()
    with pytest.raises(FormatError, match="an archive; unpack it"):
        tracks.find(archive)


def test_memory_does_not_grow_with_the_contig(tmp_path):
    import tracemalloc

    from genome_keras.building import sequence

    path = write_genome(tmp_path / "g.fa", {"a": "ACGT" * 4_000_000}, width=100_000)
    starts = {"a": np.arange(0, 16_000_000, 10_000)}
    tracemalloc.start()
    rows = sum(len(codes) for codes in sequence.cut(path, starts, window=1000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 1600 and peak < 12e6


def test_command_writes_what_the_function_writes(folder, tmp_path, capsys):
    arguments = ["--bin-size", "20", "--context", "50", "--max-n", "0.5", "--test", "chrX"]
    command = [
        "build",
        str(folder / "g.fa"),
        str(folder / "peaks"),
        "--out",
        str(tmp_path / "o.h5"),
    ]
    assert main([*command, *arguments, "--negatives", "12", "--seed", "3"]) == 0
    _, done = made(folder, test=["chrX"], negatives=12, seed=3)
    assert (tmp_path / "o.h5").read_bytes() == (folder / "o.h5").read_bytes()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"genome-keras: {done.labelled} bins with a label and 12 without: train " in captured.err


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--contigs", "chr9"], 1, "no contig 'chr9'"),
        (["--share", "2"], 2, "share must be above 0"),
        (["--negatives", "1000000"], 2, "negatives must be at most"),
    ],
)
def test_errors_of_the_command(folder, tmp_path, capsys, arguments, status, message):
    command = [
        "build",
        str(folder / "g.fa"),
        str(folder / "peaks"),
        "--out",
        str(tmp_path / "o.h5"),
    ]
    assert main([*command, "--bin-size", "20", "--max-n", "1", *arguments]) == status
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and list(tmp_path.iterdir()) == []


def test_usage_errors_of_the_command(capsys):
    for arguments in (
        ["--negatives", "-1"],
        ["--negatives", "x"],
        ["--share", "1", "--summit-width", "2"],
    ):
        with pytest.raises(SystemExit) as stopped:
            main(["build", "g.fa", "a.bed", "--out", "o.h5", *arguments])
        assert stopped.value.code == 2
    assert "not allowed with argument" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="SIGTERM is POSIX")
def test_a_killed_build_leaves_nothing(tmp_path):
    write_genome(tmp_path / "g.fa", {"a": "ACGT" * 1_000_000})
    write_bed(tmp_path / "a.bed", [("a", 10_000, 10_300)])
    command = [sys.executable, "-m", "genome_keras", "build", "g.fa", "a.bed", "--out", "o.h5"]
    command += ["--negatives", "all", "--bin-size", "20", "--context", "3000"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE) as process:
        while not list(tmp_path.glob(".o-*.h5")):
            assert process.poll() is None
            time.sleep(0.01)
        process.terminate()
        _, error = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert error.splitlines()[-1] == b"genome-keras: stopped by SIGTERM"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bed", "g.fa"]


def bedtools(*arguments):
    tool = shutil.which("bedtools")
    if tool is None:
        pytest.skip("bedtools is not installed; it is a package of Debian and of bioconda")
    done = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def counted_by_bedtools(bins, peaks):
    """Contig, start and covered bases of bins, by bedtools."""
    rows = bedtools("coverage", "-a", bins, "-b", peaks)
    return {(row[0].encode(), int(row[1])): int(row[-3]) for row in rows}


def test_bedtools_counts_the_same(folder, tmp_path):
    sizes = tmp_path / "sizes"
    sizes.write_text("".join(f"{name}\t{size}\n" for name, size in LENGTHS.items()))
    rows = bedtools("makewindows", "-g", sizes, "-w", "20")
    rows = [
        (name, int(start), int(end)) for name, start, end in rows if int(end) - int(start) == 20
    ]
    bins = write_bed(tmp_path / "bins.bed", rows)
    data, _ = made(folder, negatives="all", share=0.35, max_n=1)
    assert len(data["y"]) == len(rows)
    for track, name in enumerate(("CTCF", "REST")):
        counts = counted_by_bedtools(bins, folder / "peaks" / f"{name}.bed")
        wanted = [
            counts[place] >= 7 for place in zip(data["chrom"], data["start"].tolist(), strict=True)
        ]
        assert 0 < sum(wanted) < len(wanted)
        assert (data["y"][:, track] == wanted).all()


def unpacked(archive, folder):
    with tarfile.open(archive) as packed:
        for member in packed.getmembers():
            if member.isfile():
                name = os.path.basename(member.name)
                (folder / name).write_bytes(packed.extractfile(member).read())
    return folder


@pytest.mark.shared_data
def test_yeast_as_bedtools_counts_it(shared_data, tmp_path):
    (tmp_path / "peaks").mkdir()
    peaks = unpacked(shared_data / "yeast" / "rossi2021_chexmix_peaks.tar.gz", tmp_path / "peaks")
    genome = shared_data / "yeast" / "sacCer3_R64.fa.gz"
    done = build(genome, peaks, tmp_path / "o.h5", summit_width=200, negatives="all", max_n=1)
    with h5py.File(tmp_path / "o.h5") as file:
        chrom, start, y = file["chrom"][:], file["start"][:], file["y"][:]
    assert len(y) == 60_349 and y.shape[1] == len(list(peaks.iterdir()))
    bins = tmp_path / "bins.bed"
    places = zip(chrom.astype(str), start, start + 200, strict=True)
    write_bed(bins, places)
    for name in ("Abf1", "Reb1", "Spt7", done.tasks[-1]):
        counts = counted_by_bedtools(bins, peaks / f"{name}.bed")
        wanted = [counts[place] > 0 for place in zip(chrom, start.tolist(), strict=True)]
        assert (y[:, done.tasks.index(name)] == wanted).all()


@pytest.mark.slow
@pytest.mark.shared_data
def test_chr20_labels_are_those_of_the_real_data_set(shared_data, tmp_path):
    """177 tracks: every label and letter where both have the bin."""
    (tmp_path / "peaks").mkdir()
    archive = shared_data / "human_genome" / "hg19_peaks_chr20_chr21.tar.gz"
    peaks = unpacked(archive, tmp_path / "peaks")
    genome = shared_data / "human_genome" / "grch37_chr20_chr21.fa.gz"
    done = build(genome, peaks, tmp_path / "o.h5", contigs=["chr20"], negatives="all")
    assert len(done.tasks) == 177
    with (
        h5py.File(tmp_path / "o.h5") as ours,
        h5py.File(shared_data / "human_chromatin" / "human_chromatin_1000bp.h5") as theirs,
    ):
        of_chr20 = np.flatnonzero(theirs["chrom"][:] == b"chr20")
        rows = slice(of_chr20[0], of_chr20[-1] + 1)
        names = [name.decode().replace("|", "__") for name in theirs["tasks"][:]]
        columns = [names.index(name) for name in done.tasks]
        starts = theirs["start_hg19"][rows]
        both = np.isin(starts, ours["start"][:]) & (theirs["chrom"][rows] == b"chr20")
        assert both.sum() == 87_318
        mine = np.searchsorted(ours["start"][:], starts[both])
        wanted = theirs["y"][rows][both][:, columns]
        np.testing.assert_array_equal(ours["y"][:][mine], wanted)
        np.testing.assert_array_equal(ours["x"][:][mine], theirs["x"][rows][both])
