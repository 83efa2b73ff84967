"""What goes wrong between a machine and the adapter, and that nothing goes missing unexplained.

Every value of the test server is `number of the signal * 1e6 + tick`, so that a lost, doubled or
misplaced value shows in the value itself.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.opcua.timeline import Memory
from gateway.core.records import Batch, Gap, Rejected
from tests.services.node_opcua import NodeServer, node_server
from tests.services.opcua_peer import Recorder, proxy_to, running, source

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
NAMES = [f"D{n}" for n in range(10)]
SECOND = 1_000_000_000
KEEPALIVE_NS = SECOND


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NodeServer]:
    folder = tmp_path_factory.mktemp("node")
    async with node_server(folder, count=10, typed=[["H", "Double", 0]], history=["H"]) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def ticking(server: NodeServer) -> AsyncIterator[NodeServer]:
    await server.ask("rate", ms=50)
    yield server
    await server.ask("rate", ms=0)


def ticks_of(intake: Recorder, name: str) -> list[int]:
    """Give the ticks of one signal; a value of another signal fails."""
    number = int(name[1:])
    found = [int(value - number * 1e6) for value in intake.values(name)]
    assert all(0 <= tick < 1_000_000 for tick in found), f"{name} has values of another signal"
    return found


async def unexplained(server: NodeServer, intake: Recorder, name: str) -> list[int]:
    """Give the ticks between the first and the last that neither arrived nor lie in a gap."""
    index = int(name[1:])
    arrived = set(ticks_of(intake, name))
    truth = (await server.ask("truth"))["truth"]
    return [
        tick
        for tick, at_ms in truth
        if min(arrived) < tick < max(arrived)
        and tick not in arrived
        and not covered(intake.gaps, index, at_ms * 1_000_000)
    ]


def covered(gaps: list[Gap], index: int, at: int) -> bool:
    return any(
        (gap.signals is None or index in gap.signals) and gap.start <= at <= gap.end for gap in gaps
    )


async def test_a_network_cut_loses_nothing_and_needs_no_gap(
    ticking: NodeServer, tmp_path: Path
) -> None:
    async with proxy_to(ticking.port) as proxy:
        async with running(source(proxy.url, tmp_path, NAMES)) as run:
            await run.until(lambda: len(run.intake.values("D3")) > 5)
            proxy.cut(refuse=True)
            await run.until(lambda: run.errors)
            await asyncio.sleep(0.5)
            proxy.open = True
            seen = run.intake.count()
            await run.until(lambda: run.intake.count() > seen + 200)
        for name in NAMES:
            ticks = ticks_of(run.intake, name)
            assert ticks == list(range(ticks[0], ticks[-1] + 1)), "lost, doubled or out of order"
        assert run.health.connects == 2
        assert run.intake.gaps == []


async def test_what_was_not_durable_at_the_cut_is_fetched_again(
    server: NodeServer, tmp_path: Path
) -> None:
    async with proxy_to(server.port) as proxy:
        async with running(source(proxy.url, tmp_path, ["D1"])) as run:
            await run.until(lambda: run.intake.count() == 1)
            run.intake.gate.clear()
            for _ in range(3):
                await server.ask("beat")
                await asyncio.sleep(0.15)
            await run.until(lambda: run.intake.waiting >= 3)
            proxy.cut()
            await run.until(lambda: run.errors)
            run.intake.gate.set()
            await run.until(lambda: len(run.intake.values("D1")) >= 4)
            await server.ask("beat")
            await run.until(lambda: len(run.intake.values("D1")) >= 5)
        ticks = ticks_of(run.intake, "D1")
        assert ticks == list(range(ticks[0], ticks[0] + 5))
        assert run.intake.gaps == []


class HoldsOne(Recorder):
    """Keeps the second delivery waiting; later ones return at once, as empty ones do."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    async def deliver(self, items: Sequence[Batch | Gap | Rejected]) -> None:
        self.calls += 1
        if self.calls == 2:
            await super().deliver(items)
        elif self.calls > 2 and not self.gate.is_set():
            return
        else:
            self.items.extend(items)


