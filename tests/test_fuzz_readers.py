"""Damaged files of every reader of small formats: a result or one clear error.

FASTA, BED and VCF have a file of their own, and so have HDF5 and MATLAB. Few inputs in the fast
tests; `pytest -m slow tests/test_fuzz_readers.py` tries ten thousand of each reader.
"""

import io
import json
import tarfile

import numpy as np
import pytest
from support import deepbind
from support.damage import answers, cases, told
from support.genomes import bgzip, fasta, two_bit

from genome_keras.building import tracks
from genome_keras.cluster.folder import ABOUT, Folder
from genome_keras.datasets.labelled import read_labelled
from genome_keras.evaluation.score_files import PER_TASK, SCORES, read_scores
from genome_keras.io import tar
from genome_keras.io.gtf import read_genes
from genome_keras.io.motifs import read_motifs
from genome_keras.io.numpy_files import read_arrays
from genome_keras.io.reference import open_genome, stream
from genome_keras.lm.compress import compress, decompress
from genome_keras.sharing.array_files import read_state
from genome_keras.sharing.deepbind_files import read_deepbind, read_table
from genome_keras.variants.finished_blocks import FinishedBlocks
from genome_keras.weights import description
from genome_keras.weights.calibration import Calibration
from genome_keras.weights.run_files import RunFiles

FEW, MANY = 25, 10_000  # inputs of each reader
GENOME = {"chr1": "ACGTNACGTACCGTTAACGGACG", "chr2": "GGGTTTAAACTT"}
FASTA = fasta(GENOME)

CSV = [
    b"sequence,split,CTCF,DNase,chrom,start\nACGTACGT,train,1,0,chr1,5\nTTGACGT,test,0,,chr2,0\n",
    b'SEQ\tCTCF\tname\r\n"ACGN"\t1\t"a ""b"""\r\nacgt\tNA\tx\r\n',
]
LABELLED = [
    b">a split=train CTCF=1 DNase=0\nACGT\nAC\n>b split=test CTCF=0 DNase=NA start=7\nGGCATT\n"
]
TRACKS = [b"CTCF\tgood.bed\nTAL1\tgood.bed\tgood.bed\n# no track\n"]
MOTIFS = [
    b"MEME version 4\n\nALPHABET= ACGT\n\nMOTIF M1 CTCF\nletter-probability matrix: alength= 4 "
    b"w= 2 nsites= 20 E= 0\n0.25 0.25 0.25 0.25\n0 1 0 0\n",
    b">MA1 X\nA [4 0]\nC [0 1]\nG [0 1]\nT [0 2]\n>MA2\n1 2\n3 4\n5 6\n7 8.5\n",
]
CALIBRATION = [
    b"# made up\ntask\tslope\toffset\tthreshold\tprecision\trecall\trate\tpositives\n"
    b"CTCF\t1.2\t-3\t0.5\tnan\t0.4\t0.01\t120\nTAL1\tnan\tnan\tnan\tnan\tnan\tnan\t0\n"
]
DESCRIPTION = [
    b'{"format": 1, "architecture": "kmer_logreg", "arguments": {"window": 100, "tasks": 2, '
    b'"k": [1, 2], "seed": 7}, "tasks": ["A549|CTCF", "K562|TAL1"], "untrained": ["K562|TAL1"]}'
]
DB = [
    b"# DeepBind\nID\tProtein\tExperiment Details\nD00736.002\tARID3A\t'CellLine=K562'\n"
    b"D00328.003\tCTCF\t\n"
]
DEEPBIND = [
    deepbind.parameter_file(width=3, both=both, mean=both, hidden=hidden).encode()
    for both, hidden in ((True, 0), (False, 2))
]
GENES = [
    b'#!build\nchr8\tx\tgene\t11\t20\t.\t+\t.\tgene_id "G1"; gene_name "MYC";\n'
    b'chr8\tx\texon\t11\t12\t.\t+\t.\tgene_id "G1";\n',
    b'2\ty\texon\t5\t9\t.\t-\t.\tgene_id "A"\n2\ty\texon\t20\t30\t.\t-\t.\tgene_id "A"\n',
]
LOG = [b'[{"epoch": 1, "loss": 0.5, "cpu_seconds": 1.5}, {"epoch": 2, "loss": null}]']
ASKED = [b'{"architecture": "char_rnn", "arguments": {"units": 4}, "seed": 0}']
ROWS = {"x": 1, "y": [1.5, "a"]}


def archive(kind):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w" + kind) as made:
        for name, data in (("D00001.001.txt", DEEPBIND[0]), ("a/" + "b" * 120, b"chr1\t0\t5\n")):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def scores(folder):
    """The two files of an evaluation."""
    from genome_keras.evaluation.compare import compare
    from genome_keras.evaluation.score_files import write_scores

    labels = np.random.default_rng(0).integers(0, 2, (40, 2))
    models = {"good": np.where(labels == 1, 0.8, 0.2), "none": np.full((40, 2), 0.5)}
    write_scores(folder, *compare(labels, models, tasks=["CTCF", "DNase"], train_rates=[0.5, 0.5]))
    return [(folder / name).read_bytes() for name in (SCORES, PER_TASK)]


