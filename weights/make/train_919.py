"""Trains one network on the 919 columns: resumable, weights averaged, for a time or for steps.

    python weights/make/train_919.py DATA.h5 RUN --model center_context \\
        --set '{"window": 1000}' --shift 100 (--until 11:08 | --steps 625 | --seconds 3400) \\
        [--start FILE]

Each step reads a random batch of the split "train", half of it as reverse complements, and
shifted by up to --shift bp where the file holds more than the window; --also adds regions of
a file with less around them. Adam with the norm of the gradient clipped at 1; the rate rises
for --warmup steps and falls as a cosine to 1 % of it at the end, by the clock with --until and
by processor time with --seconds. Every few minutes the run folder gets `state.npz`, from which
the same command goes on, and `best.weights.h5` and `best.json`: the exponential
moving average of the weights, with its scores on 5,540 regions of the split "valid", drawn
once, the same regions for every window; `log.jsonl` has those of the last weights beside them.
Needs KERAS_BACKEND, and one thread for each run.

With --teacher the measured labels are mixed with the scores of other networks
(`teacher_919.py`), and with --edges the bins at the edges of `touched` columns, which nobody
labels, count as positive by so much.
"""

import argparse
import datetime
import importlib
import json
import time
from pathlib import Path

import h5py
import keras
import numpy as np

from genome_keras import scores as score
from genome_keras.io.atomic import atomic

VALID = {"tf_bins": 2000, "edge_bins": 340, "other_bins": 1200, "windows": 2000}
OTHER_STRAND = np.array([3, 2, 1, 0, 4], "uint8")
LEAST = 20  # positive labels of a column whose areas are averaged


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("run", type=Path)
    parser.add_argument("--model", required=True, help="a factory, or MODULE:FACTORY")
    parser.add_argument("--set", type=json.loads, default={}, help="its arguments, JSON")
    parser.add_argument("--shift", type=int, default=0)
    parser.add_argument("--also", help="a file of shorter regions: those of kind dhs, N around")
    parser.add_argument("--regions", type=int, help="draw so many of the training regions")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--warmup", type=int, default=100)
    parser.add_argument("--decay", type=float, default=0.0, help="of weights, as in AdamW")
    parser.add_argument("--teacher", help="scores of the regions of DATA, .npy (regions, 919)")
    parser.add_argument("--share", type=float, default=0.5, help="of the teacher in each label")
    parser.add_argument("--edges", type=float, help="label of the edges of touched columns")
    parser.add_argument("--average", type=float, default=0.998, help="decay for each step")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--until", help="HH:MM, the end of the cosine and of the run")
    parser.add_argument("--steps", type=int, help="instead of a time")
    parser.add_argument("--seconds", type=float, help="of the processor, instead of a time")
    parser.add_argument("--stop", type=int, help="stop after so many of --steps")
    parser.add_argument("--start", help="weights to start from, but for those of the head")
    parser.add_argument("--keep-head", action="store_true", help="take those of the head too")
    parser.add_argument("--every", type=float, default=15, help="minutes between validations")
    options = parser.parse_args()
    module, _, name = options.model.rpartition(":")
    module = importlib.import_module(module or f"genome_keras.models.{name}")
    model = getattr(module, name)(**{"seed": options.seed} | options.set)
    train(model, options)


def train(model, options):
    options.run.mkdir(parents=True, exist_ok=True)
    data = read(options.data, model.input_shape[1])
    if options.teacher and options.also:
        raise SystemExit("--teacher has no scores for the regions of --also")
    if options.also:
        data |= joined(data, read(options.also, model.input_shape[1]))
    rows = drawn(np.flatnonzero(data["split"] == "train"), options.regions, options.seed)
    slow = keras.backend.backend() == "tensorflow"  # XLA makes the GRUs slower
    how = {"global_clipnorm": 1.0, "weight_decay": options.decay or None}
    optimizer = keras.optimizers.Adam(options.rate, **how)
    model.compile(optimizer, model.loss, jit_compile=False if slow else "auto")
    optimizer.build(model.trainable_variables)
    if options.start:
        model.load_weights(options.start)
    if not options.keep_head:
        some = np.sort(np.random.default_rng(5).permutation(rows)[:60000])
        model.layers[-1].set_rates(score.positive_rates(data["y"][some]))
    run = Run(model, optimizer, data, options)
    per_epoch, epoch, order = len(rows) // options.batch, -1, None
    while not run.over():
        if run.step // per_epoch != epoch:
            epoch = run.step // per_epoch
            order = np.random.default_rng([options.seed, epoch]).permutation(rows)
        first = run.step % per_epoch * options.batch
        run.one(np.sort(order[first : first + options.batch]))
    run.validate()