@pytest.mark.invariant("I1")
async def test_nothing_is_acknowledged_before_what_came_ahead_of_it(
    server: NodeServer, tmp_path: Path
) -> None:
    intake = HoldsOne()
    async with proxy_to(server.port) as proxy:
        async with running(source(proxy.url, tmp_path, ["D1"]), intake) as run:
            await run.until(lambda: intake.count() == 1)
            intake.gate.clear()
            for _ in range(3):
                await server.ask("beat")
                await asyncio.sleep(0.3)
            await run.until(lambda: intake.calls >= 4)
            await asyncio.sleep(0.3)
            assert proxy.acknowledged() == [1]
            intake.gate.set()
            await server.ask("beat")
            await run.until(lambda: len(proxy.acknowledged()) >= 4)
        assert proxy.acknowledged()[:4] == [1, 2, 3, 4]


async def test_a_restart_with_moved_namespaces_attributes_nothing_wrongly(
    tmp_path: Path,
) -> None:
    async with node_server(tmp_path, count=10, rateMs=50) as own:
        async with running(source(own.url, tmp_path, NAMES)) as run:
            await run.until(lambda: len(run.intake.values("D3")) > 5)
            await own.ask("restart", shift=True, down=300)
            await own.ask("rate", ms=50)
            await run.until(lambda: run.health.connects == 2)
            seen = run.intake.count()
            await run.until(lambda: run.intake.count() > seen + 100)
        for name in NAMES:
            assert await unexplained(own, run.intake, name) == []
        assert {gap.reason for gap in run.intake.gaps} == {"source-restart"}
        assert not run.health.bad
        (gap,) = run.intake.gaps
        last = max(t for _, t, _ in run.intake.samples("D0") if t < gap.end)
        assert gap.end - gap.start < 10 * SECOND
        assert last >= gap.start


async def test_a_silent_network_is_found_out(server: NodeServer, tmp_path: Path) -> None:
    async with (
        proxy_to(server.port) as proxy,
        running(source(proxy.url, tmp_path, ["D0"])) as run,
    ):
        await run.until(lambda: run.intake.count() == 1)
        proxy.silent = True
        await run.until(lambda: run.errors, timeout=6.0)
        assert run.errors[0].reason == "silent"
        proxy.silent = False
        proxy.cut()
        await run.until(lambda: run.health.connects == 2)
        await server.ask("beat")
        await run.until(lambda: run.intake.count() == 2)
        assert run.intake.gaps == []


async def test_a_stop_while_the_server_is_silent_takes_less_than_five_seconds(
    server: NodeServer, tmp_path: Path
) -> None:
    made = source("", tmp_path, ["D0"], keepalive_s=10.0)
    async with (
        proxy_to(server.port) as proxy,
        running(replace(made, url=proxy.url)) as run,
    ):
        await run.until(lambda: run.intake.count() == 1)
        proxy.silent = True
        # `running` itself fails when the end takes longer.


@pytest.mark.invariant("I6")
async def test_a_queue_that_overflows_is_stated_with_the_span_that_is_lost(
    server: NodeServer, tmp_path: Path
) -> None:
    made = source(server.url, tmp_path, ["D0", "D1"], queue=3, publishing_s=1.0)
    async with running(made) as run:
        await run.until(lambda: run.intake.count() == 2)
        for _ in range(15):
            await server.ask("beat")
            await asyncio.sleep(0.05)
        await run.until(lambda: run.health.overflows)
        last = (await server.ask("beat"))["tick"]
        await run.until(lambda: ticks_of(run.intake, "D1")[-1] == last)
        assert await unexplained(server, run.intake, "D0") == []
        assert await unexplained(server, run.intake, "D1") == []
        assert {gap.reason for gap in run.intake.gaps} == {"overflow"}
        assert len(ticks_of(run.intake, "D0")) < 15
        for gap in run.intake.gaps:
            inside = [t for _, t, _ in run.intake.samples("D0") if gap.start <= t <= gap.end]
            assert inside == []


def spoil(times: int) -> tuple[list[int], object]:
    """Make a change that spoils the item count in the first data notifications that pass."""
    done: list[int] = []
    mark = b"\x01\x00\x2b\x03\x01"

    def change(chunk: bytes) -> bytes:
        place = chunk.find(mark)
        if chunk[:3] != b"MSG" or place < 0 or len(done) >= times:
            return chunk
        done.append(place)
        at = place + len(mark) + 4
        return chunk[:at] + struct.pack("<i", 9_999) + chunk[at + 4 :]

    return done, change


