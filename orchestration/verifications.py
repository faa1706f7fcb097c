"""The memory of verifiers, for the runs of a workspace: erased with the runs that used it, and never needed.

Whatever Redis does costs time only: what does not answer soon, or does not open under its name, is not remembered.
It holds no text: see evidence/remembered.py.
"""

import hashlib
import logging
import os
import platform
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from uuid import UUID

from django.conf import settings

import evidence
from audit import vault
from evidence import remembered
from evidence.passages import Passage
from evidence.recall import NOTHING, Consultation, Memory
from evidence.remembered import Entry, framed
from evidence.verdicts import Alignment
from orchestration.metrics import VERIFICATIONS
from orchestration.verification_store import PAGE, Away, Store

logger = logging.getLogger(__name__)

# Whose keys name the runs of every workspace.
SITE = "runs"


@dataclass(frozen=True, slots=True)
class Mark:
    """How a run is named in Redis: by an HMAC of its data key's id, under what the vault's key (``root``) makes."""

    run_key: UUID
    root: bytes = field(repr=False)

    @property
    def tag(self) -> str:
        return vault.mac(remembered.keys_of(self.root, SITE).name, str(self.run_key))

    def sealed(self) -> bytes:
        return vault.seal(marking(self.root), self.run_key.bytes, binding=binding_of(self.tag))


def marking(root: bytes) -> vault.DataKey:
    return vault.DataKey(UUID(int=0), remembered.keys_of(root, SITE).seal)


def binding_of(tag: str) -> vault.Binding:
    return vault.Binding("verification", "run", tag)


@dataclass(frozen=True, slots=True)
class RunMemory:
    """What the verifiers of a workspace said, for one of its runs."""

    store: Store
    keys: remembered.Keys
    mark: Mark

    def recall(self, consultation: Consultation) -> "Looked":
        entries = remembered.entries(self.keys, consultation, code=code())
        try:
            values = self.store.read([one.name for one in entries])
        except Away:
            VERIFICATIONS.labels("fault").inc(len(entries))
            return Looked(self, entries, (None,) * len(entries))
        pairs = zip(entries, values, consultation.asked, strict=True)
        return Looked(self, entries, tuple(read(entry, value, asked.passages) for entry, value, asked in pairs))


def read(entry: Entry, value: bytes | None, passages: Sequence[Passage]) -> tuple[Alignment, ...] | None:
    """Return what is kept in an entry; None where there is nothing, or what nobody kept there."""
    if value is None:
        VERIFICATIONS.labels("miss").inc()
        return None
    try:
        found = remembered.opened(entry, value, passages)
    except (ValueError, TypeError) as error:
        VERIFICATIONS.labels("fault").inc()
        logger.warning("verification cache holds what was not kept", extra={"error": type(error).__name__})
        return None
    VERIFICATIONS.labels("hit").inc()
    return found


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found for one answer."""

    memory: RunMemory
    entries: tuple[Entry, ...]
    found: tuple[tuple[Alignment, ...] | None, ...]

    def keep(self, fresh: Mapping[int, Sequence[Alignment]]) -> None:
        known = [self.entries[place].name for place, one in enumerate(self.found) if one is not None]
        made = ((self.entries[place], said) for place, said in fresh.items())
        sealed = ((entry.name, remembered.seal(entry, said)) for entry, said in made)
        values = {name: value for name, value in sealed if value is not None}
        if not (values or known):
            return
        mark = self.memory.mark
        try:
            self.memory.store.keep(mark.tag, mark.sealed(), fresh=values, known=known)
        except Away:
            logger.info("nothing was remembered")


@cache
def code() -> bytes:
    """Return what changes when the program that judges does: a hash of the app ``evidence`` and of what it runs on."""
    root = Path(str(evidence.__file__)).parent
    files = sorted(path for kind in ("*.py", "*.json") for path in root.rglob(kind))
    named = (framed(str(path.relative_to(root)), path.read_bytes()) for path in files)
    return hashlib.sha256(framed(platform.python_version(), *named)).digest()


@lru_cache(maxsize=4)
def _store(pid: int, url: str, seconds: int, most: int) -> Store:  # noqa: ARG001 - no connection survives a fork
    return Store(url, seconds=seconds, most=most)


def store() -> Store:
    """Return this process's store, made at the first call after the fork."""
    known = settings.PROMETHEUS_CACHE_SECONDS, settings.PROMETHEUS_CACHE_ENTRIES
    return _store(os.getpid(), settings.PROMETHEUS_CACHE_URL, *known)


def memory(*, workspace: UUID, run_key: UUID) -> Memory:
    """Return the memory for a run with this data key. It is empty where the settings say so."""
    root = settings.PROMETHEUS_VAULT_KEY
    if not root or not (settings.PROMETHEUS_CACHE_SECONDS and settings.PROMETHEUS_CACHE_ENTRIES):
        return NOTHING
    return RunMemory(store(), remembered.keys_of(root, str(workspace)), Mark(run_key, root))


def forget(run_key: UUID) -> bool:
    """Erase every entry that the run with this data key wrote or read; False where Redis is away.

    What was not erased then is by ``sweep``. Raises nothing.
    """
    root = settings.PROMETHEUS_VAULT_KEY
    if not root:
        return False
    try:
        store().forget(Mark(run_key, root).tag)
    except Away:
        return False
    return True


def sweep(existing: Callable[[Collection[UUID]], Collection[UUID]]) -> int:
    """Erase the entries of runs whose data key is gone; return how many runs that were.

    Args:
        existing: tells which of some data keys there are.
    """
    root, known = settings.PROMETHEUS_VAULT_KEY, store()
    gone = 0
    try:
        marked = known.runs()
        while some := list(islice(marked, PAGE)):
            keys = {tag: opened(root, tag, sealed) for tag, sealed in some}
            there = existing([key for key in keys.values() if key is not None])
            for tag, key in keys.items():
                if key not in there:
                    known.forget(tag)
                    gone += 1
    except Away:
        logger.info("verification cache away, the next sweep goes on")
    return gone


def opened(root: bytes, tag: bytes, sealed: bytes) -> UUID | None:
    """Return the id of a run's data key; None where nobody can say it, and so nobody can say that it exists."""
    try:
        return UUID(bytes=vault.open_sealed(marking(root), sealed, binding=binding_of(tag.decode())))
    except ValueError:
        return None
