"""What a configuration amounts to, as plain data; secrets never show."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gateway.config.plan import DevicePlan, GatewayPlan
from gateway.core.signals import PlanTable
from gateway.core.time_policy import TimePolicy

HIDDEN = "***"
UNSET = {"element", "quality", "time", "item", "field"}
"""Keys of a tag that hardly any has; they are shown where they are set."""


def effective_plan(plan: GatewayPlan) -> dict[str, Any]:
    """Give everything that runs: settings with defaults, connections, signals, rules, ids."""
    return {
        "settings": _model(plan.settings, plan.folder, only_written=False),
        "devices": {name: _device(device, plan.folder) for name, device in plan.devices.items()},
    }


def written_plan(plan: GatewayPlan) -> dict[str, Any]:
    """Give what somebody wrote into gateway.yaml, and which devices there are."""
    return {
        "settings": _model(plan.settings, plan.folder, only_written=True),
        "devices": {
            name: {"file": _path(device.file, plan.folder), "tags": len(device.table.signals)}
            for name, device in plan.devices.items()
        },
    }


def _device(device: DevicePlan, folder: Path) -> dict[str, Any]:
    source = _fields(device.source, folder)
    items = source.pop("items")
    info = {k: v for k, v in _fields(device.asset.info, folder).items() if v is not None}
    return {
        "file": _path(device.file, folder),
        "connection": {"kind": type(device.source).__name__, **source},
        **({} if device.times == TimePolicy() else {"times": _fields(device.times, folder)}),
        "asset": {**info, "submodels": dict(device.asset.ids)},
        "tags": [
            {
                **{
                    k: v for k, v in signal.as_json().items() if k not in {"aas", "asset", "device"}
                },
                "item": {
                    k: v
                    for k, v in item.items()
                    if k != "index" and (v is not None or k not in UNSET)
                },
                "rule": _changed(device, signal.index),
                **({"seldom": True} if signal.index in device.seldom else {}),
                "display": _plain(device.asset.display.get(signal.index), folder),
            }
            for signal, item in zip(device.table.signals, items, strict=True)
        ],
    }


def _changed(device: DevicePlan, index: int) -> dict[str, Any] | None:
    rule = device.rules.get(index)
    if rule is None:
        return None
    return {
        field.name: _plain(getattr(rule, field.name), Path())
        for field in dataclasses.fields(rule)
        if getattr(rule, field.name) != field.default
    }


def _fields(value: Any, folder: Path) -> dict[str, Any]:
    return {
        field.name: _plain(getattr(value, field.name), folder)
        if field.repr or getattr(value, field.name) is None
        else HIDDEN
        for field in dataclasses.fields(value)
        if not isinstance(getattr(value, field.name), PlanTable)
    }


def _model(model: BaseModel, folder: Path, *, only_written: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        if only_written and name not in model.model_fields_set:
            continue
        hidden = not info.repr and value is not None
        shown[name] = HIDDEN if hidden else _plain(value, folder, only_written=only_written)
    return shown


def _plain(value: Any, folder: Path, *, only_written: bool = False) -> Any:
    if isinstance(value, BaseModel):
        return _model(value, folder, only_written=only_written)
    if isinstance(value, Path):
        return _path(value, folder)
    if dataclasses.is_dataclass(value):
        return _fields(value, folder)
    if isinstance(value, list | tuple):
        return [_plain(item, folder, only_written=only_written) for item in value]
    return sorted(value) if isinstance(value, frozenset) else value


def _path(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()
