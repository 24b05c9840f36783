"""`python -m darkhar_cli` is `darkhar`."""

import sys

from darkhar_cli.cli import main

if __name__ == "__main__":
    sys.exit(main())
