"""`python -m twinhold` is the command `twinhold`."""

from typing import Never

from twinhold.cli import main
from twinhold.ending import end


def run() -> Never:
    """Run the command that this process was started for, and end with its exit code."""
    end(main())


if __name__ == "__main__":
    run()
