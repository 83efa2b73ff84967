"""Makes an environment valid: its objects get ids and names, and are repaired one by one."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from aas_models.elements import Json
from aas_models.importing.elements import given_name
from aas_models.importing.names import is_id_short, made_id_short, numbered
from aas_models.importing.objects import repaired
from aas_models.importing.references import follow_renames
from aas_models.importing.walk import ORIGINAL_ID, ORIGINAL_ID_SHORT, Place, Walk, has_content
from aas_models.metamodel.schema import IDENTIFIABLES
from aas_models.metamodel.texts import TEXTS

ID_MAX = TEXTS["Identifier"].longest or 0


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
    if given is not None and not isinstance(given, str):
        walk.keep(place, ((), "id"), given, "wrong-shape")
    if not text.strip():
        seed = f"{nth}/{each.get('idShort')}"
        text = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, seed)}"
        walk.note(place, ((), "id"), "id-missing", "added", "", text)
    if len(text) > ID_MAX:
        walk.keep_quietly(place, ORIGINAL_ID, text)
        text = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}"
        walk.note(place, ((), "id"), "too-long", "replaced", given, text)
    if text in ids:
        other = numbered(partial("{}#{}".format, text), ids)
        walk.keep_quietly(place, ORIGINAL_ID, text)
        walk.note(place, ((), "id"), "id-duplicate", "renamed", text, other)
        text = other
    ids.add(text)
    each["id"] = text


def _named(walk: Walk, each: Json, place: Place) -> None:
    """The idShort of an identifiable: it may be absent, and may be that of another one."""
    if "idShort" not in each:
        return
    given = given_name(walk, each, place)
    if "idShort" not in each:
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
