"""Motifs: matched, found, and where they stand."""
