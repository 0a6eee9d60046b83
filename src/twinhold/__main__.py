"""`python -m twinhold` is the command `twinhold`."""

import sys

from twinhold.cli import main

if __name__ == "__main__":
    sys.exit(main())
