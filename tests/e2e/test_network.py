"""A bad network between machine and gateway costs nothing while the server remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.core.clock import SystemClock
from gateway.demo.config import Size, write_config
from gateway.demo.plant import Plant
from gateway.demo.reconciliation import Result
from simulators.faults import FaultProxy, Mode

SIZE = Size(
    opcua_signals=50, mqtt_signals=10, machines=False, opcua_hz=10.0, mqtt_hz=10.0, publish_ms=200
)
CALM_S = 4.0
DRAIN_S = 40.0

pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.timeout(600)]


@asynccontextmanager
async def plant_behind(folder: Path) -> AsyncIterator[tuple[Plant, FaultProxy, FaultProxy]]:
    """Run everything with a proxy before the OPC UA server and one before the broker."""
    plant = Plant(folder, SIZE, SystemClock(), 1)
    async with (
        FaultProxy("127.0.0.1", plant.ports.opcua) as opcua,
        FaultProxy("127.0.0.1", plant.ports.broker) as broker,
    ):
        ports = replace(plant.ports, opcua=opcua.port, broker=broker.port)
        write_config(folder / "config", ports, SIZE)
        async with plant:
            await plant.wait_flowing(60.0)
            yield plant, opcua, broker


async def calm(plant: Plant, seconds: float = CALM_S) -> None:
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        await plant.poll()
        await asyncio.sleep(0.2)


async def settled(plant: Plant) -> Result:
    await plant.pause()
    result = await plant.drain(DRAIN_S)
    assert result.unexplained == 0, result
    assert result.wrong == 0, result
    assert result.disorder == 0, result
    assert result.delivered > 0
    return result


def messages(plant: Plant, word: str) -> int:
    return (plant.folder / "gateway.log").read_text().count(word)


async def test_cut_connections_cost_no_sample_and_no_gap(tmp_path: Path) -> None:
    async with plant_behind(tmp_path) as (plant, opcua, broker):
        fault = plant.excuse("network")
        for _ in range(3):
            opcua.set(Mode.CUT)
            broker.set(Mode.CUT)
            await calm(plant)
        fault.end = plant.clock.now()
        result = await settled(plant)
    assert opcua.accepted > 3
    assert broker.accepted > 3
    assert (result.missing, result.gaps) == (0, 0), result
    assert result.duplicates == 0, result


async def test_a_half_open_connection_is_noticed_and_costs_nothing(tmp_path: Path) -> None:
    async with plant_behind(tmp_path) as (plant, opcua, broker):
        fault = plant.excuse("network")
        before = (opcua.accepted, broker.accepted)
        for proxy in (opcua, broker):
            proxy.set(Mode.BLACK_HOLE)
        await calm(plant, 25.0)
        for proxy in (opcua, broker):
            proxy.set(Mode.CUT)
            proxy.set(Mode.PASS)
        await calm(plant)
        fault.end = plant.clock.now()
        result = await settled(plant)
    assert opcua.accepted > before[0]
    assert broker.accepted > before[1]
    assert messages(plant, "source_lost") >= 2
    assert result.duplicates == 0, result
