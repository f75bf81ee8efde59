"""Opening files that somebody else may have made."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def opened(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file for reading bytes, if it is a file: a pipe would block for ever, and a device never end.

    Raises
    ------
    OSError
        If it cannot be opened, or is no plain file.
    ValueError
        If the name holds a NUL byte.
    """
    # Without O_NONBLOCK the mere opening of a pipe waits for somebody to write into it.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    mode = os.fstat(handle).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "is a directory", str(path))
    raise OSError(errno.EINVAL, "is a pipe, device or socket, not a file", str(path))


def text_of(path: Path, most: int) -> str:
    """Return the UTF-8 text of a file of at most ``most`` bytes.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is longer or not text.
    """
    with opened(path) as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        raise ValueError(f"longer than {most:,} bytes")
    return raw.decode("utf-8")
