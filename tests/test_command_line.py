"""What all commands say in the same way: help, mistakes, defaults, completion, threads."""

import argparse
import gzip
import os
import re
import shutil
import subprocess

import pytest

from genome_keras.cli import COMMANDS, _parser, main
from genome_keras.commands._arguments import NewFile, folder
from genome_keras.commands._completion import completion
from genome_keras.commands._parser import THREADS, Parser, leaves, subcommands, use_threads
from genome_keras.io.bgzf import is_bgzf
from genome_keras.io.bgzip_beside import bgzip_beside
from genome_keras.io.reference import open_genome
from genome_keras.weights import list_weights

LETTERS = "ACGTTGCAAC" * 30


def every_parser(parser=None):
    parser = parser or _parser()
    yield parser
    for below in subcommands(parser).values():
        yield from every_parser(below)


def status_and_words(capsys, line):
    with pytest.raises(SystemExit) as stopped:
        main(line.split())
    return stopped.value.code, capsys.readouterr()


OUTPUTS = (NewFile, folder)


@pytest.mark.parametrize("line", ["", "lm", "weights", "cluster", "import", "experiment"])
def test_a_command_without_arguments_shows_its_help(capsys, line):
    status, said = status_and_words(capsys, line)
    assert status == 0 and not said.err
    assert said.out.startswith("usage: " + " ".join(["genome-keras", *line.split()]))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("predcit x.fa", "invalid choice: 'predcit'; did you mean 'predict'? (choose from"),
        ("lm scor x", "invalid choice: 'scor'; did you mean 'score'?"),
        ("zzzz", "invalid choice: 'zzzz' (choose from 'predict', "),
        ("predict x --wieghts y", "unrecognized arguments: --wieghts y; did you mean '--weights'?"),
        ("predict x --treads=2", "did you mean '--threads'?"),
        ("train d --out o --recipe papr", "invalid choice: 'papr'; did you mean 'paper'?"),
        ("predict x y", "unrecognized arguments: y (see genome-keras predict --help)"),
        ("predict x --threads 0", "expected a whole number of at least 1, got '0'"),
    ],
)
def test_a_mistake_is_one_line_with_the_nearest_word(capsys, line, message):
    status, said = status_and_words(capsys, line)
    assert status == 2 and message in said.err and said.err.count("\n") == 1


def test_help_tells_every_default():
    for parser in every_parser():
        told = " ".join(parser.format_help().split())
        for action in parser._actions:
            if isinstance(action.default, bool | str | list | tuple | range | None):
                continue
            if action.default is not argparse.SUPPRESS:
                name = action.option_strings[-1]
                about = re.search(rf" {name} [^-]*?.*?default", told)
                assert about, (parser.prog, name)


def test_out_is_o_everywhere():
    for parser in every_parser():
        known = parser._option_string_actions
        assert ("--out" in known) == ("-o" in known), parser.prog
        assert known.get("--out") is known.get("-o")
        # Another type would make an input of a file that is there, which nothing may write.
        assert "--out" not in known or known["--out"].type in OUTPUTS, parser.prog


def test_a_checkpoint_is_a_name_everywhere():
    metavars = {
        (parser.prog, action.metavar)
        for parser in every_parser()
        for action in parser._actions
        if {"--weights", "--fine-tune", "--mix"} & {*action.option_strings}
    }
    assert len(metavars) > 10 and {metavar for _, metavar in metavars} == {"NAME"}
    for parser in every_parser():
        task = parser._option_string_actions.get("--task")
        assert task is None or task.metavar == "TASK", parser.prog


def test_commands_that_compute_take_threads():
    program = subcommands(_parser())
    with_threads = {
        name
        for name in COMMANDS
        if all("--threads" in leaf._option_string_actions for leaf in leaves(program[name]))
    }
    assert {"predict", "variants", "train", "lm", "cluster"} <= with_threads
    assert not {"fetch", "weights", "tasks"} & with_threads


def test_threads_are_told_to_all_engines(monkeypatch):
    for name in THREADS:
        monkeypatch.setenv(name, "7")
    use_threads(argparse.Namespace())
    assert os.environ["OMP_NUM_THREADS"] == "7"
    use_threads(argparse.Namespace(threads=3))
    assert {os.environ[name] for name in THREADS} == {"3"}


def test_old_spellings_work_and_are_not_shown():
    program = subcommands(_parser())
    lm = subcommands(program["lm"])["train"]
    old = lm.parse_args(["g.fa", "--out", "x", "--hold-out", "chr1", "--tail", "0.1"])
    new = lm.parse_args(["g.fa", "-o", "x", "--test", "chr1", "--test-share=0.1"])
    assert (old.hold_out, old.tail) == (new.hold_out, new.tail) == (["chr1"], 0.1)
    assert "--hold-out" not in lm.format_help() and "--test CONTIG" in lm.format_help()
    filters = program["filters"].parse_args(["x", "--weights", "y", "--fraction", "0.25"])
    assert filters.share == 0.25


def small_parser():
    parser = Parser(prog="genome-keras")
    commands = parser.add_subparsers()
    lm = commands.add_parser("lm").add_subparsers()
    lm.add_parser("score").add_argument("--how", choices=("mean", "last"))
    predict = commands.add_parser("predict")
    predict.add_argument("windows")
    predict.add_argument("--weights", metavar="NAME")
    predict.add_argument("--out", "-x")
    commands.add_parser("fetch").add_argument("what", choices=("deepsea", "all"))
    return parser


