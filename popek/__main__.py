"""`python -m popek`."""

from popek.cli.main import run

if __name__ == "__main__":
    run()
