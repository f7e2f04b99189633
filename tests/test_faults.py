"""Fetching, saving and training when something breaks.

Every time: one clear line, a correct file or no file, the old one intact, and the next
run works.
"""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import constants
from support.hub import own_caches
from support.loopback import running

from genome_keras.errors import WeightsError
from genome_keras.io import download
from genome_keras.weights import locations
from genome_keras.weights import resolve as weights
from genome_keras.weights.registry import Published

NAME = "kmer_logreg.toy.v1"
FILENAME = f"{NAME}.weights.h5"
DATA = np.random.default_rng(0).bytes(300_000)


@pytest.fixture
def server(monkeypatch):
    with running() as server:
        monkeypatch.setattr(time, "sleep", lambda seconds: server.slept.append(seconds))
        server.slept = []
        yield server
        huggingface_hub.close_session()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    own_caches(monkeypatch, tmp_path)
    monkeypatch.delenv("GENOME_KERAS_MIRROR", raising=False)
    return tmp_path


def sha256(data):
    import hashlib

    return hashlib.sha256(data).hexdigest()


def entry(hub=None):
    return Published(sha256(DATA), len(DATA), sha256(b"{}"), 2, "nobody", hub)


class Mirror:
    """The weights come from a plain HTTP server."""

    def __init__(self, server, monkeypatch):
        server.files = {FILENAME: DATA, f"{NAME}.json": b"{}"}
        monkeypatch.setenv("GENOME_KERAS_MIRROR", server.url)
        self.entry, self.bytes_from = entry(), server


class Hub:
    """The weights come from a Hub, where they lie on another host."""

    def __init__(self, server, monkeypatch):
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        files = {f"{NAME}/model.weights.h5": DATA, f"{NAME}/config.json": b"{}"}
        self.entry = entry(f"me/zoo@{server.commit('me/zoo', files)}")
        self.bytes_from = server.storage


@pytest.fixture(params=[Mirror, Hub], ids=["mirror", "hub"])
def place(request, server, cache, monkeypatch):
    return request.param(server, monkeypatch)


def locate(place, cache):
    return locations.of_published(NAME, place.entry, cache / "package")("weights")


def files_in(folder):
    """Visible files with bytes in them, whatever their name."""
    names = (p for p in Path(folder).rglob("*") if p.is_file() and p.stat().st_size)
    return [p for p in names if p.suffix not in (".lock", ".TAG") and p.name[0] != "."]


def fails(place, cache, match):
    """One line, no file; and once the fault is over, the file."""
    with pytest.raises(WeightsError, match=match) as told:
        locate(place, cache)
    assert "\n" not in str(told.value) and NAME in str(told.value)
    left = [p for p in files_in(cache) if p.stat().st_size >= len(DATA)]
    assert left == []


def works(place, cache):
    path = locate(place, cache)
    assert path.read_bytes() == DATA
    asked = len(place.bytes_from.seen)
    assert locate(place, cache) == path and len(place.bytes_from.seen) == asked


def test_no_fault(place, cache):
    works(place, cache)


def test_connection_refused(place, server, cache, monkeypatch):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    with monkeypatch.context() as patch:
        patch.setenv("GENOME_KERAS_MIRROR", url)
        template = url + "/{repo_id}/resolve/{revision}/{filename}"
        patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        fails(place, cache, "Connection refused")
    works_after(place, cache, server)


def works_after(place, cache, server):
    if isinstance(place, Mirror):
        os.environ["GENOME_KERAS_MIRROR"] = server.url
    else:
        os.environ.pop("GENOME_KERAS_MIRROR", None)
    works(place, cache)


