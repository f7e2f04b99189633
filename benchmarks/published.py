"""Published models beside other people's programs: windows a second of one core, and memory.

    python benchmarks/published.py [NAME ...] [--peers FOLDER] [--backends torch jax]
        [--rounds 5] [--full]

FOLDER is the site-packages of an environment with bpnet-lite, basenji2-pytorch, borzoi-pytorch
and enformer-pytorch, which are imported into this one beside its own torch; without it they must
be installed. Networks have their published widths and random weights; windows are shorter than
the published ones where those take minutes, and Enformer and Borzoi have `DEPTH` blocks of
attention, which are all alike. Every contender is a process of one thread; they take turns, a
batch a round, and one before that does not count. With `--full` windows and depths are the
published ones, and each runs alone, once, what is compiled for it included. `ours / theirs` is of
the seconds of the processor in the same rounds, below 1 where ours are faster; memory is the peak
of the process, the framework in it. No other package has Beluga, Sei, DeepSTARR, SpliceAI (but its
files of an old Keras) or LegNet as they were published.
"""

import argparse
import resource
import sys
import time

import numpy as np

from turns import Child, EndedError, answer, ratios, spread, versions

DEPTH = 2
# Arguments of the factory, and windows in a batch.
MODELS = {
    "bpnet": ({"window": 2114}, 8),
    "chrombpnet": ({"window": 2114}, 1),
    "basenji2": ({"window": 32_768, "bins": 128}, 1),
    "enformer": ({"window": 4096, "bins": 32, "depth": DEPTH}, 1),
    "borzoi": ({"window": 4096, "bins": 128, "depth": DEPTH}, 1),
}
FULL = {
    "basenji2": ({"window": 131_072, "bins": 896}, 1),
    "enformer": ({"window": 196_608, "bins": 896, "depth": 11}, 1),
    "borzoi": ({"window": 524_288, "bins": 6144, "depth": 8}, 1),
}
THREADS = {
    **{
        name: "1"
        for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    },
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
PEERS = ("bpnet-lite", "basenji2-pytorch", "borzoi-pytorch", "enformer-pytorch", "torch", "keras")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MODELS)}")
    parser.add_argument("--peers", metavar="FOLDER")
    parser.add_argument("--backends", nargs="+", default=["torch"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--full", action="store_true", help="published windows, one pass of each")
    options = parser.parse_args()
    print(versions(PEERS))
    if options.full:
        print("| model | window | program | s a window | peak MB |\n|---|---:|---|---:|---:|")
        for name in options.names or FULL:
            alone(name, options)
        return
    print("| model | window | ours on | s a window | theirs | ours / theirs | MB, ours | theirs |")
    print("|---|---:|---|---:|---:|---:|---:|---:|", flush=True)
    for name in options.names or MODELS:
        measured(name, options)


def measured(name, options):
    """Prints the rows of a model."""
    contenders = {who: contender(name, who, options) for who in ("theirs", *options.backends)}
    seconds, memory = {who: [] for who in contenders}, {}
    for number in range(options.rounds + 1):
        for who, child in contenders.items():
            try:
                taken, memory[who] = child.ask(number)
            except EndedError as error:
                print(f"{name}, {who}: {error}", file=sys.stderr)
                sys.exit(1)
            if number:
                seconds[who].append(taken)
    for child in contenders.values():
        child.end()
    window, theirs = MODELS[name][0]["window"], seconds["theirs"]
    for backend in options.backends:
        told = [spread(each, "{:.3f}") for each in (seconds[backend], theirs)]
        told.append(spread(ratios(seconds[backend], theirs), "{:.2f}"))
        numbers = f"{memory[backend]:,.0f} | {memory['theirs']:,.0f}"
        print(f"| {name} | {window:,} | {backend} | {' | '.join(told)} | {numbers} |", flush=True)


def alone(name, options):
    """Prints a row for each contender, which is ended before the next one begins."""
    for who in ("theirs", *options.backends):
        process = contender(name, who, options)
        try:
            seconds, memory = process.ask(0)
        except EndedError as error:
            print(f"{name}, {who}: {error}", file=sys.stderr)
            continue
        process.end()
        numbers = f"{seconds:.1f} | {memory:,.0f}"
        print(f"| {name} | {FULL[name][0]['window']:,} | {who} | {numbers} |", flush=True)


def contender(name, who, options):
    """The process of a backend, or of their program."""
    told = f"{name} {who} {'full' if options.full else '-'} {options.peers or '-'}"
    backend = {} if who == "theirs" else {"KERAS_BACKEND": who}
    return Child(__file__, told, THREADS | backend)


def child(told):
    """Answers with seconds of the processor a window, and the peak of memory in MB."""
    name, who, full, folder = told.split(" ", 3)
    arguments, many = (FULL if full == "full" else MODELS)[name]
    codes = np.random.default_rng(0).integers(0, 4, (many, arguments["window"]), dtype=np.uint8)
    if who == "theirs":
        run = theirs(name, arguments, codes, folder)
    else:
        run = ours(name, arguments, codes)

    def reply(_):
        begin = time.process_time()
        run()
        seconds = (time.process_time() - begin) / many
        return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000

    answer(reply)


def ours(name, arguments, codes):
    import genome_keras

    model = getattr(genome_keras, name)(**arguments)
    return lambda: model.predict_on_batch(codes)


def theirs(name, arguments, codes, folder):
    if folder != "-":
        sys.path.insert(0, folder)  # before what this environment has of the same name
    import torch

    torch.set_num_threads(1)
    network = PROGRAMS[name](arguments).eval()
    letters = torch.from_numpy(np.eye(5, 4, dtype="float32")[codes])
    letters = letters if name == "enformer" else letters.permute(0, 2, 1).contiguous()

    def run():
        with torch.inference_mode():
            network(letters)

    return run


def their_bpnet(arguments):
    from bpnetlite import BPNet

    return BPNet(n_filters=64, n_layers=8, n_outputs=2, n_control_tracks=0, verbose=False)


def their_chrombpnet(arguments):
    from bpnetlite import BPNet, ChromBPNet

    how = {"n_layers": 8, "n_outputs": 1, "n_control_tracks": 0, "verbose": False}
    return ChromBPNet(BPNet(n_filters=128, **how | {"n_layers": 4}), BPNet(n_filters=512, **how))


def their_basenji2(arguments):
    from basenji2_pytorch import Basenji2

    crop = (arguments["window"] // 128 - arguments["bins"]) // 2
    trunk = [{"name": "conv_block", "filters": 288, "kernel_size": 15, "pool_size": 2}]
    tower = {"name": "conv_tower", "filters_init": 339, "filters_mult": 1.1776, "kernel_size": 5}
    trunk.append(tower | {"pool_size": 2, "repeat": 6})
    residual = {"name": "dilated_residual", "filters": 384, "rate_mult": 1.5, "repeat": 11}
    trunk.append(residual | {"dropout": 0.3, "round": True})
    trunk += [{"name": "Cropping1D", "cropping": crop}]
    trunk += [{"name": "conv_block", "filters": 1536, "dropout": 0.05}]
    how = {"activation": "gelu", "norm_type": "batch", "bn_momentum": 0.9}
    head = {"name": "final", "units": 5313, "activation": "softplus"}
    return Basenji2({"seq_length": arguments["window"], "trunk": trunk, "head_human": head, **how})


def their_enformer(arguments):
    from enformer_pytorch import Enformer

    how = {"depth": arguments["depth"], "target_length": arguments["bins"]}
    return Enformer.from_hparams(**how, output_heads={"human": 5313})


def their_borzoi(arguments):
    from borzoi_pytorch import Borzoi

    return Borzoi.from_hparams(depth=arguments["depth"], bins_to_return=arguments["bins"])


PROGRAMS = {
    "bpnet": their_bpnet,
    "chrombpnet": their_chrombpnet,
    "basenji2": their_basenji2,
    "enformer": their_enformer,
    "borzoi": their_borzoi,
}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2])
    else:
        main()
