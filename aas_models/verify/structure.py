"""Checks the shape of a JSON document: known members, mandatory ones, nothing empty.

What the JSON schema of the specification would say; the judges bundle none. Source: the class
table in `aas_models.metamodel.schema`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aas_models.elements import Json
from aas_models.metamodel.enums import ENUMS
from aas_models.metamodel.schema import CLASSES, ELEMENT_KINDS, REFERABLES, Field
from aas_models.verify.findings import Finding, finding

JUDGE = "structure"
DEPTH_MAX = 200


def structure(document: Any, kind: str = "Environment", where: str = "") -> Iterator[Finding]:
    """Give everything that is not shaped as the class asks."""
    yield from _object(document, kind, where, 0)


def _object(value: Any, kind: str, where: str, depth: int) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield finding(JUDGE, f"is no object ({kind})", where)
        return
    if depth > DEPTH_MAX:
        yield finding(JUDGE, f"nested deeper than {DEPTH_MAX}", where)
        return
    members = CLASSES[kind]
    yield from _model_type(value, kind, where)
    for name, field in members.items():
        if field.required and name not in value:
            yield finding(JUDGE, f"{name} is missing ({kind})", where)
    for name, part in value.items():
        if name == "modelType":
            continue
        known = members.get(name)
        if known is None:
            yield finding(JUDGE, f"{name} is no member of {kind}", where)
        else:
            yield from _member(part, known, f"{where}/{name}", depth)


def _model_type(value: Json, kind: str, where: str) -> Iterator[Finding]:
    said = value.get("modelType")
    wanted = kind in REFERABLES or kind == "DataSpecificationIec61360"
    if said is None and wanted:
        yield finding(JUDGE, f"modelType is missing ({kind})", where)
    elif said is not None and said != kind:
        yield finding(JUDGE, f"modelType is {said}, not {kind}", where)


def _member(value: Any, field: Field, where: str, depth: int) -> Iterator[Finding]:
    many = field.many or field.kind == "languages"
    if not many:
        yield from _one(value, field, where, depth)
        return
    if not isinstance(value, list):
        yield finding(JUDGE, "is no array", where)
        return
    if not value:
        yield finding(JUDGE, "is an empty array", where)
    for place, part in enumerate(value):
        yield from _one(part, field, f"{where}/{place}", depth)


def _one(value: Any, field: Field, where: str, depth: int) -> Iterator[Finding]:
    match field.kind:
        case "object":
            yield from _object(value, field.of, where, depth + 1)
        case "element":
            kind = value.get("modelType") if isinstance(value, dict) else None
            if kind in ELEMENT_KINDS:
                yield from _object(value, str(kind), where, depth + 1)
            else:
                yield finding(JUDGE, f"modelType is {kind}, which is no submodel element", where)
        case _:
            if said := _simple(value, field):
                yield finding(JUDGE, said, where)


def _simple(value: Any, field: Field) -> str:
    """Say what is wrong with a single value, empty for nothing."""
    match field.kind:
        case "flag":
            return "" if isinstance(value, bool) else "is neither true nor false"
        case "languages":
            fine = isinstance(value, dict) and set(value) == {"language", "text"}
            return "" if fine else "is no pair of language and text"
        case "enum":
            fine = isinstance(value, str) and value in ENUMS[field.of]
            return "" if fine else f"{value!r} is none of {field.of}"
        case _:
            return "" if isinstance(value, str) else "is no text"
