"""The end of a process, with the exit code that it has earned.

Files in S3 go through a library that runs threads of its own, and has no way to end them. One that
comes back to Python while the interpreter is taken apart aborts the process, after all its work is
done; so the interpreter is left as it is.
"""

import os
import sys
from typing import Never


def end(code: int) -> Never:
    """End this process now; all that it has to close must be closed."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
