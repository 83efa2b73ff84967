"""Our AID and AIMC against the official template files: kinds, semantic ids, cardinalities."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.unit.aas.interfaces.parts import PRESS, ROOM, environment_of, submodel
from tests.unit.aas.interfaces.test_reading import NO_REFERENCE, REFERENCE

pytestmark = [pytest.mark.reference, NO_REFERENCE]
PLACEHOLDERS = {"property_name"}
KINDS = {"OPCUA": PRESS, "MQTT": ROOM}


def children(element: dict[str, Any]) -> list[dict[str, Any]]:
    found = element.get("submodelElements", element.get("value"))
    return [each for each in found if "modelType" in each] if isinstance(found, list) else []


def term(element: dict[str, Any]) -> str:
    keys = (element.get("semanticId") or {}).get("keys") or [{"value": ""}]
    return str(keys[-1]["value"]).strip()


def cardinality(element: dict[str, Any]) -> str:
    found = [q["value"] for q in element.get("qualifiers", ()) if q["type"].endswith("ardinality")]
    return str(found[0]) if found else "One"


def faults(made: dict[str, Any], template: dict[str, Any], path: str) -> list[str]:
    """Compare what is below two elements."""
    known = children(template)
    if not known:
        return []  # the template ends here, such as where it says "recursive"
    found: list[str] = []
    counts: Counter[int] = Counter()
    in_list = made["modelType"] == "SubmodelElementList"
    for child in children(made):
        place = _place(child, known, in_list=in_list)
        name = f"{path}.{child.get('idShort', '[]')}"
        if place is None:
            found.append(f"{name} is not in the template")
            continue
        counts[place] += 1
        match = known[place]
        if child["modelType"] != match["modelType"]:
            found.append(f"{name} is a {child['modelType']}")
        if term(child) != term(match):
            found.append(f"{name} means {term(child)}, not {term(match)}")
        found += faults(child, match, name)
    for place, match in enumerate(known):
        wanted, count = cardinality(match), counts[place]
        if wanted in {"One", "OneToMany"} and not count:
            found.append(f"{path}.{match.get('idShort')} is missing")
        if wanted in {"One", "ZeroToOne"} and count > 1 and not in_list:
            found.append(f"{path}.{match.get('idShort')} is there {count} times")
    return found


def _place(child: dict[str, Any], known: list[dict[str, Any]], *, in_list: bool) -> int | None:
    for place, each in enumerate(known):
        if in_list or each.get("idShort") == child.get("idShort"):
            return place
    for place, each in enumerate(known):
        if each.get("idShort") in PLACEHOLDERS and term(each) == term(child):
            return place
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_the_description_has_what_the_template_asks_for(kind: str) -> None:
    document = json.loads((REFERENCE / "aid-1.1" / "template.json").read_bytes())
    (template,) = document["submodels"]
    made = submodel(environment_of(KINDS[kind]), "AssetInterfacesDescription")
    assert term(made) == term(template)
    assert made["administration"] == template["administration"]
    wanted = next(
        each for each in template["submodelElements"] if each["idShort"].endswith(f"For{kind}")
    )
    (interface,) = made["submodelElements"]
    assert term(interface) == term(wanted)
    assert faults(interface, wanted, kind) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_mapping_has_what_the_template_asks_for(kind: str) -> None:
    document = json.loads((REFERENCE / "aimc-2.0" / "template.json").read_bytes())
    (template,) = document["submodels"]
    made = submodel(environment_of(KINDS[kind]), "AssetInterfacesMappingConfiguration")
    assert term(made) == term(template)
    assert made["administration"] == template["administration"]
    assert faults(made, template, kind) == []


def test_the_comparison_finds_what_is_missing_and_what_is_foreign() -> None:
    document = json.loads((REFERENCE / "aimc-2.0" / "template.json").read_bytes())
    made = submodel(environment_of(PRESS), "AssetInterfacesMappingConfiguration")
    configuration = made["submodelElements"][0]["value"][0]
    sinks = configuration["value"].pop()
    sinks["idShort"] = "Drains"
    configuration["value"].append(sinks)
    found = " ".join(faults(made, document["submodels"][0], ""))
    assert "Sinks is missing" in found
    assert "Drains is not in the template" in found
