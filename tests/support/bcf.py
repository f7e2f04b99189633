"""Variants as htslib packs them."""

TEXT = """##fileformat=VCFv4.2
##contig=<ID=chr1,length=1000>
##contig=<ID=HLA-A*01:01>
##INFO=<ID=END,Number=1,Type=Integer,Description="pysam writes it with symbolic alleles">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
chr1\t5\t.\tA\tC,G\t.\t.\t.
chr1\t0\trs1;rs2\tN\t<DEL>\t.\t.\t.
chr1\t7\t.\ta\tG]17:198982]\t.\t.\t.
HLA-A*01:01\t7\t.\tacg\t.\t.\t.\t.
HLA-A*01:01\t9\t.\tACGTACGTACGTACGTACGT\t*,T\t.\t.\t.
"""


def packed(folder):
    """The bytes of the BCF file that pysam makes of them, in a folder of one's own."""
    import pysam

    (folder / "x.vcf").write_text(TEXT)
    with (
        pysam.VariantFile(str(folder / "x.vcf")) as source,
        pysam.VariantFile(str(folder / "x.bcf"), "wb", header=source.header) as target,
    ):
        for record in source:
            target.write(record)
    return (folder / "x.bcf").read_bytes()
