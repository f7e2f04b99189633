"""MATLAB files of versions 5 to 7, beside scipy's reader and writer."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.io import savemat

from genome_keras.errors import FormatError
from genome_keras.io.mat5 import is_mat5, variables

DTYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(
        st.sampled_from(DTYPES).flatmap(
            lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=2, max_side=6))
        ),
        min_size=1,
        max_size=4,
    ),
    compressed=st.booleans(),
    piece=st.integers(1, 100),
)
def test_values_are_those_scipy_wrote(tmp_path_factory, values, compressed, piece):
    path = tmp_path_factory.mktemp("mat") / "v.mat"
    savemat(path, {f"v{i}": v for i, v in enumerate(values)}, do_compression=compressed)
    assert is_mat5(path)
    found = variables(path)
    for i, wanted in enumerate(values):
        if wanted.nbytes <= 4:  # lies in its tag; left out
            assert f"v{i}" not in found
            continue
        variable = found[f"v{i}"]
        assert variable.shape == wanted.shape and bool(variable.packed) == compressed
        data = b"".join(variable.pieces(piece))
        got = np.frombuffer(data, variable.dtype).reshape(variable.shape, order="F")
        assert got.astype(wanted.dtype).tobytes() == wanted.tobytes()


def big_endian(values):
    """A file as a SPARC wrote it."""
    name = b"v".ljust(8, b"\0")
    parts = struct.pack(">IIII", 6, 8, 9, 0)
    parts += struct.pack(">II", 5, 4 * values.ndim) + np.array(values.shape, ">i4").tobytes()
    parts += b"\0" * (-4 * values.ndim % 8) + struct.pack(">II", 1, 1) + name
    data = values.tobytes(order="F")
    parts += struct.pack(">II", 4, len(data)) + data + b"\0" * (-len(data) % 8)
    return b"MATLAB 5.0".ljust(124) + b"\x01\x00MI" + struct.pack(">II", 14, len(parts)) + parts


def test_the_other_byte_order(tmp_path):
    values = np.arange(12).reshape(3, 4).astype(">u2")
    (tmp_path / "v.mat").write_bytes(big_endian(values))
    found = variables(tmp_path / "v.mat")["v"]
    got = np.frombuffer(b"".join(found.pieces(100)), found.dtype).reshape((3, 4), order="F")
    assert np.array_equal(got, values)


def test_kinds_that_are_left_out(tmp_path):
    others = {
        "text": "some text",
        "cell": np.array([[1, "a"]], object),
        "structure": {"a": 1},
        "complex": np.array([[1j, 2, 3]]),
        "numbers": np.arange(9.0),
    }
    for compressed in (True, False):
        savemat(tmp_path / "v.mat", others, do_compression=compressed)
        assert list(variables(tmp_path / "v.mat")) == ["numbers"]


def test_a_claim_of_more_than_there_is(tmp_path):
    inner = struct.pack("<II", 14, 2**32 - 8)
    packed = zlib.compress(inner + bytes(64))
    path = tmp_path / "v.mat"
    header = b"MATLAB 5.0".ljust(124) + b"\x00\x01IM"
    path.write_bytes(header + struct.pack("<II", 15, len(packed)) + packed)
    with pytest.raises(FormatError, match="claims 4294967288 bytes of"):
        variables(path)
    path.write_bytes(header + inner + bytes(64))
    with pytest.raises(FormatError, match="truncated MATLAB file: element at byte 128"):
        variables(path)


def test_other_files(tmp_path):
    (tmp_path / "t").write_bytes(b"text")
    assert not is_mat5(tmp_path / "t")
    (tmp_path / "v73").write_bytes(b"MATLAB 7.3".ljust(124) + b"\x00\x02IM" + bytes(99))
    assert not is_mat5(tmp_path / "v73")
