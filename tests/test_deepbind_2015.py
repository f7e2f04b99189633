"""DeepBind's networks: the paper's arithmetic, the authors' recorded scores, their files."""

import hashlib
import io
import tarfile

import keras
import numpy as np
import pytest
from support.deepbind import parameter_file, score

import genome_keras
from genome_keras.cli import main
from genome_keras.errors import FormatError, WeightsError
from genome_keras.io.digest import sha256_of
from genome_keras.sharing.deepbind_files import parse, read_deepbind, read_table
from genome_keras.sharing.deepbind_stack import stacked
from genome_keras.sharing.import_deepbind import import_deepbind

KINDS = {
    "D00001.001": {"width": 4, "both": True, "mean": False, "hidden": 0},
    "D00002.001": {"width": 6, "both": True, "mean": True, "hidden": 5},
    "D00003.002": {"width": 6, "both": True, "mean": False, "hidden": 5},
    "D00004.001": {"width": 4, "both": True, "mean": False, "hidden": 0},
}
RNA = {"width": 5, "both": False, "mean": True, "hidden": 0}


@pytest.fixture
def folder(tmp_path):
    for seed, (name, kind) in enumerate(KINDS.items()):
        (tmp_path / f"{name}.txt").write_text(parameter_file(**kind, seed=seed))
    (tmp_path / "README.txt").write_text("not a network")
    return tmp_path


def network(**kind):
    return parse(parameter_file(**kind).encode(), "made up")


def codes(n, window):
    return np.random.default_rng(window).integers(0, 5, (n, window), dtype=np.uint8)


def scores(model, x):
    return keras.ops.convert_to_numpy(model(x))


@pytest.mark.parametrize("kind", [KINDS["D00001.001"], KINDS["D00002.001"], RNA])
@pytest.mark.parametrize("window", [None, 2, 9, 21])
def test_scores_are_those_of_the_paper(kind, window):
    """Windows shorter than a motif, than a stretch, and longer; of any length too."""
    net = network(**kind)
    model, _ = stacked({"one": net}, window=window, output="score")
    for length in [window] if window else [3, 8, 12]:
        x = codes(3, length)
        wanted = [[score(net, row)] for row in x]
        np.testing.assert_allclose(scores(model, x), wanted, atol=1e-4)


def test_many_networks_at_once_are_each_alone(folder):
    """Tasks stand group by group: width, read-out and hidden units."""
    networks = read_deepbind(folder)
    together, order = stacked(networks, window=14, output="score")
    assert order == ["D00001.001", "D00004.001", "D00002.001", "D00003.002"]
    x = codes(4, 14)
    alone = [scores(stacked({n: networks[n]}, window=14, output="score")[0], x) for n in order]
    np.testing.assert_allclose(scores(together, x), np.concatenate(alone, 1), atol=1e-5)
    assert together.count_params() == sum(
        net.detectors.size + net.thresholds.size + sum(k.size + b.size for k, b in net.layers)
        for net in networks.values()
    )


def test_a_probability_is_the_sigmoid_of_the_score(folder):
    networks = read_deepbind(folder, ["D00003.002"])
    one, other = (stacked(networks, window=14, output=o)[0] for o in ("score", "probability"))
    x = codes(4, 14)
    np.testing.assert_allclose(scores(other, x), 1 / (1 + np.exp(-scores(one, x))), atol=1e-6)


def test_recorded_scores_of_the_authors(shared_data):
    recorded = """
        7.451420 -0.166146 -0.408751 -0.026180
        -0.155398 4.113817 0.516956 -0.248167
        -0.140683 0.181295 5.885349 -0.026180
        -0.174985 -0.152521 -0.379695 17.682623
    """
    recorded = np.array(recorded.split(), float).reshape(4, 4)
    names = ["D00210.001", "D00120.001", "D00410.003", "D00328.003"]  # two of RNA, two of DNA
    folder = shared_data / "deepbind"
    networks = read_deepbind(folder / "deepbind_params_927.tar.xz", names)
    lines = (folder / "example.seq").read_text().split()
    for chosen in (names[:2], names[2:]):
        one = {name: networks[name] for name in chosen}
        model, order = stacked(one, window=None, output="score")
        columns = [names.index(name) for name in order]
        for line, wanted in zip(lines, recorded, strict=True):
            found = scores(model, genome_keras.tokens([line.replace("U", "T")]))
            np.testing.assert_allclose(found[0], wanted[columns], atol=1e-4)


