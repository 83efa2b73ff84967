"""Everything around the demo as child processes: machines, broker, platform, and the gateway.

Product code starts simulators by their module names and speaks to them over their sockets only.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp

from gateway.core.clock import Clock
from gateway.demo.config import GATEWAY_ID, Ports, Size, write_config
from gateway.demo.gaps import EDGE_NS
from gateway.demo.reconciliation import Reconciliation, Result, Source, Window
from gateway.demo.sources import PlatformTail, TruthTail, signal_numbers

READY_S = 30.0
STOP_S = 10.0
ORDER_S = 120.0
KEEPALIVE_NS = 5_000_000_000
SLACK_NS = 2 * KEEPALIVE_NS
POLL_S = 0.25
GATEWAY = "from gateway.cli.main import main; main()"
EXCUSES = frozenset({"plc", "gateway", "broker", "network"})
"""Faults that may cost samples, told by gap records; a platform that is away may cost none."""


class DemoError(Exception):
    """A part of the demo did not start; the text says which and where its output is."""


def free_ports(count: int) -> list[int]:
    """Give loopback ports that are free at the moment."""
    held = []
    for _ in range(count):
        one = socket.socket()
        one.bind(("127.0.0.1", 0))
        held.append(one)
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


@dataclass(slots=True)
class Fault:
    """A fault that was made; `end` is None while it lasts."""

    kind: str
    start: int
    end: int | None = None


@dataclass(slots=True)
class Plant:
    """Child processes, the faults made so far, and the reconciliation over all of it."""

    folder: Path
    size: Size
    clock: Clock
    seed: int = 1
    ports: Ports = field(init=False)
    sources: dict[Source, str] = field(init=False)
    tail: PlatformTail = field(init=False)
    faults: list[Fault] = field(default_factory=list)
    reconciliation: Reconciliation | None = None
    edge_ns: int = EDGE_NS
    """How much wider than what is missing a gap may be."""
    slack_ns: int = SLACK_NS
    """How far a gap may reach beyond a fault."""
    since: int = 0
    first_value_s: float | None = None
    """From the start of everything to the first value at the platform."""
    _began: float = 0.0
    _session: aiohttp.ClientSession | None = None
    _children: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    _truth: list[TruthTail] = field(default_factory=list)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.ports = Ports(*free_ports(6))
        self.sources = self.write_config()
        self.tail = PlatformTail(f"http://127.0.0.1:{self.ports.platform}", GATEWAY_ID)

    @property
    def machines(self) -> dict[str, int]:
        """Name the children that write a truth log, and their control ports."""
        return {"opcua": self.ports.opcua_control, "cell": self.ports.cell_control}

    def write_config(self) -> dict[Source, str]:
        """Write what the gateway reads; gives where each signal comes from."""
        return write_config(self.folder / "config", self.ports, self.size)

    def make_reconciliation(self, numbers: Mapping[Source, int]) -> Reconciliation:
        """Give a reconciliation for these signals."""
        return Reconciliation(numbers)

    async def __aenter__(self) -> Self:
        self._began = self.clock.monotonic()
        self._session = aiohttp.ClientSession()
        try:
            for name in ("gateway", "broker", "platform", *self.machines):
                await self.start(name)
            await self._open_reconciliation()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for name in ("gateway", *self.machines, "broker", "platform"):
            await self.stop(name)
        if self._session is not None:
            await self._session.close()

    def command(self, name: str) -> list[str]:
        """Give the arguments of one child's interpreter."""
        ports, size, seed = self.ports, self.size, str(self.seed)
        sensors = [] if size.machines else ["--no-sensors"]
        match name:
            case "broker":
                state = str(self.folder / "broker.json")
                return [
                    "-m",
                    "simulators.mqtt_broker",
                    "--port",
                    f"{ports.broker}",
                    "--state",
                    state,
                ]
            case "platform":
                store = str(self.folder / "platform.db")
                return [
                    "-m",
                    "simulators.platform",
                    "--port",
                    f"{ports.platform}",
                    "--store",
                    store,
                ]
            case "opcua":
                machines = [] if size.machines else ["--no-machines"]
                return [
                    *("-m", "simulators.opcua_press", "--security", "none", "--seed", seed),
                    *("--port", f"{ports.opcua}", "--control-port", f"{ports.opcua_control}"),
                    *("--truth", str(self.truth_path("opcua")), "--hz", f"{size.opcua_hz}"),
                    *("--signals", f"{size.opcua_signals}", *machines),
                ]
            case "cell":
                return [
                    *("-m", "simulators.mqtt_cell", "--port", f"{ports.broker}", "--seed", seed),
                    *("--control-port", f"{ports.cell_control}", "--first", f"{size.first_mqtt}"),
                    *("--truth", str(self.truth_path("cell")), "--hz", f"{size.mqtt_hz}"),
                    *("--signals", f"{size.mqtt_signals}", *sensors),
                ]
        config, data = str(self.folder / "config"), str(self.folder / "data")
        return ["-c", GATEWAY, "run", config, "--data", data]

    def truth_path(self, name: str) -> Path:
        """Give where a machine writes down what it says."""
        return self.folder / f"truth-{name}.jsonl"

    async def start(self, name: str) -> None:
        """Start one child; its output goes to NAME.log in the folder."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self._children[name] = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.command(name),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    async def stop(self, name: str, *, kill: bool = False) -> None:
        """End one child, at once with `kill`; else it has some seconds."""
        child = self._children.pop(name, None)
        if child is None or child.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if kill:
                child.kill()
            else:
                child.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()

    def ended(self) -> str | None:
        """Name a child that ended by itself."""
        for name, child in self._children.items():
            if child.returncode is not None:
                return f"{name} ended with {child.returncode}: {self.folder / name}.log"
        return None

    async def _open_reconciliation(self) -> None:
        self._truth = [TruthTail(self.truth_path(name)) for name in self.machines]
        lines: list[list[dict[str, Any]]] = [[] for _ in self._truth]
        try:
            async with asyncio.timeout(READY_S):
                while not all(lines):
                    await self.clock.sleep(POLL_S / 5)
                    self._check_children()
                    for place, tail in enumerate(self._truth):
                        lines[place] += tail.lines()
        except TimeoutError:
            raise DemoError(f"the simulators do not start: {self.folder}") from None
        headers = [line for of_one in lines for line in of_one if "log" in line]
        self.reconciliation = self.make_reconciliation(signal_numbers(headers, self.sources))
        for line in (line for of_one in lines for line in of_one):
            self.reconciliation.add_truth(line)

    def _check_children(self) -> None:
        ended = self.ended()
        if ended:
            raise DemoError(ended)

    async def poll(self) -> None:
        """Read what is new at the truth logs and at the platform."""
        assert self.reconciliation is not None
        assert self._session is not None
        async with self._reading:  # two readers would take the same page twice
            for tail in self._truth:
                for line in tail.lines():
                    self.reconciliation.add_truth(line)
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):  # it may not listen yet
                await self.tail.read(self._session, self.reconciliation)
        if self.first_value_s is None and self.tail.samples:
            self.first_value_s = self.clock.monotonic() - self._began

    async def wait_flowing(self, within_s: float = READY_S) -> None:
        """Return when every signal has arrived once.

        What was said before is not demanded: the gateway was not connected yet.
        """
        end = self.clock.monotonic() + within_s
        while not self.tail.latest.keys() >= self.sources.keys():
            if self.clock.monotonic() > end:
                absent = sorted(self.sources.keys() - self.tail.latest.keys())[:5]
                raise DemoError(f"no value of {absent} within {within_s:.0f} s: {self.folder}")
            await self.clock.sleep(POLL_S)
            await self.poll()
            self._check_children()
        self.since = self.clock.now()

    def result(self, until: int | None = None) -> Result:
        """Compare what was said, up to a time, with what arrived."""
        assert self.reconciliation is not None
        now = self.clock.now()
        windows = [
            Window(fault.start, fault.end or now, fault.kind)
            for fault in self.faults
            if fault.kind in EXCUSES
        ]
        span = (self.since, until or now)
        return self.reconciliation.result(
            windows, slack_ns=self.slack_ns, span=span, edge_ns=self.edge_ns
        )

    def fault_counts(self) -> dict[str, int]:
        """Count the faults by kind."""
        counts: dict[str, int] = {}
        for fault in self.faults:
            counts[fault.kind] = counts.get(fault.kind, 0) + 1
        return counts

    async def cut_platform(self, seconds: float) -> None:
        """Let the platform drop every connection for a while."""
        fault = self.excuse("platform")
        await self.order(self.ports.platform, {"mode": "down", "for": f"{seconds:.1f}s"})
        await self.clock.sleep(seconds)
        fault.end = self.clock.now()

    async def restart_plc(self, down_s: float, *, shift: int = 0, abrupt: bool = True) -> None:
        """Restart the OPC UA server, with other namespace indices when `shift` changes."""
        fault = self.excuse("plc")
        order = {"mode": "restart", "abrupt": abrupt, "down": down_s, "shift": shift}
        await self.order(self.ports.opcua_control, order)
        fault.end = self.clock.now()

    async def kill_gateway(self, down_s: float) -> None:
        """Kill the gateway without warning, start it again, and wait until it delivers."""
        fault = self.excuse("gateway")
        await self.stop("gateway", kill=True)
        await self.clock.sleep(down_s)
        await self.start("gateway")
        await self._again(self.clock.now())
        fault.end = self.clock.now()

    async def restart_broker(self, down_s: float, *, kill: bool = False) -> None:
        """Stop the broker as a service manager does, or kill it, and start it again."""
        fault = self.excuse("broker")
        await self.stop("broker", kill=kill)
        await self.clock.sleep(down_s)
        await self.start("broker")
        fault.end = self.clock.now()

    def excuse(self, kind: str) -> Fault:
        """Note a fault that begins now; whoever made it sets its end."""
        fault = Fault(kind, self.clock.now())
        self.faults.append(fault)
        return fault

    async def _again(self, after: int) -> None:
        end = self.clock.monotonic() + READY_S
        while self.clock.monotonic() < end:
            await self.poll()
            self._check_children()
            if max(self.tail.received.values(), default=0) > after:
                return
            await self.clock.sleep(POLL_S)

    async def order(self, port: int, order: dict[str, Any]) -> None:
        """Order a fault at a simulator's control port; returns when it is over.

        Raises:
            DemoError: the simulator refuses it.
        """
        assert self._session is not None
        url = f"http://127.0.0.1:{port}/fault"
        async with asyncio.timeout(ORDER_S), self._session.post(url, json=order) as answer:
            if answer.status != 200:
                raise DemoError(f"{url}: {await answer.text()}")

    async def pause(self) -> None:
        """Let the machines fall silent; what they said is still on its way."""
        for port in self.machines.values():
            await self.order(port, {"mode": "pause"})

    async def drain(self, within_s: float) -> Result:
        """Wait until nothing is missing without a reason, twice in a row, or the time is over."""
        end = self.clock.monotonic() + within_s
        calm = 0
        while True:
            await self.poll()
            result = self.result()
            calm = calm + 1 if result.unexplained == 0 else 0
            if calm >= 2 or self.clock.monotonic() > end:
                return result
            await self.clock.sleep(1.0)


def as_json_line(plant: Plant, result: Result) -> str:
    """Give the reconciliation's last line."""
    return json.dumps(
        {
            "produced": result.produced,
            "delivered": result.delivered,
            "missing": result.missing,
            "unexplained": result.unexplained,
            "duplicates": result.duplicates,
            "wrong": result.wrong,
            "gaps": result.gaps,
            "faults": plant.fault_counts(),
            "repeated": result.repeated,
            "gaps_outside": result.gaps_outside,
            "phantom": result.phantom,
            "disorder": result.disorder,
            "first_value_s": round(plant.first_value_s or 0.0, 2),
        },
        ensure_ascii=False,
    )