def test_no_such_host(place, cache, monkeypatch):
    def unknown(*arguments, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", unknown)
        fails(place, cache, "Name or service not known")
    works(place, cache)


@pytest.mark.parametrize("status", [401, 403, 404, 410, 500])
def test_statuses_that_stay(place, cache, server, status):
    faults = [("status", status)] * 50
    server.faults, server.head_faults = list(faults), list(faults)
    fails(place, cache, r"HTTP|no such|denied")
    server.faults, server.head_faults = [], []
    works(place, cache)


@pytest.mark.parametrize("status", [429, 503])
def test_busy_servers_are_asked_again(place, cache, server, status):
    faults = [("status", status, {"Retry-After": "7"})] * 4
    server.faults, server.head_faults = list(faults), list(faults)
    works(place, cache)
    assert max(server.slept) >= 7  # as long as the server asked for
    assert server.faults == [] or server.head_faults == []


@pytest.mark.parametrize("status", [429, 503])
def test_servers_that_stay_busy(place, cache, server, status):
    server.faults, server.head_faults = [[("status", status)] * 99 for _ in range(2)]
    fails(place, cache, f"HTTP {status}")
    server.faults, server.head_faults = [], []
    works(place, cache)


def test_a_slow_line_is_waited_for(place, cache):
    place.bytes_from.faults = [("drip", 20_000, 0.01)]
    works(place, cache)


def test_a_dead_line_is_not(place, cache, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(download, "PATIENCE", download.Patience(timeout=0.2))
        patch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.2)
        place.bytes_from.faults = [("stall", 0, 1)] * 9
        fails(place, cache, "timed out")
    place.bytes_from.faults = []
    works(place, cache)


def test_a_cut_line_is_resumed(place, cache, monkeypatch):
    # The Hub's library goes on from whole chunks only, of 10 MB.
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 10_000)
    place.bytes_from.faults = [("cut", 100_000), ("cut", 100_000)]
    works(place, cache)
    ranges = [headers.get("Range") for headers in place.bytes_from.requests("GET")]
    first, second, third = ranges[-3:]
    assert first is None and second.startswith("bytes=") and third.startswith("bytes=")
    assert second != third


def test_a_cut_line_without_ranges_starts_again(place, cache):
    place.bytes_from.faults = [("cut", 290_000), ("no ranges",)]
    works(place, cache)


def test_a_line_that_is_always_cut(place, cache):
    place.bytes_from.faults = [("cut", 0)] * 50
    fails(place, cache, r"ended after 0|disconnected|[Pp]eer closed|Remote end|IncompleteRead")
    place.bytes_from.faults = []
    works(place, cache)


def test_a_later_run_goes_on_where_a_killed_one_stopped(server, cache, monkeypatch):
    place = Mirror(server, monkeypatch)
    (cache / "cache").mkdir()
    (cache / "cache" / f".{FILENAME}.part").write_bytes(DATA[:123_456])
    works(place, cache)
    assert server.requests("GET", FILENAME)[0]["Range"] == "bytes=123456-"


def test_wrong_bytes(place, cache):
    place.bytes_from.faults = [("wrong bytes",)] * 9
    fails(place, cache, r"not the published file \(sha256 differs\)")
    place.bytes_from.faults = []
    works(place, cache)


@pytest.mark.parametrize("extra", [-1000, 1000])
def test_wrong_length(server, cache, monkeypatch, extra):
    place = Mirror(server, monkeypatch)
    server.files[FILENAME] = DATA[:extra] if extra < 0 else DATA + bytes(extra)
    fails(place, cache, f"the server has {len(DATA) + extra} bytes, published were {len(DATA)}")
    server.files[FILENAME] = DATA
    works(place, cache)


def test_wrong_length_on_the_hub(server, cache, monkeypatch):
    place = Hub(server, monkeypatch)
    place.bytes_from.faults = [("wrong length", 1000)] * 9
    fails(place, cache, r"bytes|closed|size")
    place.bytes_from.faults = []
    works(place, cache)


def test_more_bytes_than_announced(server, cache, monkeypatch):
    place = Mirror(server, monkeypatch)
    server.faults = [("longer", 10_000_000)]
    fails(place, cache, "the server sends more than")
    works(place, cache)


def test_redirect_to_another_host(server, cache, monkeypatch):
    """On the Hub it is the rule: see `test_tokens_go_to_the_hub_and_nowhere_else`."""
    place = Mirror(server, monkeypatch)
    server.storage.files[FILENAME] = DATA
    address = f"http://localhost:{server.storage.server_port}/{FILENAME}"
    server.faults = [("redirect", address)]
    works(place, cache)
    assert len(server.storage.requests("GET")) == 1


def test_redirect_to_a_file_is_refused(server, cache, monkeypatch):
    place = Mirror(server, monkeypatch)
    (cache / "secret").write_bytes(DATA)
    server.faults = [("redirect", f"file://{cache}/secret")] * 9
    with pytest.raises(WeightsError, match=r"sends on to 'file:.*expected an address"):
        locate(place, cache)
    server.faults = []
    works(place, cache)


def test_disk_full(place, tmp_path, cache):
    """In a process that may not write large files; the limit stands for the disk."""
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))\n"
    )
    done = in_process(place, tmp_path, code)
    assert done.returncode == 1, done.stderr
    assert done.stderr.strip().count("\n") == 0 and "File too large" in done.stderr
    assert not [p for p in files_in(cache) if p.stat().st_size >= len(DATA)]
    assert in_process(place, tmp_path, "").stdout.strip().endswith("weights.h5")


