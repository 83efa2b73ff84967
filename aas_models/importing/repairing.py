"""Makes an environment valid: walks it class by class along the table of the metamodel."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from aas_models.elements import Json
from aas_models.importing import members
from aas_models.importing.defaults import default
from aas_models.importing.elements import child_place, kind_of, named
from aas_models.importing.names import is_id_short, made_id_short
from aas_models.importing.references import follow_renames, reference
from aas_models.importing.rules import RULES
from aas_models.importing.walk import (
    ORIGINAL_ID,
    ORIGINAL_ID_SHORT,
    Place,
    Trail,
    Walk,
    has_content,
)
from aas_models.metamodel.schema import (
    CLASSES,
    DATA_ELEMENTS,
    ELEMENT_KINDS,
    IDENTIFIABLES,
    Field,
)
from aas_models.metamodel.texts import TEXTS

ID_MAX = TEXTS["Identifier"].longest or 0
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


def repair(walk: Walk, document: Json) -> Json:
    """Give the valid environment; the document is used up. What was done stands in the report."""
    made: Json = {}
    strays: list[tuple[str, Any]] = []
    for member, kind in IDENTIFIABLES.items():
        items = document.pop(member, None)
        if items is None:
            continue
        found = _identifiables(walk, items if isinstance(items, list) else [items], member, kind)
        strays += [(member, each) for each in found[1]]
        if found[0]:
            made[member] = found[0]
    strays += [(name, value) for name, value in document.items() if name != "modelType"]
    _keep_strays(walk, made, strays)
    follow_renames(walk)
    return made


def _identifiables(
    walk: Walk, items: list[Any], member: str, kind: str
) -> tuple[list[Json], list[Any]]:
    made: list[Json] = []
    strays: list[Any] = []
    ids: set[str] = set()
    for index, each in enumerate(items):
        if not isinstance(each, dict):
            strays.append(each)
            continue
        place = Place(each, f"{member}[{index}]", below="/")
        _identified(walk, each, place, f"{member}/{index}", ids)
        _named(walk, each, place)
        place.path = f"{member}/{each.get('idShort') or each['id']}"
        if kind == "Submodel":
            place.submodel = each["id"]
            place.template = str(each.get("kind")).casefold() == "template"
            walk.names.setdefault(each["id"], place.names)
        repaired(walk, kind, each, place, ())
        walk.write_kept(place)
        made.append(each)
    return made, strays


def _identified(walk: Walk, each: Json, place: Place, nth: str, ids: set[str]) -> None:
    """Give an id to what has none and another one to what has that of a sibling."""
    given = each.get("id")
    text = given if isinstance(given, str) else ""
    if not text.strip():
        seed = f"{nth}/{each.get('idShort')}"
        text = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, seed)}"
        walk.note(place, ((), "id"), "id-missing", "added", "", text)
    if len(text) > ID_MAX:
        walk.keep_quietly(place, ORIGINAL_ID, text)
        text = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}"
        walk.note(place, ((), "id"), "too-long", "replaced", given, text)
    if text in ids:
        number = 2
        while f"{text}#{number}" in ids:
            number += 1
        walk.keep_quietly(place, ORIGINAL_ID, text)
        walk.note(place, ((), "id"), "id-duplicate", "renamed", text, f"{text}#{number}")
        text = f"{text}#{number}"
    ids.add(text)
    each["id"] = text


def _named(walk: Walk, each: Json, place: Place) -> None:
    """The idShort of an identifiable: it may be absent, and may be that of another one."""
    given = each.get("idShort")
    if not isinstance(given, str):
        return
    if is_id_short(given, for_3_0=walk.for_3_0):
        walk.fits_3_0 = walk.fits_3_0 and is_id_short(given, for_3_0=True)
        return
    if not given.strip():
        walk.note(place, ((), "idShort"), "empty", "removed")
        del each["idShort"]
        return
    each["idShort"] = made_id_short(given)
    place.path = f"{place.path.partition('[')[0]}/{each['idShort']}"
    walk.keep_quietly(place, ORIGINAL_ID_SHORT, given)
    walk.note(place, ((), "idShort"), "id-short", "renamed", given, each["idShort"])


def _keep_strays(walk: Walk, made: Json, strays: list[tuple[str, Any]]) -> None:
    """What belongs to nothing goes to the first object, so that it is not lost."""
    first = next((each for part in made.values() for each in part), None)
    for name, value in strays:
        if first is None or not has_content(value):
            continue
        place = Place(first, "")
        walk.keep(place, (((), "environment"), name), value, "unknown-member")
        walk.write_kept(place)


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
    if kind == "OperationVariable" and "value" not in value and kind_of(value):
        value = {"value": value}
        walk.note(place, trail, "wrong-shape", "replaced", "element", "OperationVariable")
    if repaired(walk, kind, value, place, trail):
        return value
    walk.keep(place, trail, value, "missing" if has_content(value) else "empty")
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
    given = each.get("idShort")
    if given is None:
        return
    if not isinstance(given, str) or not given.strip():
        del each["idShort"]
        walk.note(child, ((), "idShort"), "empty", "removed")
        return
    walk.fits_3_0 = False
    if walk.for_3_0 or not is_id_short(given, for_3_0=False):
        del each["idShort"]
        walk.keep_quietly(child, ORIGINAL_ID_SHORT, given)
        walk.note(child, ((), "idShort"), "id-short-in-list", "kept", given)
