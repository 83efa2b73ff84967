"""The machines of the storm in the field: which clock and which payloads each device has.

One table says what the simulators do and what the gateway is told of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.demo.config import NAMESPACE, Device, Ports, write_devices
from gateway.demo.reconciliation import Source

PUBLISHING, SAMPLING = "500ms", "100ms"
NS = {"json": "$.ts", "unit": "ns"}
ISO = {"json": "$.ts", "unit": "iso"}
ODD_FROM, CELL_FROM = 400, 1000
SIGNALS = {"opcua": 400, "odd": 100, "cell": 50}


@dataclass(frozen=True)
class Group:
    """Signals that are alike, as the simulators' `--group` has them."""

    first: int
    count: int
    clock: str = "right"
    every_s: int = 0
    dirt: str = "clean"

    @property
    def numbers(self) -> range:
        return range(self.first, self.first + self.count)

    @property
    def text(self) -> str:
        wishes = f"clock={self.clock},every={self.every_s},dirt={self.dirt}"
        return f"{self.first}-{self.first + self.count - 1}:{wishes}"


@dataclass(frozen=True)
class Machine:
    """One device file; `keys` are its own keys beside address and tags."""

    name: str
    groups: tuple[Group, ...]
    keys: dict[str, Any] = field(default_factory=dict)
    tag: dict[str, Any] = field(default_factory=dict)


RECEIVED = "line-received"
LINE = (
    Machine("line-right", (Group(0, 80),)),
    Machine("line-ahead", (Group(80, 40, "ahead"),)),
    Machine("line-2105", (Group(120, 20, "2105"),)),
    Machine("line-glitch", (Group(140, 40, "glitch"),)),
    Machine("line-frozen", (Group(180, 40, "frozen"),)),
    Machine("line-frozen-slow", (Group(220, 20, "frozen", 3),)),
    Machine("line-coarse", (Group(240, 20, "coarse"),)),
    Machine("line-backwards", (Group(260, 40, "backwards"),)),
    Machine("line-jumping", (Group(300, 20, "jumping"),)),
    Machine(RECEIVED, (Group(320, 20, "jumping"),), {"time": {"source": "receive"}}),
    Machine("line-unset", (Group(340, 20, "1601"), Group(360, 20, "1970"), Group(380, 10, "none"))),
    Machine(
        "line-mixed",
        (
            Group(390, 4),
            Group(394, 1, "glitch"),
            Group(395, 1, "frozen", 2),
            Group(396, 1, "2105"),
            Group(397, 1, "1970"),
            Group(398, 1, "backwards"),
            Group(399, 1, "behind"),
        ),
    ),
)
CELL = (
    Machine("cell-right", (Group(1000, 10),), {"time": NS, "protocol": "3.1.1"}),
    Machine(
        "cell-clocks",
        (
            Group(1010, 2, "ahead"),
            Group(1012, 1, "2105"),
            Group(1013, 2, "glitch"),
            Group(1015, 1, "frozen"),
            Group(1016, 1, "frozen", 2),
            Group(1017, 2, "backwards"),
            Group(1019, 2, "jumping"),
            Group(1021, 1, "1970"),
        ),
        {"time": NS},
    ),
    Machine(
        "cell-dirt",
        (
            Group(1022, 2, dirt="nul"),
            Group(1024, 1, dirt="spaces"),
            Group(1025, 1, dirt="bom"),
            Group(1026, 2, dirt="odd-number"),
            Group(1028, 1, dirt="order"),
            Group(1029, 2, dirt="truncated"),
            Group(1031, 2, every_s=3, dirt="retained"),
            Group(1033, 1, dirt="twice"),
            Group(1034, 1, dirt="again"),
            Group(1035, 1, dirt="no-time"),
        ),
        {"time": NS},
    ),
    Machine("cell-korean", (Group(1036, 3, dirt="cp949"),), {"time": NS, "encoding": "cp949"}),
    Machine(
        "cell-local",
        (Group(1039, 3, dirt="local-time"),),
        {"time": {**ISO, "zone": "Asia/Seoul"}},
    ),
    Machine(
        "cell-zoned",
        (Group(1042, 1, dirt="zoned-time"), Group(1043, 1, "0001", dirt="zoned-time")),
        {"time": ISO},
    ),
    Machine(
        "cell-text",
        (Group(1044, 1, dirt="text"),),
        {"time": NS},
        {"number": {"decimal": ",", "unit": "bar"}},
    ),
    Machine("cell-list", (Group(1045, 5, dirt="list"),)),
)
AGAIN = tuple(
    f"truth/{number}"
    for machine in CELL
    for group in machine.groups
    if group.dirt == "again"
    for number in group.numbers
)


def odd(clock: str) -> tuple[Machine, ...]:
    """Give the machines of the server whose own clock is not right, whatever its devices say."""
    return (
        Machine("odd-same", (Group(400, 60, clock),)),
        Machine("odd-slow", (Group(460, 10, clock, 3),)),
        Machine("odd-right", (Group(470, 30),)),
    )


def groups_of(machines: Sequence[Machine]) -> list[str]:
    """Give the simulators' options for these machines."""
    return [word for each in machines for group in each.groups for word in ("--group", group.text)]


KEEPER = '{"name": "keeper", "kind": "http", "url": "http://127.0.0.1:1"}'
"""Takes nothing, so that the spool keeps what could not be read until it was looked at."""


def write(folder: Path, ports: Ports, odd_port: int, odd_clock: str) -> dict[Source, str]:
    """Write the gateway's configuration; gives where each signal comes from."""
    devices = [
        *(_opcua(each, ports.opcua) for each in LINE),
        *(_opcua(each, odd_port) for each in odd(odd_clock)),
        *(_mqtt(each, ports.broker) for each in CELL),
    ]
    sources = write_devices(folder, ports, devices)
    path = folder / "gateway.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("platform: [", f"platform: [{KEEPER}, ", 1), "utf-8")
    return sources


def _numbers(machine: Machine) -> Iterator[tuple[Group, int]]:
    for group in machine.groups:
        for number in group.numbers:
            yield group, number


def _opcua(machine: Machine, port: int) -> Device:
    identifiers = [f"Truth.{number:04d}" for _, number in _numbers(machine)]
    document = {
        "version": 1,
        "device": machine.name,
        "connect": f"opc.tcp://127.0.0.1:{port}",
        "security": {"mode": "None", "unsafe": True},
        "every": PUBLISHING,
        "sampling": SAMPLING,
        **machine.keys,
        "tags": [
            {"name": f"t{each.removeprefix('Truth.')}", "node": f"nsu={NAMESPACE};s={each}"}
            for each in identifiers
        ],
    }
    return machine.name, document, identifiers


def _mqtt(machine: Machine, port: int) -> Device:
    numbers = [number for _, number in _numbers(machine)]
    document = {
        "version": 1,
        "device": machine.name,
        "connect": f"mqtt://127.0.0.1:{port}",
        **machine.keys,
        "tags": [{**_tag(group, number), **machine.tag} for group, number in _numbers(machine)],
    }
    return machine.name, document, [f"truth/{number}" for number in numbers]


def _tag(group: Group, number: int) -> dict[str, Any]:
    if group.dirt != "list":
        return {"name": f"t{number}", "topic": f"truth/{number}", "json": "$.v"}
    entry = f"$.values[?(@.id=='truth/{number}')]"
    return {
        "name": f"t{number}",
        "topic": f"truth/list/{group.first}",
        "json": f"{entry}.v",
        "quality": f"{entry}.q",
        "time": {"json": f"{entry}.t", "unit": "ms"},
    }
