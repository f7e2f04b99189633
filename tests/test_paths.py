"""How far a text travels: the rooms it enters, and how often its way climbs back up."""

import os
import sys
from itertools import pairwise

import h5py
import numpy as np
import pytest
from support.rooms import level, room
from support.toy import Toy

from genome_keras import evaluate
from genome_keras.scoring.predict import predict_fasta


def way_of(text, work):
    """The rooms of all functions that are handed a text while something works, in order."""
    rooms = []

    def watch(frame, event, _):
        module = frame.f_globals.get("__name__", "")
        if event != "call" or not module.startswith("genome_keras."):
            return
        code = frame.f_code
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        given = [frame.f_locals.get(name) for name in names]
        if any(
            isinstance(value, str | os.PathLike) and os.fspath(value) == text for value in given
        ):
            rooms.append(room(module.partition(".")[2]))

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(before)
    return rooms


def told(rooms):
    """How many rooms, and how many steps up from one to the next."""
    levels = [level(name) for name in rooms]
    climbs = sum(after < before for before, after in pairwise(levels))
    return len(set(rooms)), climbs


def test_the_way_of_a_name_of_weights(tmp_path):
    """Resolved once, at the door."""
    (tmp_path / "x.fa").write_text(">x\n" + "ACGT" * 25 + "\n")
    name = "kmer_logreg.human_chromatin.v1"
    work = lambda: predict_fasta(tmp_path / "x.fa", tmp_path / "o.tsv", weights=name)  # noqa: E731
    rooms = way_of(name, work)
    print(*told(rooms))
    assert set(rooms) == {"scoring", "weights"}
    assert told(rooms) <= (2, 1)


def test_the_way_of_a_path_of_data(tmp_path):
    path = tmp_path / "d.h5"
    draw = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        file["x"] = draw.integers(0, 4, (60, 12), dtype=np.uint8)
        file["y"] = draw.integers(0, 2, (60, 3)).astype("int8")
        file["split"] = np.repeat(np.array([b"train", b"valid", b"test"]), 20)
        file["source"] = np.array([b"toy"] * 60)
        file["tasks"] = np.array([b"a", b"b", b"c"])
    model = Toy(12, ["a", "b", "c"])
    rooms = way_of(str(path), lambda: evaluate(path, weights={"toy": model}, replicates=2))
    print(*told(rooms))
    assert set(rooms) == {"evaluation", "datasets", "io"}
    assert told(rooms) <= (3, 10)  # it is opened for each split, and for what training knew of it


@pytest.mark.parametrize(("way", "found"), [("scoring weights scoring io", (3, 1)), ("io", (1, 0))])
def test_climbs_are_counted(way, found):
    assert told(way.split()) == found