async def test_a_notification_that_cannot_be_read_is_fetched_again(
    server: NodeServer, tmp_path: Path
) -> None:
    async with proxy_to(server.port) as proxy:
        async with running(source(proxy.url, tmp_path, ["D2"])) as run:
            await run.until(lambda: run.intake.count() == 1)
            done, change = spoil(1)
            proxy.change = change  # type: ignore[assignment]
            for _ in range(3):
                await server.ask("beat")
                await asyncio.sleep(0.15)
            await run.until(lambda: len(run.intake.values("D2")) >= 4)
            assert done
        ticks = ticks_of(run.intake, "D2")
        assert ticks == list(range(ticks[0], ticks[0] + 4))
        assert run.intake.gaps == []
        assert run.health.connects == 1


async def test_what_stays_unreadable_is_kept_as_such_and_stated(
    server: NodeServer, tmp_path: Path
) -> None:
    async with proxy_to(server.port) as proxy:
        async with running(source(proxy.url, tmp_path, ["D2"])) as run:
            await run.until(lambda: run.intake.count() == 1)
            _, change = spoil(2)
            proxy.change = change  # type: ignore[assignment]
            for _ in range(3):
                await server.ask("beat")
                await asyncio.sleep(0.2)
            await run.until(lambda: len(run.intake.values("D2")) >= 3)
        assert await unexplained(server, run.intake, "D2") == []
        assert [gap.reason for gap in run.intake.gaps] == ["rejected-by-source"]
        assert any(type(item).__name__ == "Rejected" for item in run.intake.items)
        assert run.health.connects == 1


async def test_a_subscription_that_the_server_ends_is_made_again(
    server: NodeServer, tmp_path: Path
) -> None:
    async with running(source(server.url, tmp_path, ["D0"])) as run:
        await run.until(lambda: run.intake.count() == 1)
        await server.ask("end_subscriptions")
        await run.until(lambda: run.health.connects == 2)
        await server.ask("beat")
        await run.until(lambda: len(run.intake.values("D0")) >= 2)
        assert {gap.reason for gap in run.intake.gaps} == {"disconnected"}


async def test_the_time_in_which_the_gateway_was_down_is_stated(
    server: NodeServer, tmp_path: Path
) -> None:
    async with running(source(server.url, tmp_path, ["D0"])) as run:
        await run.until(lambda: run.intake.count() == 1)
        await server.ask("beat")
        await run.until(lambda: run.intake.count() == 2)
    last = run.intake.samples("D0")[-1][1]
    lost = (await server.ask("beat", times=3))["tick"]
    again = Recorder(last=last)
    async with running(source(server.url, tmp_path, ["D0"]), again, Memory()) as run:
        await run.until(lambda: again.count() == 1)
    (gap,) = again.gaps
    assert gap.reason == "gateway-down"
    assert gap.start <= last
    assert ticks_of(again, "D0") == [lost]
    assert gap.end >= again.samples("D0")[0][1]
    assert last - gap.start < SECOND
    assert type(again.items[0]) is Gap  # before the data that follows it


async def test_history_of_the_server_closes_the_gap(server: NodeServer, tmp_path: Path) -> None:
    made = source(server.url, tmp_path, ["H", "D0"])
    async with running(made) as run:
        await run.until(lambda: run.intake.count() == 2)
        await server.ask("set", name="H", value=1.0)
        await run.until(lambda: run.intake.values("H")[-1] == 1.0)
    last = run.intake.samples("H")[-1][1]
    for value in (2.0, 3.0, 4.0):
        await asyncio.sleep(0.02)
        await server.ask("set", name="H", value=value)
    again = Recorder(last=last)
    async with running(made, again, Memory()) as run:
        await run.until(lambda: again.values("H")[-1:] == [4.0] and again.values("D0"))
        await run.until(lambda: len(again.values("H")) >= 5)
    values = again.values("H")
    assert [value for value in values if value > 1.0][:3] == [2.0, 3.0, 4.0]
    (gap,) = again.gaps
    assert gap.signals == (1,)


async def test_a_slow_disk_beyond_every_bound_keeps_the_connection(
    ticking: NodeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.opcua.deliveries.PENDING_MAX", 3)
    async with running(source(ticking.url, tmp_path, NAMES)) as run:
        await run.until(lambda: run.intake.count() > 50)
        run.intake.gate.clear()
        await asyncio.sleep(4.0)  # longer than the patience with a silent server
        assert run.intake.waiting <= 3 + run.source.publish_requests
        run.intake.gate.set()
        seen = run.intake.count()
        await run.until(lambda: run.intake.count() > seen + 500)
        assert run.errors == []
    for name in NAMES:
        assert await unexplained(ticking, run.intake, name) == []
