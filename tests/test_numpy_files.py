"""Arrays of .npy and .npz files: what is whole comes back, everything else is one error."""

import io
import zipfile

import numpy as np
import pytest

from genome_keras.errors import FormatError
from genome_keras.io.numpy_files import read_arrays


def npy(array, **how):
    file = io.BytesIO()
    np.save(file, array, **how)
    return file.getvalue()


def npz(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


WHOLE = npz({"a.npy": npy(np.arange(3.0)), "epoch.npy": npy(np.array(2))})


def test_whole_files(tmp_path):
    (tmp_path / "x.npz").write_bytes(WHOLE)
    arrays = read_arrays(tmp_path / "x.npz", problem="damaged")
    assert sorted(arrays) == ["a", "epoch"] and arrays["epoch"] == 2
    np.testing.assert_array_equal(arrays["a"], [0, 1, 2])
    (tmp_path / "x.npy").write_bytes(npy(np.eye(2)))
    np.testing.assert_array_equal(read_arrays(tmp_path / "x.npy", problem="damaged")[""], np.eye(2))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"PK\x03\x04",
        WHOLE[:-30],
        WHOLE.replace(b"NUMPY", b"numpy", 1),
        npz({"readme.txt": b"no array"}),
        npy(np.array([{"pickled": 1}], object), allow_pickle=True),
        npy(np.zeros(2)).replace(b"(2,)", b"(9,)"),
        npy(np.zeros(2)).replace(b"'shape'", b"__imp__"),
    ],
    ids=["empty", "beginning", "zip", "cut", "member", "text", "pickled", "shape", "header"],
)
def test_damaged_files(tmp_path, content):
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="damaged") as error:
        read_arrays(path, problem="damaged")
    assert "x.npz" in str(error.value) and "\n" not in str(error.value)


def test_no_file(tmp_path):
    with pytest.raises(FormatError, match=r"x.npz: cannot read: No such file"):
        read_arrays(tmp_path / "x.npz", problem="damaged")
