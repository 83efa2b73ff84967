"""Repairs of submodel element lists: what all members have in common (AASd-107 to -114)."""

from __future__ import annotations

from aas_models.elements import Json
from aas_models.importing.defaults import kind_of_members
from aas_models.importing.walk import Place, Trail, Walk

_TYPED = frozenset(("Property", "Range"))


def list_members(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """Let the list say what its members are, and the members what the list says."""
    _kinds(walk, made, place, trail)
    _value_types(walk, made, place, trail)
    _semantic_ids(walk, made, place)


def _kinds(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """AASd-108. Members of several kinds are called by the class that they share."""
    if not made.get("value"):
        return
    given, right = made.get("typeValueListElement"), kind_of_members(made) or "SubmodelElement"
    if given == right or given is None:
        return
    walk.keep_quietly(place, "original.typeValueListElement", given)
    walk.note(place, (trail, "typeValueListElement"), "list-kind", "replaced", given, right)
    made["typeValueListElement"] = right


def _value_types(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """AASd-109. Members of several types are all made strings, which hold every value."""
    members = [each for each in made.get("value", ()) if each["modelType"] in _TYPED]
    types = {each["valueType"] for each in members}
    given = made.get("valueTypeListElement")
    if not members:
        if given is None and made.get("typeValueListElement") in _TYPED:
            made["valueTypeListElement"] = "xs:string"
            at = (trail, "valueTypeListElement")
            walk.note(place, at, "list-value-type", "added", "", "xs:string")
        return
    right = next(iter(types)) if len(types) == 1 else "xs:string"
    if given != right:
        if given is not None:
            walk.keep_quietly(place, "original.valueTypeListElement", given)
        at = (trail, "valueTypeListElement")
        walk.note(place, at, "list-value-type", "replaced", given or "", right)
        made["valueTypeListElement"] = right
    for index, each in enumerate(made["value"]):
        if each["modelType"] in _TYPED and each["valueType"] != right:
            child = Place(each, f"{place.path}[{index}]")
            walk.keep(child, ((), "valueType"), each["valueType"], "list-value-type")
            each["valueType"] = right
            walk.write_kept(child)


def _semantic_ids(walk: Walk, made: Json, place: Place) -> None:
    """AASd-107, AASd-114: a member that means something else says so in an Extension."""
    right = made.get("semanticIdListElement")
    for index, each in enumerate(made.get("value", ())):
        given = each.get("semanticId")
        if given is None:
            continue
        right = right or given
        if _meaning(given) == _meaning(right):
            continue
        child = Place(each, f"{place.path}[{index}]")
        walk.keep(child, ((), "semanticId"), given, "list-semantic-id")
        each["semanticId"] = right
        walk.write_kept(child)


def _meaning(reference: Json) -> tuple[str, list[tuple[str, str]]]:
    return reference["type"], [(key["type"], key["value"]) for key in reference["keys"]]
