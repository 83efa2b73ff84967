"""The adapter against a simulated meter: over TCP, over RTU frames, with exceptions and gaps."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from adapters.modbus.config import ModbusSource
from adapters.modbus.kind import KIND
from gateway.core.clock import SystemClock
from gateway.core.errors import SourceUnavailable
from gateway.core.records import GapReason
from simulators.modbus_meter import Asked, Fault, Memory, Meter
from tests.unit.modbus.support import Collected, Station, item, source_of

FRAMINGS = pytest.mark.parametrize("rtu", [False, True], ids=["tcp", "rtu-over-tcp"])
ITEMS = (
    item(0, "holding", 100),
    item(1, "holding", 101, "uint32", order="ABCD"),
    item(2, "input", 7, "int16"),
    item(3, "coil", 3),
    item(4, "discrete", 3),
    item(5, "holding", 5000, "uint32", order="CDAB"),
)
MEANT = {0: 100, 1: 101 * 65536 + 102, 2: 7 - 32768, 3: False, 4: True, 5: 5001 * 65536 + 5000}


def source(port: int, *, rtu: bool = False, **more: Any) -> ModbusSource:
    keys: dict[str, Any] = {
        "framing": "rtu" if rtu else "tcp",
        "port": port,
        "timeout_s": 0.5,
        **more,
    }
    return source_of([replace(each, period_s=0.05) for each in ITEMS], **keys)


@FRAMINGS
async def test_every_table_is_read_and_values_say_which_register_they_are(rtu: bool) -> None:
    async with Meter(rtu=rtu) as meter:
        port = await meter.listen()
        intake, station = Collected(wanted=12), Station()
        await station.until(source(port, rtu=rtu), intake)
    assert intake.newest() == MEANT
    assert meter.connections == 1
    assert intake.gaps == []
    health = station.health["meter"]
    assert health.connects == 1
    assert health.bad == {}


async def test_what_is_near_is_asked_for_at_once() -> None:
    async with Meter() as meter:
        port = await meter.listen()
        await Station().until(source(port), Collected(wanted=6))
    blocks = {asked.pdu for asked in meter.asked}
    assert blocks == {
        bytes.fromhex("0300640003"),  # 100 to 102 in one
        bytes.fromhex("0313880002"),
        bytes.fromhex("0400070001"),
        bytes.fromhex("0100030001"),
        bytes.fromhex("0200030001"),
    }


@FRAMINGS
async def test_a_register_that_is_not_there_costs_only_itself(rtu: bool) -> None:
    memory = Memory(missing={("holding", 101), ("holding", 102)})
    async with Meter({1: memory}, rtu=rtu) as meter:
        port = await meter.listen()
        intake, station = Collected(wanted=30), Station()
        await station.until(source(port, rtu=rtu), intake)
    values = intake.newest()
    assert values == MEANT | {1: None}
    bad = station.health["meter"].bad
    assert [(each.reason, each.detail) for each in bad.values()] == [
        ("illegal-address", "holding:101")
    ]
    told = [code for index, _, code, _ in intake.samples() if index == 1]
    assert told == [0x80340000], "said once, not at every poll"


async def test_a_hole_that_was_only_read_to_save_a_request_is_left_out() -> None:
    items = [item(0, "holding", 10, period_s=0.05), item(1, "holding", 20, period_s=0.05)]
    memory = Memory(missing={("holding", 15)})
    async with Meter({1: memory}) as meter:
        port = await meter.listen()
        intake, station = Collected(wanted=4), Station()
        await station.until(source_of(items, port=port), intake)
    assert intake.newest() == {0: 10, 1: 20}
    assert station.health["meter"].bad == {}
    assert meter.asked[-1].pdu != meter.asked[0].pdu


async def test_a_register_that_comes_back_is_good_again() -> None:
    memory = Memory(missing={("holding", 101)})
    async with Meter({1: memory}) as meter:
        port = await meter.listen()
        intake, station = Collected(wanted=30), Station()
        await station.until(source(port), intake)
        assert station.health["meter"].bad
        memory.missing.clear()
        intake.wanted, intake.enough = len(intake.batches) + 20, asyncio.Event()
        await station.until(source(port), intake)
    assert intake.newest() == MEANT
    assert station.health["meter"].bad == {}


WRONG = [
    Fault(number=1),
    Fault(unit=1),
    Fault(count=2),
    Fault(count=-2),
    Fault(cut=5),
    Fault(surplus=b"\0"),
    Fault(silent=True),
    Fault(close=True, cut=0),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rtu", "fault"),
    [(rtu, fault) for rtu in (False, True) for fault in WRONG if not (rtu and fault.number)],
    ids=str,
)
async def test_an_answer_that_does_not_fit_costs_the_connection_and_no_value(
    rtu: bool, fault: Fault
) -> None:
    turn = count()

    def faults(_asked: Asked) -> Fault:
        return fault if next(turn) % 7 == 3 else Fault()

    async with Meter(rtu=rtu, fault=faults) as meter:
        port = await meter.listen()
        intake, station = Collected(wanted=40), Station()
        await station.until(source(port, rtu=rtu, timeout_s=0.05), intake)
    assert meter.connections > 1
    for index, value, _, _ in intake.samples():
        assert value == MEANT[index]


async def test_what_was_missed_is_a_gap_before_the_next_value() -> None:
    async with Meter() as meter:
        port = await meter.listen()
        intake, station = Collected(wanted=4), Station()
        await station.until(source(port), intake)
        await asyncio.sleep(0.8)
        intake.wanted, intake.enough = len(intake.batches) + 4, asyncio.Event()
        await station.until(source(port), intake)
    (gap,) = intake.gaps
    assert gap.reason is GapReason.DISCONNECTED
    assert 0.7e9 < gap.end - gap.start < 5e9
    times = sorted(at for _, _, _, at in intake.samples())
    assert not any(gap.start < at < gap.end for at in times), "a value inside its own gap"
    assert times[0] < gap.start
    assert gap.end in times, "it ends with the first value after it"


async def test_times_are_between_request_and_answer_and_marked_as_ours() -> None:
    clock = SystemClock()
    async with Meter(took_s=0.1) as meter:
        port = await meter.listen()
        intake, began = Collected(wanted=4), clock.now()
        await Station().until(source(port), intake)
    for batch in intake.batches:
        assert batch.received_time
        assert began < batch.times.min() <= batch.times.max() <= batch.received - 0.04e9


async def test_a_unit_that_its_gateway_does_not_reach_keeps_the_connection() -> None:
    async with Meter({1: Memory()}, gateway=True) as meter:
        port = await meter.listen()
        station, dead = Station(), Collected()
        with pytest.raises(SourceUnavailable, match="gateway-no-answer: unit 9"):
            await station.adapter(replace(source(port), device="dead", unit=9)).run(dead)
        alive = Collected(wanted=3)
        await station.until(source(port), alive)


async def test_new_tags_are_taken_over_on_the_same_connection() -> None:
    async with Meter() as meter:
        port = await meter.listen()
        station, intake = Station(), Collected(wanted=3)
        before = source_of([item(0, "holding", 10, period_s=0.05)], port=port)
        after = source_of(
            [item(0, "holding", 11, period_s=0.05), item(1, "coil", 1, period_s=0.05)], port=port
        )
        adapter = station.adapter(before)
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            task = group.create_task(adapter.run(intake))
            await intake.enough.wait()
            assert await adapter.apply(after)
            assert not await adapter.apply(replace(after, unit=2))
            intake.wanted, intake.enough = len(intake.batches) + 6, asyncio.Event()
            await intake.enough.wait()
            task.cancel()
    assert meter.connections == 1
    assert intake.newest() == {0: 11, 1: True}
    assert {index for index, *_ in intake.samples()} == {0, 1}


async def test_check_live_names_the_register_and_the_exception() -> None:
    memory = Memory(missing={("holding", 101)})
    async with Meter({1: memory}) as meter:
        port = await meter.listen()
        result = await KIND.probe(source(port), SystemClock())
    assert {name.split("-")[0] for name in result.good} == {
        "holding:100", "input:7", "coil:3", "discrete:3", "holding:5000"
    }  # fmt: skip
    (problem,) = result.bad.values()
    assert str(problem) == "illegal-address   holding:101 (function 3, exception 2)"


@pytest.mark.slow
async def test_the_command_says_it_in_words_of_both_languages(tmp_path: Path) -> None:
    (tmp_path / "devices").mkdir()
    (tmp_path / "gateway.yaml").write_text("gateway: { id: edge-07 }\n", "utf-8")
    async with Meter({1: Memory(missing={("holding", 101)})}) as meter:
        port = await meter.listen()
        (tmp_path / "devices" / "meter.yaml").write_text(
            f"connect: modbus://127.0.0.1:{port}\ntags:\n  - 전압: holding:100\n  - 전류: 40102\n",
            "utf-8",
        )
        said = {}
        for language in ("en", "ko"):
            command = ["-m", "gateway", "check", str(tmp_path), "--live", "--lang", language]
            process = await asyncio.create_subprocess_exec(
                sys.executable, *command, stdout=asyncio.subprocess.PIPE
            )
            said[language] = (await process.communicate())[0].decode()
    for text in said.values():
        assert "전류   illegal-address   holding:101 (function 3, exception 2)" in text
    assert "The unit has no such register (exception 2)." in said["en"]
    assert "유닛에 이 레지스터가 없습니다(예외 2)." in said["ko"]


async def test_check_live_says_why_nothing_is_reached() -> None:
    async with Meter() as meter:
        port = await meter.listen()
    with pytest.raises(SourceUnavailable, match="unreachable"):
        await KIND.probe(source(port), SystemClock())
