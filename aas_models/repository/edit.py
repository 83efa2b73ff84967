"""Changes inside a submodel that people wrote: elements by path, value-only content, merges.

All functions change the document that they are given; whoever calls works on a copy and checks it.
Source: IDTA-01002 (Part 2) 3.1, Submodel Repository; merges as in RFC 7386, which Part 2 leaves
open.
"""

from __future__ import annotations

import re
from typing import Any

from aas_models.elements import Json
from aas_models.repository.checks import wrong
from aas_models.repository.kinds import CHILDREN
from gateway.core.errors import AasError

_STEP = re.compile(r"\.?([A-Za-z][A-Za-z0-9_-]*)|\[([0-9]{1,6})\]")
_CONTAINERS = {**CHILDREN, "Submodel": "submodelElements"}
_LISTS = frozenset({"SubmodelElementList"})


def _steps(path: str) -> list[str | int]:
    found: list[str | int] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None or (at == 0 and path.startswith(".")):
            raise AasError("not-found", path)
        found.append(match[1] if match[2] is None else int(match[2]))
        at = match.end()
    return found


def _children(model: Json, *, make: bool = False) -> list[Json]:
    member = _CONTAINERS.get(str(model.get("modelType")))
    if member is None:
        raise AasError("not-found", f"{model.get('idShort', 'the element')} has no elements")
    made: list[Json] = model.setdefault(member, []) if make else model.get(member, [])
    return made


def _drop_empty(model: Json) -> None:
    member = _CONTAINERS[str(model["modelType"])]
    if not model.get(member):
        model.pop(member, None)


def _place(children: list[Json], step: str | int) -> int | None:
    if isinstance(step, int):
        return step if step < len(children) else None
    names = [child.get("idShort") for child in children]
    return names.index(step) if step in names else None


def _found(model: Json, steps: list[str | int], path: str) -> Json:
    for step in steps:
        children = _children(model)
        place = _place(children, step)
        if place is None:
            raise AasError("not-found", path)
        model = children[place]
    return model


def element_at(submodel: Json, path: str) -> Json:
    """Give an element by its path, "" the submodel itself.

    Raises:
        AasError: `not-found`.
    """
    return _found(submodel, _steps(path), path)


def add_element(submodel: Json, path: str, element: Json) -> str:
    """Add an element below a path and give the new one's path.

    Raises:
        AasError: `not-found`, or `exists`.
    """
    above = element_at(submodel, path)
    children = _children(above, make=True)
    name = element.get("idShort")
    if above["modelType"] in _LISTS:
        children.append(element)
        return f"{path}[{len(children) - 1}]"
    if name is not None and _place(children, str(name)) is not None:
        raise AasError("exists", f"{name} in {path or 'the submodel'}")
    children.append(element)
    return f"{path}.{name}" if path else str(name)


def put_element(submodel: Json, path: str, element: Json) -> bool:
    """Put an element at a path; True where nothing was there.

    Raises:
        AasError: `not-found` for what is above it, or `invalid`.
    """
    *above, last = _steps(path) or [""]
    children = _children(_found(submodel, above, path), make=True)
    if isinstance(last, str):
        if element.setdefault("idShort", last) != last:
            raise wrong(path, "idShort is not the one of the path")
    elif last > len(children):
        raise AasError("not-found", path)
    place = _place(children, last)
    if place is None:
        children.append(element)
        return True
    children[place] = element
    return False


def remove_element(submodel: Json, path: str) -> None:
    """Take an element away.

    Raises:
        AasError: `not-found`.
    """
    *above, last = _steps(path) or [""]
    container = _found(submodel, above, path)
    children = _children(container)
    place = _place(children, last)
    if place is None:
        raise AasError("not-found", path)
    del children[place]
    _drop_empty(container)


def merge(target: Any, patch: Any) -> Any:
    """Give a target with a merge patch applied (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, part in patch.items():
        if part is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), part)
    return merged


def set_value(element: Json, value: Any, path: str = "") -> None:
    """Put value-only content into an element and what is below it.

    Raises:
        AasError: `invalid`, or `not-found` for a member that is not there.
    """
    kind = str(element.get("modelType"))
    match kind, value:
        case "Property", str() | int() | float() | bool():
            element["value"] = _text(value)
        case "MultiLanguageProperty", list():
            element["value"] = [_lang_string(each, path) for each in value]
        case "ReferenceElement", dict():
            element["value"] = value
        case (("Submodel" | "SubmodelElementCollection"), dict()):
            _set_members(element, value, path)
        case "SubmodelElementList", list():
            _set_items(element, value, path)
        case _, dict() if kind in _MEMBERS:
            _set_own(element, kind, value, path)
        case _:
            raise wrong(path, f"is not the value of a {kind}")


_MEMBERS = {
    "Range": ("min", "max"),
    "File": ("contentType", "value"),
    "Blob": ("contentType", "value"),
    "RelationshipElement": ("first", "second"),
    "AnnotatedRelationshipElement": ("first", "second"),
    "Entity": ("entityType", "globalAssetId", "specificAssetIds"),
    "BasicEventElement": ("observed",),
}


def _set_own(element: Json, kind: str, value: Json, path: str) -> None:
    for key, part in value.items():
        if key in _MEMBERS[kind]:
            element[key] = _text(part) if kind == "Range" else part
        elif kind == "Entity" and key == "statements" and isinstance(part, dict):
            _set_members(element, part, path)
        elif key == "annotations" and isinstance(part, list):
            for each in part:
                _set_members(element, each if isinstance(each, dict) else {}, path)
        else:
            raise wrong(f"{path}.{key}", f"is not in the value of a {kind}")


def _set_members(element: Json, value: Json, path: str) -> None:
    children = _children(element)
    for name, part in value.items():
        place = _place(children, name)
        below = f"{path}.{name}" if path else name
        if place is None:
            raise AasError("not-found", below)
        set_value(children[place], part, below)


def _set_items(element: Json, value: list[Any], path: str) -> None:
    children = _children(element)
    if len(children) != len(value):
        raise wrong(path, f"the list has {len(children)} elements, not {len(value)}")
    for place, part in enumerate(value):
        set_value(children[place], part, f"{path}[{place}]")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _lang_string(given: Any, path: str) -> Json:
    if not isinstance(given, dict) or len(given) != 1:
        raise wrong(path, "must be a list of objects with one language each")
    ((language, text),) = given.items()
    return {"language": language, "text": text}
