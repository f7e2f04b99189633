"""What long commands show: bars and a last line on a terminal of any size, nothing elsewhere."""

import re
import sys

import numpy as np
import pytest
from support.terminals import terminal

from genome_keras.cli import main
from genome_keras.progress import progress

LETTERS = np.array(list("ACGT"))
# Command line -> what its bar and its last line must say; {} is the folder.
LINES = {
    "build": (
        "build {}/g.fa {}/GATA1.bed --out {}/data.h5 --bin-size 20 --context 12 --valid two",
        r"windows: +100%",
        r"1 tasks in \S+data.h5; next: genome-keras train \S+data.h5 --out RUN",
    ),
    "train": (
        "train {}/data.h5 --out {}/run --model kmer_logreg --set k=[1] --epochs 2 --batch-size 8",
        r"epoch 2/2 \|.+\| +[\d.k]+(s/)? examples.* left, loss \d\.\d+, valid perplexity \d",
        r"epoch \d of 2, the best, perplexity \d\.\d+ on valid, in \S+run; next: genome-keras eval",
    ),
    "fine-tune": (
        "train {}/mine.csv --valid-share 0.3 --out {}/tuned --fine-tune {}/run --batch-size 8",
        r"epoch \d/\d \|.+ left, loss \d\.\d+, valid perplexity \d\.",
        r"the best, perplexity \d\.\d+ on valid \(start \d\.\d+\), in \S+tuned; next: genome-keras "
        r"evaluate \S+mine.csv --valid-share 0.3 --split valid --weights \S+tuned --out SCORES",
    ),
    "logreg": (
        "logreg {}/data.h5 --out {}/logreg --C 1e-3 1e-2",
        r"C=0\.01: +100%",
        r"C=\S+, the best, perplexity \d\.\d+ on valid, in \S+logreg; next: genome-keras evaluate",
    ),
    "evaluate": (
        "evaluate {}/data.h5 --split valid --weights {}/run --replicates 0 --out {}/scores",
        r"run: +100%.* windows",
        r"scores.json and per_task.tsv in \S+scores; next: the same command with --report",
    ),
    "predict": (
        "predict {}/g.fa --weights {}/run --out {}/scores.tsv --stride 6",
        r"windows",
        r"[\d,]+ windows in \S+scores.tsv; next: genome-keras attribute",
    ),
    "variants": (
        "variants {}/v.vcf --genome {}/g.fa --weights {}/run --out {}/effects.tsv",
        r"variants|alleles",
        r"1 alleles in \S+effects.tsv; next: the same command with --report",
    ),
    "lm train": (
        "lm train {}/g.fa --out {}/lm --units 2 --depth 1 --batch-size 8 --window 50",
        r"epoch 1/1 \|.*\| +[\d.]+k?(s/)? windows(/s)?, \d\d:\d\d left, perplexity \d\.\d+",
        r"the best of 1 epochs in \S+lm; next: genome-keras lm score FASTA --weights \S+lm",
    ),
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What each command wrote on a terminal that does not know its size, in turn."""
    folder, draw = tmp_path_factory.mktemp("terminal"), np.random.default_rng(0)
    letters = "".join(LETTERS[draw.integers(0, 4, 3000)])
    (folder / "g.fa").write_text(f">one\n{letters}\n>two\n{letters[::-1]}\n")
    peaks = [(contig, at) for contig in ("one", "two") for at in range(100, 2900, 60)]
    (folder / "GATA1.bed").write_text("".join(f"{c}\t{at}\t{at + 20}\n" for c, at in peaks))
    alt = "C" if letters[49] == "A" else "A"
    row = f"one\t50\t.\t{letters[49]}\t{alt}\t.\t.\t.\n"
    head = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    (folder / "v.vcf").write_text(f"##fileformat=VCFv4.2\n{head}{row}")
    rows = "".join(f"{letters[at : at + 12]},{at % 2}\n" for at in range(60))
    (folder / "mine.csv").write_text("sequence,ATAC\n" + rows)
    texts = {}
    for name, (line, *_) in LINES.items():
        with terminal() as text:
            status = main(line.format(*[folder] * 9).split())
        texts[name] = text[0]
        assert status == 0, text[0]
    return texts


@pytest.mark.parametrize("name", LINES)
def test_a_bar_and_a_last_line(shown, name):
    _, bar, last = LINES[name]
    assert re.search(bar, shown[name]), shown[name][-3000:]
    assert re.search(rf"genome-keras: .*{last}", shown[name].rstrip().splitlines()[-1])


def test_fine_tuning_tells_each_difference_in_a_line(shown):
    told = [line for line in shown["fine-tune"].splitlines() if line.startswith("genome-keras: ")]
    starts = ["starting from", "head: new, of 1 task in place of 1, fitted first", "learning rate"]
    for start, line in zip(starts, told, strict=False):
        assert line.startswith(f"genome-keras: {start}")


@pytest.mark.parametrize(("columns", "wide"), [(0, 80), (80, 80), (132, 132)])
def test_bars_fit_the_terminal(columns, wide):
    with terminal(columns, 24 if columns else 0) as text:
        for _ in progress(range(3), desc="three"):
            pass
    drawn = re.split(r"[\r\n]+", text[0])
    assert any("100%" in line for line in drawn)
    assert wide - 20 < max(map(len, drawn)) <= wide


def test_nothing_where_nobody_looks(tmp_path, capfd):
    """Standard error of a job, or of a pipe: no bar, no last line."""
    sequences = "".join(f"ACGTTGCAAC{a}{b},{int(a == b)}\n" for a in "ACGT" for b in "ACGT")
    (tmp_path / "d.csv").write_text("sequence,CTCF\n" + sequences)
    command = f"train {tmp_path}/d.csv --valid-share 0.3 --out {tmp_path}/run --model kmer_logreg"
    assert main([*command.split(), "--epochs", "1", "--set", "k=[1]"]) == 0
    assert not sys.stderr.isatty() and capfd.readouterr() == ("", "")