@pytest.mark.slow
def test_all_published_networks_are_read(shared_data):
    folder = shared_data / "deepbind"
    networks = read_deepbind(folder / "deepbind_params_927.tar.xz")
    assert len(networks) == 927
    assert set(networks) <= set(read_table(folder / "db.tsv"))


# Files


def test_a_file_a_folder_and_an_archive(folder):
    with tarfile.open(folder / "all.tar.xz", "w:xz") as archive:
        for path in sorted(folder.glob("*.txt")):
            archive.add(path, f"params/{path.name}")
    whole = read_deepbind(folder)
    assert list(whole) == list(KINDS)
    for path, names in {
        folder / "D00002.001.txt": None,
        folder / "all.tar.xz": ["D00003.002", "D00001.001"],
        folder: ["D00003.002"],
    }.items():
        found = read_deepbind(path, names)
        assert list(found) == (names or ["D00002.001"])
        for name, net in found.items():
            assert np.array_equal(net.detectors, whole[name].detectors)


@pytest.mark.parametrize(
    ("place", "models", "message"),
    [
        ("none.tar", None, r"none\.tar: cannot read"),
        ("README.txt", ["D00001.001"], "has no model 'D00001.001'"),
        ("empty", None, "has no files such as"),
        ("", ["D99999.001"], r"D99999\.001\.txt: cannot read"),
        ("", ["../secret"], "has no model '../secret'"),
        ("", ["D00001.001"] * 2, r"D00001\.001 is asked for twice"),
        ("text.tar", None, "not an archive of parameter files"),
        ("large.tar", None, "more than 1048576 bytes"),
    ],
)
def test_odd_places_are_one_line(folder, place, models, message):
    (folder / "empty").mkdir()
    (folder / "text.tar").write_text("text")
    with tarfile.open(folder / "large.tar", "w") as archive:
        member = tarfile.TarInfo("D00001.001.txt")
        member.size = (1 << 20) + 1
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    with pytest.raises((WeightsError, FormatError), match=message) as caught:
        read_deepbind(folder / place, models)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("detector_len = 4", "detector_len = 5", "detectors: expected 60 numbers, got 48"),
        ("detector_len = 4", "detector_len = 1", "expected an integer from 2 to 1000, got '1'"),
        ("detector_len = 4", "detector_len = 9" * 9, "expected an integer"),
        ("has_avg_pooling = 0", "has_avg_pooling = 2", "expected an integer from 0 to 1"),
        ("num_hidden = 0", "num_hidden = 0\nnum_hidden = 0", ":7: expected a new 'name = n"),
        ("num_hidden = 0", "evil = 0", ":6: expected a new 'name = numbers', got 'evil = 0'"),
        ("num_hidden = 0\n", "", "expected a line 'num_hidden = ...'"),
        ("biases1 = ", "biases1 = nan #", "biases1: expected numbers between commas"),
        ("biases1 = ", "biases1 = 1,", "biases1: expected 1 numbers, got 2"),
        ("biases1 = ", "biases1 = 9e", "biases1: "),
        ("# made up", "\x00", "expected a new 'name = numbers'"),
        ("# made up", "# é", "expected ASCII text"),
    ],
)
def test_odd_files_are_one_line(old, new, message):
    text = parameter_file(**KINDS["D00001.001"])
    assert old in text
    with pytest.raises(FormatError, match=f"^made up.*{message}"):
        parse(text.replace(old, new).encode(), "made up")


