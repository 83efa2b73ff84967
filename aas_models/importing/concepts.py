"""Repairs of concept descriptions with IEC 61360 content (Part 3a, AASc-3a-002 to -010)."""

from __future__ import annotations

from aas_models.elements import Json
from aas_models.importing.defaults import name_of
from aas_models.importing.walk import Place, Trail, Walk
from aas_models.metamodel.languages import is_english

NO_UNIT = "-"
_NEEDS_UNIT = frozenset(
    ("INTEGER_MEASURE", "REAL_MEASURE", "RATIONAL_MEASURE", "INTEGER_CURRENCY", "REAL_CURRENCY")
)
_PROPERTY_TYPES = frozenset(
    [
        "DATE",
        "STRING",
        "STRING_TRANSLATABLE",
        "INTEGER_MEASURE",
        "INTEGER_COUNT",
        "INTEGER_CURRENCY",
        "REAL_MEASURE",
        "REAL_COUNT",
        "REAL_CURRENCY",
        "BOOLEAN",
        "RATIONAL",
        "RATIONAL_MEASURE",
        "TIME",
        "TIMESTAMP",
    ]
)
_CATEGORY_TYPES = {
    "PROPERTY": _PROPERTY_TYPES,
    "VALUE": _PROPERTY_TYPES,
    "REFERENCE": frozenset(("STRING", "IRI", "IRDI")),
    "DOCUMENT": frozenset(("FILE", "BLOB", "HTML")),
    "QUALIFIER_TYPE": None,
}
"""AASc-3a-004 to -007; None: any type, but one."""


def iec_61360(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """Give it an English name, a unit where one is due, and a value or a list, not both."""
    names = made.get("preferredName")
    if names and not any(is_english(each["language"]) for each in names):
        names.append({"language": "en", "text": names[0]["text"]})
        walk.note(
            place, (trail, "preferredName"), "language-english", "added", "", names[0]["text"]
        )
    if "value" in made and "valueList" in made:
        walk.keep(place, (trail, "value"), made.pop("value"), "value-and-list")
    if made.get("dataType") in _NEEDS_UNIT and "unit" not in made and "unitId" not in made:
        made["unit"] = NO_UNIT
        walk.note(place, (trail, "unit"), "unit", "added", "", NO_UNIT)


def concept(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """Give each content an English definition (AASc-3a-008); drop a category that does not fit."""
    contents = [
        each["dataSpecificationContent"] for each in made.get("embeddedDataSpecifications", ())
    ]
    # A concept is that of a value when all its contents say so.
    undefined = contents if any("value" not in each for each in contents) else []
    for index, content in enumerate(undefined):
        at = (((trail, "embeddedDataSpecifications"), index), "dataSpecificationContent")
        _defined(walk, content, place, (at, "definition"))
    category = made.get("category")
    if category in _CATEGORY_TYPES and not all(
        _fits(str(category), content) for content in contents
    ):
        walk.keep(place, (trail, "category"), made.pop("category"), "category")


def _defined(walk: Walk, content: Json, place: Place, at: Trail) -> None:
    given = content.get("definition", [])
    if any(is_english(each["language"]) for each in given):
        return
    names = content["preferredName"]
    english = next((each["text"] for each in names if is_english(each["language"])), None)
    text = given[0]["text"] if given else english or name_of(place.owner, 1023)
    content["definition"] = [*given, {"language": "en", "text": text}]
    walk.note(place, at, "language-english" if given else "definition", "added", "", text)


def _fits(category: str, content: Json) -> bool:
    data_type = content.get("dataType")
    allowed = _CATEGORY_TYPES[category]
    if category == "VALUE" and "value" not in content:
        return False
    return data_type is not None if allowed is None else data_type in allowed
