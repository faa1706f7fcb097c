"""The entries of the verifiers' memory in one Redis: bounded in number and life, and known by the runs that used them.

A call waits for a short time only, and after one that failed Redis is left alone for a moment.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TypeVar, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from orchestration.metrics import CACHE_FAILURES

logger = logging.getLogger(__name__)

PREFIX = "prometheus:verified:"
ENTRIES, RUNS = f"{PREFIX}entries", f"{PREFIX}runs"
# Seconds: the longest that a call may wait, and how long Redis is left alone after one that failed.
PATIENCE, REST = 0.25, 5.0
PAGE = 500

T = TypeVar("T")

# Entries and runs stand in sorted sets by the second of their last writing; each run has a hash with the names of the
# entries that it wrote or read. Whatever takes a run out takes those entries with it.
SHARED = """
local prefix, entries, runs = ARGV[1], KEYS[1], KEYS[2]
local function drop(name)
  redis.call('UNLINK', prefix .. name)
  redis.call('ZREM', entries, name)
end
local function forget(tag)
  for _, name in ipairs(redis.pcall('HKEYS', prefix .. 'run:' .. tag)) do
    if name ~= '' then drop(name) end
  end
  redis.call('UNLINK', prefix .. 'run:' .. tag)
  redis.call('ZREM', runs, tag)
end
"""
KEEP = f"""{SHARED}
local seconds, most, tag, sealed, fresh = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], tonumber(ARGV[6])
local now = tonumber(redis.call('TIME')[1])
local index = prefix .. 'run:' .. tag
redis.call('HSETNX', index, '', sealed)
for place = 7, 6 + 2 * fresh, 2 do
  redis.call('SET', prefix .. ARGV[place], ARGV[place + 1], 'EX', seconds)
  redis.call('ZADD', entries, now, ARGV[place])
  redis.call('HSET', index, ARGV[place], '')
end
for place = 7 + 2 * fresh, #ARGV do
  redis.call('HSET', index, ARGV[place], '')
  if redis.call('TTL', prefix .. ARGV[place]) > tonumber(seconds) then
    redis.call('EXPIRE', prefix .. ARGV[place], seconds)
  end
end
redis.call('EXPIRE', index, seconds)
redis.call('ZADD', runs, now, tag)
local function old(set) return redis.call('ZRANGEBYSCORE', set, '-inf', now - seconds - 1, 'LIMIT', 0, 100) end
for _, name in ipairs(old(entries)) do drop(name) end
for _, one in ipairs(old(runs)) do forget(one) end
while redis.call('ZCARD', entries) > most do drop(redis.call('ZRANGE', entries, 0, 0)[1]) end
while redis.call('ZCARD', runs) > most do forget(redis.call('ZRANGE', runs, 0, 0)[1]) end
"""
FORGET = f"{SHARED} forget(ARGV[2])"


class Away(Exception):
    """Redis is away, slow or refuses, or was so a moment ago."""


class Store:
    """The entries in one Redis."""

    def __init__(self, url: str, *, seconds: int, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.client = redis.Redis.from_url(
            url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 0)
        )
        self.seconds = seconds
        self.most = most
        self.clock = clock
        self.rests_until = 0.0
        self.keeping = self.client.register_script(KEEP)
        self.forgetting = self.client.register_script(FORGET)

    def call(self, name: str, once: Callable[[], T]) -> T:
        """Return what a call gives.

        Raises:
            Away: nothing was asked, or nothing was answered.
        """
        if self.clock() < self.rests_until:
            raise Away(name)
        try:
            return once()
        except (redis.RedisError, OSError) as error:
            CACHE_FAILURES.labels(name).inc()
            if not isinstance(error, redis.ResponseError):
                self.rests_until = self.clock() + REST
            logger.warning("verification cache failed", extra={"fault": name, "error": type(error).__name__})
            raise Away(name) from error

    def read(self, names: Sequence[str]) -> list[bytes | None]:
        """Return the values of these names.

        Raises:
            Away: as ``call`` does.
        """
        full = [PREFIX + name for name in names]
        return self.call("read", lambda: cast("list[bytes | None]", self.client.mget(full)))

    def keep(self, tag: str, sealed: bytes, *, fresh: Mapping[str, bytes], known: Sequence[str]) -> None:
        """Keep values by their names, and that the run of this tag used them and those it knew.

        Raises:
            Away: as ``call`` does.
        """
        pairs = [part for pair in fresh.items() for part in pair]
        limits = (PREFIX, self.seconds, self.most, tag, sealed, len(fresh))
        self.call("write", lambda: self.keeping(keys=[ENTRIES, RUNS], args=[*limits, *pairs, *known]))

    def forget(self, tag: str | bytes) -> None:
        """Erase every entry that a run used.

        Raises:
            Away: as ``call`` does.
        """
        self.call("forget", lambda: self.forgetting(keys=[ENTRIES, RUNS], args=[PREFIX, tag]))

    def runs(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the tag of each run that used an entry, and what was sealed for it; nothing where that is lost.

        Raises:
            Away: as ``call`` does.
        """
        tags = iter(self.call("sweep", lambda: [tag for tag, _ in self.client.zscan_iter(RUNS, count=PAGE)]))
        while some := list(islice(tags, PAGE)):
            pipeline = self.client.pipeline(transaction=False)
            for tag in some:
                pipeline.hget(PREFIX.encode() + b"run:" + tag, "")
            sealed = self.call("sweep", partial(pipeline.execute, raise_on_error=False))
            for tag, one in zip(some, sealed, strict=True):
                yield tag, one if isinstance(one, bytes) else b""