def read_genome(path):
    """All letters, from any place and in a stream."""
    with open_genome(path) as genome:
        for contig, length in genome.contigs.items():
            assert len(genome.fetch((contig, -3, length + 3))) == length + 6
    return list(stream(path))


def read_index(path):
    """An index that is believed leads to the right letters."""
    with open_genome(path.with_suffix("")) as genome:
        for contig in genome.contigs:
            assert genome.fetch((contig, 0, len(GENOME[contig]))) == GENOME[contig]


def read_tar(path):
    for _, source in tar.members(path, total=10_000, most=5):
        assert source is None or len(source.read()) <= 10_000


def read_block(path):
    class Blocks(FinishedBlocks):
        def _path(self, block):
            return path

    Blocks(str(path.parent), "").load(None)


def array(values):
    file = io.BytesIO()
    np.save(file, np.asarray(values))
    return file.getvalue()


def safetensors():
    """Two arrays: the length of a header, the header, and the numbers."""
    header = json.dumps(
        {
            "head.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
            "head.bias": {"dtype": "F32", "shape": [2], "data_offsets": [16, 24]},
        }
    ).encode()
    return len(header).to_bytes(8, "little") + header + np.arange(6, dtype="<f4").tobytes()


def of_torch():
    torch = pytest.importorskip("torch", reason='pip install "genome_keras[torch]"')
    file = io.BytesIO()
    torch.save({"head.weight": torch.ones(2, 2), "head.bias": torch.zeros(2)}, file)
    return [file.getvalue()]


def npz():
    file = io.BytesIO()
    np.savez(file, weight_0=np.ones((2, 3)), epoch=2)
    return file.getvalue()


# Reader -> name of the file, files to damage, and what reads them.
READERS = {
    "csv": ("bad.csv", CSV, read_labelled),
    "labelled fasta": ("bad.fa", LABELLED, read_labelled),
    "tracks": ("bad.tsv", TRACKS, tracks.find),
    "motifs": ("bad.meme", MOTIFS, read_motifs),
    "calibration": ("bad.tsv", CALIBRATION, Calibration.read),
    "description": ("bad.json", DESCRIPTION, description.read),
    "deepbind": ("D00001.001.txt", DEEPBIND, read_deepbind),
    "deepbind table": ("db.tsv", DB, read_table),
    "deepbind tar": ("bad.tar", [archive(""), archive(":gz")], read_deepbind),
    "tar": ("bad.tar", [archive(kind) for kind in ("", ":gz", ":bz2", ":xz")], read_tar),
    "2bit": ("bad.2bit", [two_bit(GENOME), two_bit(GENOME, order=">", version=1)], read_genome),
    "bgzip": ("bad.fa.gz", [bgzip(FASTA), bgzip(FASTA, 5)], read_genome),
    "fai": ("good.fa.fai", [b"chr1\t23\t15\t7\t8\nchr2\t12\t56\t7\t8\n"], read_index),
    "log": ("log.json", LOG, lambda path: RunFiles(path.parent).read_log()),
    "asked": ("train.json", ASKED, lambda path: RunFiles(path.parent).asked()),
    "cluster": (ABOUT, [json.dumps(ROWS).encode()], lambda p: Folder(p.parent, ROWS, resume=True)),
    "block": ("bad.npy", [array([0.5, 0.25]), array(np.ones((3, 2), "f4"))], read_block),
    "scores": (f"scores/{SCORES}", scores, lambda path: read_scores([path.parent])),
    "scores by task": (f"scores/{PER_TASK}", scores, lambda path: read_scores([path.parent])),
    "genes": ("bad.gtf", GENES, read_genes),
    "arrays": ("bad.npz", [npz()], lambda path: read_arrays(path, problem="damaged")),
    "safetensors": ("bad.safetensors", [safetensors()], read_state),
    "torch": ("bad.pth", None, read_state),
    "packed": ("bad.lm", None, lambda path: decompress(path, path.with_suffix(".out"))),
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "good.fa").write_bytes(FASTA)
    (tmp_path / "good.bed").write_bytes(b"chr1\t2\t20\n")
    return tmp_path


def sound(kind, folder):
    """Files of one reader as they should be."""
    name, seeds, _ = READERS[kind]
    if kind == "safetensors":
        pytest.importorskip("safetensors", reason='pip install "genome_keras[foreign]"')
    if kind == "packed":
        compress(folder / "good.fa", folder / name)
        return [(folder / name).read_bytes()]
    if kind == "torch":
        return of_torch()
    if callable(seeds):
        (folder / "scores").mkdir()
        return [seeds(folder / "scores")[kind == "scores by task"]]
    return seeds


def run(kind, folder, examples):
    seeds = sound(kind, folder)
    name, _, read = READERS[kind]
    path = folder / name
    if kind == "cluster":  # nothing else may lie there
        path = folder / "cluster" / name
        path.parent.mkdir()
    for data in seeds:
        path.write_bytes(data)
        assert answers(lambda: read(path), path), "a sound file was refused"

    for number, data in cases(seeds, examples):
        path.write_bytes(data)
        with told(kind, number):
            answers(lambda: read(path), path)


@pytest.mark.parametrize("kind", [kind for kind in READERS if READERS[kind][1]])
def test_some_damaged_files(kind, folder):
    run(kind, folder, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("kind", READERS)
def test_ten_thousand_damaged_files(kind, folder):
    run(kind, folder, MANY)
