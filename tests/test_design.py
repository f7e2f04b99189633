"""Laws of designs: what is best for a model that adds letters up is known, and rules hold."""

import numpy as np
import pytest
from support.toy import TASKS, WINDOW, Toy

from genome_keras.cli import main
from genome_keras.encode import reverse_complement, tokens
from genome_keras.errors import SequenceError
from genome_keras.interpret import (
    Annealing,
    EditRules,
    GradientGuided,
    Greedy,
    design,
    draw_trajectory,
    write_designs,
)
from genome_keras.io import fasta
from genome_keras.scoring.effects import logit
from genome_keras.weights import DEFAULTS

START = "ACGTACGTACGT"
TASK = TASKS[1]
WAYS = [Greedy(), Annealing(rounds=60, chains=4)]


def best_sum(toy, start, edits, task=1):
    """The highest log-odds within so many edits, by the gain of each position."""
    own = toy.numbers[start, np.arange(WINDOW), task]
    gains = np.sort(toy.numbers[:4, :, task].max(0) - own)[::-1]
    return own.sum() + gains[:edits].sum()


@pytest.mark.parametrize("edits", [0, 1, 4, None])
def test_greedy_finds_what_is_best_where_letters_add_up(edits):
    toy, start = Toy(), tokens(START)[0]
    made = design(toy, {TASK: 1.0}, START, edits=edits)
    found = logit(toy.scores(tokens(made.sequence)))[0, 1]
    count = WINDOW if edits is None else edits
    np.testing.assert_allclose(found, best_sum(toy, start, count), atol=1e-3)
    assert made.edits <= count and made.start == START and made.tasks == [TASK]
    assert len(made.steps) == made.edits + 1


@pytest.mark.parametrize("method", WAYS, ids=lambda way: way.name)
def test_steps_lead_from_the_start_to_the_end(method):
    toy = Toy()
    made = design(toy, {TASK: 0.0, TASKS[0]: 0.9}, START, method=method, edits=5, seed=3)
    letters = list(made.start)
    for number, step in enumerate(made.steps):
        if number:
            assert letters[step.position] == step.ref != step.alt
            letters[step.position] = step.alt
        own = toy.scores(tokens("".join(letters)))[0, [1, 0]]
        np.testing.assert_allclose(step.scores, own, atol=1e-6)
        loss = abs(logit(own[0]) - logit(1e-7)) + abs(logit(own[1]) - logit(0.9))
        np.testing.assert_allclose(step.loss, loss, rtol=1e-5)
    assert "".join(letters) == made.sequence and made.edits <= 5
    assert made.steps[-1].loss == min(step.loss for step in made.steps) < made.steps[0].loss
    again = design(toy, {TASK: 0.0, TASKS[0]: 0.9}, START, method=method, edits=5, seed=3)
    assert again == made


@pytest.mark.parametrize("method", WAYS, ids=lambda way: way.name)
def test_rules_hold_at_every_step(method):
    rules = {"fixed": [(0, 3), (9, 10)], "gc": (0.25, 0.5), "forbidden": ["TTA", "CC"]}
    made = design(Toy(), {TASK: 1.0}, None, method=method, edits=6, seed=5, **rules)
    letters = list(made.start)
    for step in [None, *made.steps[1:]]:
        if step is not None:
            letters[step.position] = step.alt
        seq = "".join(letters)
        assert seq[:3] == made.start[:3] and seq[9] == made.start[9]
        assert 0.25 <= sum(letter in "GC" for letter in seq) / WINDOW <= 0.5
        assert not any(word in each for word in ("TTA", "CC") for each in both_strands(seq))
        assert sum(a != b for a, b in zip(seq, made.start, strict=True)) <= 6
    assert len(made.steps) > 1


def both_strands(seq):
    return seq, reverse_complement(seq)


def test_a_target_between_is_met_and_not_passed():
    toy = Toy()
    made = design(toy, {TASK: 0.5}, START, edits=None, method=Annealing(rounds=200))
    assert abs(made.steps[-1].scores[0] - 0.5) < 0.05
    steps = design(toy, {TASK: made.steps[-1].scores[0]}, made.sequence).steps
    assert len(steps) == 1  # it is there


def test_what_is_allowed_is_what_keeps_the_rules():
    """By trying each substitution."""
    rules = EditRules(edits=3, fixed=((2, 4),), gc=(0.3, 0.6), forbidden=("GAC", "TA"))
    random = np.random.default_rng(1)
    start = rules.drawn(np.full(WINDOW, 4, np.uint8), random)
    codes = start.copy()
    codes[6], codes[8] = rules_broken_by_none(rules, codes)
    allowed = rules.allowed(codes, start)
    for at, letter in np.ndindex(WINDOW, 4):
        tried = codes.copy()
        tried[at] = letter
        keeps = rules.broken_by(tried) is None and (tried != start).sum() <= 3
        keeps &= letter != codes[at] and not 2 <= at < 4
        assert allowed[at, letter] == keeps, (at, letter)


def rules_broken_by_none(rules, codes):
    """Two other letters at 6 and 8 that keep the rules, if there are any."""
    for first, second in np.ndindex(4, 4):
        tried = codes.copy()
        tried[6], tried[8] = first, second
        if rules.broken_by(tried) is None and (tried != codes).sum() == 2:
            return first, second
    return codes[6], codes[8]


