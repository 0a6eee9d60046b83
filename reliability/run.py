"""Show that what was acknowledged is kept: by power cuts, kills, fail-overs and planted faults.

docs/operate/reliability.md says what each check does and what came out.
Ends with 1 when a promise was broken, or when a check did not notice a fault that was planted.
"""

import argparse
import signal
import sys
import time
from collections.abc import Sequence

from reliability.checks import CHECKS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks; answer the exit code."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    failed = 0
    for name in options.checks or CHECKS:
        started = time.monotonic()
        for line, good in CHECKS[name](options):
            print(f"{'ok ' if good else 'BAD'} {name}: {line}", flush=True)
            failed += not good
        print(f"    {name}: {time.monotonic() - started:.0f} s", flush=True)
    return 1 if failed else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/reliability", description=__doc__)
    parser.add_argument("checks", nargs="*", choices=[*CHECKS, []], help="which [all]")
    parser.add_argument("--long", action="store_true", help="as long as a release deserves")
    parser.add_argument("--times", type=int, help="how often each thing happens")
    parser.add_argument("--seed", type=int, default=1, help="of what is left to chance [1]")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
