"""`python -m tinygrad_edu` is `tinygrad-edu`."""

from tinygrad_edu.cli import main

main()
