"""Identifiables that never change by themselves, ready to be sent."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from aas_models.elements import Json


@dataclass(frozen=True, slots=True)
class Document:
    """A shell or concept description; `body` is its JSON."""

    id: str
    id_short: str
    model: Json
    body: bytes


def document_of(model: Json) -> Document:
    """Make an identifiable ready to be sent."""
    return Document(str(model["id"]), str(model.get("idShort", "")), model, orjson.dumps(model))
