"""Laws of the effects of variants: windows, statuses, tables, VCF and resuming."""

import gzip
import math
import shutil
import subprocess
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.toy import TASKS, WINDOW, Stopped, Toy

import genome_keras
from genome_keras.cli import main
from genome_keras.errors import FormatError, WeightsError
from genome_keras.genome import Variant
from genome_keras.io import vcf
from genome_keras.io.reference import open_genome
from genome_keras.scoring.effects import likelihood, logit
from genome_keras.scoring.model_in_use import ModelInUse, open_scorer
from genome_keras.scoring.scorer import Scorer
from genome_keras.sharing.pretrained import save_pretrained
from genome_keras.variants.blocks import STATUS, blocks
from genome_keras.variants.score_variants import score, score_variants, score_vcf
from genome_keras.windows import alleles

LETTERS = "".join(np.random.default_rng(0).choice(list("ACGT"), 500))


def toy(batch_size=16):
    return Scorer(Toy(), batch_size=batch_size)


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    path.write_text(f">chr1\n{LETTERS}\n>odd:1-5\nACGTRACGTACGTACGTACGT\n")
    with open_genome(path) as opened:
        yield opened


def other(letter, turn=1):
    return "ACGT"[("ACGT".index(letter) + turn) % 4]


def variant(position, kind, size=1):
    """A variant of chr1 at a 1-based position."""
    ref = LETTERS[position - 1]
    if kind == "snv":
        return Variant("chr1", position, ref, other(ref, size % 3 + 1))
    if kind == "ins":
        return Variant("chr1", position, ref, ref + "ACGTACGTACGTACGT"[:size])
    return Variant("chr1", position, LETTERS[position - 1 : position + size], ref)


VARIANTS = st.builds(
    variant, st.integers(1, 480), st.sampled_from(["snv", "ins", "del"]), st.integers(1, 16)
)


@settings(max_examples=50, deadline=None)
@given(st.lists(VARIANTS, max_size=20), st.integers(2, 7))
def test_effects_are_those_of_the_two_windows(genome, variants, batch_size):
    found = score(variants, genome, toy(batch_size))
    assert found.variants == variants and found.status == ["ok"] * len(variants)
    for one, diff, logodds in zip(variants, found.diff, found.logodds, strict=True):
        shown = alleles(one, genome, window=WINDOW)
        ref, alt = Toy().scores(genome_keras.tokens([shown.ref, shown.alt]))
        np.testing.assert_allclose(diff, alt - ref, atol=1e-6)
        np.testing.assert_allclose(logodds, logit(alt) - logit(ref), atol=1e-4)


ODD = {
    "ref_mismatch": Variant("chr1", 10, other(LETTERS[9]), LETTERS[9]),
    "no_contig": Variant("1", 10, "A", "C"),
    "outside": Variant("chr1", 500, LETTERS[499] + "A", LETTERS[499]),
    "star": Variant("chr1", 10, LETTERS[9], "*"),
    "no_alt": Variant("chr1", 10, LETTERS[9], "."),
    "symbolic": Variant("chr1", 10, LETTERS[9], "<DEL>"),
    "foreign_letter": Variant("odd:1-5", 8, "G", "A"),
}


def test_what_cannot_be_scored_says_why(genome):
    assert {"ok", "not_finite", *ODD} == set(STATUS) - {"malformed"}
    before = Variant("chr1", 0, "A", "C")
    far = Variant("odd:1-5", 15, "C", "A")
    every = [*ODD.values(), before, variant(5, "snv"), far]
    found = score(every, genome, toy())
    assert found.status == [*ODD, "outside", "ok", "ok"]
    scored = np.array(found.status) == "ok"
    assert np.isnan(found.diff[~scored]).all() and np.isnan(found.logodds[~scored]).all()
    alone = score(every[-2:], genome, toy())
    np.testing.assert_array_equal(found.diff[scored], alone.diff)


