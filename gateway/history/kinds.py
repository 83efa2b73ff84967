"""The kinds of history stores; `gateway/app/kinds.py` takes them from here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gateway.core.destination_kinds import HistoryKind
from gateway.history.config import HistoryConfig
from gateway.history.settings import EmbeddedHistory, InfluxHistory, influx_problems

if TYPE_CHECKING:
    from gateway.core.clock import Clock
    from gateway.history.interface import History


def _embedded(keys: EmbeddedHistory, folder: Path, clock: Clock) -> History:
    from gateway.history.embedded import EmbeddedStore

    return EmbeddedStore(HistoryConfig(keep_s=keys.keep), folder, clock)


def _influx(keys: InfluxHistory, _folder: Path, clock: Clock) -> History:
    # influxdb_client takes 0.4 s to import: only gateways that use it pay.
    from gateway.history.influx import InfluxStore

    config = HistoryConfig(
        kind="influxdb",
        keep_s=keys.keep,
        url=keys.url,
        version=keys.version,
        org=keys.org or "",
        bucket=keys.bucket or "",
        token=str(keys.token or ""),
        database=keys.database or "",
        retention_policy=keys.retention_policy or "",
        user=keys.user or "",
        password=str(keys.password or ""),
        layout=keys.layout,
    )
    return InfluxStore(config, clock)


EMBEDDED: HistoryKind[EmbeddedHistory, History] = HistoryKind(
    name="embedded", keys=EmbeddedHistory, problems=lambda _keys: (), make=_embedded
)
INFLUX: HistoryKind[InfluxHistory, History] = HistoryKind(
    name="influxdb", keys=InfluxHistory, problems=influx_problems, make=_influx
)
HISTORIES = (EMBEDDED, INFLUX)
"""The first one is used where nothing is said."""
