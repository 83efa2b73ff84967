"""Checks the keys of one file against its model; pydantic's errors become findings."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from gateway.config.models import BUSINESS_NUMBER
from gateway.config.usage import TIME_OF_DAY, ZONE
from gateway.config.words import nearest
from gateway.config.yaml_reader import Document
from gateway.core.config import IDENTIFIER

Model = TypeVar("Model", bound=BaseModel)
Path = tuple[Any, ...]

EXPECTED = {
    "string_type": "@text",
    "int_type": "@whole-number",
    "int_from_float": "@whole-number",
    "float_type": "@number",
    "finite_number": "@number",
    "bool_type": "@true-false",
    "list_type": "@list",
    "dict_type": "@mapping",
    "model_type": "@mapping",
    "model_attributes_type": "@mapping",
}
LIMITS = {
    "greater_than_equal": ("ge", "≥"),
    "greater_than": ("gt", ">"),
    "less_than_equal": ("le", "≤"),
    "less_than": ("lt", "<"),
}
LENGTHS = {"too_short": "min_length", "too_long": "max_length"}
WORDS = {"duration": "E1104", "size": "E1105"}
TEXT_FORMS = {"string_pattern_mismatch", "string_too_short", "string_too_long"}
KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "@true-false"),
    (str, "@text"),
    (int, "@whole-number"),
    (float, "@number"),
    (list, "@list"),
    (dict, "@mapping"),
)
FORMS = {
    BUSINESS_NUMBER: "123-45-67890",
    IDENTIFIER: "USE_LOG, dbo.USE_LOG",
    TIME_OF_DAY: "18:00",
    ZONE: "+09:00",
}
"""How a text with such a pattern looks."""
QUOTED = re.compile(r"'([^']*)'|\b(\d+)\b")
CODE = re.compile(r"[EW]\d{4}")
SHOWN_MAX = 60


def validated(
    model: type[Model], document: Document, later: Collection[str] = ()
) -> tuple[Model | None, list[Path]]:
    """Give the model, or None and the paths of what is wrong; findings go to the report.

    A `kind:` that is one of `later` is said to be "not in this version".
    """
    try:
        return model.model_validate(document.data), []
    except ValidationError as error:
        paths = []
        for entry in error.errors(include_url=False):
            path = tuple(entry["loc"])
            paths.append(path)
            _report(model, document, path, entry, later)
        return None, paths


def _report(
    model: type[BaseModel],
    document: Document,
    path: Path,
    entry: Mapping[str, Any],
    later: Collection[str],
) -> None:
    kind, context, found = entry["type"], entry.get("ctx", {}), entry["input"]
    if kind == "extra_forbidden":
        _unknown_key(model, document, path)
    elif kind in {"missing", "union_tag_not_found"}:
        document.add("E1102", path, key=path[-1] if kind == "missing" else "kind")
    elif kind == "literal_secret":
        document.add("E1301", path, key=path[-1])
    elif kind in {"literal_error", "union_tag_invalid"}:
        _choice(document, path, kind, context, found, later)
    elif CODE.fullmatch(kind):
        document.add(kind, path, **context)
    else:
        code, facts = _about_value(kind, context, found)
        document.add(code, path, value=shown(found), **facts)


def _about_value(kind: str, context: Mapping[str, Any], found: Any) -> tuple[str, dict[str, Any]]:
    if kind in WORDS:
        return WORDS[kind], {}
    if kind in LIMITS:
        key, sign = LIMITS[kind]
        return "E1107", {"limit": f"{sign} {context[key]:g}"}
    if kind in LENGTHS:
        return "E1115", {"count": context["actual_length"], "limit": context[LENGTHS[kind]]}
    if kind in TEXT_FORMS:
        return "E1114", {"form": _form(context)}
    return "E1103", {"expected": EXPECTED.get(kind, kind), "found": kind_of(found)}


def _form(context: Mapping[str, Any]) -> str:
    if context.get("pattern") in FORMS:
        return FORMS[context["pattern"]]
    return str(context.get("pattern") or context.get("min_length") or context.get("max_length"))


def _unknown_key(model: type[BaseModel], document: Document, path: Path) -> None:
    known = sorted(known_keys(model, path[:-1]))
    near = nearest(str(path[-1]), known)
    document.add("E1101", path, at_key=True, key=path[-1], near=near or "", known=", ".join(known))


def _choice(
    document: Document,
    path: Path,
    kind: str,
    context: Mapping[str, Any],
    found: Any,
    later: Collection[str],
) -> None:
    if kind == "union_tag_invalid":
        path, found, choices = (*path, "kind"), context["tag"], context["expected_tags"]
    else:
        choices = context["expected"]
    words = [a or b for a, b in QUOTED.findall(choices)]
    if path[-1] == "kind" and found in later:
        document.add("E1110", path, word=found)
        return
    near = nearest(str(found), words)
    document.add("E1106", path, value=shown(found), choices=", ".join(words), near=near or "")


def shown(value: Any) -> str:
    """Give a value as a person may see it: short, and never what a reference stands for."""
    text = repr(value) if not isinstance(value, str) or type(value) is not str else value
    return text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…"


def kind_of(value: Any) -> str:
    """Name the kind of a YAML value; `@` words are looked up in the catalogue."""
    return next((word for types, word in KINDS if isinstance(value, types)), "@nothing")


def known_keys(model: type[BaseModel], path: Iterable[Any]) -> set[str]:
    """Give the keys that may stand at a path."""
    candidates = [model]
    for part in path:
        deeper = [
            found
            for candidate in candidates
            for name, info in candidate.model_fields.items()
            if part in (name, info.alias)
            for found in _models_in(info.annotation)
        ]
        tagged = [c for c in candidates if part in _kinds(c)]
        candidates = deeper or tagged or candidates
    return {
        info.alias or name
        for candidate in candidates
        for name, info in candidate.model_fields.items()
    }


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _kinds(model: type[BaseModel]) -> tuple[Any, ...]:
    info = model.model_fields.get("kind")
    return get_args(info.annotation) if info is not None else ()
