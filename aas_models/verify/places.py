"""Tells people which element a judge means: judges count places, people know names."""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(r"[A-Za-z_]+|[0-9]+")
_SNAKE = re.compile(r"_([a-z])")
SEPARATOR = " @ "


def element_at(where: str, document: Any) -> str:
    """Give the idShorts along `/submodels/0/submodelElements/1` or `.submodels[0].…`.

    Empty where nothing of it is found in the document.
    """
    path = where.rpartition(SEPARATOR)[2] or where
    if not path.startswith(("/", ".")):
        return ""
    found: Any = document
    names: list[str] = []
    for token in _TOKEN.findall(path):
        found = _step(found, token)
        if found is None:
            break
        if token.isdecimal():
            names.append(_name(found, token))
    return ".".join(names).replace(".[", "[")


def _step(found: Any, token: str) -> Any:
    if isinstance(found, list) and token.isdecimal():
        return found[int(token)] if int(token) < len(found) else None
    if isinstance(found, dict):
        return found.get(token, found.get(_SNAKE.sub(lambda m: m[1].upper(), token)))
    return None


def _name(item: Any, token: str) -> str:
    if isinstance(item, dict):
        return str(item.get("idShort") or item.get("id") or f"[{token}]")
    return f"[{token}]"
