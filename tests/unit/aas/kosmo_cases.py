"""The KOSMO reference cases, read from outside the repository; `needs_cases` skips without them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

ROOT = Path(
    os.environ.get(
        "GATEWAY_REFERENCE_DATA", Path(__file__).resolve().parents[3].parent / "shared/reference"
    )
)
CASES = ROOT / "kosmo"
NAMES = ("a-flat-types", "b-nested", "c-cloud", "d-line", "e-300", "f-special")
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="GATEWAY_REFERENCE_DATA is absent")

LISTS = {
    "assetAdministrationShells", "submodels", "conceptDescriptions", "submodelElements", "keys",
    "displayName", "description", "supplementalSemanticIds", "extensions", "specificAssetIds",
    "qualifiers", "embeddedDataSpecifications", "refersTo", "annotations", "statements",
    "isCaseOf", "preferredName", "shortName", "definition", "valueReferencePairs",
}  # fmt: skip
MODELS = {
    "assetAdministrationShell", "submodel", "conceptDescription", "property", "file", "range",
    "submodelElementCollection", "submodelElementList", "referenceElement", "blob", "entity",
    "multiLanguageProperty", "relationshipElement", "operation", "capability",
}  # fmt: skip
LIST_VALUES = {"submodelElementCollection", "submodelElementList", "multiLanguageProperty"}


def environment(case: str) -> dict[str, Any]:
    """Read a case's AAS 3.0 XML into the JSON mapping; a stranger to the product's importer."""
    tree = etree.parse(str(CASES / case / "environment.aas.xml"))
    document: dict[str, Any] = _value(tree.getroot())
    return document


def _value(element: Any) -> Any:
    name = etree.QName(element).localname
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        return element.text or ""
    made: dict[str, Any] = {}
    if name in MODELS:
        made["modelType"] = name[0].upper() + name[1:]
    for child in children:
        key = etree.QName(child).localname
        many = key in LISTS or (key == "value" and name in LIST_VALUES)
        made[key] = (
            [_value(part) for part in child if isinstance(part.tag, str)]
            if many
            else (_value(child))
        )
    return made
