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
_LEVELS = ("min", "nom", "typ", "max")
_OFF = frozenset((False, "false", "False", ""))


def upgraded(document: Json) -> Json:
    """Give a metamodel 3 environment, which still needs the usual repairs."""
    assets = document.pop("assets", None)
    made: Json = {name: _any(value) for name, value in document.items()}
    by_id: dict[str, Json] = {}
    unused: list[Any] = []
    for each in assets if isinstance(assets, list) else [assets]:
        asset = _any(each)
        key = asset.get("id") if isinstance(asset, dict) else None
        if isinstance(key, str) and key not in by_id:
            by_id[key] = asset
        elif asset is not None:
            unused.append(asset)
    shells = made.get("assetAdministrationShells")
    used = {
        _give_asset(shell, by_id)
        for shell in (shells if isinstance(shells, list) else [])
        if isinstance(shell, dict)
    }
    unused += [asset for key, asset in by_id.items() if key not in used]
    if unused:
        made["assets"] = unused
    return made


def _give_asset(shell: Json, by_id: dict[str, Json]) -> str:
    """Make the assetInformation of a shell; what it cannot hold of the asset stays beside it."""
    name = "assetRef" if "assetRef" in shell else "asset"
    identifier = _only_target(shell.get(name))
    if identifier is not None:
        del shell[name]
    asset = dict(by_id.get(identifier or "", {}))
    kind = asset.get("kind")
    if kind is None or isinstance(kind, str):
        asset.pop("kind", None)
    information: Json = {"assetKind": meant("AssetKind", str(kind or "Instance")) or "Instance"}
    if identifier:
        information["globalAssetId"] = identifier
    asset.pop("id", None)
    asset.pop("modelType", None)
    if has_content(asset):
        shell["assetOfMetamodel2"] = asset
    shell.setdefault("assetInformation", information)
    return identifier or ""


def _only_target(reference: Any) -> str | None:
    """Give the id that a reference to an asset names, if it says nothing else."""
    if not isinstance(reference, dict) or not reference.keys() <= {"type", "keys"}:
        return None
    keys = reference.get("keys")
    if not isinstance(keys, list) or len(keys) != 1 or not isinstance(keys[0], dict):
        return None
    value = keys[0].get("value")
    return value if keys[0].keys() == {"type", "value"} and isinstance(value, str) else None


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
    """The id of an identification object that holds nothing else."""
    if isinstance(value, dict) and value.keys() <= {"id", "idType"}:
        return value.get("id") or ""
    return value


def _data_type(value: Json) -> Any:
    """The name in an object such as {"dataObjectType": {"name": "int"}}."""
    inner = value.get("dataObjectType") if value.keys() == {"dataObjectType"} else value
    plain = isinstance(inner, dict) and inner.keys() == {"name"}
    return inner["name"] if plain and isinstance(inner, dict) else value


def _without_defaults(made: Json) -> None:
    """Leave out what metamodel 3 has no place for where it says nothing of its own."""
    if made.get("kind") in ("Instance", ""):
        del made["kind"]
    for name in ("ordered", "allowDuplicates"):
        if isinstance(made.get(name), str | bool) and made[name] in _OFF:
            del made[name]


def _entity(made: Json) -> None:
    for name in ("assetRef", "asset"):
        target = _only_target(made.get(name))
        if target and "globalAssetId" not in made:
            made["globalAssetId"] = target
            del made[name]


def _content(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"dataSpecificationIec61360"}:
        value = value["dataSpecificationIec61360"]
    if isinstance(value, dict) and "levelType" in value:
        given = value["levelType"]
        names = given if isinstance(given, list) else [given]
        said = {each.casefold() for each in names if isinstance(each, str)}
        if len(said) == len(names) and said <= set(_LEVELS):
            value["levelType"] = {each: each in said for each in _LEVELS}
    return value
