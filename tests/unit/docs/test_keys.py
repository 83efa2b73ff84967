"""The configuration pages name every key that a file may have, with its default."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from gateway.app.kinds import ADAPTERS, KINDS
from gateway.config.devices import model_of
from gateway.config.models import gateway_model
from gateway.core.config import LocalText, bytes_from_text, seconds_from_text
from tests.unit.docs.pages import ROOT, key_rows, korean

PAGE = ROOT / "docs" / "configuration.md"
PAGES = [PAGE, korean(PAGE)]


def schema_keys() -> set[str]:
    found: set[str] = set()
    for name in ("gateway", "device"):
        schema = json.loads((ROOT / "config" / "schema" / f"{name}.json").read_text("utf-8"))
        _walk(schema, schema, "", found)
    return found


def _walk(schema: Any, node: Any, path: str, found: set[str]) -> None:
    reference = node.get("$ref", "").rpartition("/")[2]
    if reference == "LocalText":
        return
    if reference:
        _walk(schema, schema["$defs"][reference], path, found)
    for choice in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        _walk(schema, choice, path, found)
    for key, value in node.get("properties", {}).items():
        place = f"{path}.{key}" if path else key
        found.add(place)
        _walk(schema, value, place, found)
    if isinstance(node.get("items"), dict):
        _walk(schema, node["items"], path, found)


def model_defaults() -> dict[str, set[Any]]:
    """Give the plain defaults of each key; a key of two protocols may have two."""
    found: dict[str, set[Any]] = defaultdict(set)
    models: list[type[BaseModel]] = [gateway_model(KINDS), *(model_of(kind) for kind in ADAPTERS)]
    for model in models:
        _defaults(model, "", found)
    return found


def _defaults(model: type[BaseModel], path: str, found: dict[str, set[Any]]) -> None:
    for name, info in model.model_fields.items():
        place = f"{path}.{info.alias or name}" if path else info.alias or name
        default = info.get_default()
        if isinstance(default, list) and default and isinstance(default[0], str):
            default = default[0] if len(default) == 1 else f"[{', '.join(default)}]"
        if isinstance(default, str | int | float):
            found[place].add(default)
        for inner in _models(info.annotation):
            _defaults(inner, place, found)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [] if annotation is LocalText else [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def read(text: str) -> Any:
    """Read a default as it stands on the page."""
    for reader in (seconds_from_text, bytes_from_text, float):
        try:
            return reader(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text, text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_key_of_the_schemas_is_on_the_page_and_no_other(page: Path) -> None:
    assert {key for key, _ in key_rows(page)} == schema_keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_default_on_the_page_is_the_real_one(page: Path) -> None:
    shown: dict[str, set[Any]] = defaultdict(set)
    for key, default in key_rows(page):
        if default is not None:
            shown[key].add(read(default))
    assert dict(shown) == dict(model_defaults())


def test_schema_and_models_are_walked_deeply() -> None:
    assert {"tags.deadband", "usage.deliver.user", "history.layout"} <= schema_keys()
    assert model_defaults()["keepalive"] == {5.0, 10.0}
