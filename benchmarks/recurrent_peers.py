"""What `recurrent.py` compares with. Each function gives step(work, codes, labels)."""

import json
import os
import time

import numpy as np

TASKS, UNITS, EMBEDDING = 919, 128, 2


def onnxruntime():
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    sessions = {
        int(window): onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        for window, path in json.loads(os.environ["GRAPHS"]).items()
    }

    def step(work, codes, labels):
        session = sessions[codes.shape[1]]
        session.run(None, {session.get_inputs()[0].name: codes})

    return step


def torch_loop():
    import torch

    from networks_torch import Bigru, Trainer

    torch.set_num_threads(1)
    trainer = Trainer(Bigru(tasks=TASKS, units=UNITS, embedding=EMBEDDING))

    def step(work, codes, labels):
        if work == "inference":
            return trainer.predict(codes)
        return trainer.train(codes, labels).item()

    return step


def bound():
    import torch

    torch.set_num_threads(1)
    libraries = (
        lambda a, b, out: np.matmul(a.numpy(), b.T.numpy(), out=out.numpy()),
        lambda a, b, out: torch.mm(a, b.T, out=out),
        lambda a, b, out: torch.ops.mkldnn._linear_pointwise(a, b, None, "none", [], ""),
    )
    work_of = {}

    def fastest(times, n, k, m):
        matrices = torch.rand(n, k), torch.rand(m, k), torch.empty(n, m)
        return times, matrices, min(libraries, key=lambda one: seconds(one, matrices))

    def seconds(one, matrices):
        for begin in (10, 0):  # first to warm up
            started = time.process_time()
            for _ in range(begin, 100):
                one(*matrices)
        return time.process_time() - started

    def step(work, codes, labels):
        batch, window = codes.shape
        if window not in work_of:
            sizes = [UNITS, EMBEDDING, UNITS, UNITS] * 2  # recurrent and input, layer by layer
            shapes = [(window, batch, size, 3 * UNITS) for size in sizes]
            work_of[window] = [fastest(*shape) for shape in (*shapes, (1, batch, 2 * UNITS, TASKS))]
        for times, matrices, product in work_of[window] * (1 if work == "inference" else 3):
            for _ in range(times):
                product(*matrices)

    return step
