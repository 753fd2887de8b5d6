"""`python -m ratification` is `ratify`."""

from ratification.cli.main import main

main()
