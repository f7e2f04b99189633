"""The table of runs of `train_919.py` by their scores on validation regions, as docs have it."""

import json


def validation_table(rows):
    """Lines of Markdown.

    Args:
        rows: of each network its name, core-seconds and scores, as "valid" and "last" of a line
            of `log.jsonl` are.
    """
    yield "| network | core-seconds | perplexity | AUROC | AUPRC | AUROC bins | AUPRC bins |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, seconds, found in rows:
        areas = [found[some][area] for some in ("all", "bins") for area in ("auroc", "auprc")]
        cells = [f"{seconds:,}", f"{found['perplexity']:.5f}", *(f"{area:.4f}" for area in areas)]
        yield f"| {name} | {' | '.join(cells)} |"


def last_line(run):
    """The last line of the log of a run, a `Path`."""
    return json.loads((run / "log.jsonl").read_text().splitlines()[-1])