def drawn(rows, number, seed):
    """So many of the rows, in order; all where no number is given."""
    if number is None:
        return rows
    return np.sort(np.random.default_rng(1000 + seed).permutation(rows)[:number])


def read(path, window):
    """Columns of the file, and where in its regions the window starts."""
    with h5py.File(path) as file:
        data = {name: file[name][:] for name in ("x", "y")}
        names = "split", "source", "tasks", "label_kind"
        data |= {name: file[name].asstr()[:] for name in names}
    data["left"] = (data["x"].shape[1] - window) // 2
    return data


def end_of(clock, begun):
    """The first time after a start that the clock shows so, in seconds."""
    begun = datetime.datetime.fromtimestamp(begun)
    end = datetime.datetime.combine(begun, datetime.time.fromisoformat(clock))
    return (end + datetime.timedelta(days=end < begun)).timestamp()


def joined(data, more):
    """The training regions of kind dhs of the second set after all of the first, N around."""
    some = np.flatnonzero((more["split"] == "train") & (more["source"] == "dhs"))
    x = np.full((len(some), data["x"].shape[1]), 4, "uint8")
    left = (x.shape[1] - more["x"].shape[1]) // 2
    x[:, left : left + more["x"].shape[1]] = more["x"][some]
    more = {name: more[name][some] for name in ("y", "split", "source")} | {"x": x}
    return {name: np.concatenate([data[name], more[name]]) for name in more}


def validation_rows(data):
    """The same regions in the 200-bp and the 1200-bp file, which have them in one order."""
    draw, found = np.random.default_rng(919), []
    for source, number in VALID.items():
        rows = np.flatnonzero((data["split"] == "valid") & (data["source"] == source))
        found.append(np.sort(draw.permutation(rows)[:number]))
    return np.concatenate(found)


def cut(codes, left, window, shifts=None):
    if shifts is None:
        return np.ascontiguousarray(codes[:, left : left + window])
    pairs = zip(codes, left + shifts, strict=True)
    return np.stack([row[start : start + window] for row, start in pairs])


