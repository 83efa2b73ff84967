"""Turns metamodel 1.0 and 2.0, in the shape of JSON, into the shape of metamodel 3.

Source: Part 1 3.0, annex "Changes to version 2.0". References lose idType and local, which
metamodel 3 does not have; assets become the assetInformation of their shells.
"""

from __future__ import annotations

from typing import Any

from aas_models.elements import Json
from aas_models.importing.references import EXTERNAL, IDENTIFIABLES, MODEL
from aas_models.importing.walk import has_content
from aas_models.metamodel.enums import meant

_RENAMED = {
    "mimeType": "contentType",
    "descriptions": "description",
    "qualifier": "qualifiers",
    "constraints": "qualifiers",
    "inputVariable": "inputVariables",
    "outputVariable": "outputVariables",
    "inoutputVariable": "inoutputVariables",
    "embeddedDataSpecification": "embeddedDataSpecifications",
    "hasDataSpecification": "embeddedDataSpecifications",
    "submodelRefs": "submodels",
    "annotation": "annotations",
    "dataSpecificationIEC61360": "dataSpecificationIec61360",
}
_DROPPED = frozenset(("parent", "idType", "local", "index"))
_KEY_MEMBERS = frozenset(("type", "value", "idType", "local", "index"))
_OFF = frozenset((False, "false", "False", ""))


def upgraded(document: Json) -> Json:
    """Give a metamodel 3 environment, which still needs the usual repairs."""
    assets = document.pop("assets", None) or []
    made: Json = {name: _any(value) for name, value in document.items()}
    by_id = {}
    for each in assets if isinstance(assets, list) else []:
        asset = _any(each)
        if isinstance(asset, dict):
            by_id[str(asset.get("id", ""))] = asset
    used: set[str] = set()
    for shell in made.get("assetAdministrationShells") or []:
        if isinstance(shell, dict):
            used.add(_give_asset(shell, by_id))
    unused = [asset for key, asset in by_id.items() if key not in used]
    if unused:
        made["assets"] = unused
    return made


def _give_asset(shell: Json, by_id: dict[str, Json]) -> str:
    reference = shell.pop("assetRef", None)
    if reference is None:
        reference = shell.pop("asset", None)
    keys = reference.get("keys") if isinstance(reference, dict) else None
    identifier = str(keys[-1].get("value", "")) if keys else ""
    asset = dict(by_id.get(identifier, {}))
    kind = asset.pop("kind", None)
    information: Json = {"assetKind": meant("AssetKind", str(kind or "Instance")) or "Instance"}
    if identifier.strip():
        information["globalAssetId"] = identifier
    asset.pop("id", None)
    asset.pop("modelType", None)
    if has_content(asset):
        shell["asset"] = asset
    shell.setdefault("assetInformation", information)
    return identifier


def _any(value: Any) -> Any:
    if isinstance(value, list):
        return [_any(each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) <= _KEY_MEMBERS and {"type", "value"} <= set(value) and "keys" not in value:
        return _key(value)
    if isinstance(value.get("keys"), list):
        return _reference(value)
    return _object(value)


def _key(value: Json) -> Any:
    if "idType" in value or "local" in value or meant("KeyTypes", str(value["type"])):
        kind = str(value["type"])
        rest = {name: each for name, each in value.items() if name not in _KEY_MEMBERS}
        return {"type": meant("KeyTypes", kind) or kind, "value": value["value"], **rest}
    return {name: _any(each) for name, each in value.items()}


def _reference(value: Json) -> Json:
    keys = [
        _key(each) if isinstance(each, dict) and {"type", "value"} <= set(each) else each
        for each in value["keys"]
    ]
    made = {name: _any(each) for name, each in value.items() if name not in {"keys", "type"}}
    first = keys[0].get("type") if keys and isinstance(keys[0], dict) else ""
    made["type"] = MODEL if first in IDENTIFIABLES else EXTERNAL
    made["keys"] = keys
    return made


def _object(value: Json) -> Json:
    made: Json = {}
    for name, each in value.items():
        if name in _DROPPED and not (name == "index" and "modelType" in value):
            continue
        made[_RENAMED.get(name, name)] = _any(each)
    kind = _model_type(made)
    if "identification" in made:
        made["id"] = _identifier(made.pop("identification"))
    if isinstance(made.get("valueType"), dict):
        made["valueType"] = _data_type(made["valueType"])
    if kind not in {"Submodel", "Asset"} and "type" not in made and "modelType" in made:
        _without_defaults(made)
    if kind == "Entity":
        _entity(made)
    if "dataSpecificationContent" in made:
        made["dataSpecificationContent"] = _content(made["dataSpecificationContent"])
    if isinstance(made.get("embeddedDataSpecifications"), dict):
        made["embeddedDataSpecifications"] = [made["embeddedDataSpecifications"]]
    return made


def _model_type(made: Json) -> str:
    said = made.get("modelType")
    if isinstance(said, dict):
        said = made["modelType"] = said.get("name", "")
    return str(said or "")


def _identifier(value: Any) -> Any:
    if isinstance(value, dict):
        return value.get("id") or value.get("#text") or ""
    return value


def _data_type(value: Json) -> Any:
    inner = value.get("dataObjectType", value)
    return inner.get("name", "") if isinstance(inner, dict) else inner


def _without_defaults(made: Json) -> None:
    """Leave out what metamodel 3 has no place for where it says nothing of its own."""
    if made.get("kind") in {"Instance", ""}:
        del made["kind"]
    for name in ("ordered", "allowDuplicates"):
        if name in made and made[name] in _OFF:
            del made[name]


def _entity(made: Json) -> None:
    for name in ("assetRef", "asset"):
        reference = made.get(name)
        keys = reference.get("keys") if isinstance(reference, dict) else None
        if keys and "globalAssetId" not in made:
            made["globalAssetId"] = made.pop(name)["keys"][-1].get("value", "")


def _content(value: Any) -> Any:
    if isinstance(value, dict) and isinstance(value.get("dataSpecificationIec61360"), dict):
        value = value["dataSpecificationIec61360"]
    if isinstance(value, dict) and "levelType" in value:
        given = value["levelType"]
        names = given if isinstance(given, list) else [given]
        if all(isinstance(each, str) for each in names):
            said = {each.casefold() for each in names}
            value["levelType"] = {each: each in said for each in ("min", "nom", "typ", "max")}
    return value
