"""Which run goes first: by its stakes and by how long it has waited, and in turn among workspaces.

A level is a place in the broker's lines: lower is earlier. The site's own work is level 0. The line that counts is in
the database (``engine/lease.py``); a level only keeps a wake-up from standing behind a thousand others.
"""

from audit.stakes import Stakes

HOUSEKEEPING = 0
FIRST = 1  # the next run of a workspace that has nothing under way
LEVELS = 8
# How many wake-ups are sent at once for runs that wait together: a worker that has taken one goes on with who is next.
WOKEN = 32
RANKS = {Stakes.HIGH: 0, Stakes.MEDIUM: 1, Stakes.LOW: 2}


def level(stakes: str, *, together: bool = False, waited: float = 0, ageing: float = 1) -> int:
    """Return the level of a wake-up.

    Args:
        together: the run came with many others; a single one of the same stakes overtakes it.
        waited: seconds since the run was due.
        ageing: seconds of waiting that count as much as the next higher stakes.
    """
    rank = max(0, RANKS[Stakes(stakes)] - int(waited // ageing))
    return 2 + 2 * rank + together