def test_n_of_a_start_is_drawn_by_the_seed():
    first, again, other = (
        design(Toy(), {TASK: 1.0}, "ACGNNNNNNNGT", edits=0, seed=seed).start for seed in (1, 1, 2)
    )
    assert first == again != other and first[:3] == other[:3] == "ACG" and "N" not in first


def test_the_gradient_finds_what_greedy_finds_in_a_linear_model():
    keras = pytest.importorskip("keras")
    import genome_keras

    model = genome_keras.kmer_logreg(k=(1,), window=WINDOW, tasks=2)
    weights = model.get_weights()
    model.set_weights([np.random.default_rng(0).normal(size=w.shape) for w in weights])
    given = {"targets": {"task_1": 1.0}, "start": START, "edits": 3}
    greedy = design(model, **given)
    guided = design(model, **given, method=GradientGuided(tried=4))
    np.testing.assert_allclose(guided.steps[-1].loss, greedy.steps[-1].loss, atol=1e-4)
    assert guided.edits == 3 and keras.backend.backend()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"targets": {}}, "at least one target"),
        ({"targets": {"x": 1.0}}, "no task 'x'"),
        ({"targets": {TASK: 1.5}}, "a target must be from 0 to 1"),
        ({"start": "ACG"}, "a start of 12 bp"),
        ({"method": "magic"}, "method must be one of"),
        ({"edits": -1}, "edits must be"),
        ({"seed": -1}, "seed must be"),
        ({"gc": (0.6, 0.4)}, "gc must be two shares"),
        ({"gc": (0.9, 1.0)}, "a share of G and C of 0.500, not 0.9 to 1"),
        ({"forbidden": ["GTA"]}, "the start must keep the rules. Received: GTA"),
        ({"forbidden": ["TAC"]}, "Received: TAC, GTA"),
        ({"forbidden": ["A"]}, "a forbidden word must be 2 letters"),
        ({"fixed": [(9, 13)]}, "a region must be"),
        ({"start": None, "forbidden": ["AA", "CC", "AC", "AG", "AT", "CA", "GA", "CG"]}, "random"),
    ],
)
def test_bad_arguments(given, message):
    with pytest.raises(ValueError, match=message):
        design(Toy(), **{"targets": {TASK: 1.0}, "start": START, **given})


def test_a_foreign_letter():
    with pytest.raises(SequenceError, match="'Z'"):
        design(Toy(), {TASK: 1.0}, "ACGZACGTACGT")


# Files


def test_files_have_what_the_function_gives(tmp_path):
    pytest.importorskip("logomaker")
    toy, start = Toy(), tmp_path / "start.fa"
    start.write_text(f">one\n{START}\n>two\n{START[::-1]}\n")
    out, steps, page = (tmp_path / name for name in ("made.fa", "steps.tsv", "page.html"))
    given = {"targets": {TASK: 1.0}, "weights": toy, "rules": EditRules(edits=3)}
    assert write_designs(start, out, **given, steps=steps, report=page) == 2
    expected = [design(toy, {TASK: 1.0}, seq, edits=3) for seq in (START, START[::-1])]
    made = dict(fasta.read(out))
    assert list(made.values()) == [each.sequence for each in expected]
    assert list(made) == ["one", "two"] and "edits=3" in out.read_text()
    head, *rows = [line.split("\t") for line in steps.read_text().splitlines()]
    assert head == ["name", "step", "pos", "ref", "alt", "loss", TASK]
    assert rows[0][:5] == ["one", "0", ".", ".", "."]
    assert [row[0] for row in rows].count("one") == len(expected[0].steps)
    assert rows[1][2] == str(expected[0].steps[1].position + 1)
    text = page.read_text()
    assert text.count("<figure>") == 2 and "<script" not in text
    assert write_designs(None, out, **given, count=3, seed=4) == 3
    assert [name for name, _ in fasta.read(out)] == ["design_1", "design_2", "design_3"]
    other = design(toy, {TASK: 1.0}, None, edits=3, seed=5).sequence
    assert dict(fasta.read(out))["design_2"] == other


def test_pictures_of_other_shapes():
    with pytest.raises(ValueError, match="expected scores"):
        draw_trajectory(np.zeros((2, 3)), tasks=["a"])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--target CTCF", "expected TASK=P"),
        ("--target CTCF=2", "expected TASK=P"),
        ("--target HepG2|CTCF|None=1 --gc 0.6-0.4", "expected LOW-HIGH"),
        ("--target HepG2|CTCF|None=1 --fixed 0-4", "expected FROM-TO"),
        ("--target HepG2|CTCF|None=1 --edits -1", "expected one argument"),
        ("--target HepG2|CTCF|None=1 --rounds 5", "'greedy' takes no rounds"),
        ("--target HepG2|CTCF|None=1 --fixed 90-101", "a region must be"),
        ("--target nothing=1", "no task 'nothing'"),
    ],
)
def test_the_command_tells_what_is_wrong_before_it_reads(line, message, capsys, tmp_path):
    out = tmp_path / "made.fa"
    try:
        command = ["design", str(tmp_path / "missing.fa"), "--weights", DEFAULTS[100]]
        status = main([*command, "--out", str(out), *line.split()])
    except SystemExit as stopped:
        status = stopped.code
    told = capsys.readouterr().err
    assert status in (1, 2) and not out.exists()
    assert message in told or "expected a whole number" in told
