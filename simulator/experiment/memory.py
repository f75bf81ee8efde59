"""How a process that simulates deals with memory.

A block makes and drops arrays of a megabyte or so by the ten thousand. The C library of Linux hands each
back to the system and fetches it anew, page by page, which costs a sixth of the whole run. Told to keep what is freed,
it reuses warm pages; the peak stays what it was.

A world's objects live until its block is over, so Python's search for objects that only refer to each other finds
nothing meanwhile.

Where one row meets several, NumPy first copies it beside itself in a buffer, as long as the whole operation fits: for 6
rows of 1,024 this takes as long as the operation. A buffer of a row leaves nothing to copy, and a block takes 4 % less.
No result of the model depends on it.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of mallopt(3)
KEPT_BYTES = 1 << 30
"""Freed memory up to this size stays with the process."""


@cache
def keep_freed_memory() -> bool:
    """Ask the C library to keep freed arrays for reuse; returns whether it could. Elsewhere than glibc: no effect."""
    mallopt = _libc("mallopt")
    return (
        mallopt is not None
        and bool(mallopt(_MMAP_THRESHOLD, KEPT_BYTES))
        and bool(mallopt(_TRIM_THRESHOLD, KEPT_BYTES))
    )


def return_freed_memory() -> None:
    """Give back what is free now, at the end of a run: a notebook should not hold a block's memory."""
    trim = _libc("malloc_trim")
    if trim is not None:
        trim(0)


@contextmanager
def without_collections() -> Iterator[None]:
    """Keep Python's garbage collector from running inside; afterwards it is on again if it was."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@contextmanager
def narrow_buffers(row: int) -> Iterator[None]:
    """Let NumPy's buffers hold a ``row`` inside, a multiple of 16, in this thread; then they are as before."""
    wide = np.setbufsize(row)
    try:
        yield
    finally:
        np.setbufsize(wide)


def _libc(name: str) -> ctypes._NamedFuncPointer | None:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), name, None)