def test_scores_that_are_not_finite_are_a_status(genome, tmp_path):
    """Of the alleles that have them, and of no other."""
    lost = genome_keras.tokens(LETTERS[43])[0, 0]
    good = next(p for p in range(51, 480) if LETTERS[p - 7] != LETTERS[43])
    given = [variant(50, "snv"), variant(good, "snv")]
    found = score_variants(given, genome, weights=Toy(lost=lost))
    assert found.status == ["not_finite", "ok"]
    assert np.isnan(found.diff[0]).all() and np.isfinite(found.diff[1]).all()
    lines = [f"chr1\t{v.position}\t.\t{v.ref}\t{v.alt}\t.\t.\t.\n" for v in given]
    (tmp_path / "v.vcf").write_text(HEADER + "".join(lines))
    for suffix in ("tsv", "vcf"):
        out = tmp_path / f"o.{suffix}"
        done = score_vcf(tmp_path / "v.vcf", out, genome=genome, weights=Toy(lost=lost))
        assert done.status == {"not_finite": 1, "ok": 1} and "not_finite" in out.read_text()


def test_values_and_files_give_the_same(genome, tmp_path):
    """A VCF or variants, a genome's path or an open one, a model or its scorer."""
    path, given = tmp_path / "v.vcf", [variant(30, "snv"), variant(60, "ins", 3)]
    lines = [f"chr1\t{v.position}\t.\t{v.ref}\t{v.alt}\t.\t.\t.\n" for v in given]
    path.write_text(HEADER + "".join(lines))
    wanted = score(given, genome, toy())
    for variants in (path, str(path), given, tuple(given)):
        for letters in (genome, genome.path):
            found = score_variants(variants, letters, weights=Toy())
            assert found.variants == given and found.tasks == TASKS
            np.testing.assert_array_equal(found.diff, wanted.diff)
            np.testing.assert_array_equal(found.logodds, wanted.logodds)
    few = score_variants(given, genome, weights=toy(), tasks=["d"], region="chr1:1-40")
    assert few.variants == given[:1] and few.tasks == ["d"]
    np.testing.assert_array_equal(few.diff, wanted.diff[:1, 2:])
    assert genome.fetch(("chr1", 0, 3)) == LETTERS[:3]  # it was left open


def test_a_variant_costs_its_two_windows(genome):
    model = Toy()
    score_variants([variant(30, "snv")], genome, weights=model)
    assert model.shapes == [(2, WINDOW)]


def test_a_window_is_scored_once_and_nothing_fills_the_batches(genome):
    ref = LETTERS[99]
    snvs = [Variant("chr1", 100, ref, other(ref, turn)) for turn in (1, 2, 3)]
    scorer = toy(batch_size=5)
    found = score([*snvs, *snvs, Variant("chr1", 100, ref, ref.lower())], genome, scorer)
    assert scorer.model.shapes == [(4, WINDOW)]  # one reference and three others
    assert not found.diff[-1].any() and found.diff[:3].all()
    np.testing.assert_array_equal(found.diff[:3], found.diff[3:6])


def test_blocks_are_bounded_and_read_no_further(genome):
    taken = []

    def lines():
        for position in range(20, 480):
            taken.append(position)
            yield position, variant(position, "snv")

    every = blocks(lines(), genome, window=WINDOW, size=32)
    first = next(every)
    assert len(taken) == len(first.variants) and len(first.codes) <= 32
    rest = list(every)
    assert sum(len(block.variants) for block in (first, *rest)) == 460
    assert all(len(block.codes) <= 32 for block in rest)
    skipped = blocks(((1, ODD["star"]) for _ in range(100)), genome, window=WINDOW, size=32)
    assert [len(block.variants) for block in skipped] == [32, 32, 32, 4]


HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def records(n=60):
    """Lines of a VCF: sorted, some with two alleles, some that cannot be scored."""
    for i in range(n):
        one = variant(20 + 7 * i, ("snv", "ins", "del")[i % 3], i % 9 + 1)
        alts = {0: f"{one.alt},*", 5: f"<DEL>,{one.alt}", 6: "<DEL>"}.get(i % 10, one.alt)
        yield f"chr1\t{one.position}\t{'.' if i % 2 else f'rs{i}'}\t{one.ref}\t{alts}\t.\t.\t.\n"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A checkpoint: the command line takes no models."""
    model = genome_keras.kmer_logreg(window=WINDOW, tasks=3, k=(1, 2), seed=1)
    for weight in model.trainable_weights:
        noise = np.random.default_rng(2).normal(size=weight.shape)
        weight.assign(0.2 * noise)
    return save_pretrained(model, tmp_path_factory.mktemp("saved") / "m", tasks=TASKS)


@pytest.fixture
def files(tmp_path, genome, saved):
    """A VCF, and what functions take; blocks are small."""
    (tmp_path / "v.vcf").write_text(HEADER + "".join(records()))
    return SimpleNamespace(
        folder=tmp_path,
        vcf=tmp_path / "v.vcf",
        saved=str(saved),
        options={"genome": genome.path, "weights": Toy(), "block_size": 32},
    )


def command(files, out, *more):
    options = ["--genome", str(files.options["genome"]), "--weights", files.saved]
    return ["variants", str(files.vcf), *options, "--out", str(out), *more]


def expected(files, genome, weights=None):
    return score_variants(files.vcf, genome, weights=weights or toy())


def read(path):
    header, *lines = [line.split("\t") for line in path.read_text().splitlines()]
    return header, [dict(zip(header, line, strict=True)) for line in lines]


def test_the_table_is_what_the_function_returns(files, genome, capsys):
    out = files.folder / "o.tsv"
    assert main(command(files, out, "--effect", "both")) == 0
    error = capsys.readouterr().err
    assert "18 of 72 alleles have no effects: star 6, symbolic 12" in error
    assert error.count("\n") == 1
    wanted = expected(files, genome, files.saved)
    header, rows = read(out)
    start = ["chrom", "pos", "id", "ref", "alt", "status"]
    start += ["max_diff", "max_diff_task", "max_logodds", "max_logodds_task"]
    ends = [f"{task}:{kind}" for kind in ("diff", "logodds") for task in TASKS]
    assert header == [*start, *ends]
    for row, one, status, diff, logodds in zip(rows, *wanted[:4], strict=True):
        assert [row[name] for name in start[:6]] == [
            *(one.contig, str(one.position), one.id or ".", one.ref, one.alt),
            status,
        ]
        for kind, values in (("diff", diff), ("logodds", logodds)):
            got = [float(row[f"{task}:{kind}"]) for task in TASKS]
            np.testing.assert_allclose(got, values, rtol=1e-4)
            largest = float(row[f"max_{kind}"])
            if status == "ok":
                assert math.isclose(largest, np.abs(values).max(), rel_tol=1e-4)
                assert row[f"max_{kind}_task"] == TASKS[np.abs(values).argmax()]
            else:
                assert math.isnan(largest) and row[f"max_{kind}_task"] == "."


def test_parquet_tasks_and_standard_output(files, genome, capsys):
    parquet = pytest.importorskip("pyarrow.parquet")
    out = files.folder / "o.parquet"
    score_vcf(files.vcf, out, tasks=["d", "b;c"], **files.options)
    table = parquet.read_table(out)
    assert table.column_names[6:] == ["max_diff", "max_diff_task", "d", "b;c"]
    wanted = expected(files, genome)
    got = np.stack([table[task].to_numpy() for task in ("d", "b;c")], 1)
    np.testing.assert_allclose(got, wanted.diff[:, [2, 1]], atol=1e-7)
    assert table["d"].null_count == table["max_diff"].null_count == 18
    capsys.readouterr()
    assert main(command(files, "-")) == 0
    text = capsys.readouterr().out
    score_vcf(files.vcf, files.folder / "o.tsv", **files.options | {"weights": files.saved})
    assert text == (files.folder / "o.tsv").read_text()


def info(record):
    return dict(pair.split("=") for pair in record.split("\t")[7].split(";"))


def test_vcf_has_each_record_and_its_alleles(files, genome):
    out = files.folder / "o.vcf"
    assert main(command(files, out, "--effect", "both")) == 0
    packed = files.folder / "o.vcf.gz"
    assert main(command(files, packed, "--effect", "both")) == 0
    assert gzip.decompress(packed.read_bytes()) == out.read_bytes()
    lines = out.read_text().splitlines()
    lines = [line for line in lines if not line.startswith("#")]
    given = files.vcf.read_text().splitlines()[2:]
    assert [line.split("\t")[:5] for line in lines] == [line.split("\t")[:5] for line in given]
    wanted = expected(files, genome, files.saved)
    alleles = zip(vcf.read(files.vcf), *wanted[1:4], strict=True)
    for record, (_, group) in zip(
        lines, groupby(alleles, key=lambda allele: allele[0][0]), strict=True
    ):
        _, status, diff, logodds = zip(*group, strict=True)
        found = info(record)
        assert found["GK_STATUS"].split(",") == list(status)
        assert ("GK_DIFF" in found) == ("ok" in status)
        for kind, values in (("DIFF", diff), ("LOGODDS", logodds)):
            if "ok" not in status:
                continue
            numbers = [math.nan if x == "." else float(x) for x in found[f"GK_{kind}"].split(",")]
            np.testing.assert_allclose(numbers, np.concatenate(values), rtol=1e-4)
            best = found[f"GK_MAX_{kind}_TASK"].split(",")
            codes = {"a|x%20y": 0, "b%3Bc": 1, "d": 2}
            for word, largest, one in zip(
                best, found[f"GK_MAX_{kind}"].split(","), values, strict=True
            ):
                if np.isnan(one).all():
                    assert word == largest == "."
                else:
                    assert codes[word] == np.abs(one).argmax()
                    assert math.isclose(float(largest), np.abs(one).max(), rel_tol=1e-4)


@pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed")
def test_bcftools_reads_and_indexes_the_vcf(files):
    out = files.folder / "o.vcf.gz"
    assert main(command(files, out)) == 0

    def run(*arguments):
        done = subprocess.run(["bcftools", *arguments], capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout

    run("index", "--tbi", str(out))
    assert run("index", "--nrecords", str(out)) == "60\n"
    text = run("view", "--no-version", str(out))
    ours = gzip.decompress(out.read_bytes()).decode()
    assert text.splitlines()[-60:] == ours.splitlines()[-60:]
    assert set(ours.splitlines()) <= set(text.splitlines())
    found = run("query", "-r", "chr1:100-200", "-f", "%POS %INFO/GK_STATUS\n", str(out))
    assert "104 ok" in found.splitlines() and len(found.splitlines()) < 20
    bcf = files.folder / "o.bcf"
    run("view", "--output-type", "b", "--output", str(bcf), str(out))
    assert run("view", "--no-header", str(bcf)).count("\n") == 60


def test_bgzip_blocks_have_the_size_they_say(files):
    pysam = pytest.importorskip("pysam")
    many = HEADER + "".join(
        f"chr1\t{i % 450 + 20}\t.\t{LETTERS[i % 450 + 19]}\t{other(LETTERS[i % 450 + 19])}\n"
        for i in range(3000)
    )
    files.vcf.write_text(many)
    out = files.folder / "o.vcf.gz"
    score_vcf(files.vcf, out, **files.options)
    assert out.read_bytes().count(b"\x06\x00BC\x02\x00") > 2  # several blocks
    with pysam.VariantFile(str(out)) as opened:
        found = [(record.pos, record.alts, record.info["GK_MAX_DIFF"][0]) for record in opened]
    assert len(found) == 3000
    assert found[0][1] == (other(LETTERS[19]),) and found[0][2] > 0


def test_regions_part_the_records(files, genome):
    out = files.folder / "o.tsv"

    def rows(region):
        score_vcf(files.vcf, out, region=region, **files.options)
        return out.read_text().splitlines()[1:]

    whole = rows(None)
    assert rows("chr1:1-104") + rows("chr1:105-300") + rows("chr1:301-1,000") == whole
    assert rows("chr1") == whole and rows("odd:1-5") == []
    assert {row.split("\t")[1] for row in rows("chr1:104-104")} == {"104"}
    with pytest.raises(ValueError, match="no contig 'chr2'"):
        rows("chr2:1-5")


def stopped(files, out, *, after=4, **more):
    """A run that ends in the middle: after so many batches of 16, which are two blocks."""
    given = files.options | {"weights": Scorer(Toy(stop_after=after), batch_size=16)} | more
    with pytest.raises(Stopped):
        score_vcf(files.vcf, out, resume=True, **given)
    assert not out.exists()


def run(files, out, **more):
    """A whole run: how many batches it took, and what it wrote."""
    model = Toy()
    given = files.options | {"weights": Scorer(model, batch_size=16)} | more
    done = score_vcf(files.vcf, out, **given)
    assert sum(done.status.values()) == 72
    return len(model.shapes), out.read_bytes()


def test_a_stopped_run_goes_on_and_gives_the_same_file(files):
    out, parts = files.folder / "o.tsv", files.folder / "o.tsv.parts"
    whole, wanted = run(files, out)
    out.unlink()
    stopped(files, out)
    assert len(list(parts.iterdir())) == 2
    assert run(files, out, resume=True) == (whole - 4, wanted) and not parts.exists()


def test_what_is_kept_serves_no_other_run(files):
    """Another effect, other tasks, another model: nothing is taken, and nothing is lost."""
    out, parts = files.folder / "o.tsv", files.folder / "o.tsv.parts"
    whole, _ = run(files, out)
    out.unlink()
    stopped(files, out)
    model = Toy(seed=2)
    for more in (
        {"effect": "logodds"},
        {"tasks": ["d"]},
        {"weights": Scorer(model, batch_size=16)},
    ):
        batches, _ = run(files, out, resume=True, **more)
        assert (batches or len(model.shapes)) == whole
    assert len(list(parts.iterdir())) == 2
    assert run(files, out, resume=True)[0] == whole - 4


def test_damaged_parts_are_an_error(files):
    out, parts = files.folder / "o.tsv", files.folder / "o.tsv.parts"
    stopped(files, out)
    for path in parts.iterdir():
        path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(FormatError, match="damaged; remove it"):
        run(files, out, resume=True)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--out", "o.bcf"], 2, "a table must end in one of"),
        (["--out", "none/o.vcf"], 1, "cannot write: there is no folder"),
        (["--resume"], 2, "resume needs a file"),
        (["--task", "a"], 2, "no task 'a'; it has 3"),
        (["--window", "9"], 2, "takes windows of 12 bp. Received: window=9"),
        (["--region", "chr1"], 0, ""),
        (["--region", "chr1:5"], 2, "a region must be contig:first-last"),
        (["--genome", "none.fa"], 1, "none.fa: cannot read"),
        (["--weights", "best"], 1, "no checkpoint 'best'"),
    ],
)
def test_errors_and_their_status(files, capsys, monkeypatch, arguments, status, message):
    monkeypatch.chdir(files.folder)
    before = sorted(files.folder.iterdir())
    assert main([*command(files, "-"), *arguments]) == status
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.count("\n") == 1
    assert sorted(files.folder.iterdir()) == before
    assert status == 0 or captured.out == ""


def test_a_malformed_record_is_told_with_its_line_and_leaves_no_file(files, capsys):
    files.vcf.write_text(HEADER + "".join(records()) + "chr1\t\0\t.\tA\tC\n")
    assert main(command(files, files.folder / "o.vcf.gz")) == 1
    assert "v.vcf:63: expected VCF text, got '\\x00'" in capsys.readouterr().err
    assert not list(files.folder.glob("*o.vcf*")) and not list(files.folder.glob(".*"))


# With real models.


def test_likelihood_of_even_odds_counts_the_bases():
    codes = np.array([[0, 1, 2, 3, 0], [4, 4, 1, 4, 2], [4] * 5], np.uint8)
    even = np.full((3, 5, 4), 0.25)
    np.testing.assert_allclose(likelihood(even, codes)[:, 0], -np.log(4) * np.array([4, 2, 0]))


def test_a_language_model_gives_the_log_likelihood_ratio(genome):
    model = genome_keras.char_rnn(units=4, depth=1, seed=1)
    every = [variant(30, "snv"), variant(40, "ins", 3), variant(50, "del", 2)]
    found = score(every, genome, Scorer(model, batch_size=8), window=21)
    assert found.tasks == ["log_likelihood"] and found.logodds is None
    assert found.diff.shape == (3, 1) and found.diff.all()
    for one, diff in zip(every, found.diff[:, 0], strict=True):
        sums = []
        for letters in alleles(one, genome, window=21)[:2]:
            codes = genome_keras.tokens(letters)
            following = np.asarray(model.predict_on_batch(codes))[0]
            sums.append(sum(math.log(following[i, codes[0, i + 1]]) for i in range(20)))
        assert math.isclose(diff, sums[1] - sums[0], abs_tol=1e-5)
    with pytest.raises(ValueError, match="takes windows of any length: window must say"):
        score(every, genome, Scorer(model))


def test_both_strands_outside_the_model_are_those_inside():
    one = genome_keras.bigru_multitask(window=10, tasks=3, units=4, depth=1, seed=1)
    both = genome_keras.bigru_multitask(
        window=10, tasks=3, units=4, depth=1, seed=1, both_strands=True
    )
    both.set_weights(one.get_weights())
    codes = np.random.default_rng(0).integers(0, 5, (7, 10), dtype=np.uint8)
    outside = Scorer(one, both_strands=True, batch_size=4).scores(codes)
    np.testing.assert_allclose(outside, Scorer(both, batch_size=4).scores(codes), atol=1e-6)
    assert np.abs(outside - Scorer(one, batch_size=4).scores(codes)).max() > 1e-6


def test_both_strands_of_a_checkpoint():
    """The published one reads both, unless it is told not to."""
    name = "bigru_multitask.human_chromatin.v2"
    codes = np.random.default_rng(0).integers(0, 4, (2, 100), dtype=np.uint8)
    seqs = np.concatenate([codes, genome_keras.reverse_complement(codes)])
    both, one = (
        open_scorer(name, both_strands=choice, batch_size=4).scores(seqs)
        for choice in (None, False)
    )
    np.testing.assert_allclose(both[:2], both[2:], atol=1e-6)
    assert np.abs(one[:2] - one[2:]).max() > 1e-3
    np.testing.assert_allclose(2 * logit(both[:2]), logit(one[:2]) + logit(one[2:]), atol=1e-4)


def test_tasks_that_were_never_trained_are_left_out_unless_named():
    use = ModelInUse("m", ["a", "b", "c"], [True, False, True], 9, None)
    assert use.columns() == ([0, 2], ["a", "c"])
    assert use.columns(["b"]) == ([1], ["b"])
    assert use.columns(all_tasks=True) == (slice(None), ["a", "b", "c"])


def test_models_that_cannot_be_scored():
    with pytest.raises(ValueError, match="forgets between batches"):
        Scorer(genome_keras.char_rnn(units=2, stateful=True, batch_size=2))
    shapes = SimpleNamespace(name="x", layers=(), input_shape=(None, 9), output_shape=(None, 9, 2))
    with pytest.raises(ValueError, match="one output"):
        Scorer(shapes)
    with pytest.raises(ValueError, match="expected 3 tasks"):
        Scorer(Toy(), tasks=["a", "b"])
    with pytest.raises(WeightsError):
        open_scorer("best")


@pytest.mark.shared_data
def test_a_real_chromosome(shared_data, tmp_path):
    """The genome's own letters never mismatch; the first megabases of chr20 are read."""
    packed = shared_data / "human_genome" / "grch37_chr20_chr21.fa.gz"
    with gzip.open(packed, "rt") as lines:
        text = [line for _, line in zip(range(5000), lines, strict=False)]
    path = tmp_path / "g.fa"
    path.write_text("".join(text))
    letters = "".join(text[1:]).replace("\n", "").upper()
    rng = np.random.default_rng(0)
    places = rng.choice(np.flatnonzero(np.array(list(letters)) != "N"), 100, replace=False)
    every = [Variant("chr20", p + 1, letters[p], other(letters[p])) for p in places.tolist()]
    with open_genome(path) as genome:
        found = score(every, genome, open_scorer("kmer_logreg.human_chromatin.v1"))
    assert found.status == ["ok"] * 100 and np.abs(found.diff).max() > 0.01
    assert Path(path).exists()
