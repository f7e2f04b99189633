// Scores of regions, and effects of variants contig by contig:
//   nextflow run examples/pipelines/main.nf --genome hg19.fa --regions peaks.bed \
//       --variants mine.vcf --contigs chr20,chr21 --weights NAME

process REGIONS {
    publishDir params.outdir
    input: tuple path(bed), path(genome)
    output: path 'regions.parquet'
    script: "genome-keras predict ${bed} --genome ${genome} --weights ${params.weights} --out regions.parquet"
}

process VARIANTS {
    publishDir "${params.outdir}/effects"
    input: tuple path(vcf), path(genome), val(contig)
    output: path "${contig}.vcf.gz"
    script: "genome-keras variants ${vcf} --genome ${genome} --weights ${params.weights} --region ${contig} --out ${contig}.vcf.gz"
}

workflow {
    genome = file(params.genome)
    REGIONS(Channel.of([file(params.regions), genome]))
    VARIANTS(Channel.of(*params.contigs.split(',')).map { contig -> [file(params.variants), genome, contig] })
}
