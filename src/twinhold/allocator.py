"""What is asked of the allocator of the C library, so that memory which is free goes back.

By default glibc keeps one heap for nearly every thread, and takes ever larger blocks out of them
instead of asking the system; what large bodies leave behind is then never returned
(mallopt(3): M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD).
"""

import ctypes

_SETTINGS = (
    (-8, 1),  # heaps: threads that hold the interpreter do not compete for one
    (-3, 256 * 1024),  # bytes of a block from which on it is asked of the system, and given back
    (-1, 1024 * 1024),  # free bytes at the end of the heap, above which they are given back
)


def tidy() -> None:
    """Have free memory given back; where there is no glibc, nothing changes."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for setting, value in _SETTINGS:
            mallopt(setting, value)
