"""The senders of a running gateway, each with its own client; the stack closes the clients."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from gateway.app.usage_settings import kpi_config, kpi_deliveries
from gateway.config.usage import UsageKeys
from gateway.core.clock import Clock
from gateway.usage.config import DeliveryConfig
from gateway.usage.ledger.ledger import SqliteLedger
from gateway.usage.ports import Alarms, Ledger
from gateway.usage.rules.codes import load_codes
from gateway.usage.sender.kpi import KpiSender
from gateway.usage.sender.kpi_wire import HttpKpiService
from gateway.usage.sender.log_service import HttpLogService
from gateway.usage.sender.sender import Sender


def log_senders(
    configs: Sequence[DeliveryConfig],
    ledger: Ledger,
    alarms: Alarms,
    clock: Clock,
    stack: AsyncExitStack,
) -> list[Sender]:
    """Make the senders of the log service.

    Raises:
        CodesError: a site's own table of result codes cannot be used.
    """
    made = []
    for config in configs:
        client = HttpLogService(config, clock)
        stack.push_async_callback(client.close)
        made.append(Sender(config, ledger, client, load_codes(config.codes), alarms, clock))
    return made


def kpi_senders(
    keys: UsageKeys,
    ledger: SqliteLedger,
    alarms: Alarms,
    clock: Clock,
    folder: Path,
    stack: AsyncExitStack,
) -> list[KpiSender]:
    """Make the senders of the KPI service; `folder` keeps what waits."""
    made = []
    for entry in kpi_deliveries(keys):
        config = kpi_config(entry)
        client = HttpKpiService(config, clock)
        stack.push_async_callback(client.close)
        state = folder / f"{config.name}.kpi.json"
        made.append(KpiSender(config, client, ledger.used, alarms, clock, state))
    return made
