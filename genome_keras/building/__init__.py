"""A data set from a genome and peaks."""
