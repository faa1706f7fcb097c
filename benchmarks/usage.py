"""What processes use, read from /proc: processor time, memory, and which processes belong together. Linux only."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK")
PARENT, USER, SYSTEM, USER_OF_REAPED, SYSTEM_OF_REAPED = 1, 11, 12, 13, 14  # fields of stat after the name: proc(5)


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes of one process: resident, and its share of what it holds together with others."""

    rss: float
    pss: float


def stat_of(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, or nothing when the process has gone."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def tree(root: int) -> list[int]:
    """Return a process and everything below it, as it is now."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and (fields := stat_of(int(entry.name))):
            children.setdefault(int(fields[PARENT]), []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def cpu_seconds(roots: Iterable[int]) -> float:
    """Return the processor time of these processes, all below them, and all that those have seen end."""
    ticks = 0
    for root in roots:
        for pid in tree(root):
            if fields := stat_of(pid):
                wanted = (USER, SYSTEM, USER_OF_REAPED, SYSTEM_OF_REAPED)
                ticks += sum(int(fields[place]) for place in wanted)
    return ticks / TICK


def memory(pid: int) -> Memory:
    """Return what a process holds, in megabytes of 1,000,000 bytes.

    Raises:
        OSError: it has gone, or belongs to somebody else.
    """
    held: dict[str, int] = {}
    for line in (PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
        name, value = line.split(":")
        held[name] = int(value.split()[0])
    return Memory(rss=held["Rss"] * 1024 / 1e6, pss=held["Pss"] * 1024 / 1e6)
