"""From the configuration to a store."""

from __future__ import annotations

from pathlib import Path

from gateway.core.clock import Clock
from gateway.history.config import HistoryConfig
from gateway.history.interface import History


def open_history(config: HistoryConfig, folder: Path, clock: Clock) -> History:
    """Give the store that the configuration names; connects or opens files on first use.

    `folder` holds the embedded store and is not used by the others.
    """
    if config.kind == "embedded":
        from gateway.history.embedded import EmbeddedStore

        return EmbeddedStore(config, folder, clock)
    # influxdb_client takes 0.4 s to import: only gateways that use it pay.
    from gateway.history.influx import InfluxStore

    return InfluxStore(config, clock)
