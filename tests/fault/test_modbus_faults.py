"""Delays and cut frames: a value is that of its register or there is none, on either framing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from adapters.modbus import frames, outstanding
from adapters.modbus.config import ModbusSource
from simulators.modbus_meter import Asked, Fault, Meter
from tests.unit.modbus.support import Collected, Station, item, source_of

LINES = 20
FAULTS_EACH = 50
TIMEOUT_S = 0.05
MEANT = {index: 100 * index + 7 for index in range(8)}
"""Eight blocks of one register each: every answer has the shape of every other."""


def source(port: int, *, rtu: bool) -> ModbusSource:
    items = [item(index, "holding", value, period_s=0.02) for index, value in MEANT.items()]
    items.append(item(8, "holding", 3000, "string(20)", period_s=0.02))
    return source_of(
        items,
        framing="rtu" if rtu else "tcp",
        port=port,
        timeout_s=TIMEOUT_S,
        gap=0,
    )


@dataclass
class Seen:
    """What one line showed."""

    faults: int
    right: int
    wrong: int


def faulty(random_: random.Random, counted: list[int]) -> Callable[[Asked], Fault]:
    """Give what delays every fourth answer beyond its time, cuts it short, or leaves it out."""

    def fault(_asked: Asked) -> Fault:
        if random_.random() > 0.25:
            return Fault()
        counted[0] += 1
        if random_.random() < 0.7:
            return Fault(delay_s=random_.uniform(0.5, 2.5) * TIMEOUT_S)
        return Fault(cut=random_.randrange(12), close=random_.random() < 0.5)

    return fault


async def one_line(seed: int, *, rtu: bool) -> Seen:
    """Poll a meter behind a serial server that hands late answers to whoever is connected."""
    counted = [0]
    fault = faulty(random.Random(seed), counted)
    async with Meter(rtu=rtu, hands_on=True, fault=fault) as meter:
        port = await meter.listen()
        intake, station = Collected(), Station()
        async with asyncio.timeout(120), asyncio.TaskGroup() as group:
            task = group.create_task(station.run(source(port, rtu=rtu), intake))
            while counted[0] < FAULTS_EACH:
                await asyncio.sleep(0.02)
            task.cancel()
    values = [(index, value) for index, value, _, _ in intake.samples() if index in MEANT]
    wrong = sum(value not in (None, MEANT[index]) for index, value in values)
    return Seen(counted[0], len(values) - wrong, wrong)


async def storm(*, rtu: bool) -> Seen:
    """Run all lines at once."""
    async with asyncio.TaskGroup() as group:
        lines = [group.create_task(one_line(seed, rtu=rtu)) for seed in range(LINES)]
    each = [line.result() for line in lines]
    return Seen(*(sum(getattr(one, name) for one in each) for name in ("faults", "right", "wrong")))


@pytest.mark.slow
@pytest.mark.parametrize("rtu", [False, True], ids=["tcp", "rtu-over-tcp"])
async def test_a_thousand_delays_and_cut_frames_give_no_value_of_another_register(
    rtu: bool,
) -> None:
    seen = await storm(rtu=rtu)
    assert seen.faults >= LINES * FAULTS_EACH
    assert seen.right > LINES * FAULTS_EACH, "between faults values flow"
    assert seen.wrong == 0


@pytest.mark.slow
async def test_without_the_transaction_number_the_same_faults_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def any_number(what: str, found: bytes | bytearray, wanted: bytes) -> None:
        if what != "transaction" and found != wanted[: len(found)]:
            raise frames.MismatchError(what)

    monkeypatch.setattr(frames, "_expect", any_number)
    assert (await storm(rtu=False)).wrong > 0


@pytest.mark.slow
async def test_without_the_rule_for_late_answers_the_same_faults_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outstanding.Outstanding, "blocks", lambda *_: False)
    assert (await storm(rtu=True)).wrong > 0
