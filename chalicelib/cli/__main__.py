"""`python -m chalicelib.cli`, for where the console script is not at hand."""

from chalicelib.cli import main

main(prog_name="tessera")
