"""`python -m genome_keras` is the command `genome-keras`."""

from genome_keras.cli import run

if __name__ == "__main__":
    run()
