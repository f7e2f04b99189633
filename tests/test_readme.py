"""The README's numbers, names and example, against the package."""

import re
from pathlib import Path

import pytest

import genome_keras
from genome_keras import weights

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SCORES = (ROOT / "docs" / "scores.md").read_text()
PUBLISHED_MODELS = (ROOT / "docs" / "published_models.md").read_text()


def test_every_model_has_a_row():
    section = README.partition("\n## Models\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert sorted(rows) == sorted(genome_keras.MODELS)


@pytest.mark.parametrize("name", weights.list_weights())
def test_scores_of_each_checkpoint(name):
    """Rows `| NAME | subset | F1 | tuned F1 | AUROC | AUPRC | perplexity |`, and those of
    language models `| NAME | perplexity | bits a base |`."""
    config = weights.find(name).config
    held_out = config["held_out"]
    if "imported_from" in config:  # others' weights: in the page of published models
        for subset, scores in held_out.items():
            row = f"| `{name}` | {subset} | {scores['examples']:,} | {scores['tasks']} "
            assert f"{row}| {scores['auroc_mean']:.4f} |" in PUBLISHED_MODELS
        return
    if name.startswith("char_rnn."):
        scores = held_out["all"]
        assert (
            f"| `{name}` | {scores['perplexity']:.4f} | {scores['bits_per_base']:.4f} |" in SCORES
        )
        return
    metrics = ("f1_mean", "f1_tuned_mean", "auroc_mean", "auprc_mean", "overall_perplexity")
    for subset, scores in held_out.items():
        numbers = " | ".join(f"{scores[metric]:.4f}" for metric in metrics)
        assert f"| `{name}` | {subset} | {numbers} |" in SCORES


def test_scores_in_the_readme_are_those_at_the_natural_rate():
    rows = re.findall(r"^\| `([\w.]+\.v\d+)` \| (.*) \|$", README, re.MULTILINE)
    assert {*weights.DEFAULTS.values()} < {name for name, _ in rows}
    for name, row in rows:
        config = weights.find(name).config
        scores = config["held_out"]["windows"]
        metrics = (scores[metric] for metric in ("auroc_mean", "auprc_mean", "overall_perplexity"))
        window = config["arguments"]["window"]
        assert row == " | ".join([str(window), *(f"{value:.4f}" for value in metrics)])


def test_python_example():
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL).group(1)
    names = {}
    exec(code, names)
    assert names["scores"].shape == (2, 192)
    ctcf = [i for i, task in enumerate(weights.find(weights.DEFAULT).tasks) if "|CTCF|" in task]
    assert names["scores"][1, ctcf].mean() > names["scores"][0, ctcf].mean()
