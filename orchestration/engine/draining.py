"""Whether this worker is being shut down: one word in memory that a worker's processes share.

Celery tells its main process only. Its children are forks, so they see what is written into a page that was mapped
before them, without a signal, a file or a message.
"""

import mmap
import struct
import time

_WORD = struct.Struct("d")
_page = mmap.mmap(-1, mmap.PAGESIZE)  # anonymous and shared: zero until the shutdown begins


def begin() -> None:
    """Let every process of this worker know; a second call changes nothing."""
    if _WORD.unpack_from(_page)[0] == 0:
        _WORD.pack_into(_page, 0, time.monotonic())


def reset() -> None:
    _WORD.pack_into(_page, 0, 0.0)


def seconds() -> float | None:
    """Return how long ago the shutdown began; None when it has not. Processes of one machine share the clock."""
    [began] = _WORD.unpack_from(_page)
    return time.monotonic() - began if began else None
