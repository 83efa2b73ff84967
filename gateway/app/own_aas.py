"""The gateway's own shell: its identity from the configuration, its figures from what runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aas_models.environment import shell_id_short
from aas_models.own import OwnShell
from aas_models.submodels.figures import Figure, Figures, Instant, Span
from aas_models.submodels.gateway_own import OwnFacts, OwnIdentity, own_shell
from gateway.api.ports import QUERY_PATH
from gateway.app.version import version
from gateway.config.ids import GATEWAY, GATEWAY_SUBMODELS, Ids
from gateway.config.models import GatewayFile
from gateway.core.assets import LocalName
from gateway.core.clock import Clock
from gateway.core.errors import SinkUnavailable, SpoolError
from gateway.core.hosts import is_loopback
from gateway.history.interface import History, HistoryHealth
from gateway.ops.health import DeviceHealth, DeviceState, Health, SinkHealth
from gateway.ops.problems import NoAdvice, device_problems
from gateway.spool.log import SpoolCounters, SqliteSpool

LOOK_EVERY_S = 10.0
"""What must be asked of files and stores is asked this often; the rest is read at once."""


def own_identity(settings: GatewayFile) -> OwnIdentity:
    """Give the ids of the gateway's shell: the same after every installation."""
    identity = settings.gateway
    ids = Ids(GATEWAY, identity.business_number or identity.id, identity.id_base)
    return OwnIdentity(
        gateway=identity.id,
        aas=ids.gateway("aas"),
        asset=ids.gateway("asset"),
        ids={name: ids.gateway(f"sm/{name}") for name in GATEWAY_SUBMODELS},
        version=version(),
        site=LocalName(identity.site.ko, identity.site.en),
    )


def query_endpoint(settings: GatewayFile) -> str:
    """Give the address of the history's query route, as other programs reach it."""
    return f"{base_url(settings)}{QUERY_PATH}?org={settings.gateway.id}"


def base_url(settings: GatewayFile) -> str:
    """Give `api.url`, else what `hosts` or `listen` say."""
    keys = settings.api
    if keys.url is not None:
        return keys.url
    host, _, port = keys.listen.rpartition(":")
    if keys.hosts and not is_loopback(host):
        host = keys.hosts[0]
    host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
    return f"http://{host}:{port}"


@dataclass(slots=True)
class OwnFigures:
    """What the gateway tells of itself; parts that do not run yet are left out."""

    settings: GatewayFile
    health: Health
    clock: Clock
    spool: SqliteSpool | None = None
    history: Callable[[], History | None] = lambda: None
    usage: Callable[[], Mapping[str, int] | None] = lambda: None
    _counters: SpoolCounters | None = None
    _stored: HistoryHealth | None = None

    def shell(self) -> OwnShell:
        """Make the shell whose figures these are."""
        facts = OwnFacts(self.diagnostics, self.retention, self.solution_usage)
        return own_shell(own_identity(self.settings), facts, self.clock)

    async def run(self) -> None:
        """Look at files and stores every ten seconds until cancelled."""
        while True:
            if self.spool is not None:
                with contextlib.suppress(SpoolError):  # the disk refuses: status says so
                    self._counters = await self.spool.counters()
            history = self.history()
            if history is not None:
                with contextlib.suppress(SinkUnavailable):
                    self._stored = await history.health()
            await self.clock.sleep(LOOK_EVERY_S)

    def lost_since(self, device: str) -> int | None:
        """Tell since when a device delivers nothing; None while it is connected."""
        known = self.health.devices.get(device)
        if known is None or known.state in {DeviceState.GOOD, DeviceState.PARTLY}:
            return None
        return known.since

    def diagnostics(self) -> Figures:
        """Give the state of the service, its spool, devices and destinations."""
        health, now = self.health, self.clock.now()
        notes = [health.config_note, health.spool_note, health.api_note]
        devices = {shell_id_short(d.device): _device(d) for d in health.devices.values()}
        sinks = {shell_id_short(s.name): self._sink(s) for s in health.sinks.values()}
        return {
            "Version": version(),
            "Started": Instant(health.started),
            "Uptime": Span(float((now - health.started) // 1_000_000_000)),
            "Alarms": len(health.alarms),
            "Note": "; ".join(filter(None, notes)) or None,
            "Spool": self._spool(),
            "Devices": devices or None,
            "Destinations": sinks or None,
        }

    def retention(self) -> Figures:
        """Give how long what is kept, and how much there is."""
        settings, stored, counters = self.settings, self._stored, self._counters
        usage = {"Keep": Span(settings.usage.keep)} if settings.usage.active else None
        return {
            "History": {
                "Kind": settings.history.kind,
                "Keep": Span(settings.history.keep),
                "Oldest": None if stored is None else _instant(stored.oldest),
                "Newest": None if stored is None else _instant(stored.newest),
                "Bytes": None if stored is None else stored.disk_bytes,
            },
            "Spool": {
                "Quota": settings.spool.quota,
                "Bytes": None if counters is None else counters.used_bytes,
            },
            "UsageLedger": usage,
        }

    def solution_usage(self) -> Figures:
        """Give counts of solution usage events since the start; nothing of whom or what."""
        counts = self.usage()
        return {"Active": counts is not None, "Events": dict(counts) if counts else None}

    def _spool(self) -> Figures:
        counters = self._counters
        spool = self.spool
        return {
            "Ready": self.health.spool_ready,
            "Head": None if spool is None else int(spool.head()),
            "Received": None if counters is None else counters.received,
            "Dropped": None if counters is None else counters.dropped,
            "Rejected": None if counters is None else counters.rejected,
        }

    def _sink(self, sink: SinkHealth) -> Figures:
        figures: dict[str, Figure] = {
            "Kind": sink.kind,
            "State": str(sink.state),
            "Since": _instant(sink.since),
            "LastAccepted": _instant(sink.last_accepted),
            "Note": sink.note or None,
        }
        if self.spool is not None and sink.name in self.spool.readers():
            state = self.spool.reader_state(sink.name)
            figures["Pending"] = state.pending
            figures["Delivered"] = state.delivered
            figures["Quarantined"] = state.quarantined
            figures["Expired"] = state.expired
        return figures


def _device(device: DeviceHealth) -> Figures:
    return {
        "State": str(device.state),
        "Healthy": device.state is DeviceState.GOOD,
        "Since": _instant(device.since),
        "Signals": device.signals,
        "Reason": _reason(device) or None,
        "BadSignals": len(device.bad),
        "Troubles": len(device.troubles),
        "Samples": device.samples,
        "Gaps": device.gaps,
        "Overflows": device.overflows,
        "Rejected": device.rejected,
        "Connects": device.connects,
        "LastReceived": _instant(device.last_received),
        "ClockOffset": None if device.clock_offset_s is None else Span(device.clock_offset_s),
        "Note": device.note or None,
    }


def _reason(device: DeviceHealth) -> str:
    """Give the reason to look at first; `status` tells all of them."""
    first = device_problems(device, NoAdvice())[:1]
    return first[0].reason if first else ""


def _instant(at: int | None) -> Instant | None:
    return Instant(at) if at else None