def test_read_only_cache(place, tmp_path, cache):
    folders = [cache / "cache", cache / "hub"]
    for folder in folders:
        folder.mkdir(mode=0o500)
    # Root may write anywhere but for this capability.
    code = "import ctypes\nassert ctypes.CDLL(None).prctl(24, 1, 0, 0, 0) in (0, -1)\n"
    code += "import os, sys\nif os.environ.pop('AGAIN', ''): os.execv(sys.executable, "
    code += "[sys.executable, *sys.orig_argv[1:]])\n"
    done = in_process(place, tmp_path, code, AGAIN="1")
    if done.returncode == 0:
        pytest.skip("this user may write into folders that are read-only")
    assert done.stderr.strip().count("\n") == 0 and "Permission denied" in done.stderr
    for folder in folders:
        folder.chmod(0o700)
    path = in_process(place, tmp_path, "").stdout.strip()
    assert Path(path).read_bytes() == DATA
    for folder in folders:
        folder.chmod(0o500)
    assert in_process(place, tmp_path, code, AGAIN="1").stdout.strip() == path
    for folder in folders:
        folder.chmod(0o700)


FETCH = """
import sys
from genome_keras.errors import WeightsError
from genome_keras.weights import locations
from genome_keras.weights.registry import Published
from pathlib import Path
try:
    entry = Published(*{entry!r})
    print(locations.of_published({name!r}, entry, Path("package"))("weights"))
except WeightsError as error:
    sys.exit(str(error))
"""


def command_of(place, tmp_path, before, **more):
    environment = {
        **os.environ,
        "HF_ENDPOINT": constants.ENDPOINT,
        "HF_HUB_CACHE": str(tmp_path / "hub"),
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_XET": "1",
        **more,
    }
    code = before + FETCH.format(entry=tuple(place.entry), name=NAME)
    return {"args": [sys.executable, "-c", code], "env": environment, "cwd": tmp_path}


def in_process(place, tmp_path, before, **more):
    command = command_of(place, tmp_path, before, **more)
    return subprocess.run(**command, capture_output=True, text=True)


def test_two_processes_at_once(place, tmp_path, cache):
    place.bytes_from.faults = [("drip", 10_000, 0.02)] * 2
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(**command_of(place, tmp_path, ""), **pipes) for _ in range(2)]
    answers = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    (one, _), (two, _) = answers
    assert one == two and Path(one.strip()).read_bytes() == DATA
    assert len(place.bytes_from.requests("GET")) <= 2
    works(place, cache)


# kill -9.

LOOP = """
import os, sys, time
{setup}
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        {work}
        os._exit(0)
    if line.strip():
        time.sleep(float(line))
        os.kill(child, 9)
    print(os.waitpid(child, 0)[1], flush=True)
"""


