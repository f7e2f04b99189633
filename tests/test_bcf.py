"""Laws of genome_keras.io.bcf, read through genome_keras.io.vcf."""

import gzip
import io
import sys
from unittest import mock

import pytest
from support.bcf import TEXT
from support.bcf import packed as packed_in

from genome_keras.errors import FormatError, GenomeKerasError
from genome_keras.io import bcf, vcf
from genome_keras.io.lines import opened

pysam = pytest.importorskip("pysam", reason='pip install "genome_keras[htslib]"')

LINES = 5  # of the header


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    return packed_in(tmp_path_factory.mktemp("bcf"))


@pytest.fixture
def write(tmp_path):
    def to(data):
        path = tmp_path / "any.name"
        path.write_bytes(data)
        return path

    return to


def test_bcf_is_what_its_text_is(packed, write):
    wanted = [(line - LINES, variant) for line, variant in vcf.read(write(TEXT.encode()))]
    assert len(wanted) == 7
    assert list(vcf.read(write(packed))) == wanted
    assert list(vcf.read(write(gzip.decompress(packed)))) == wanted


def test_only_bcf_is_bcf(packed, write):
    def is_bcf(data):
        path = write(data)
        with opened(path) as file:
            return bcf.is_bcf(path, file)

    for data in (b"", b"BC", b"\x1f\x8b", TEXT.encode(), gzip.compress(TEXT.encode())):
        assert not is_bcf(data)
    assert is_bcf(packed) and is_bcf(gzip.decompress(packed))


def test_bgzip_text_is_read_as_text(tmp_path, write):
    with pysam.BGZFile(str(tmp_path / "x.vcf.gz"), "wb") as file:
        file.write(TEXT.encode())
    assert list(vcf.read(tmp_path / "x.vcf.gz")) == list(vcf.read(write(TEXT.encode())))


def test_truncated_files_are_one_error(packed, write, capfd):
    for size in (40, len(packed) // 2, len(packed) - 28, len(packed) - 1):
        with pytest.raises(FormatError, match=r"^[^\n]*(truncated|damaged)[^\n]*$"):
            list(vcf.read(write(packed[:size])))
    plain = gzip.decompress(packed)
    with pytest.raises(FormatError, match="truncated or damaged BCF, after record 4"):
        list(vcf.read(write(plain[:-5])))
    assert capfd.readouterr() == ("", "")


def test_standard_input_cannot_be_bcf(packed, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(packed)))
    with pytest.raises(FormatError, match="-: expected VCF text, got BCF"):
        list(vcf.read("-"))


def test_without_the_library_one_line_says_what_to_install(packed, write):
    with (
        mock.patch.dict(sys.modules, {"pysam": None}),
        pytest.raises(GenomeKerasError, match=r'pip install "genome_keras\[htslib\]"'),
    ):
        list(vcf.read(write(packed)))