class Run:
    """A model in training, and its folder."""

    def __init__(self, model, optimizer, data, options):
        self.model, self.optimizer, self.data, self.options = model, optimizer, data, options
        self.window, self.valid = model.input_shape[1], validation_rows(data)
        self.kept = [w for w in model.weights if "float" in str(w.dtype)]
        self.average, self.step, self.begun, self.before = self.now(), 0, time.time(), 0.0
        self.losses, self.validated = [], time.time()
        self.teacher = np.load(options.teacher, mmap_mode="r") if options.teacher else None
        if (options.run / "state.npz").exists():
            state = np.load(options.run / "state.npz")
            for name, variables in {"weight": self.kept, "adam": optimizer.variables}.items():
                for number, variable in enumerate(variables):
                    variable.assign(state[f"{name}_{number}"])
            self.average = [state[f"average_{n}"] for n in range(len(self.kept))]
            self.step, self.before = int(state["step"]), float(state["cpu"])
            self.begun = float(state["begun"])
        self.end = end_of(options.until, self.begun) if options.until else None

    def now(self):
        return [np.array(keras.ops.convert_to_numpy(w), copy=True) for w in self.kept]

    def over(self):
        stop = self.options.stop
        return self.done() >= 1 or (stop is not None and self.step >= stop)

    def done(self):
        """The share of the run that is behind it."""
        if self.end:
            return (time.time() - self.begun) / (self.end - self.begun)
        if self.options.seconds:
            return self.cpu() / self.options.seconds
        return self.step / self.options.steps

    def cpu(self):
        """Seconds of the processor, those before a stop too."""
        return self.before + time.process_time()

    def rate(self):
        done = self.done()
        falling = 0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * np.clip(done, 0, 1)))
        return self.options.rate * min(1, (self.step + 1) / self.options.warmup) * falling

    def one(self, rows):
        """One step, and every few minutes a validation."""
        draw, shift = np.random.default_rng([self.options.seed, 7, self.step]), self.options.shift
        shifts = draw.integers(-shift, shift + 1, len(rows)) if shift else None
        codes = cut(self.data["x"][rows], self.data["left"], self.window, shifts)
        turned = draw.random(len(codes)) < 0.5
        codes[turned] = OTHER_STRAND[codes[turned][:, ::-1]]
        self.optimizer.learning_rate = float(self.rate())
        loss = self.model.train_on_batch(codes, self.labels(rows))
        self.losses.append(float(np.ravel(loss)[0]))
        self.step += 1
        if self.step % 4 == 0:
            decay = min(self.options.average, (1 + self.step / 4) / (10 + self.step / 4)) ** 4
            for average, weight in zip(self.average, self.kept, strict=True):
                average *= decay
                average += (1 - decay) * keras.ops.convert_to_numpy(weight)
        if time.time() - self.validated > self.options.every * 60:
            self.validate()

    def labels(self, rows):
        """Labels to learn from: 0 to 1, and -1 for "not measured"."""
        labels = self.data["y"][rows]
        if self.options.edges is None and self.teacher is None:
            return labels
        soft, unknown = labels.astype("float32"), labels < 0
        if self.options.edges is not None:
            soft[unknown & (self.data["label_kind"] == "touched")] = self.options.edges
        if self.teacher is not None:
            taught = self.teacher[rows].astype("float32")
            share = np.where(unknown | np.isnan(taught), 0, self.options.share)
            soft += share * (np.nan_to_num(taught) - soft)
        return soft

    def validate(self):
        """Scores of the averaged weights, which are saved with them, and the state."""
        present, folder = self.now(), self.options.run
        last = self.scores()
        for weight, average in zip(self.kept, self.average, strict=True):
            weight.assign(average)
        result, tasks = self.scores(), self.data["tasks"].tolist()
        with atomic(folder / "best.weights.h5") as temporary:
            bare = keras.Model(self.model.inputs, self.model.outputs)  # without the optimizer
            bare.save_weights(temporary)
        for weight, value in zip(self.kept, present, strict=True):
            weight.assign(value)
        cpu = self.cpu()
        told = {"step": self.step, "regions": self.step * self.options.batch, "cpu_s": round(cpu)}
        told |= {"loss": float(np.mean(self.losses or [0])), "valid": result, "last": last}
        told["time"] = time.strftime("%H:%M:%S")
        with (folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(told) + "\n")
        print(told, flush=True)
        made = dict(self.model.made_with) | {"tasks": tasks, "format": 1}
        (folder / "best.json").write_text(json.dumps(made | {"trained": told}, indent=1) + "\n")
        state = {"step": self.step, "cpu": cpu, "begun": self.begun}
        adam = [keras.ops.convert_to_numpy(v) for v in self.optimizer.variables]
        for name, values in {"weight": present, "average": self.average, "adam": adam}.items():
            state |= {f"{name}_{number}": value for number, value in enumerate(values)}
        with atomic(folder / "state.npz") as temporary:
            np.savez(temporary, **state)
        self.losses, self.validated = [], time.time()

    def scores(self):
        """Of the model as it is, on the regions of the split "valid"."""
        codes = cut(self.data["x"][self.valid], self.data["left"], self.window)
        found = self.model.predict(codes, batch_size=self.options.batch, verbose=0)
        labels, sources = self.data["y"][self.valid], self.data["source"][self.valid]
        return measure(labels, found, sources, self.data["label_kind"])


def measure(labels, found, sources, kinds):
    """Perplexity over all labels, mean areas over exact columns; then on TF and edge bins."""
    result = {"perplexity": score.overall_perplexity(labels, found)}
    bins = np.isin(sources, ("tf_bins", "edge_bins"))
    for name, some in {"all": np.ones(len(labels), bool), "bins": bins}.items():
        enough = (kinds == "exact") & ((labels[some] == 1).sum(0) >= LEAST)
        areas = score.task_scores(labels[some][:, enough], found[some][:, enough])
        result[name] = {"columns": int(enough.sum())}
        result[name] |= {k: float(areas[k].mean()) for k in ("auroc", "auprc")}
    return result


if __name__ == "__main__":
    main()
