"""What a machine does wrong is either made good or told in a gap record, never passed over."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.core.clock import SystemClock
from gateway.demo.config import Size
from gateway.demo.plant import Plant
from gateway.demo.reconciliation import Result

SIZE = Size(
    opcua_signals=50, mqtt_signals=5, machines=False, opcua_hz=10.0, mqtt_hz=2.0, publish_ms=200
)
CALM_S = 3.0
DRAIN_S = 40.0
DELIVERED_MIN = 1_000
"""Of some 7,000: a line that is mostly down proves little. How soon it is back is a benchmark's."""
SOME = [1, 2, 3, 10]
AWAY_MAX_S = 5.0
"""From the removal of a node until it is collected again: the orders, and the retry."""

pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.timeout(600)]


async def storm(folder: Path, *orders: dict[str, Any], after_s: float = CALM_S) -> Result:
    """Run the plant, give the orders to the press line one after the other, settle."""
    async with Plant(folder, SIZE, SystemClock(), 1) as plant:
        await plant.wait_flowing(60.0)
        await calm(plant, CALM_S)
        fault = plant.excuse("plc")
        for order in orders:
            await plant.order(plant.ports.opcua_control, order)
            await calm(plant, 1.0)
        fault.end = plant.clock.now()
        await calm(plant, after_s)
        await plant.pause()
        result = await plant.drain(DRAIN_S)
    assert result.unexplained == 0, result
    assert result.wrong == 0, result
    assert result.duplicates == 0, result
    assert result.gaps_outside == 0, result
    assert result.phantom == 0, result
    assert result.delivered > DELIVERED_MIN, result
    return result


async def calm(plant: Plant, seconds: float) -> None:
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        await plant.poll()
        await asyncio.sleep(0.2)


async def test_notifications_that_never_came_are_asked_for_again(tmp_path: Path) -> None:
    result = await storm(tmp_path, {"mode": "skip-publish", "count": 2})
    assert (result.missing, result.gaps) == (0, 0), result


async def test_notifications_that_nobody_has_any_more_are_a_gap(tmp_path: Path) -> None:
    result = await storm(tmp_path, {"mode": "skip-publish", "count": 1, "forget": True})
    assert result.missing == result.explained > 0, result
    assert result.gaps > 0


async def test_an_overflow_is_a_gap(tmp_path: Path) -> None:
    result = await storm(tmp_path, {"mode": "overflow", "burst": 150})
    assert result.missing == result.explained > 0, result
    assert result.gaps > 0


async def test_a_server_whose_nodes_come_late_is_collected_again(tmp_path: Path) -> None:
    result = await storm(
        tmp_path, {"mode": "restart", "abrupt": True, "down": 0.5, "late": 4}, after_s=8.0
    )
    assert result.gaps > 0


async def test_a_clean_restart_with_moved_namespaces_mixes_nothing_up(tmp_path: Path) -> None:
    result = await storm(tmp_path, {"mode": "restart", "down": 1, "shift": 5}, after_s=6.0)
    assert result.gaps > 0


async def test_a_server_whose_clock_is_coarse_hides_no_loss(tmp_path: Path) -> None:
    restart = {"mode": "restart", "abrupt": True, "down": 0.5}
    result = await storm(tmp_path, {"mode": "coarse-clock"}, *[restart] * 3, after_s=6.0)
    assert result.gaps > 0


async def test_nodes_that_go_and_come_again_are_collected_again(tmp_path: Path) -> None:
    result = await storm(
        tmp_path,
        {"mode": "remove", "signals": SOME},
        {"mode": "add", "signals": SOME},
        after_s=10.0,
    )
    # The line cannot delete the items of nodes that are gone: that may not cost the neighbours.
    assert result.missing < len(SOME) * SIZE.opcua_hz * AWAY_MAX_S, result


async def test_bad_values_are_kept_as_they_came(tmp_path: Path) -> None:
    result = await storm(tmp_path, {"mode": "bad", "signals": SOME, "for": 2})
    assert (result.missing, result.gaps) == (0, 0), result


async def test_a_slow_server_costs_nothing(tmp_path: Path) -> None:
    result = await storm(tmp_path, {"mode": "slow-publish", "delay": 2, "for": 6}, after_s=6.0)
    assert (result.missing, result.gaps) == (0, 0), result


async def test_a_clock_that_jumps_costs_nothing(tmp_path: Path) -> None:
    result = await storm(tmp_path, {"mode": "clock", "shift_s": 1800, "for": 2})
    assert (result.missing, result.gaps) == (0, 0), result