COMPLETED = pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["p"], ["predict"]),
        ([""], ["lm", "predict", "fetch"]),
        (["lm", ""], ["score"]),
        (["lm", "score", "--how", ""], ["mean", "last"]),
        (["lm", "score", "--how", "l"], ["last"]),
        (["predict", "x.fa", "--weights", "b"], ["b.v1", "b.v2"]),
        (["predict", "--w"], ["--weights"]),
        (["predict", ""], []),  # the shell completes files
        (["predict", "--out", ""], []),
        (["fetch", "d"], ["deepsea"]),
    ],
)


@COMPLETED
def test_what_bash_completes(typed, expected):
    bash = shutil.which("bash") or pytest.skip("no bash")
    script = completion(small_parser(), "bash", names=["a.v1", "b.v1", "b.v2"])
    words = " ".join(f"'{word}'" for word in ["genome-keras", *typed])
    script += f"COMP_WORDS=({words}); COMP_CWORD={len(typed)}; _genome_keras\n"
    script += 'printf "%s\\n" "${COMPREPLY[@]}"\n'
    done = subprocess.run([bash, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == "" and done.stdout.split() == expected


@COMPLETED
def test_what_fish_completes(tmp_path, typed, expected):
    fish = shutil.which("fish") or pytest.skip("no fish")
    script = completion(small_parser(), "fish", names=["a.v1", "b.v1", "b.v2"])
    script += f"complete -C 'genome-keras {' '.join(typed)}'\n"
    home = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "TERM": "dumb"}
    how = {"capture_output": True, "text": True, "check": True, "cwd": tmp_path, "env": home}
    done = subprocess.run([fish, "--no-config", "-c", script], **how)
    found = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert done.stderr == "" and sorted(found) == sorted(expected)


def test_fish_is_told_every_command_and_option():
    script = completion(small_parser(), "fish", names=["a.v1"])
    assert "__genome_keras_at \" lm score\"' -l how -x -a 'mean last'" in script
    assert "'__genome_keras_at \"\"' -f -a 'lm predict fetch'" in script


def test_the_program_prints_a_script(capsys):
    status, said = status_and_words(capsys, "--completion zsh")
    assert status == 0 and "bashcompinit" in said.out
    assert '" lm score"' in said.out and list_weights()[0] in said.out


def test_tasks_of_a_checkpoint_and_of_a_table(capsys):
    name = "kmer_logreg.human_chromatin.v1"
    assert main(["tasks", name, "--task", "cell=K562 target=CTCF"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "name\tcell\ttarget\ttreatment\tgroup\taccession",
        "K562|CTCF|None\tK562\tCTCF\tNone\tTF\t",
    ]
    assert main(["tasks", "deepsea-919", "--task", "group=histone cell=K562"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.startswith("name\tcell") and len(rows) > 5
    assert all(row.startswith("K562|H") for row in rows)


def test_filters_of_the_list(capsys):
    assert main(["weights", "list", "--group", "TF", "--task", "cell=K562 target=CTCF"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 3
    assert main(["weights", "list", "--data", "human_cromatin"]) == 2
    assert "did you mean 'human_chromatin'?" in capsys.readouterr().err


@pytest.fixture
def plain_gzip(tmp_path):
    path = tmp_path / "g.fa.gz"
    path.write_bytes(gzip.compress(f">chr1\n{LETTERS}\n>chr2\nACGT\n".encode()))
    return path


def test_bgzip_beside_a_genome_of_plain_gzip(plain_gzip):
    made = bgzip_beside(plain_gzip)
    assert made.name == "g.fa.bgz" and is_bgzf(made.read_bytes()[:18])
    assert gzip.decompress(made.read_bytes()) == gzip.decompress(plain_gzip.read_bytes())
    with open_genome(made) as genome:
        assert (
            genome.contigs == {"chr1": 300, "chr2": 4} and genome.fetch(("chr1", 5, 10)) == "GCAAC"
        )
    before = made.stat().st_mtime_ns
    assert bgzip_beside(plain_gzip) == made and made.stat().st_mtime_ns == before
    os.utime(made, (0, 0))  # an older one is made anew
    assert bgzip_beside(plain_gzip).stat().st_mtime > 0
    assert bgzip_beside(made) == made


@pytest.mark.parametrize(
    "content", [gzip.compress(b">a\n" + b"ACGT" * 99)[:-9], gzip.compress(b"x")]
)
def test_no_bgzip_of_what_is_no_genome(plain_gzip, capsys, content):
    plain_gzip.write_bytes(content)
    bed = plain_gzip.with_name("p.bed")
    bed.write_text("a\t1\t9\n")
    assert main(["predict", str(bed), "--genome", str(plain_gzip), "--bgzip"]) == 1
    assert "g.fa.gz" in capsys.readouterr().err.splitlines()[-1]
    assert sorted(path.name for path in plain_gzip.parent.iterdir()) == ["g.fa.gz", "p.bed"]


def test_bed_without_a_genome_and_fasta_with_one(tmp_path, capsys):
    bed, fasta = tmp_path / "p.bed", tmp_path / "g.fa"
    bed.write_text("chr1\t100\t200\n")
    fasta.write_text(f">chr1\n{LETTERS}\n")
    assert main(["predict", str(bed)]) == 1
    assert "it looks like BED, whose places are read with a genome" in capsys.readouterr().err
    assert main(["predict", str(fasta), "--genome", str(fasta)]) == 1
    assert "it looks like FASTA, which is read without a genome" in capsys.readouterr().err
