"""Processes that may use no more than a share of a core (Linux control groups, version 1 or 2).

With it, the scaling of workers can be seen on a machine that has not a core for each of them, for
the database and for the load: what each worker has is what it would have on a slower core of its
own, and the rest of the machine is idle.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

_PERIOD_US = 10_000
_ROOT = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def limited(processes: Iterable[int], share: float) -> Iterator[None]:
    """Let each of some processes have no more than this part of a core meanwhile.

    Raises:
        PermissionError: only root may do so.
    """
    with contextlib.ExitStack() as stack:
        for process in processes:
            stack.enter_context(_group(process, round(share * _PERIOD_US)))
        yield


@contextlib.contextmanager
def _group(process: int, quota_us: int) -> Iterator[None]:
    root = _ROOT / "cpu" if (_ROOT / "cpu").is_dir() else _ROOT
    group = root / f"twinhold-bench-{os.getpid()}-{process}"
    group.mkdir()
    try:
        if (group / "cpu.cfs_quota_us").exists():
            (group / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(quota_us))
        else:
            (group / "cpu.max").write_text(f"{quota_us} {_PERIOD_US}")
        (group / "cgroup.procs").write_text(str(process))
        yield
    finally:
        with contextlib.suppress(OSError):  # it has ended
            (root / "cgroup.procs").write_text(str(process))
        group.rmdir()
