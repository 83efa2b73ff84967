"""The plant of the storm in the field: odd clocks, dirty payloads, a network that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from gateway.core.records import Rejected
from gateway.demo.plant import Plant, free_ports
from gateway.demo.reconciliation import Reconciliation, Source
from gateway.spool.inspect import ALL, records
from simulators.faults import FaultProxy, Mode
from tests.e2e import field_config
from tests.e2e.field_config import AGAIN, CELL, CELL_FROM, LINE, ODD_FROM, RECEIVED, SIGNALS

HZ = "10"
SECOND_NS = 1_000_000_000
EDGE_NS = 10 * SECOND_NS
"""A gateway that starts beside busy neighbours makes its subscriptions slowly."""
TAKEN_S = 240.0
"""Against hanging."""
AGAIN_RECORDS = 5_000
"""What was stored while a part of the spool was being read is seen when it is read again."""
ODD_EDGE_NS = 20 * SECOND_NS
"""Where a server's clock says nothing, a message may be as old as the request that it answers."""


@dataclass(slots=True)
class FieldPlant(Plant):
    """A plant with two servers, the clock of the second not right, and proxies before all three."""

    odd_clock: str = "right"
    proxies: dict[str, FaultProxy] = field(default_factory=dict)
    _odd: tuple[int, int] = (0, 0)
    _next_offset: int = 1
    _paused: bool = False

    @property
    def machines(self) -> dict[str, int]:
        ports = self.ports
        return {"opcua": ports.opcua_control, "cell": ports.cell_control, "odd": self._odd[1]}

    def write_config(self) -> dict[Source, str]:
        first, second = free_ports(2)
        self._odd = (first, second)
        return field_config.write(self.folder / "config", self.ports, self._odd[0], self.odd_clock)

    def make_reconciliation(self, numbers: Mapping[Source, int]) -> Reconciliation:
        odd = [machine.name for machine in field_config.odd(self.odd_clock)]
        return Reconciliation(numbers, receive=[RECEIVED], edges=dict.fromkeys(odd, ODD_EDGE_NS))

    async def __aenter__(self) -> Self:
        targets = {"opcua": self.ports.opcua, "odd": self._odd[0], "broker": self.ports.broker}
        for name, port in targets.items():
            self.proxies[name] = FaultProxy("127.0.0.1", port)
            await self.proxies[name].start()
        through = replace(
            self.ports, opcua=self.proxies["opcua"].port, broker=self.proxies["broker"].port
        )
        field_config.write(
            self.folder / "config", through, self.proxies["odd"].port, self.odd_clock
        )
        return await super(FieldPlant, self).__aenter__()

    async def __aexit__(self, *error: object) -> None:
        await super(FieldPlant, self).__aexit__(*error)
        for proxy in self.proxies.values():
            await proxy.stop()

    def command(self, name: str) -> list[str]:
        if name == "broker":
            again = [word for topic in AGAIN for word in ("--again", topic)]
            return [*super(FieldPlant, self).command(name), *again]
        if name not in self.machines:
            return super(FieldPlant, self).command(name)
        seed, truth = str(self.seed), str(self.truth_path(name))
        common = [
            *("--truth", truth, "--hz", HZ, "--seed", seed, "--signals", str(SIGNALS[name])),
            *("--control-port", str(self.machines[name])),
        ]
        if name == "cell":
            cell = ("-m", "simulators.mqtt_cell", "--no-sensors", "--first", str(CELL_FROM))
            groups = field_config.groups_of(CELL)
            return [*cell, "--port", str(self.ports.broker), *common, *groups]
        line = ["-m", "simulators.opcua_press", "--security", "none", "--no-machines", *common]
        if name == "opcua":
            return [*line, "--port", str(self.ports.opcua), *field_config.groups_of(LINE)]
        odd = ("--port", str(self._odd[0]), "--first", str(ODD_FROM))
        groups = field_config.groups_of(field_config.odd(self.odd_clock))
        return [*line, *odd, "--server-clock", self.odd_clock, *groups]

    async def pause(self) -> None:
        await super(FieldPlant, self).pause()
        self._paused = True

    async def poll(self) -> None:
        await super(FieldPlant, self).poll()
        if self._paused:
            self._next_offset = max(0, self._next_offset - AGAIN_RECORDS)
        if self.reconciliation is not None:
            for device, head in await asyncio.to_thread(self._rejected):
                self.reconciliation.add_rejected(device, head)

    def _rejected(self) -> list[tuple[str, bytes]]:
        """Read what the gateway kept of messages that it could not read, since the last call."""
        found = []
        spool = self.folder / "data" / "spool"
        for record in records(spool, self._next_offset, ALL) if spool.exists() else ():
            self._next_offset = record.offset + 1
            if isinstance(record.item, Rejected):
                found.append((record.item.device, record.item.head))
        return found

    async def cut(self, name: str, seconds: float) -> None:
        """Cut a network path: nothing comes through for a time, then everything is reset."""
        fault = self.excuse("network")
        proxy = self.proxies[name]
        if seconds:
            proxy.set(Mode.BLACK_HOLE)
            await self.clock.sleep(seconds)
        proxy.set(Mode.CUT)
        proxy.set(Mode.PASS)
        fault.end = self.clock.now()

    async def restart_broker(self, down_s: float, *, kill: bool = False) -> None:
        """Restart the broker; it is killed only once the gateway has taken what waited there.

        A killed broker forgets its sessions. How far a backlog was taken by then nobody can date
        (its messages have no time of the broker), so that a gap has to begin where the backlog did,
        and how much of it had arrived would be a question of speed. That case has its own tests
        (`tests/fault/test_mqtt_backlog.py`).
        """
        if kill:
            async with asyncio.timeout(TAKEN_S):
                while any((self.folder / "data" / "mqtt").glob("*.json")):
                    await self.clock.sleep(0.1)
        await super(FieldPlant, self).restart_broker(down_s, kill=kill)

    async def server(self, name: str, mode: str, down_s: float) -> None:
        """Restart a server, or let it forget its sessions."""
        fault = self.excuse("plc")
        order = {"mode": mode, "abrupt": True, "down": down_s}
        await self.order(self.machines[name], order)
        fault.end = self.clock.now()