class Killed:
    """A process that forks children, each of which does the work and may be killed.

    It has no threads, so a child is like a new process, without the time to start one.
    """

    def __init__(self, setup, work, **options):
        code = LOOP.format(setup=setup, work=work)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([sys.executable, "-c", code], **pipes, **options)
        assert self.process.stdout.readline() == "ready\n"

    def run(self, seconds=None):
        """Status of a child; killed after so many seconds, if any."""
        self.process.stdin.write("\n" if seconds is None else f"{seconds}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def threading_wait(seconds):
    """Sleeps, whatever `time.sleep` has become."""
    import threading

    threading.Event().wait(seconds)


def moments(few=10, seed=0):
    draw = random.Random(seed)
    many = [draw.random() for _ in range(100)]
    slow = pytest.mark.slow
    return pytest.mark.parametrize(
        "shares", [many[:few], pytest.param(many, marks=slow)], ids=["few", "100"]
    )


posix = pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")


@posix
@moments()
def test_killed_while_fetching(place, tmp_path, cache, shares):
    command = command_of(place, tmp_path, "")
    setup, _, body = command["args"][2].partition("try:\n")
    setup += "import huggingface_hub, huggingface_hub.hf_api, filelock"
    work = f"exec({('try:' + chr(10) + body)!r})"
    workers = Killed(setup, work, env=command["env"], cwd=tmp_path)
    try:
        killed = 0
        for share in shares:
            place.bytes_from.faults = [("drip", 3_000, 0.003)]
            killed += workers.run(share * 0.4) == signal.SIGKILL
            place.bytes_from.faults = []
            kept = cache / "cache" / FILENAME
            assert not kept.exists() or kept.read_bytes() == DATA
            for blob in files_in(cache / "hub"):
                assert blob.suffix == ".incomplete" or blob.read_bytes() == DATA
            whole = [p for p in files_in(cache) if p.stat().st_size == len(DATA)]
            if whole or share < 0.5:  # the others go on from what is left
                works(place, cache)
                shutil.rmtree(cache / "cache", ignore_errors=True)
                shutil.rmtree(cache / "hub", ignore_errors=True)
        assert killed
        works(place, cache)
    finally:
        workers.close()


SAVE = """
import numpy as np
os.environ["KERAS_BACKEND"] = "numpy"
import keras
import genome_keras
from genome_keras.io.atomic import atomic
from genome_keras.sharing.pretrained import save_pretrained
from genome_keras.weights.checkpoint import save_bare
model = genome_keras.kmer_logreg(window=20, tasks=200, seed=1)
"""


@posix
@moments(few=10)
@pytest.mark.thorough
def test_killed_while_saving(tmp_path, shares):
    """A file that is replaced is the old or the new; a folder is whole or not there."""
    pytest.importorskip("jax", reason="Keras's numpy backend, which a fork keeps, needs jax")
    work = "; ".join(
        [
            "model.set_weights([np.full_like(w, os.getpid() % 97 + 1) for w in model.weights])",
            "context = atomic('m.weights.h5')",
            "path = context.__enter__()",
            "save_bare(model, path)",
            "context.__exit__(None, None, None)",
            "save_pretrained(model, f'folder-{os.getpid()}')",
        ]
    )
    workers = Killed(SAVE, work, cwd=tmp_path)
    try:
        started = time.perf_counter()
        assert workers.run() == 0
        usual = time.perf_counter() - started
        killed = 0
        for share in shares:
            killed += workers.run(share * usual) == signal.SIGKILL
            values = {np.unique(array).tolist()[0] for array in arrays(tmp_path / "m.weights.h5")}
            assert len(values) == 1
            for folder in tmp_path.glob("folder-*"):
                assert weights.find(folder).check_sha256() is None
                assert (folder / "README.md").read_text().endswith("Not stated.\n")
                shutil.rmtree(folder)
        assert killed
        assert workers.run() == 0
    finally:
        workers.close()


def arrays(path):
    import h5py

    found = []
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None
        )
    assert len(found) == 2
    return found


TRAIN = """
os.environ["KERAS_BACKEND"] = "torch"  # which a fork does not disturb
import torch
torch.set_num_threads(1)
import genome_keras
from genome_keras.training.train import train_dataset
def train(folder):
    options = {"model": "kmer_logreg", "epochs": 6, "batch_size": 16, "seed": 1}
    train_dataset("toy.h5", out=folder, **options)
train("warm")
"""


@posix
@moments(few=6)
@pytest.mark.thorough
def test_killed_while_training(tmp_path, shares):
    """Training that was killed again and again ends with the weights of one that was not."""
    pytest.importorskip("torch")
    import h5py

    draw = np.random.default_rng(0)
    with h5py.File(tmp_path / "toy.h5", "w") as file:
        file["x"] = draw.integers(0, 4, (300, 12), dtype=np.uint8)
        file["y"] = draw.integers(0, 2, (300, 2)).astype("int8")
        file["split"] = np.array([b"train"] * 200 + [b"valid"] * 50 + [b"test"] * 50)
        file["source"] = np.array([b"toy"] * 300)
        file["tasks"] = np.array([b"a", b"b"])
    folder = tmp_path / "killed"
    workers = Killed(TRAIN, "train('killed')", cwd=tmp_path, env={**os.environ, **QUIET})
    try:
        started = time.perf_counter()
        assert workers.run() == 0
        usual = time.perf_counter() - started
        whole = arrays(folder / "best.weights.h5")
        shutil.rmtree(folder)
        killed = 0
        for share in shares:
            status = workers.run(share * usual)
            killed += status == signal.SIGKILL
            for path in folder.glob("*.json"):
                json.loads(path.read_text())
            if status == 0:
                assert all(map(np.array_equal, whole, arrays(folder / "best.weights.h5")))
                shutil.rmtree(folder)
        assert killed
        assert workers.run() == 0
        assert all(map(np.array_equal, whole, arrays(folder / "best.weights.h5")))
    finally:
        workers.close()


QUIET = {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
