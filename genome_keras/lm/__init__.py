"""Language models of genomes: train, score, sample, mix, compress."""
