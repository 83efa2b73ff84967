"""Repairs objects class by class along the table of the metamodel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aas_models.elements import Json
from aas_models.importing import members
from aas_models.importing.defaults import default
from aas_models.importing.elements import child_place, given_name, kind_of, named
from aas_models.importing.names import is_id_short
from aas_models.importing.references import reference
from aas_models.importing.rules import RULES
from aas_models.importing.walk import ORIGINAL_ID_SHORT, Place, Trail, Walk, has_content
from aas_models.metamodel.schema import (
    CLASSES,
    DATA_ELEMENTS,
    ELEMENT_KINDS,
    IDENTIFIABLES,
    Field,
)

_MODEL_TYPED = frozenset((*IDENTIFIABLES.values(), "DataSpecificationIec61360"))
_TARGETS = {
    ("AssetAdministrationShell", "submodels"): "Submodel",
    ("AssetAdministrationShell", "derivedFrom"): "AssetAdministrationShell",
    ("BasicEventElement", "observed"): "Referable",
    ("BasicEventElement", "messageBroker"): "Referable",
}
_REQUIRED = {
    for_3_0: {
        name: [m for m, f in fields.items() if (f.required_3_0 if for_3_0 else f.required)]
        for name, fields in CLASSES.items()
    }
    for for_3_0 in (False, True)
}


def repaired(walk: Walk, kind: str, made: Json, place: Place, trail: Trail) -> bool:
    """Repair one object of a class in place; False: it cannot be completed."""
    fields = CLASSES[kind]
    for name in list(made):
        value = made[name]
        known = fields.get(name)
        if known is None:
            _unknown(walk, kind, made, name, place, trail)
            continue
        fixed = None
        if value is None:
            walk.note(place, (trail, name), "empty", "removed")
        else:
            fixed = _member(walk, kind, known, value, place, (trail, name))
        if fixed is None:
            del made[name]
        elif fixed is not value:
            made[name] = fixed
    for rule in RULES.get(kind, ()):
        rule(walk, made, place, trail)
    if kind in _MODEL_TYPED:
        made["modelType"] = kind
    return _completed(walk, kind, made, place, trail)


def _completed(walk: Walk, kind: str, made: Json, place: Place, trail: Trail) -> bool:
    for name in _REQUIRED[True][kind]:
        if name in made:
            continue
        if name not in _REQUIRED[False][kind]:
            walk.fits_3_0 = False
            if not walk.for_3_0:
                continue
        value = default(kind, name, made, place)
        if value is None:
            return False
        problem = "value-type" if name == "valueType" else "missing"
        walk.note(place, (trail, name), problem, "added", "", value)
        made[name] = value
        if isinstance(value, dict) and kind == "AssetAdministrationShell":
            repaired(walk, "AssetInformation", value, place, (trail, name))
    return True


def _unknown(walk: Walk, kind: str, made: Json, name: str, place: Place, trail: Trail) -> None:
    if name == "modelType":
        if kind not in ELEMENT_KINDS:
            del made[name]
        return
    value = made[name]
    del made[name]
    walk.keep(place, (trail, name), value, "unknown-member")


def _member(
    walk: Walk, kind: str, known: Field, value: Any, place: Place, trail: Trail
) -> Any | None:
    if known.kind == "object":
        return _objects(walk, kind, known, value, place, trail)
    if known.kind == "element":
        return _elements(walk, kind, known, value, place, trail)
    if known.of == "IdShort":
        return value if isinstance(value, str) else None
    return _SIMPLE[known.kind](walk, value, known, place, trail)


_SIMPLE: dict[str, Callable[[Walk, Any, Field, Place, Trail], Any]] = {
    "text": members.text,
    "enum": members.enum,
    "flag": members.flag,
    "languages": members.languages,
}


def _objects(
    walk: Walk, kind: str, known: Field, value: Any, place: Place, trail: Trail
) -> Any | None:
    if not known.many:
        return _object(walk, kind, known.of, value, place, trail)
    items = _as_list(walk, value, place, trail)
    made = []
    for index, each in enumerate(items):
        one = _object(walk, kind, known.of, each, place, (trail, index))
        if one is not None:
            made.append(one)
    return made or None


def _as_list(walk: Walk, value: Any, place: Place, trail: Trail) -> list[Any]:
    if isinstance(value, list):
        if not value:
            walk.note(place, trail, "empty", "removed")
        return value
    if isinstance(value, dict):
        walk.note(place, trail, "wrong-shape", "replaced", "object", "list")
        return [value]
    walk.keep(place, trail, value, "wrong-shape" if has_content(value) else "empty")
    return []


def _object(
    walk: Walk, above: str, kind: str, value: Any, place: Place, trail: Trail
) -> Json | None:
    if kind == "Reference":
        want = _TARGETS.get((above, trail[1] if isinstance(trail[1], str) else trail[0][1]), "")
        return reference(walk, value, place, trail, want)
    if not isinstance(value, dict):
        walk.keep(place, trail, value, "wrong-shape" if has_content(value) else "empty")
        return None
    made: Json = value
    if kind == "OperationVariable" and "value" not in made and kind_of(made):
        made = {"value": made}
        walk.note(place, trail, "wrong-shape", "replaced", "element", "OperationVariable")
    if repaired(walk, kind, made, place, trail):
        return made
    walk.keep(place, trail, made, "missing" if has_content(made) else "empty")
    return None


def _elements(
    walk: Walk, above: str, known: Field, value: Any, place: Place, trail: Trail
) -> Any | None:
    if known.many:
        items = _as_list(walk, value, place, trail)
        taken: set[str] = set()
    else:
        items, taken = [value], place.taken
    in_list = above == "SubmodelElementList"
    valid = {
        each["idShort"]
        for each in items
        if isinstance(each, dict)
        and isinstance(each.get("idShort"), str)
        and is_id_short(each["idShort"], for_3_0=walk.for_3_0)
    }
    if not walk.for_3_0 and not all(is_id_short(each, for_3_0=True) for each in valid):
        walk.fits_3_0 = False
    made: list[Json] = []
    for index, each in enumerate(items):
        at = (trail, index) if known.many else trail
        kind = kind_of(each)
        if kind is None or (above == "AnnotatedRelationshipElement" and kind not in DATA_ELEMENTS):
            walk.keep(place, at, each, "unknown-element")
            continue
        child = child_place(place, each, index)
        if in_list:
            child.path = f"{place.path}[{len(made)}]"
            _unnamed_in_list(walk, each, child)
            place.names.setdefault(str(index), (str(len(made)), child.names))
        else:
            given = each.get("idShort")
            above_path = f"{place.path}{place.below}"
            named(walk, each, kind, child, above_path, valid, taken, len(made))
            if isinstance(given, str):
                place.names.setdefault(given, (each["idShort"], child.names))
        if each.get("modelType") != kind:
            _model_type(walk, each, kind, child)
        repaired(walk, kind, each, child, ())
        walk.write_kept(child)
        made.append(each)
    if not known.many:
        return made[0] if made else None
    return made or None


def _model_type(walk: Walk, each: Json, kind: str, child: Place) -> None:
    given = each.get("modelType")
    if not (isinstance(given, dict) and given.get("name") == kind):
        walk.note(child, ((), "modelType"), "bad-enum", "replaced", given or "", kind)
    each["modelType"] = kind


def _unnamed_in_list(walk: Walk, each: Json, child: Place) -> None:
    """AASd-120 of 3.0: no idShort; 3.1 allows one, but only a valid one."""
    if "idShort" not in each:
        return
    given = given_name(walk, each, child)
    if "idShort" not in each:
        return
    if not given.strip():
        del each["idShort"]
        walk.note(child, ((), "idShort"), "empty", "removed")
        return
    walk.fits_3_0 = False
    if walk.for_3_0 or not is_id_short(given, for_3_0=False):
        del each["idShort"]
        walk.keep_quietly(child, ORIGINAL_ID_SHORT, given)
        walk.note(child, ((), "idShort"), "id-short-in-list", "kept", given)
