"""The constraints of the metamodel that concern more than one member, and what mends each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from aas_models.elements import Json
from aas_models.importing.concepts import concept, iec_61360
from aas_models.importing.lists import list_members
from aas_models.importing.members import value_of_type
from aas_models.importing.names import numbered
from aas_models.importing.references import external
from aas_models.importing.walk import EXTENSION_NAME_MAX, Place, Trail, Walk
from aas_models.metamodel.schema import DATA_ELEMENTS, ELEMENT_KINDS

Rule = Callable[[Walk, Json, Place, Trail], None]
CATEGORIES = frozenset(("CONSTANT", "PARAMETER", "VARIABLE"))


def extensions(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """AASd-077: names of extensions are unique."""
    taken: set[str] = set()
    for index, each in enumerate(made.get("extensions", ())):
        name = each["name"]
        if name in taken:
            stem = name[:EXTENSION_NAME_MAX]
            each["name"] = numbered(partial("{}#{}".format, stem), taken)
            at = (((trail, "extensions"), index), "name")
            walk.note(place, at, "extension-duplicate", "renamed", name, each["name"])
        taken.add(each["name"])


def semantics(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """AASd-118: no supplemental semantic id without a main one."""
    if "supplementalSemanticIds" not in made or "semanticId" in made:
        return
    more = made["supplementalSemanticIds"]
    made["semanticId"] = more.pop(0)
    if not more:
        del made["supplementalSemanticIds"]
    walk.note(place, (trail, "semanticId"), "supplemental", "moved")


def qualifiers(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """AASd-021: one qualifier of a type; AASd-119, -129: template qualifiers in templates."""
    given = made.get("qualifiers")
    if given is None:
        return
    types: set[str] = set()
    stay: list[Json] = []
    for index, each in enumerate(given):
        at = ((trail, "qualifiers"), index)
        if each["type"] in types:
            walk.keep(place, at, each, "qualifier-duplicate")
            continue
        types.add(each["type"])
        if each.get("kind") == "TemplateQualifier" and not place.template:
            walk.keep(place, (at, "kind"), each.pop("kind"), "qualifier-kind")
        stay.append(each)
    made["qualifiers"] = stay


def data_element(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """AASd-090 of 3.0: the categories of data elements."""
    given = made.get("category")
    if given is None or given in CATEGORIES:
        return
    walk.fits_3_0 = False
    if walk.for_3_0:
        walk.keep(place, (trail, "category"), given, "category")
        del made["category"]


def valued(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """AASd-020: the value fits the valueType."""
    value_of_type(walk, made, "value", place, trail)


def ranged(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """The same for both ends of a range."""
    value_of_type(walk, made, "min", place, trail)
    value_of_type(walk, made, "max", place, trail)


def entity(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """AASd-014: a self-managed entity has one sort of asset id, a co-managed one has none."""
    given = made.get("entityType")
    if given is None and not walk.for_3_0:
        return
    if "globalAssetId" in made and "specificAssetIds" in made:
        walk.keep(place, (trail, "specificAssetIds"), made.pop("specificAssetIds"), "entity-ids")
    if given is None:
        return
    has_ids = "globalAssetId" in made or "specificAssetIds" in made
    right = "SelfManagedEntity" if has_ids else "CoManagedEntity"
    if given != right:
        walk.keep_quietly(place, "original.entityType", given)
        walk.note(place, (trail, "entityType"), "entity-type", "replaced", given, right)
        made["entityType"] = right


def asset_information(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """AASd-131: an asset id; AASd-116: the name globalAssetId is reserved."""
    for index, each in enumerate(made.get("specificAssetIds", ())):
        if each["name"].casefold() == "globalassetid":
            at = (((trail, "specificAssetIds"), index), "name")
            walk.note(place, at, "asset-id", "renamed", each["name"], "globalAssetId_")
            each["name"] = "globalAssetId_"
    if "globalAssetId" in made or "specificAssetIds" in made:
        return
    made["specificAssetIds"] = [{"name": "shellId", "value": place.owner["id"]}]
    walk.note(place, (trail, "specificAssetIds"), "asset-id", "added", "", place.owner["id"])


def specific_asset_id(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """AASd-133: the subject is an external reference."""
    if "externalSubjectId" in made:
        external(walk, made["externalSubjectId"], place, (trail, "externalSubjectId"))


def administration(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """AASd-005: no revision without a version."""
    if "revision" in made and "version" not in made:
        walk.keep(place, (trail, "revision"), made.pop("revision"), "revision")


def event(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """A maxInterval is for events that go out."""
    if made.get("direction") == "input" and "maxInterval" in made:
        walk.keep(place, (trail, "maxInterval"), made.pop("maxInterval"), "interval")


def pair(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """A coded value without a text is named by its id."""
    if "value" not in made and "valueId" in made:
        made["value"] = made["valueId"]["keys"][-1]["value"]
        walk.note(place, (trail, "value"), "missing", "added", "", made["value"])


_ANY_ELEMENT: tuple[Rule, ...] = (extensions, semantics, qualifiers)
_MORE: Final[dict[str, tuple[Rule, ...]]] = {
    "Property": (valued,),
    "Range": (ranged,),
    "Entity": (entity,),
    "BasicEventElement": (event,),
    "SubmodelElementList": (list_members,),
}
RULES: Final[dict[str, tuple[Rule, ...]]] = {
    **{
        kind: (
            *_ANY_ELEMENT,
            *((data_element,) if kind in DATA_ELEMENTS else ()),
            *_MORE.get(kind, ()),
        )
        for kind in ELEMENT_KINDS
    },
    "AssetAdministrationShell": (extensions,),
    "Submodel": (extensions, semantics, qualifiers),
    "ConceptDescription": (extensions, concept),
    "Extension": (semantics, valued),
    "Qualifier": (semantics, valued),
    "SpecificAssetId": (semantics, specific_asset_id),
    "AssetInformation": (asset_information,),
    "AdministrativeInformation": (administration,),
    "DataSpecificationIec61360": (iec_61360,),
    "ValueReferencePair": (pair,),
}
"""What is checked once the members of an object are right, by class."""
