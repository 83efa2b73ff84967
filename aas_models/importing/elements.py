"""What kind a submodel element is, and which idShort it gets."""

from __future__ import annotations

from typing import Any

from aas_models.elements import Json
from aas_models.importing.names import made_id_short, unique
from aas_models.importing.walk import ORIGINAL_ID_SHORT, Place, Walk
from aas_models.metamodel.schema import ELEMENT_KINDS

_FOLDED = {kind.casefold(): kind for kind in ELEMENT_KINDS} | {
    "basicevent": "BasicEventElement",
    "relationship": "RelationshipElement",
    "collection": "SubmodelElementCollection",
    "operationvariable": "Property",
}
_TELLING = (
    ("typeValueListElement", "SubmodelElementList"),
    ("annotations", "AnnotatedRelationshipElement"),
    ("first", "RelationshipElement"),
    ("observed", "BasicEventElement"),
    ("entityType", "Entity"),
    ("statements", "Entity"),
    ("inputVariables", "Operation"),
    ("outputVariables", "Operation"),
    ("min", "Range"),
    ("max", "Range"),
    ("valueType", "Property"),
    ("contentType", "File"),
)


def kind_of(each: Any) -> str | None:
    """Give the kind of an element by its modelType, else by its members; None: not an element."""
    if not isinstance(each, dict):
        return None
    said = each.get("modelType")
    if isinstance(said, dict):
        said = said.get("name")
    if isinstance(said, str):
        return said if said in ELEMENT_KINDS else _FOLDED.get(said.strip().casefold())
    for member, kind in _TELLING:
        if member in each:
            return kind
    return _by_value(each.get("value"))


def _by_value(value: Any) -> str | None:
    if isinstance(value, str):
        return "Property"
    if isinstance(value, dict) and "keys" in value:
        return "ReferenceElement"
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        if all("language" in each for each in value):
            return "MultiLanguageProperty"
        if all(kind_of(each) for each in value):
            return "SubmodelElementCollection"
    return None


def child_place(above: Place, each: Json, index: int) -> Place:
    """Give the place of a child, before it has its name."""
    return Place(each, f"{above.path}[{index}]", above.submodel, above.template)


def named(
    walk: Walk,
    each: Json,
    kind: str,
    child: Place,
    above: str,
    valid: set[str],
    taken: set[str],
    nth: int,
) -> None:
    """Give a child a valid idShort of its own (AASd-002, -022, -117, -134).

    Args:
        walk: notes what was done.
        each, kind, child: the element; its place gets its path.
        above: path of what it is in, with the separator.
        valid: idShorts of siblings that need no repair; they keep them.
        taken: idShorts given so far; extended.
        nth: its number among its siblings, for one that has no name at all.
    """
    text = given_name(walk, each, child)
    if text in valid and text not in taken:
        new = text
    else:
        new, problem = _new_name(text, kind, valid, taken, nth)
        child.path = f"{above}{new}"
        if text.strip():
            walk.keep_quietly(child, ORIGINAL_ID_SHORT, text)
        walk.note(child, ((), "idShort"), problem, "renamed" if text else "added", text, new)
        walk.renamed = True
        each["idShort"] = new
    child.path = f"{above}{new}"
    taken.add(new)


def given_name(walk: Walk, each: Json, place: Place) -> str:
    """Give the idShort that a file says; what is there and no text is kept."""
    given = each.get("idShort")
    if given is None or isinstance(given, str):
        return given or ""
    walk.keep(place, ((), "idShort"), given, "wrong-shape")
    del each["idShort"]
    return ""


class _Either:
    """Names in one set or the other, without joining them for every element."""

    def __init__(self, valid: set[str], taken: set[str]) -> None:
        self._sets = (valid, taken)

    def __contains__(self, name: object) -> bool:
        return name in self._sets[0] or name in self._sets[1]


def _new_name(text: str, kind: str, valid: set[str], taken: set[str], nth: int) -> tuple[str, str]:
    either = _Either(valid, taken)
    if text in valid:
        return unique(text, either), "id-short-duplicate"
    if not text.strip():
        return unique(f"{kind}_{nth + 1}", either), "id-short-missing"
    return unique(made_id_short(text), either), "id-short"
