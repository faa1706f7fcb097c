"""When a worker's flush waits for the disk: at barriers only, or always."""

from enum import StrEnum


class FlushPolicy(StrEnum):
    """STANDARD: steps that only compute are flushed lazily. STRICT: every flush is a barrier."""

    STANDARD = "STANDARD"
    STRICT = "STRICT"
