"""The gateway's own shell tells what runs, and names an address that others can reach."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.app.history_query import history_reader
from gateway.app.own_aas import OwnFigures, own_identity, query_endpoint
from gateway.app.usage_counts import CountedLedger, shown_counts
from gateway.config.models import GatewayFile
from gateway.core.clock import SystemClock
from gateway.core.errors import SinkUnavailable
from gateway.core.records import Record
from gateway.core.types import Offset, UnixNs
from gateway.history.config import HistoryConfig
from gateway.history.embedded import EmbeddedStore
from gateway.ops.health import (
    DeviceHealth,
    DeviceState,
    Health,
    SinkHealth,
    SpoolHealth,
    SpoolState,
)
from gateway.usage.model import Move, State, Taken
from tests.unit.aas.parts import batch, press

HOUR = 3600 * 10**9


def settings(**api: Any) -> GatewayFile:
    return GatewayFile.model_validate({"gateway": {"id": "edge"}, "api": api})


@pytest.mark.parametrize(
    ("api", "base"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"listen": "0.0.0.0:80"}, "http://127.0.0.1:80"),
        ({"listen": "0.0.0.0:80", "hosts": ["gw.factory"]}, "http://gw.factory:80"),
        ({"listen": "0.0.0.0:80", "url": "https://gw.example/aas"}, "https://gw.example/aas"),
    ],
)
def test_the_endpoint_is_the_address_by_which_others_reach_the_gateway(
    api: dict[str, Any], base: str
) -> None:
    assert query_endpoint(settings(**api)) == f"{base}/influx/api/v2/query?org=edge"


def test_the_ids_of_the_own_shell_are_the_same_after_every_installation() -> None:
    first, again = own_identity(settings()), own_identity(settings(listen="127.0.0.1:1"))
    assert (first.aas, first.asset, first.ids) == (again.aas, again.asset, again.ids)
    assert len({first.aas, first.asset, *first.ids.values()}) == 6


def test_figures_tell_devices_and_destinations_and_since_when_one_is_lost() -> None:
    clock = SystemClock()
    health = Health(clock.now(), spool=SpoolHealth(SpoolState.GOOD, ""))
    device = DeviceHealth("press-01", 6)
    device.change(DeviceState.GOOD, UnixNs(5))
    health.devices["press-01"], health.sinks["central"] = device, SinkHealth("central", "http")
    figures = OwnFigures(settings(), health, clock)
    told: Any = figures.diagnostics()
    assert told["Devices"]["Press01"]["State"] == "good"
    assert told["Destinations"]["Central"]["Kind"] == "http"
    assert (told["Devices"]["Press01"]["Healthy"], told["Devices"]["Press01"]["Reason"]) == (
        1,
        None,
    )
    device.signal_bad("Temp", "no-value-yet", UnixNs(6))
    device.trouble("time-ahead", UnixNs(6))
    told = figures.diagnostics()
    assert told["Devices"]["Press01"]["Healthy"] is False
    assert told["Devices"]["Press01"]["Reason"] == "time-ahead"
    assert told["Devices"]["Press01"]["Troubles"] == told["Devices"]["Press01"]["BadSignals"] == 1
    assert figures.lost_since("press-01") is None
    device.change(DeviceState.LOST, UnixNs(9))
    assert figures.lost_since("press-01") == 9
    assert figures.lost_since("lathe") is None
    assert figures.solution_usage() == {"Active": False, "Events": None}


async def test_the_query_reads_whatever_history_runs_and_says_when_none_does(
    tmp_path: Path,
) -> None:
    clock, model = SystemClock(), press()
    history = EmbeddedStore(HistoryConfig(keep_s=86_400.0), tmp_path, clock)
    now = clock.now() - clock.now() % HOUR
    made = batch(model.table, [5, 5], np.array([1.0, 3.0]), at=now)
    made.times[1] += 1
    try:
        await history.append([Record(Offset(1), made)])
        read = history_reader(lambda: history)
        signal = model.table.signals[5]
        rows = await read(signal, now, now + HOUR, limit=10, every=0, aggregate="last")
        assert (list(rows.values), rows.next_start) == ([1.0, 3.0], None)
        mean = await read(signal, now, now + HOUR, limit=10, every=HOUR, aggregate="mean")
        assert list(mean.values) == [2.0]
    finally:
        await history.close()
    with pytest.raises(SinkUnavailable):
        await history_reader(lambda: None)(signal, 0, 1, limit=10, every=0, aggregate="last")


class Ledger:
    async def append(self, entries: Any) -> list[Taken]:
        return [Taken("1", State.QUEUED), Taken("2", State.QUEUED, known=True)][: len(entries)]

    async def move(self, moves: Any) -> None: ...


async def test_usage_events_are_counted_by_what_became_of_them() -> None:
    counts: Counter[str] = Counter()
    ledger = CountedLedger(Ledger(), counts)  # type: ignore[arg-type]
    entries: Any = [("", object()), ("", object())]
    await ledger.append(entries)
    moves = [Move("1", state, UnixNs(1)) for state in (State.SENDING, State.DELIVERED)]
    await ledger.move(moves)
    assert dict(shown_counts(counts)) == {"Taken": 1, "Repeated": 1, "Unfit": 0, "Delivered": 1}
