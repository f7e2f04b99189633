"""From windows to scores, whoever computes them."""
