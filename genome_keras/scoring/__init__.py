"""From windows to scores, whoever computes them."""

# The words of a choice, here for the command line, which loads nothing to know them.
ENGINES = ("auto", "keras", "onnx")
EFFECTS = ("diff", "logodds")
