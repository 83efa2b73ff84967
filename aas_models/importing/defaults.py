"""What stands for a mandatory member that a file leaves out."""

from __future__ import annotations

import mimetypes
from collections import Counter
from typing import Any

from aas_models.elements import Json, global_reference, model_reference
from aas_models.importing.members import OCTETS
from aas_models.metamodel.texts import NOT_XML

IEC_61360 = "https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3"
NOWHERE = "about:blank"

_PLAIN: dict[tuple[str, str], Any] = {
    ("AssetInformation", "assetKind"): "Instance",
    ("BasicEventElement", "direction"): "output",
    ("BasicEventElement", "state"): "off",
    ("Blob", "contentType"): OCTETS,
    ("Extension", "name"): "unnamed",
    ("Key", "type"): "GlobalReference",
    ("Property", "valueType"): "xs:string",
    ("Qualifier", "valueType"): "xs:string",
    ("Range", "valueType"): "xs:string",
    ("LevelType", "min"): False,
    ("LevelType", "nom"): False,
    ("LevelType", "typ"): False,
    ("LevelType", "max"): False,
}


def default(kind: str, name: str, made: Json, place: Any) -> Any | None:
    """Give the value of a missing mandatory member; None: the object makes no sense without it."""
    if (kind, name) in _PLAIN:
        return _PLAIN[kind, name]
    if kind == "AssetAdministrationShell" and name == "assetInformation":
        return {}
    if kind == "File" and name == "contentType":
        return mimetypes.guess_type(str(made.get("value", "")))[0] or OCTETS
    if kind == "Entity":
        has_ids = "globalAssetId" in made or "specificAssetIds" in made
        return "SelfManagedEntity" if has_ids else "CoManagedEntity"
    if name in {"first", "second"}:
        return global_reference(NOWHERE)
    if kind == "EmbeddedDataSpecification" and name == "dataSpecification":
        return global_reference(IEC_61360)
    return _from_content(kind, name, made, place)


def _from_content(kind: str, name: str, made: Json, place: Any) -> Any | None:
    if kind == "DataSpecificationIec61360" and name == "preferredName":
        return [{"language": "en", "text": name_of(place.owner, 255)}]
    if kind == "ValueReferencePair" and name == "valueId" and "value" in made:
        return global_reference(made["value"])
    if kind == "BasicEventElement" and name == "observed" and place.submodel:
        return model_reference("Submodel", NOT_XML.sub("", place.submodel))
    if kind == "SubmodelElementList" and name == "typeValueListElement":
        return kind_of_members(made) or "SubmodelElement"
    return None


def kind_of_members(made: Json) -> str | None:
    """Give the kind that all members of a list have; None: they differ or there are none."""
    kinds = Counter(each["modelType"] for each in made.get("value", ()))
    return next(iter(kinds)) if len(kinds) == 1 else None


def name_of(owner: Json, longest: int) -> str:
    """Give some name of an identifiable or element."""
    return str(owner.get("idShort") or owner.get("id") or "unnamed")[:longest]
