"""`python -m genome_keras` is the command `genome-keras`."""

import sys

from genome_keras.cli import main

if __name__ == "__main__":
    sys.exit(main())
