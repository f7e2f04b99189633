"""Turns finished runs into checkpoints: weights, description, card, checksums.

    python weights/make/publish.py DATA.h5 NAME=RUN [NAME=RUN ...] [NAME ...] \\
        [--half] [--backend tensorflow]

NAME is `architecture.data.vN`; RUN is a folder with `best.weights.h5` and
`train.json`. All are evaluated together on the split "test" of DATA, so that each
card shows the others beside it; a NAME alone is something to compare with: a published
checkpoint, or the folder of a run of `genome-keras logreg DATA.h5`.
With --half the file has weights of half precision: half the bytes, and what is evaluated.
A task without a label in the split "train" gets the positive rate published for it as
its constant score, and is called untrained. Prints the result, the rows of the README's table and
the lines for `PUBLISHED` in genome_keras/registry.py.
"""

import argparse
import inspect
import json
import sys
import tempfile
from pathlib import Path

import h5py
import keras
import numpy as np
from card import card

import genome_keras
from genome_keras.datasets.chromatin_data import chromatin, open_chromatin
from genome_keras.datasets.task_table import tasks
from genome_keras.evaluation.evaluate import evaluate
from genome_keras.evaluation.markdown import as_markdown
from genome_keras.io.atomic import atomic
from genome_keras.io.digest import sha256_of
from genome_keras.weights.checkpoint import save_bare
from genome_keras.weights.registry import PUBLISHED
from genome_keras.weights.resolve import find

HERE = Path(__file__).parents[1]
LETTERS = "ACGTN"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="the data set the runs were trained on")
    parser.add_argument("runs", nargs="+", metavar="NAME[=RUN]")
    parser.add_argument("--half", action="store_true", help="round the weights to float16")
    parser.add_argument("--backend", default="jax", help="that trained the runs (default: jax)")
    options = parser.parse_args()
    runs = dict(run.split("=", 1) for run in options.runs if "=" in run)
    others = [name for name in options.runs if "=" not in name]
    for name in runs:
        if name in PUBLISHED:
            sys.exit(f"{name} is published: a published file never changes")
    facts = _facts(options.data, others) | {"backend": options.backend}
    with tempfile.TemporaryDirectory() as folder:
        measured = (chromatin(options.data, "train").labels >= 0).any(0)
        drafts = {
            name: _draft(Path(folder), name, Path(run), measured, half=options.half)
            for name, run in runs.items()
        }
        paths = {name: Path(folder) / f"{name}.weights.h5" for name in runs}
        result = evaluate(options.data, weights=[*paths.values(), *others])
        text = json.dumps(result)
        for name, path in paths.items():
            text = text.replace(json.dumps(str(path)), json.dumps(name))
        result = json.loads(text)
        for name, draft in drafts.items():
            draft["held_out"] = _held_out(result, name)
            with atomic(HERE / f"{name}.weights.h5") as temporary:
                temporary.write_bytes(paths[name].read_bytes())
            _write(HERE / f"{name}.json", json.dumps(draft, indent=1) + "\n")
            _write(HERE / f"{name}.md", card(name, draft, result, facts))
    print(as_markdown(result))
    print(*_readme(result), sep="\n")
    files = sorted(p for p in HERE.iterdir() if p.name.endswith((".weights.h5", ".json")))
    sums = {path.name: sha256_of(path) for path in files}
    _write(HERE / "SHA256SUMS", "".join(f"{digest}  {name}\n" for name, digest in sums.items()))
    for name in runs:
        print(f'    "{name}": Published(')
        for filename in (f"{name}.weights.h5", f"{name}.json"):
            print(f'        "{sums[filename]}",\n        {(HERE / filename).stat().st_size},')
        print('        "CITE: what to cite for this architecture",\n    ),')


def _facts(data, others):
    """What a card says of the data set and of what was fitted on it to compare with."""
    splits = {split: open_chromatin(data, split) for split in ("train", "valid", "test")}
    train = splits["train"]
    return {
        "file": Path(data).name,
        "bp": train.window,
        "logregs": [name for name in others if Path(name).is_dir()],
        "peaks": bool(set(chromatin(data, "test").source) - {"genome", "windows"}),
        **{split: len(found) for split, found in splits.items()},
    }


