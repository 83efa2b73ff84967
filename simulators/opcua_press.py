"""An OPC UA press line to read from: a press, an injection moulder, a CNC, and truth signals.

    python -m simulators.opcua_press --port 4840 --control-port 4841 --truth truth.jsonl

It listens on 127.0.0.1; with another host only the encrypted endpoint is offered. Faults are
ordered with `POST /fault {"mode": ..., ...}` on the control port, `GET /state` shows what is on.
README.md lists the modes. The first line on stdout is a JSON object with the ports.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import json
import logging
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from simulators.certificate import ensure_certificate
from simulators.clocks import CLOCKS
from simulators.control import BadRequest, Control, seconds
from simulators.groups import group_reader
from simulators.opcua_library import ua
from simulators.opcua_line import APPLICATION_URI, BAD, PressLine
from simulators.opcua_server import (
    NoAdministrators,
    ServerFaults,
    forget_sessions,
    make_server,
    stop_abruptly,
    stop_cleanly,
)
from simulators.stopping import stop_event
from simulators.truth import TruthLog

TICK_BEHIND_S = 1.0
"""After a stall longer than this the clock of ticks starts anew instead of catching up."""


class PressServer:
    """The running server, replaced at every restart; the line lives on."""

    def __init__(self, options: argparse.Namespace, line: PressLine) -> None:
        self.options = options
        self.line = line
        self.faults = ServerFaults(clock=line.server_clock)
        self.server: Any = None
        self.index = 0
        self.shift = 0
        self.starts = 0

    async def start(self, *, late_s: float = 0.0) -> None:
        """Open the endpoint; the nodes follow after `late_s`."""
        users = NoAdministrators(self.options.user, self.options.password)
        server = await make_server(self.faults, users, APPLICATION_URI)
        server.set_endpoint(f"opc.tcp://{self.options.host}:{self.options.port}/")
        await self._secure(server)
        self.index = await self.line.build(server, shift=self.shift)
        if not late_s:
            self.line.bind(server.iserver.aspace, self.index)
        self.line.refresh()
        await server.start()
        self.server = server
        self.starts += 1
        if late_s:
            await asyncio.sleep(late_s)
            self.line.bind(server.iserver.aspace, self.index)
            self.line.refresh()

    async def _secure(self, server: Any) -> None:
        policies = []
        if self.options.security in ("both", "none"):
            policies.append(ua.SecurityPolicyType.NoSecurity)
        if self.options.security in ("both", "secure"):
            policies.append(ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt)
            certificate, key = await asyncio.to_thread(
                ensure_certificate, self.options.certificates, "press-line", APPLICATION_URI
            )
            await server.load_certificate(certificate)
            await server.load_private_key(key)
        server.set_security_policy(policies)

    async def stop(self, *, abrupt: bool = False) -> None:
        """Close the endpoint."""
        server, self.server = self.server, None
        self.line.forget_server()
        if server is None:
            return
        if abrupt:
            await stop_abruptly(server)
        else:
            await stop_cleanly(server)

    async def restart(self, order: dict[str, Any]) -> None:
        """Go down and come back: `abrupt`, `down` seconds, `late` seconds, `shift` namespaces."""
        self.shift = int(order.get("shift", self.shift))
        await self.stop(abrupt=bool(order.get("abrupt", False)))
        await asyncio.sleep(seconds(order, "down", 1.0))
        await self.start(late_s=seconds(order, "late", 0.0))


class Faults:
    """Turns orders of the control channel into misbehaviour."""

    def __init__(self, press: PressServer) -> None:
        self.press = press
        self.line = press.line
        self.counts: dict[str, int] = {}
        self._lock = asyncio.Lock()
        self._modes: dict[str, Callable[[dict[str, Any]], Awaitable[None]]] = {
            "restart": press.restart,
            "forget": self._forget,
            "remove": self._remove,
            "add": self._add,
            "overflow": self._overflow,
            "bad": self._bad,
            "clock": self._clock,
            "slow-publish": self._slow,
            "skip-publish": self._skip,
            "coarse-clock": self._coarse,
            "pause": self._pause,
            "resume": self._resume,
        }

    async def order(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what is ordered and answer once it is over."""
        mode = str(order.get("mode", ""))
        action = self._modes.get(mode)
        if action is None:
            raise BadRequest(f"mode: one of {', '.join(self._modes)}")
        began = time.time_ns()
        async with self._lock:
            self.counts[mode] = self.counts.get(mode, 0) + 1
            await action(order)
        return {"mode": mode, "from": began, "to": time.time_ns()}

    def state(self) -> dict[str, Any]:
        """Give what `GET /state` shows."""
        return {
            "running": self.press.server is not None,
            "paused": self.line.paused,
            "starts": self.press.starts,
            "namespace_index": self.press.index,
            "counter": self.line.counter,
            "written": self.line.written,
            "faults": self.counts,
        }

    def _numbers(self, order: dict[str, Any]) -> list[int]:
        numbers = order.get("signals", [0])
        known = self.line.variables
        if not isinstance(numbers, list) or not all(number in known for number in numbers):
            raise BadRequest("signals: a list of known signal numbers is needed")
        return numbers

    async def _remove(self, order: dict[str, Any]) -> None:
        server = self._server()
        self.line.unbind(server.iserver.aspace, self.press.index, self._numbers(order))

    async def _add(self, order: dict[str, Any]) -> None:
        server = self._server()
        self.line.bind(server.iserver.aspace, self.press.index, self._numbers(order))
        self.line.refresh()

    def _server(self) -> Any:
        if self.press.server is None:
            raise BadRequest("the server is down")
        return self.press.server

    async def _forget(self, _order: dict[str, Any]) -> None:
        await forget_sessions(self._server())

    async def _overflow(self, order: dict[str, Any]) -> None:
        self.line.faults.burst = int(order.get("burst", 500))
        self.line.tick(0.0)
        self.line.faults.burst = 1

    async def _bad(self, order: dict[str, Any]) -> None:
        status = int(order.get("status", BAD))
        if not BAD <= status < 1 << 32:
            raise BadRequest("status: a Bad status code is needed")
        self.line.faults.bad = dict.fromkeys(self._numbers(order), status)
        await asyncio.sleep(seconds(order, "for", 5.0))
        self.line.faults.bad = {}
        self.line.refresh()

    async def _clock(self, order: dict[str, Any]) -> None:
        self.line.faults.clock_shift_ns = round(float(order.get("shift_s", 3600.0)) * 1e9)
        await asyncio.sleep(seconds(order, "for", 5.0))
        self.line.faults.clock_shift_ns = 0

    async def _slow(self, order: dict[str, Any]) -> None:
        self.press.faults.publish_delay_s = seconds(order, "delay", 2.0)
        await asyncio.sleep(seconds(order, "for", 10.0))
        self.press.faults.publish_delay_s = 0.0

    async def _coarse(self, order: dict[str, Any]) -> None:
        self.press.faults.coarse_clock = bool(order.get("on", True))

    async def _pause(self, _order: dict[str, Any]) -> None:
        self.line.paused = True

    async def _resume(self, _order: dict[str, Any]) -> None:
        self.line.paused = False

    async def _skip(self, order: dict[str, Any]) -> None:
        self.press.faults.forget_messages = bool(order.get("forget", False))
        self.press.faults.skip_messages = int(order.get("count", 1))
        await asyncio.sleep(seconds(order, "for", 2.0))
        self.press.faults.forget_messages = False