def test_names_from_the_table(tmp_path):
    path = tmp_path / "db.tsv"
    rows = [
        "# a comment",
        "ID\tProtein\tExperiment\tExperiment Details",
        "D00736.002\tARID3A\tChIP-seq\t['CellLine=K562','Antibody=x','Lab=Y']",
        "D00328.003\tCTCF\tSELEX\t['Cycle=1']",
    ]
    path.write_text("\n".join(rows) + "\n")
    wanted = {"D00736.002": "K562|ARID3A|D00736.002", "D00328.003": "CTCF|D00328.003"}
    assert read_table(path) == wanted
    path.write_text("\n".join([*rows, "x\ty"]))
    with pytest.raises(FormatError, match=r"db\.tsv:5: expected a model and its protein"):
        read_table(path)
    path.write_text("a\tb\n")
    with pytest.raises(FormatError, match=r"db\.tsv:1: expected the columns"):
        read_table(path)


# Checkpoints


def test_command_line(folder, tmp_path, capsys):
    out, fasta = tmp_path / "m.weights.h5", tmp_path / "x.fa"
    command = ["import", "deepbind", "D00003.002", "D00001.001", "--params", str(folder)]
    command += ["--out", str(out), "--window", "12"]
    assert main([*command, "--output", "score"]) == 0
    assert not main(["weights", "verify", str(out)])
    checks = {
        line.split("\t")[1]: line.split("\t")[2:] for line in capsys.readouterr().out.splitlines()
    }
    assert checks["card"][0] == "ok" and "so its scores were not" in checks["origin"][1]
    listed = "".join(f"{sha256_of(path)}  {path.name}\n" for path in sorted(folder.glob("D*.txt")))
    assert hashlib.sha256(listed.encode()).hexdigest() in (tmp_path / "m.md").read_text()
    fasta.write_text(">a\nACGTACGTTNCA\n")
    table = tmp_path / "o.tsv"
    assert main(["predict", str(fasta), "--weights", str(out), "--out", str(table)]) == 0
    header, row = (line.split("\t") for line in table.read_text().splitlines())
    assert header[3:] == ["D00001.001", "D00003.002"]
    x = genome_keras.tokens(["ACGTACGTTNCA"])[0]
    wanted = [score(net, x) for net in read_deepbind(folder, header[3:]).values()]
    np.testing.assert_allclose([float(v) for v in row[3:]], wanted, atol=1e-4)
    capsys.readouterr()
    assert main([*command[:2], "D00009.001", *command[4:]]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_caller_chooses_the_output(folder, tmp_path):
    out = tmp_path / "m.weights.h5"
    import_deepbind(folder, out, models=["D00003.002"], window=12)
    x = codes(3, 12)
    raw = scores(genome_keras.deepbind_2015(weights=out, output="score"), x)
    net = read_deepbind(folder)["D00003.002"]
    np.testing.assert_allclose(raw[:, 0], [score(net, row) for row in x], atol=1e-4)


def test_networks_of_rna_and_dna_do_not_mix(folder):
    (folder / "D00005.001.txt").write_text(parameter_file(**RNA))
    with pytest.raises(WeightsError, match="do not fit into one model: they differ in both_str"):
        import_deepbind(folder, folder / "m.weights.h5")
    assert not (folder / "m.weights.h5").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tasks": (2, 3)}, "need one value for each group in each"),
        ({"tasks": 0}, r"tasks\[0\] must be an integer of at least 1"),
        ({"widths": 1}, r"widths\[0\] must be an integer of at least 2"),
        ({"hidden": -1}, r"hidden\[0\] must be an integer of at least 0"),
        ({"readouts": "mean"}, r"readouts\[0\] must be one of 'max', 'both'"),
        ({"output": "logit"}, "output must be one of 'probability', 'score'"),
        ({"tasks": (), "widths": (), "readouts": (), "hidden": ()}, "need one value"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        genome_keras.deepbind_2015(window=12, **arguments)