def _draft(folder, name, run, measured, *, half):
    """Writes the weights alone, without the optimizer, and all that needs no test data."""
    trained = json.loads((run / "train.json").read_text())
    arguments = {**trained["arguments"], "both_strands": True}
    made = getattr(genome_keras, trained["architecture"])(**arguments)
    find(run / "best.weights.h5").load_into(made)
    untrained = _set_constant(made.layers[-1], trained["tasks"], ~measured)
    path = folder / f"{name}.weights.h5"
    save_bare(made, path)
    if half:
        _halve(path)
        made.load_weights(path)
    window = arguments["window"]
    draw = np.random.default_rng(0)
    probe = draw.integers(0, 4, (2, window), dtype=np.uint8)
    probe[1, window // 4 : window // 2] = 4
    scores = keras.ops.convert_to_numpy(made(probe, training=False))
    draft = {
        "name": name,
        "architecture": trained["architecture"],
        "arguments": arguments,
        "window": window,
        "parameters": int(made.count_params()),
        "license": "Apache-2.0",
        **_how(run),
        "tasks": trained["tasks"],
        "untrained": untrained,
        **({"stored": "float16"} if half else {}),
        "probe": ["".join(LETTERS[code] for code in row) for row in probe],
        "probe_scores": [[float(f"{score:.7g}") for score in row] for row in scores],
    }
    (folder / f"{name}.json").write_text(json.dumps(draft))
    return draft


def _halve(path):
    """Rewrites a file of weights in float16."""
    whole = path.with_name("whole.h5")
    path.rename(whole)
    with h5py.File(whole) as old, h5py.File(path, "w") as new:

        def put(name, item):
            if isinstance(item, h5py.Dataset):
                new[name] = item[()].astype("float16")
            else:
                new.require_group(name)
            new[name].attrs.update(item.attrs)

        new.attrs.update(old.attrs)
        old.visititems(put)
    whole.unlink()


def _how(run):
    """What was asked of a run and its log, and of the run beside it that it started from."""
    trained = json.loads((run / "train.json").read_text())
    how = {
        "training": {k: v for k, v in trained.items() if k not in ("arguments", "tasks")},
        "log": json.loads((run / "log.json").read_text()),
    }
    known = inspect.signature(getattr(genome_keras, trained["architecture"])).parameters
    usual = {name: known[name].default for name in known}
    usual = {name: list(v) if isinstance(v, tuple) else v for name, v in usual.items()}
    start = run.parent / (trained.get("fine_tune") or "")
    if start.name == "best.weights.h5" and start.is_file():
        out = str(Path(trained["fine_tune"]).parent)
        how["before"] = [{**_how(start.parent), "out": out}]
        usual |= json.loads((start.parent / "train.json").read_text())["arguments"]
    given = sorted(trained["arguments"].items())
    plain = ("window", "tasks", "both_strands")
    how["set"] = {
        name: value for name, value in given if name not in plain and value != usual[name]
    }
    return how


def _set_constant(head, names, chosen):
    """Makes the scores of some tasks their published positive rates; returns the names."""
    if not chosen.any():
        return []
    table = tasks("deepsea-919")
    if list(table.names) != names:
        sys.exit("tasks without a label, and no published rate for them")
    kernel, bias = head.get_weights()
    rates = np.clip(table.positive_rates[chosen], 1e-6, 1)  # one is published as 0
    kernel[..., chosen] = 0
    bias[0, chosen], bias[1, chosen] = 0, np.log(rates / (1 - rates))
    head.set_weights([kernel, bias])
    return [name for name, one in zip(names, chosen, strict=True) if one]


def _held_out(result, name):
    """Scores of one checkpoint on the frequent tasks, by subset."""
    return {
        subset: part["groups"]["frequent"]["models"][name]
        | {"tasks": part["groups"]["frequent"]["tasks"], "examples": part["examples"]}
        for subset, part in result["subsets"].items()
    }


def _readme(result):
    """Rows of the README's table, frequent tasks only."""
    metrics = ("f1_mean", "f1_tuned_mean", "auroc_mean", "auprc_mean", "overall_perplexity")
    for subset, part in result["subsets"].items():
        for name, summary in part["groups"]["frequent"]["models"].items():
            numbers = " | ".join(f"{summary[metric]:.4f}" for metric in metrics)
            yield f"| `{name}` | {subset} | {numbers} |"


def _write(path, text):
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
