"""JSON schemas of the configuration files, made from the models, for editors."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import BaseModel

from gateway.config.devices import model_of
from gateway.config.models import gateway_model
from gateway.core.kinds import AnyKind, Kinds

DRAFT = "https://json-schema.org/draft/2020-12/schema"
ONE_OR_MANY = {"devices", "unit"}
"""Lists in whose place one text may stand."""


def schemas(kinds: Kinds) -> dict[str, dict[str, Any]]:
    """Give the schema of gateway.yaml and of device files, by name."""
    gateway = {"$schema": DRAFT, "title": "gateway.yaml", **_of(gateway_model(kinds))}
    made = [_device(kind) for kind in kinds.adapters]
    definitions = {name: part for each in made for name, part in each.pop("$defs").items()}
    device = {
        "$schema": DRAFT,
        "title": "devices/NAME.yaml",
        "oneOf": made,
        "$defs": dict(sorted(definitions.items())),
    }
    return {"gateway": gateway, "device": device}


def schema_text(content: dict[str, Any]) -> str:
    """Give a schema as it is written to a file."""
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _of(model: type[BaseModel]) -> dict[str, Any]:
    made = model.model_json_schema(by_alias=True)
    for part in (made, *made.get("$defs", {}).values()):
        _tidy(part)
    return made


def _tidy(part: dict[str, Any]) -> None:
    """Accept the short forms that are read beside the full ones."""
    part.pop("description", None)
    for name, entry in part.get("properties", {}).items():
        entry.pop("title", None)
        if not isinstance(entry.get("default"), str | bool):
            entry.pop("default", None)  # as read: a time in seconds would mislead
        if "LocalText" in json.dumps(entry):
            options = entry.pop("anyOf", [{"$ref": entry.pop("$ref", "#/$defs/LocalText")}])
            entry["anyOf"] = [*options, {"type": "string"}]
        if name in ONE_OR_MANY and "items" in entry:
            items = {key: entry.pop(key) for key in ("type", "items", "minItems") if key in entry}
            entry["anyOf"] = [items, {"type": "string"}]
        elif name == "devices":
            entry["anyOf"].insert(0, {"type": "array", "items": {"type": "string"}, "minItems": 1})


def _device(kind: AnyKind) -> dict[str, Any]:
    made = _of(model_of(kind))
    schemes = "|".join(f"{re.escape(scheme)}://" for scheme in kind.schemes)
    made["properties"]["connect"]["pattern"] = f"^({schemes})"
    made["required"] = [key for key in made["required"] if key != "device"]
    long = made["properties"]["tags"]["items"]
    address = {"type": "string", "description": f"{kind.short_key({}, '')} of the tag"}
    short = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": address,
    }
    made["properties"]["tags"]["items"] = {"anyOf": [long, short]}
    return made
