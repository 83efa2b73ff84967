"""Concept descriptions with IEC 61360 content: what a signal is called, its unit, its states.

Source: Specification of the AAS Part 3a (IDTA-01003-a).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from aas_models.elements import Json, global_reference
from aas_models.units import unit_named
from gateway.core.assets import LocalName
from gateway.core.signals import XS_FLOATS, XS_INTEGERS, Signal

DATA_SPECIFICATION = (
    "https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3/0"
)
PREFERRED_NAME_MAX = 255
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def words_of(id_short: str) -> str:
    """Give `TemperatureLower` as `Temperature Lower`."""
    return " ".join(_WORD.findall(id_short)) or id_short


def concept_description(
    identifier: str, signal: Signal, name: LocalName, states: Mapping[int, str] | None
) -> Json:
    """Describe what a signal means."""
    id_short = signal.element.rsplit(".", 1)[-1]
    return {
        "modelType": "ConceptDescription",
        "id": identifier,
        "idShort": id_short,
        "embeddedDataSpecifications": [
            {
                "dataSpecification": global_reference(DATA_SPECIFICATION),
                "dataSpecificationContent": _content(identifier, id_short, signal, name, states),
            }
        ],
    }


def _content(
    identifier: str,
    id_short: str,
    signal: Signal,
    name: LocalName,
    states: Mapping[int, str] | None,
) -> Json:
    english = name.en or words_of(id_short)  # AASc-3a-002: the English name is mandatory
    texts = [("en", english), ("ko", name.ko)]
    content: Json = {
        "modelType": "DataSpecificationIec61360",
        "preferredName": [
            {"language": code, "text": text[:PREFERRED_NAME_MAX]} for code, text in texts if text
        ],
        # AASc-3a-008: there has to be one, and nothing more is known than the name.
        "definition": [{"language": code, "text": text} for code, text in texts if text],
    }
    if signal.unit:
        content.update(_unit(signal.unit))
    if data_type := data_type_of(signal):
        content["dataType"] = data_type
    if states:
        content["valueList"] = _value_list(identifier, states)
    return content


def _unit(text: str) -> Json:
    unit = unit_named(text)
    if unit is None:
        return {"unit": text}
    return {"unit": unit.sign, "unitId": global_reference(unit.uri)}


def data_type_of(signal: Signal) -> str | None:
    """Give the IEC 61360 type; AASc-3a-009: a measure has a unit."""
    if signal.value_type in XS_INTEGERS:
        return "INTEGER_MEASURE" if signal.unit else "INTEGER_COUNT"
    if signal.value_type in XS_FLOATS:
        return "REAL_MEASURE" if signal.unit else "REAL_COUNT"
    return {
        "xs:boolean": "BOOLEAN",
        "xs:string": "STRING",
        "xs:dateTime": "TIMESTAMP",
        "xs:base64Binary": "BLOB",
    }.get(signal.value_type or "")


def _value_list(identifier: str, states: Mapping[int, str]) -> Json:
    return {
        "valueReferencePairs": [
            {"value": text, "valueId": global_reference(f"{identifier}#{number}")}
            for number, text in sorted(states.items())
        ]
    }
