"""Archives: read member by member, whatever they claim."""

import bz2
import gzip
import io
import lzma
import tarfile
import tracemalloc

import pytest

from genome_keras.errors import FormatError, WeightsError
from genome_keras.io.tar import HEADER, members
from genome_keras.sharing.deepbind_files import read_deepbind

FILES = {"a/x.txt": b"x" * 2000, "y": b"", "z": bytes(range(256)) * 40}
PACKINGS = {"": bytes, "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


def archive(change=None, files=FILES, format=tarfile.PAX_FORMAT):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=format) as file:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
        if change is not None:
            change(file)
    return made.getvalue()


def read(path, **limits):
    found = members(path, **{"total": 1 << 20, "most": 10, **limits})
    return {member.name: None if source is None else source.read() for member, source in found}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_members_are_those_of_the_archive(tmp_path, packing, format):
    path = tmp_path / "x"
    files = FILES if format == tarfile.USTAR_FORMAT else {**FILES, "long/" * 60 + "ü": b"1"}
    path.write_bytes(PACKINGS[packing](archive(files=files, format=format)))
    assert read(path) == files


def test_what_nobody_reads_is_passed_over(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(archive())
    assert [member.name for member, _ in members(path, total=1 << 20, most=3)] == list(FILES)


def header(kind, size, format=tarfile.USTAR_FORMAT):
    member = tarfile.TarInfo("././@PaxHeader")
    member.type, member.size = kind, size
    return member.tobuf(format)


def one_huge(kind):
    def change(file):
        file.fileobj.write(header(kind, 256 << 20))
        for _ in range(256):
            file.fileobj.write(bytes(1 << 20))

    return change


def chain(file):
    content = b"12 comment=\n"
    for _ in range(5000):
        file.fileobj.write(header(tarfile.XHDTYPE, len(content)) + content.ljust(512, b"\0"))


def sparse(file):
    content = b"".join(
        b"%d %s\n" % (len(text) + 4, text)
        for text in (b"GNU.sparse.major=1", b"GNU.sparse.minor=0", b"GNU.sparse.realsize=9")
    )
    file.fileobj.write(header(tarfile.XHDTYPE, len(content)) + content.ljust(512, b"\0"))
    member = tarfile.TarInfo("sparse")
    member.size = 16 << 20
    file.fileobj.write(member.tobuf(tarfile.USTAR_FORMAT) + (b"9999999\n" + b"1\n" * 252))
    for _ in range(16):
        file.fileobj.write(b"1\n" * (1 << 19))


def many(file):
    for number in range(11):
        file.addfile(tarfile.TarInfo(f"empty-{number}"))


def large(file):
    member = tarfile.TarInfo("large")
    member.size = 1 << 50
    file.fileobj.write(member.tobuf(tarfile.GNU_FORMAT))


def negative(file):
    member = bytearray(tarfile.TarInfo("negative").tobuf(tarfile.GNU_FORMAT))
    member[124:136] = b"\xff" * 12  # a size of -1
    member[148:156] = b" " * 8
    member[148:156] = b"%06o\0 " % sum(member)
    file.fileobj.write(bytes(member) + bytes(1024))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (one_huge(tarfile.XHDTYPE), f"a header of the archive has more than {HEADER} bytes"),
        (one_huge(tarfile.XGLTYPE), f"a header of the archive has more than {HEADER} bytes"),
        (one_huge(tarfile.GNUTYPE_LONGNAME), f"a header of the archive has more than {HEADER}"),
        (one_huge(tarfile.GNUTYPE_LONGLINK), f"a header of the archive has more than {HEADER}"),
        (chain, "damaged archive|a header of the archive has more"),
        pytest.param(
            sparse,
            "damaged archive|a header of the archive has more|claims more",
            marks=pytest.mark.thorough,  # it is read as text, a number at a time
        ),
        (many, "the archive claims more than 1048576 bytes or 10 files"),
        (large, "the archive claims more than 1048576 bytes or 10 files"),
        (negative, "damaged archive"),
    ],
)
def test_bombs_take_no_memory(tmp_path, change, match):
    path = tmp_path / "x.tar.gz"
    path.write_bytes(gzip.compress(archive(change), 1))
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=match) as told:
            read(path)
        assert str(told.value).isprintable() and tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()
    with pytest.raises(WeightsError, match=r"not an archive of parameter files|has no files such"):
        read_deepbind(path)


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.98])
def test_archives_that_end_early_or_are_damaged(tmp_path, packing, share):
    path, whole = tmp_path / "x", PACKINGS[packing](archive())
    at = int(len(whole) * share)
    for data in (whole[:at], whole[:at] + bytes([whole[at] ^ 255]) * 40 + whole[at + 40 :]):
        path.write_bytes(data)
        try:
            found = read(path)
        except FormatError as error:
            assert str(error).startswith(f"{path}: ") and str(error).isprintable()
        else:  # the bytes of a file in a bare archive have no checksum, nor has what follows
            assert not packing or found == FILES


@pytest.mark.parametrize("content", [b"", b"text", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"x" * 600])
def test_what_is_no_archive(tmp_path, content):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="damaged archive"):
        read(path)
