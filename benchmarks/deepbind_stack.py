"""Many of DeepBind's networks in one model against one after the other.

    python benchmarks/deepbind_stack.py PARAMS [--models 16] [--window 101] [--sequences 32]

Prints seconds of one thread for all networks on all sequences, the best of three, and the
largest difference of the scores. The backend is KERAS_BACKEND.
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import numpy as np

from genome_keras.sharing.deepbind_files import read_deepbind
from genome_keras.sharing.deepbind_stack import stacked


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("params")
    parser.add_argument("--models", type=int, default=16)
    parser.add_argument("--window", type=int, default=101)
    parser.add_argument("--sequences", type=int, default=32)
    options = parser.parse_args()
    networks = read_deepbind(options.params)
    networks = {name: net for name, net in networks.items() if net.both_strands}
    networks = dict(list(networks.items())[: options.models])
    draw = np.random.default_rng(0)
    codes = draw.integers(0, 4, (options.sequences, options.window), dtype=np.uint8)
    together, order = stacked(networks, window=options.window, output="score")
    alone = [
        stacked({name: networks[name]}, window=options.window, output="score")[0] for name in order
    ]
    one, scores = best(lambda: together.predict_on_batch(codes))
    each, apart = best(lambda: [model.predict_on_batch(codes) for model in alone])
    difference = np.abs(scores - np.concatenate(apart, 1)).max()
    print(f"{len(order)} networks, {len(codes)} sequences of {options.window} bp")
    print(f"in one model {one:.3f} s, one after the other {each:.3f} s: {each / one:.2f} times")
    print(f"largest difference of the scores {difference:.1e}")


def best(run):
    """Seconds of the best of three runs after one, and what it gave."""
    result, seconds = run(), []
    for _ in range(3):
        begin = time.process_time()
        run()
        seconds.append(time.process_time() - begin)
    return min(seconds), result


if __name__ == "__main__":
    main()
