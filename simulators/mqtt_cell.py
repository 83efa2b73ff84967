"""An MQTT cell: room sensors, a status text, arrays of readings, late data, and truth signals.

    python -m simulators.mqtt_cell --port 1883 --control-port 1884 --truth truth.jsonl

`--group` gives truth signals odd clocks and dirty payloads (clocks.py, dirt.py). Everything is
published at QoS 1. While the broker is away messages wait here and are published
again in order. The truth log tells what was attempted from what the broker acknowledged: only the
latter can be demanded from anybody. `POST /fault {"mode": "pause"|"resume"|"late"}`, `GET /state`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties

from simulators.control import BadRequest, Control, seconds
from simulators.dirt import DIRT, LIST, Payload, Reading, as_list
from simulators.groups import Course, courses, group_reader
from simulators.signals import Thermal
from simulators.truth import TruthLog, encode, kind_of, runs_of

PLAIN_FIRST = 200_000
"""Signal numbers of the plain sensors in the truth log."""
ROOMS = ("room1", "room2")
FIELDS = ("temp", "hum", "co2")
WINDOW = 100
"""Messages published and not yet acknowledged."""
BACKLOG_MAX = 500_000
RETRY_S = 0.3
MS_NS = 1_000_000
DRAIN_S = 10.0


@dataclass(slots=True)
class Outgoing:
    """One message on its way; `truth` is what the log says of it, None where it says nothing."""

    topic: str
    payload: str | bytes
    retain: bool = False
    truth: dict[str, Any] | None = None
    number: int = 0
    not_before: float = 0.0
    sent: int = 0
    """When it was last handed to a connection, ns UTC."""


class Room:
    """Temperature, humidity, carbon dioxide of one room."""

    def __init__(self, name: str, rng: Random) -> None:
        self.name, self.rng = name, rng
        self.warmth = Thermal(rng, 22.0, 600.0, 0.05)
        self.damp = Thermal(rng, 45.0, 900.0, 0.2)
        self.people = 3

    def read(self, dt: float) -> dict[str, float | int]:
        """Give what the sensor shows now."""
        if self.rng.random() < 0.05:
            self.people = self.rng.randrange(8)
        return {
            "temp": self.warmth.step(21.0 + self.people * 0.4, dt),
            "hum": self.damp.step(40.0 + self.people, dt),
            "co2": 420 + self.people * 60 + self.rng.randrange(15),
        }


class Cell:
    """Makes messages; knows nothing of a connection."""

    def __init__(self, options: argparse.Namespace) -> None:
        rng = Random(options.seed)
        self.numbers = range(options.first, options.first + options.signals)
        began = time.time_ns() // MS_NS * MS_NS
        self._courses = courses(options.group, self.numbers, began, options.seed)
        self.rooms = [] if options.no_sensors else [Room(name, rng) for name in ROOMS]
        self.rng = rng
        self.counter = 0
        self.late_until = 0.0

    def names(self) -> dict[int, str]:
        """Give where each signal number is published."""
        names = {number: f"truth/{number}" for number in self.numbers}
        for place, room in enumerate(self.rooms):
            for column, name in enumerate(FIELDS):
                number = PLAIN_FIRST + place * len(FIELDS) + column
                names[number] = f"factory/env/{room.name} $.{name}"
        return names

    def tick(self, dt: float) -> Iterator[Outgoing]:
        """Give the messages of one moment."""
        self.counter += 1
        stamp_ms = time.time_ns() // MS_NS
        for course in self._courses:
            if course.due(stamp_ms * MS_NS):
                yield from self._truth(course, stamp_ms * MS_NS)
        for place, room in enumerate(self.rooms):
            yield self._room(place, room, stamp_ms, dt)
        if self.rooms and self.counter % 5 == 1:
            yield from self._others(stamp_ms)

    def _truth(self, course: Course, now: int) -> Iterator[Outgoing]:
        claimed = course.read(now)
        readings = [
            Reading(number, encode(number, self.counter, kind_of(number)), claimed)
            for number in course.numbers
        ]
        if course.group.dirt == LIST:
            data, held = as_list(readings, now // MS_NS, self.rng)
            truth = self._said(now, claimed, sorted(each.number for each in held))
            yield Outgoing(f"truth/list/{course.group.first}", data, truth=truth)
            return
        for reading in readings:
            payload = DIRT[course.group.dirt](reading, self.rng)
            truth = self._said(now, reading.claimed, [reading.number], payload)
            for place in range(payload.times):
                again = truth if place == 0 else None
                yield Outgoing(f"truth/{reading.number}", payload.data, payload.retain, again)

    def _said(
        self, now: int, claimed: int | None, numbers: list[int], payload: Payload | None = None
    ) -> dict[str, Any]:
        """Give what the log says of a message: the true time, and the claimed one if another."""
        said: dict[str, Any] = {"time": now, "claimed": claimed, "counter": self.counter}
        said |= {"runs": runs_of(numbers), **(payload.truth if payload else {})}
        if said["claimed"] == now:
            del said["claimed"]
        return said

    def _room(self, place: int, room: Room, stamp_ms: int, dt: float) -> Outgoing:
        shown = room.read(dt)
        first = PLAIN_FIRST + place * len(FIELDS)
        values = [[first + column, shown[name]] for column, name in enumerate(FIELDS)]
        late = time.monotonic() < self.late_until and room is self.rooms[-1]
        return Outgoing(
            f"factory/env/{room.name}",
            json.dumps({"ts": stamp_ms, **shown}),
            truth={"time": stamp_ms * MS_NS, "values": values},
            not_before=time.monotonic() + self.rng.uniform(1.0, 5.0) if late else 0.0,
        )

    def _others(self, stamp_ms: int) -> Iterator[Outgoing]:
        status = self.rng.choices(("run", "idle", "alarm"), (90, 8, 2))[0]
        yield Outgoing("factory/cell1/status", status, retain=True)
        readings = [
            {"ts": stamp_ms + 10 * place, "rms": round(self.rng.gauss(2.0, 0.3), 3)}
            for place in range(5)
        ]
        yield Outgoing("factory/cell1/vibration", json.dumps({"readings": readings}))


@dataclass(slots=True)
class Counts:
    """What `GET /state` shows."""

    attempted: int = 0
    acknowledged: int = 0
    refused: int = 0
    connects: int = 0
    backlog: int = 0
    paused: bool = False
    faults: dict[str, int] = field(default_factory=dict)


class Publisher:
    """One connection after the other; what was not acknowledged is published again, in order."""

    def __init__(self, options: argparse.Namespace, log: TruthLog | None, counts: Counts) -> None:
        self.options, self.log, self.counts = options, log, counts
        self.backlog: deque[Outgoing] = deque()
        self.late: list[Outgoing] = []
        self.inflight: dict[int, Outgoing] = {}
        self.client: mqtt.Client | None = None
        self.connected = False
        self.retry_at = 0.0
        self._acknowledged: list[Outgoing] = []
        self._broken = False

    def put(self, message: Outgoing) -> None:
        """Take a message; from here on it is attempted."""
        self.counts.attempted += 1
        message.number = self.counts.attempted
        if message.truth is not None and self.log is not None:
            self.log.write({"attempt": message.number, **message.truth})
        (self.late if message.not_before else self.backlog).append(message)

    def work(self, wait_s: float) -> None:
        """Connect, publish, read acknowledgements, for about `wait_s` seconds."""
        now = time.monotonic()
        for message in [one for one in self.late if one.not_before <= now]:
            self.late.remove(message)
            self.backlog.append(message)
        if self.client is None:
            self._connect(now, wait_s)
            return
        if self.connected:
            self._publish()
        code = self.client.loop(max(wait_s, 0.0))
        self._log_acknowledged()
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or self._broken:
            self._lost()
        self.counts.backlog = len(self.backlog) + len(self.inflight) + len(self.late)

    def close(self) -> None:
        if self.client is not None:
            self.client.disconnect()
            self.client.loop(0.05)
            self._hang_up()

    def _hang_up(self) -> None:
        sock = self.client.socket() if self.client is not None else None
        if sock is not None:
            sock.close()

    def _connect(self, now: float, wait_s: float) -> None:
        if now < self.retry_at:
            time.sleep(max(0.0, min(wait_s, self.retry_at - now)))
            return
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"cell-{self.options.first}-{os.getpid()}",
            protocol=mqtt.MQTTv5,
        )
        client.max_inflight_messages_set(WINDOW)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.connect_timeout = 2.0
        try:
            client.connect(self.options.host, self.options.port, keepalive=10)
        except OSError:
            self.retry_at = time.monotonic() + RETRY_S
            return
        self.client = client

    def _on_connect(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _props: Properties | None
    ) -> None:
        self.connected = not reason.is_failure
        self._broken = bool(reason.is_failure)
        self.counts.connects += 1

    def _on_publish(
        self, _client: mqtt.Client, _data: Any, mid: int, reason: Any, _props: Properties | None
    ) -> None:
        if reason.is_failure:
            self.counts.refused += 1
            self._broken = True  # it stays in flight: published again, in its place
            return
        message = self.inflight.pop(mid, None)
        if message is not None:
            self.counts.acknowledged += 1
            if message.truth is not None:
                self._acknowledged.append(message)

    def _publish(self) -> None:
        assert self.client is not None
        while self.backlog and len(self.inflight) < WINDOW:
            message = self.backlog.popleft()
            message.sent = time.time_ns()
            info = self.client.publish(message.topic, message.payload, 1, message.retain)
            self.inflight[info.mid] = message

    def _log_acknowledged(self) -> None:
        if self._acknowledged and self.log is not None:
            self.log.write(
                {
                    "acks": [message.number for message in self._acknowledged],
                    "sent": [message.sent for message in self._acknowledged],
                    "at": time.time_ns(),
                }
            )
        self._acknowledged = []

    def _lost(self) -> None:
        self._hang_up()
        self.backlog.extendleft(reversed(self.inflight.values()))
        self.inflight.clear()
        self.client, self.connected, self._broken = None, False, False
        self.retry_at = time.monotonic() + RETRY_S


def serve_control(options: argparse.Namespace, cell: Cell, counts: Counts) -> int:
    """Run the control channel in a thread of its own; gives its port."""
    ready: deque[int] = deque()
    started = threading.Event()

    async def order(order: dict[str, Any]) -> dict[str, Any]:
        mode = str(order.get("mode", ""))
        if mode in ("pause", "resume"):
            counts.paused = mode == "pause"
        elif mode == "late":
            cell.late_until = time.monotonic() + seconds(order, "for", 5.0)
        else:
            raise BadRequest("mode: pause, resume or late")
        counts.faults[mode] = counts.faults.get(mode, 0) + 1
        return {"mode": mode}

    def state() -> dict[str, Any]:
        return {name: getattr(counts, name) for name in Counts.__dataclass_fields__}

    async def serve() -> None:
        control = Control(order, state)
        await control.start(options.control_port)
        ready.append(control.port)
        started.set()
        await asyncio.Event().wait()

    threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
    started.wait(5.0)
    return ready[0]


def run(options: argparse.Namespace) -> None:
    """Publish until SIGTERM or SIGINT, then give what waits a little time."""
    cell, counts = Cell(options), Counts()
    log = TruthLog(options.truth, "mqtt", cell.names()) if options.truth else None
    cell.counter = log.counter if log else 0
    publisher = Publisher(options, log, counts)
    port = serve_control(options, cell, counts)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    print(json.dumps({"ready": "cell", "control": port, "pid": os.getpid()}), flush=True)
    period, due = 1.0 / options.hz, time.monotonic()
    while not stop.is_set():
        if time.monotonic() >= due and not counts.paused and len(publisher.backlog) < BACKLOG_MAX:
            for message in cell.tick(period):
                publisher.put(message)
            due = max(due + period, time.monotonic() - 1.0)
        publisher.work(min(0.05, max(0.0, due - time.monotonic())))
    end = time.monotonic() + DRAIN_S
    while (publisher.backlog or publisher.inflight) and time.monotonic() < end:
        publisher.work(0.05)
    publisher.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="simulators.mqtt_cell", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--control-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--truth", type=Path, help="append the truth log here")
    parser.add_argument("--signals", type=int, default=0, help="number of truth signals")
    parser.add_argument("--first", type=int, default=1000, help="the first truth signal's number")
    parser.add_argument(
        "--group",
        type=group_reader([*DIRT, LIST]),
        action="append",
        default=[],
        help="truth signals that are alike: FIRST-LAST:clock=MODE,every=SECONDS,dirt=KIND",
    )
    parser.add_argument("--hz", type=float, default=1.0, help="messages a second of every source")
    parser.add_argument("--no-sensors", action="store_true", help="truth signals only")
    parser.add_argument("--seed", type=int, default=1)
    with contextlib.suppress(KeyboardInterrupt):
        run(parser.parse_args())


if __name__ == "__main__":
    main()
