"""The demo's configuration, written to a folder in the form a person would write it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.demo.reconciliation import Source

NAMESPACE = "urn:simulator:press-line"
GATEWAY_ID = "demo-edge"
MACHINES: Mapping[str, tuple[str, str, str, tuple[str, ...]]] = {
    "press-01": (
        "Press1",
        "프레스 1호기",
        "Press 1",
        (
            "State",
            "Mold.TempUpper",
            "Mold.TempLower",
            "Ram.Position",
            "Ram.Force",
            "PowerW",
            "StrokeCount",
            "RejectCount",
            "Guard.Closed",
            "Recipe",
        ),
    ),
    "imm-01": (
        "Imm1",
        "사출기 1호기",
        "Injection moulder 1",
        (
            "State",
            "Phase",
            "Barrel.Zone1",
            "Barrel.Zone2",
            "Barrel.Zone3",
            "Injection.Pressure",
            "Screw.Position",
            "Clamp.Force",
            "ShotCount",
            "CycleTime",
        ),
    ),
    "cnc-01": (
        "Cnc1",
        "CNC 1호기",
        "CNC 1",
        (
            "State",
            "Axis.X",
            "Axis.Y",
            "Axis.Z",
            "Spindle.Speed",
            "Spindle.Load",
            "Spindle.Temp",
            "Tool",
            "Program",
            "PartCount",
        ),
    ),
}
OTHERS = {
    "env-room": ("환경 센서", "Room sensors"),
    "line-counters": ("라인 카운터", "Line counters"),
    "cell-counters": ("셀 카운터", "Cell counters"),
}
ROOMS = ("room1", "room2")
FIELDS = ("temp", "hum", "co2")
CELSIUS = ("Temp", "Zone", "temp")


Device = tuple[str, dict[str, Any], list[str]]
"""Name, device file, and where each of its tags comes from in the truth's words."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is to collect."""

    opcua_signals: int = 20
    """Signals that count, beside the machines' own points."""
    mqtt_signals: int = 10
    machines: bool = True
    opcua_hz: float = 2.0
    mqtt_hz: float = 2.0
    publish_ms: int = 500
    first_mqtt: int = 1000


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports of everything."""

    opcua: int
    opcua_control: int
    broker: int
    cell_control: int
    platform: int
    api: int


def labels(device: str) -> tuple[str, str]:
    """Give a device's name in Korean and English."""
    return OTHERS[device] if device in OTHERS else MACHINES[device][1:3]


def write_config(folder: Path, ports: Ports, size: Size) -> dict[Source, str]:
    """Write gateway.yaml and devices/; gives where each signal comes from, in the truth's words."""
    return write_devices(folder, ports, _devices(ports, size))


def write_devices(folder: Path, ports: Ports, devices: Iterable[Device]) -> dict[Source, str]:
    """Do the same with devices of any kind."""
    (folder / "devices").mkdir(parents=True, exist_ok=True)
    _write(folder / "gateway.yaml", _gateway(ports))
    sources: dict[Source, str] = {}
    for name, document, origins in devices:
        _write(folder / "devices" / f"{name}.yaml", document)
        tags = document["tags"]
        sources.update({(name, t["name"]): o for t, o in zip(tags, origins, strict=True)})
    return sources


def _write(path: Path, document: Mapping[str, Any]) -> None:
    """Write YAML with one line for each key; each value in JSON, which YAML reads."""
    lines = []
    for key, value in document.items():
        if key == "tags":
            lines += ["tags:", *(f"  - {_inline(tag)}" for tag in value)]
        else:
            lines.append(f"{key}: {_inline(value)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _inline(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _gateway(ports: Ports) -> dict[str, Any]:
    return {
        "version": 1,
        "gateway": {"id": GATEWAY_ID, "site": {"ko": "시연 공장", "en": "Demo plant"}},
        "devices": "devices/*.yaml",
        "spool": {"path": "spool", "quota": "1GB"},
        "history": {"kind": "embedded", "keep": "1d"},
        "platform": [
            {"name": "central", "kind": "http", "url": f"http://127.0.0.1:{ports.platform}"}
        ],
        "api": {"listen": f"127.0.0.1:{ports.api}"},
    }


def _devices(ports: Ports, size: Size) -> Iterable[Device]:
    if size.machines:
        for name, (folder, _ko, _en, points) in MACHINES.items():
            yield name, *_opcua(name, ports, size, [f"{folder}.{p}" for p in points])
        yield "env-room", *_rooms(ports)
    if size.opcua_signals:
        counters = [f"Truth.{number:04d}" for number in range(size.opcua_signals)]
        yield "line-counters", *_opcua("line-counters", ports, size, counters)
    if size.mqtt_signals:
        yield "cell-counters", *_cell(ports, size)


def _label(name: str) -> dict[str, str]:
    return dict(zip(("ko", "en"), labels(name), strict=True))


def _opcua(
    name: str, ports: Ports, size: Size, identifiers: list[str]
) -> tuple[dict[str, Any], list[str]]:
    tags = []
    for identifier in identifiers:
        point = identifier.partition(".")[2].replace(".", "_")
        tag = {
            "name": f"t{point}" if point.isdecimal() else point,
            "node": f"nsu={NAMESPACE};s={identifier}",
        }
        if any(word in point for word in CELSIUS):
            tag["unit"] = "degC"
        tags.append(tag)
    document = {
        "version": 1,
        "device": name,
        "label": _label(name),
        "connect": f"opc.tcp://127.0.0.1:{ports.opcua}",
        "security": {"mode": "None", "unsafe": True},
        "every": f"{size.publish_ms}ms",
        "sampling": f"{round(1000 / size.opcua_hz)}ms",
        "tags": tags,
    }
    return document, identifiers


def _rooms(ports: Ports) -> tuple[dict[str, Any], list[str]]:
    units = {"temp": "degC", "hum": "%", "co2": "ppm"}
    tags = [
        {
            "name": f"{room}_{column}",
            "topic": f"factory/env/{room}",
            "json": f"$.{column}",
            "unit": units[column],
        }
        for room in ROOMS
        for column in FIELDS
    ]
    origins = [f"factory/env/{room} $.{column}" for room in ROOMS for column in FIELDS]
    return {
        "version": 1,
        "device": "env-room",
        "label": _label("env-room"),
        "connect": f"mqtt://127.0.0.1:{ports.broker}",
        "time": {"json": "$.ts", "unit": "ms"},
        "tags": tags,
    }, origins


def _cell(ports: Ports, size: Size) -> tuple[dict[str, Any], list[str]]:
    numbers = range(size.first_mqtt, size.first_mqtt + size.mqtt_signals)
    origins = [f"truth/{number}" for number in numbers]
    return {
        "version": 1,
        "device": "cell-counters",
        "label": _label("cell-counters"),
        "connect": f"mqtt://127.0.0.1:{ports.broker}",
        "time": {"json": "$.ts", "unit": "ns"},
        "tags": [{"name": f"t{n}", "topic": f"truth/{n}", "json": "$.v"} for n in numbers],
    }, origins
