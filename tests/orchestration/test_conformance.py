"""The published conformance suite of LangGraph's checkpoint savers passes at its full level, on both ways in."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver, DeltaChannelHistory
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.conformance.capabilities import ALL_CAPABILITIES, DetectedCapabilities

from audit import vault
from audit.ids import new_id
from orchestration.engine.checkpoints import DjangoSaver

pytestmark = pytest.mark.usefixtures("committed")


class Synchronous(DjangoSaver):
    """The saver as synchronous callers see it: the suite asks asynchronously, and is answered without a thread."""

    async def aget_tuple(self, config: Any) -> Any:
        return self.get_tuple(config)

    async def alist(self, config: Any, **options: Any) -> AsyncIterator[Any]:
        for item in self.list(config, **options):
            yield item

    async def aput(self, *given: Any) -> Any:
        return self.put(*given)

    async def aput_writes(self, *given: Any, **options: Any) -> None:
        self.put_writes(*given, **options)

    async def adelete_thread(self, thread_id: str) -> None:
        self.delete_thread(thread_id)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        self.delete_for_runs(run_ids)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        self.copy_thread(source_thread_id, target_thread_id)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        self.prune(thread_ids, strategy=strategy)

    async def aget_delta_channel_history(self, **options: Any) -> Mapping[str, DeltaChannelHistory]:
        return self.get_delta_channel_history(**options)


@pytest.mark.parametrize("kind", [DjangoSaver, Synchronous])
def test_the_published_suite_passes_at_its_full_level(kind: type[DjangoSaver]) -> None:
    @checkpointer_test(name=kind.__name__)
    async def registered() -> AsyncIterator[DjangoSaver]:
        yield kind(key=vault.DataKey.new(new_id()))

    report = asyncio.run(validate(registered))
    assert {name: known.failures for name, known in report.results.items() if known.failures} == {}
    assert report.conformance_level() == "FULL"
    assert sum(known.tests_passed for known in report.results.values()) == 81


def test_every_capability_is_detected() -> None:
    found = DetectedCapabilities.from_instance(DjangoSaver())
    assert (found.detected, found.missing) == (ALL_CAPABILITIES, frozenset())
    assert DjangoSaver.get_delta_channel_history is not BaseCheckpointSaver.get_delta_channel_history