async def produce(line: PressLine, hz: float) -> None:
    """Tick for ever, at a steady rate."""
    period = 1.0 / hz
    due = time.monotonic()
    while True:
        if not line.paused:
            line.tick(period)
        due = max(due + period, time.monotonic() - TICK_BEHIND_S)
        await asyncio.sleep(max(0.0, due - time.monotonic()))


async def run(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    line = PressLine(
        signals=options.signals,
        plain=not options.no_machines,
        seed=options.seed,
        first=options.first,
        groups=options.group,
        server_clock=options.server_clock,
    )
    if options.truth is not None:
        line.log = TruthLog(options.truth, "opcua", line.names())
        line.counter = line.log.counter
    press = PressServer(options, line)
    faults = Faults(press)
    control = Control(faults.order, faults.state)
    await control.start(options.control_port)
    stop = stop_event()
    await press.start()
    ready = {"ready": "opcua", "port": options.port, "control": control.port, "pid": os.getpid()}
    print(json.dumps(ready), flush=True)
    async with asyncio.TaskGroup() as group:
        producing = group.create_task(produce(line, options.hz))
        await stop.wait()
        producing.cancel()
    await control.stop()
    await press.stop()
    if line.log is not None:
        line.log.close()


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; an open endpoint is refused on anything but loopback."""
    parser = argparse.ArgumentParser(prog="simulators.opcua_press", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4840)
    parser.add_argument("--control-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--truth", type=Path, help="append the truth log here")
    parser.add_argument("--signals", type=int, default=0, help="number of truth signals")
    parser.add_argument("--first", type=int, default=0, help="the first truth signal's number")
    parser.add_argument(
        "--group",
        type=group_reader(["clean"]),
        action="append",
        default=[],
        help="truth signals that are alike: FIRST-LAST:clock=MODE,every=SECONDS; more than once",
    )
    parser.add_argument("--server-clock", choices=CLOCKS, default="right")
    parser.add_argument("--hz", type=float, default=2.0, help="values a second of every signal")
    parser.add_argument("--no-machines", action="store_true", help="truth signals only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--security", choices=("both", "none", "secure"), default="both")
    parser.add_argument("--certificates", type=Path, help="folder of the server's own certificate")
    parser.add_argument("--user")
    parser.add_argument("--password")
    options = parser.parse_args(arguments)
    if not is_loopback(options.host):
        if options.security == "none":
            parser.error("an endpoint without security listens on 127.0.0.1 only")
        options.security = "secure"
    if options.certificates is None:
        options.certificates = Path(tempfile.gettempdir()) / "simulators-certificates"
    return options


def is_loopback(host: str) -> bool:
    """Say whether nothing from outside can reach this address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def main() -> None:
    options = parse()
    logging.basicConfig(level=logging.ERROR)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(options))


if __name__ == "__main__":
    main()
