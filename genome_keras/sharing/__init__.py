"""Checkpoints to and from others."""
