"""What the gateway does when the central platform fails, against the reference platform's process.

The forwarder and the HTTP sink are the real ones; only the spool is in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.core.errors import SinkUnavailable
from gateway.core.records import answer_for
from gateway.ops.health import SinkHealth, SinkState
from gateway.sinks.http.client import HttpClient
from tests.integration.platform_parts import (
    EPOCH,
    TOKEN,
    PlatformProcess,
    http_sink,
    numbers,
    platform_process,
    records,
    running_platform,
    samples,
    table,
)
from tests.unit.flow.forward_parts import QUICK, MemorySpool, forwarding

PLAN = table()
CALM = replace(QUICK, first_s=0.05, cap_s=0.1, behind_s=3600.0)
"""Failures repeat quickly, the backlog stays in one lane."""


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    with running_platform(tmp_path_factory.mktemp("platform")) as running:
        yield running


@pytest.fixture
async def platform(process: PlatformProcess) -> AsyncIterator[PlatformProcess]:
    async with process.fresh() as running:
        yield running


async def shown(health: SinkHealth, state: SinkState) -> None:
    while health.state is not state:
        await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("mode", "wish"),
    [
        ("down", {}),
        ("500", {}),
        ("garbage", {"body": "html"}),
        ("garbage", {"body": "empty"}),
        ("garbage", {"body": "truncated"}),
        ("garbage", {"body": "shape"}),
        ("garbage", {"body": "list"}),
        ("garbage", {"body": "other-epoch"}),
        ("garbage", {"body": "padded"}),
        ("redirect", {}),
        ("drop-reply", {}),
        ("429", {}),
    ],
)
@pytest.mark.invariant("I4")
async def test_no_failure_counts_as_an_acknowledgement_and_all_arrives_once_after_it(
    platform: PlatformProcess, mode: str, wish: dict[str, Any]
) -> None:
    spool = MemorySpool()
    async with http_sink(platform.url) as sink, forwarding(spool, sink, CALM) as health:
        spool.add(5)
        await spool.drained()
        await platform.fault(mode, **wish)
        spool.add(5)
        await shown(health, SinkState.RETRYING)
        assert spool.cursor.position == 6
        await platform.fault("ok")
        await spool.drained()
        await shown(health, SinkState.GOOD)
    assert await platform.offsets() == list(range(1, 11))
    assert (await platform.get("summary"))["conflicts"] == 0


async def test_what_an_earlier_request_of_a_write_settled_counts_when_a_later_one_fails(
    platform: PlatformProcess,
) -> None:
    # Four records of 3 MB: two requests of two records each.
    texts = table("press-01", "xs:string")
    written = records([samples(texts, ["x" * 3_000_000]) for _ in range(4)])
    async with http_sink(platform.url) as sink:
        await sink.write(EPOCH, records([samples(texts, ["plan"])], first=100))
        await platform.fault("500", after=1, count=1)
        answer = await sink.write(EPOCH, written)
        assert answer == answer_for(written[:2])
        assert await sink.write(EPOCH, written[2:]) == answer_for(written[2:])
    assert (await platform.get("summary"))["duplicates"] == 0


async def test_a_redirect_is_not_followed(platform: PlatformProcess) -> None:
    await platform.fault("redirect", count=1)  # the same address would take it now
    async with http_sink(platform.url) as sink:
        with pytest.raises(SinkUnavailable, match="http-307"):
            await sink.write(EPOCH, records([numbers(PLAN)]))


@pytest.mark.invariant("I7")
async def test_a_reply_lost_after_storing_makes_no_duplicate(platform: PlatformProcess) -> None:
    spool = MemorySpool()
    async with http_sink(platform.url) as sink, forwarding(spool, sink, CALM):
        spool.add(1)
        await spool.drained()
        await platform.fault("drop-reply", count=2)
        spool.add(9)
        await spool.drained()
    summary = await platform.get("summary")
    assert summary["duplicates"] >= 9  # sent again: the first answer never came
    assert summary["records"] == 10
    assert summary["conflicts"] == 0


async def test_a_platform_that_takes_half_gets_the_other_half_again(
    platform: PlatformProcess,
) -> None:
    spool = MemorySpool()
    async with http_sink(platform.url) as sink, forwarding(spool, sink, CALM):
        spool.add(1)
        await spool.drained()
        await platform.fault("partial", count=2)
        spool.add(9)
        await spool.drained()
    summary = await platform.get("summary")
    assert summary["records"] == 10
    assert summary["duplicates"] == 0


@pytest.mark.parametrize("mode", ["timeout", "slow"])
async def test_a_platform_that_stalls_or_dribbles_is_given_up_after_the_deadline(
    platform: PlatformProcess, mode: str
) -> None:
    spool = MemorySpool()
    async with http_sink(platform.url, timeout_s=0.3) as sink:
        spool.add(2)
        async with forwarding(spool, sink, CALM) as health:
            await spool.drained()
            await platform.fault(mode)
            spool.add(3)
            await shown(health, SinkState.RETRYING)
            assert health.note.startswith("timeout")
            await platform.fault("ok")
            await spool.drained()
    assert await platform.offsets() == [1, 2, 3, 4, 5]


def in_seconds(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("said", "low", "high"),
    [
        ("7", 7, 7),
        (100.0, 30, 100),
        (-100.0, 0, 0),
        ("999999999", 300, 300),
        ("tomorrow", None, None),
        (None, None, None),
    ],
)
async def test_the_wish_to_be_left_alone_is_read_and_capped(
    platform: PlatformProcess, said: str | float | None, low: float | None, high: float | None
) -> None:
    if isinstance(said, float):
        said = in_seconds(said)
    await platform.fault("429", **({} if said is None else {"retry_after": said}))
    async with http_sink(platform.url) as sink:
        with pytest.raises(SinkUnavailable) as caught:
            await sink.write(EPOCH, records([numbers(PLAN)]))
    wish = caught.value.retry_after_s
    assert not caught.value.hold
    if low is None or high is None:
        assert wish is None
    else:
        assert wish is not None
        assert low <= wish <= high


async def test_the_forwarder_waits_as_long_as_it_was_asked(platform: PlatformProcess) -> None:
    spool = MemorySpool()
    await platform.fault("429", retry_after="3600", count=1)
    async with http_sink(platform.url) as sink, forwarding(spool, sink, CALM) as health:
        spool.add(1)
        await shown(health, SinkState.RETRYING)
        assert health.next_try_s == 300.0
        await asyncio.sleep(0.2)
        assert health.tries == 1
    assert await platform.offsets() == []


async def test_a_rejected_token_holds_the_data_until_a_person_acted(
    platform: PlatformProcess,
) -> None:
    spool = MemorySpool()
    async with (
        http_sink(platform.url, token="wrong") as sink,
        forwarding(spool, sink, CALM) as health,
    ):
        spool.add(3)
        await shown(health, SinkState.HOLD)
        assert "wrong" not in health.note
        assert spool.state().pending == 3
    async with http_sink(platform.url) as sink, forwarding(spool, sink, CALM) as health:
        await spool.drained()
    assert await platform.offsets() == [1, 2, 3]


async def test_a_poison_record_is_isolated_among_its_neighbours(platform: PlatformProcess) -> None:
    poison = {"offset": 14, "poison": True, "reason": "cannot parse record"}
    await platform.refuse(poison)
    spool = MemorySpool()
    spool.add(20)
    limits = replace(CALM, records=20)
    async with http_sink(platform.url) as sink, forwarding(spool, sink, limits):
        await spool.drained()
    assert [(r.offset, r.reason) for r in spool.refused] == [(14, "400: cannot parse record")]
    assert sorted(await platform.offsets()) == [o for o in range(1, 21) if o != 14]


async def test_a_refused_device_is_quarantined_with_the_reason_and_the_others_arrive(
    platform: PlatformProcess,
) -> None:
    await platform.refuse({"device": "cnc-02", "reason": "not contracted"})
    items = [numbers(PLAN), numbers(table("cnc-02")), numbers(PLAN)]
    async with http_sink(platform.url) as sink:
        answer = await sink.write(EPOCH, records(items))
    assert answer.accepted == ((1, 1), (3, 3))
    assert [(r.offset, r.reason) for r in answer.refused] == [(2, "not contracted")]


async def test_values_against_their_type_are_refused_alone(platform: PlatformProcess) -> None:
    integers = table("press-01", "xs:int")
    items = [samples(integers, [1, 2]), samples(integers, ["x"]), samples(integers, [3])]
    async with http_sink(platform.url) as sink:
        answer = await sink.write(EPOCH, records(items))
    assert answer.accepted == ((1, 1), (3, 3))
    assert "is no xs:int" in answer.refused[0].reason


async def test_a_value_that_no_json_can_say_is_refused_alone(platform: PlatformProcess) -> None:
    odd: Any = object()
    items = [numbers(PLAN), samples(PLAN, [odd]), numbers(PLAN)]
    async with http_sink(platform.url) as sink:
        answer = await sink.write(EPOCH, records(items))
    assert answer.accepted == ((1, 1), (3, 3))
    assert answer.refused[0].reason.startswith("cannot-encode")


async def test_a_platform_that_lost_its_store_is_told_the_plans_again(
    platform: PlatformProcess,
) -> None:
    async with http_sink(platform.url) as sink:
        await sink.write(EPOCH, records([numbers(PLAN)]))
        await platform.fault("forget")
        answer = await sink.write(EPOCH, records([numbers(PLAN)], first=2))
    assert answer.accepted == ((2, 2),)
    assert (await platform.get("summary"))["plans"] == 1


async def test_a_platform_killed_and_started_again_has_everything_once(
    platform: PlatformProcess,
) -> None:
    spool = MemorySpool()
    async with http_sink(platform.url) as sink, forwarding(spool, sink, CALM) as health:
        spool.add(20)
        await spool.drained()
        platform.kill()
        spool.add(20)
        await shown(health, SinkState.RETRYING)
        platform.start()
        await spool.drained()
    assert await platform.offsets() == list(range(1, 41))


async def test_after_an_outage_live_records_arrive_while_the_backlog_is_pending(
    platform: PlatformProcess,
) -> None:
    spool = MemorySpool()
    limits = replace(CALM, behind_s=1.0, backlog_rate=20_000.0)
    async with http_sink(platform.url) as sink, forwarding(spool, sink, limits) as health:
        await platform.fault("down")
        spool.add(300, age_s=60, samples=100)
        await shown(health, SinkState.RETRYING)
        await platform.fault("ok")
        await platform.until_stored(1)
        spool.add(5, samples=100)
        while spool.cursor.is_settled(305) is False:
            await asyncio.sleep(0.002)
        assert spool.state().pending > 0
        await shown(health, SinkState.CATCHING_UP)
        await spool.drained()
        await shown(health, SinkState.GOOD)
    arrived = await platform.offsets()
    assert sorted(arrived) == list(range(1, 306))
    assert arrived.index(305) < arrived.index(299)
    assert [o for o in arrived if o < 300] == list(range(1, 300))
    assert (await platform.get("summary"))["duplicates"] == 0


async def test_a_second_outage_during_catch_up_ends_complete_and_without_duplicates(
    platform: PlatformProcess,
) -> None:
    spool = MemorySpool()
    limits = replace(CALM, behind_s=1.0, backlog_rate=50_000.0)
    spool.add(300, age_s=60, samples=100)
    async with http_sink(platform.url) as sink, forwarding(spool, sink, limits) as health:
        await platform.until_stored(20)
        await platform.fault("500")
        spool.add(100, age_s=30, samples=100)
        await shown(health, SinkState.RETRYING)
        await platform.fault("ok")
        spool.add(3, samples=100)
        await spool.drained()
    assert sorted(await platform.offsets()) == list(range(1, 404))
    summary = await platform.get("summary")
    assert (summary["duplicates"], summary["conflicts"]) == (0, 0)


@pytest.mark.invariant("I8")
async def test_one_failing_platform_does_not_stop_the_other(
    platform: PlatformProcess, tmp_path: Path
) -> None:
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    first, second = MemorySpool(), MemorySpool()
    async with (
        platform_process(other_folder) as other,
        http_sink(platform.url) as good,
        http_sink(other.url) as bad,
        forwarding(first, good, CALM),
        forwarding(second, bad, CALM),
    ):
        await other.fault("down")
        first.add(20)
        second.add(20)
        await first.drained()
        assert second.cursor.position == 1
        await other.fault("ok")
        await second.drained()


async def test_a_proxy_in_the_environment_is_not_used(
    platform: PlatformProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with http_sink(platform.url) as sink:
        items = records([numbers(PLAN)])
        assert await sink.write(EPOCH, items) == answer_for(items)


async def test_path_segments_are_quoted(platform: PlatformProcess) -> None:
    client = HttpClient(platform.url, {"Authorization": f"Bearer {TOKEN}"}, timeout_s=5.0)
    try:
        answer = await client.send(
            "PUT", ("v1", "gateways", "../../fault", "plans", "x"), b"{}", {}
        )
    finally:
        await client.close()
    assert answer.status == 422  # reached the plan route, not /fault
