"""Configuration folders to convert and change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from gateway.app.kinds import ADAPTERS
from gateway.config.effective import effective_plan
from gateway.config.plan import GatewayPlan, load_plan
from gateway.exchange.aasx.convert import Converted, aasx_of, files_of, write_files

ROOT = Path(__file__).parents[3]
ENVIRON = {
    "GATEWAY_SECRET_PRESS01": "known-only-here",
    "INFLUX_TOKEN": "known-only-here",
    "GATEWAY_SECRET_PRESS_01_USER": "known-only-here",
    "GATEWAY_SECRET_PRESS_01_PASSWORD": "known-only-here",
    "GATEWAY_SECRET_ENV_ROOM_USER": "known-only-here",
    "GATEWAY_SECRET_ENV_ROOM_PASSWORD": "known-only-here",
}
GATEWAY = "version: 1\ngateway: { id: edge-07 }\ndevices: devices/*.yaml\n"
PRESS = """# a comment at the top
version: 1
device: press-01
connect: opc.tcp://127.0.0.1:48400
security: { mode: None, policy: None, unsafe: true }
login: { user: gateway, password: !secret press01 }
tags:
  - { name: State, node: nsu=urn:line;s=State, values: { 0: stop, 1: run } }
  - { name: Force, node: nsu=urn:line;s=Force, unit: kN, scale: 0.1 }
"""
ROOM = """version: 1
device: env-room
connect: mqtt://127.0.0.1:18830
topic: room
tags:
  - Temperature: $.temp
"""


def folder(path: Path, **devices: str) -> Path:
    """Write a configuration folder; devices by name, `_` for `-`."""
    (path / "devices").mkdir(parents=True)
    (path / "gateway.yaml").write_text(GATEWAY, encoding="utf-8")
    for name, text in devices.items():
        file = path / "devices" / f"{name.replace('_', '-')}.yaml"
        file.write_text(text, encoding="utf-8")
    return path


def planned(path: Path) -> GatewayPlan:
    return load_plan(path, path / "data", ENVIRON)


def environment_of(plan: GatewayPlan) -> dict[str, Any]:
    """Give the environment that `to-aasx` writes."""
    loaded: dict[str, Any] = orjson.loads(aasx_of(plan, "json", "x"))
    return loaded


def back(plan: GatewayPlan, path: Path) -> tuple[Converted, GatewayPlan]:
    """Write a plan as an environment and that as a folder again."""
    converted = files_of(environment_of(plan), ADAPTERS)
    write_files(converted, path)
    return converted, planned(path)


LOCAL = ("user", "password", "ca", "certificate", "key", "client_id", "trust_folder")
LOCAL_OPCUA = ("state_folder", "user_certificate", "user_key")


def meant(plan: GatewayPlan) -> dict[str, Any]:
    """Give what a plan amounts to, without what belongs to one machine."""
    devices: dict[str, Any] = effective_plan(plan)["devices"]
    for device in devices.values():
        del device["file"]
        for key in (*LOCAL, *LOCAL_OPCUA):
            device["connection"].pop(key, None)
    return devices
