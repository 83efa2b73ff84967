"""Whether a document that somebody wrote is an AAS document at all.

Structure, required and unknown members, ids, idShorts and their uniqueness, value types: what is
cheap to check on every write. The judges of `gateway aas verify` check the rest.
Source: IDTA-01001 (Part 1) 3.1, chapter 5 and its JSON mapping.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from aas_models.elements import Json
from aas_models.repository.kinds import (
    ABSTRACT,
    CHILDREN,
    ELEMENTS,
    IDENTIFIABLES,
    KNOWN,
    LANG_STRINGS,
    LISTS,
    PLAIN,
    REFERENCES,
    REQUIRED,
    WORDS,
)
from aas_models.repository.texts import fits_type
from gateway.core.errors import AasError

ID_LENGTH_MAX = 2_048
ID_SHORT_LENGTH_MAX = 128
DEPTH_MAX = 32
ELEMENTS_MAX = 20_000
_ID_SHORT = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")
"""AASd-002 as 3.0 and 3.1 have it together."""


def check_identifiable(model: Any, kind: str) -> None:
    """Check a shell, submodel or concept description.

    Raises:
        AasError: `invalid`; the detail is the path of the place and what is wrong there.
    """
    _Check().identifiable(model, kind)


def check_element(model: Any, path: str) -> None:
    """Check a submodel element that is to stand at a path.

    Raises:
        AasError: see `check_identifiable`.
    """
    _Check().element(model, path, 1)


def wrong(path: str, problem: str) -> AasError:
    """Make the error that names a place."""
    return AasError("invalid", f"{path or '$'}: {problem}")


class _Check:
    """One walk through a document; counts what it meets."""

    def __init__(self) -> None:
        self._count = 0

    def identifiable(self, model: Any, kind: str) -> None:
        content = _object(model, "")
        if content.get("modelType") != kind:
            raise wrong("modelType", f"must be {kind}")
        identifier = content.get("id")
        if not isinstance(identifier, str) or not 0 < len(identifier) <= ID_LENGTH_MAX:
            raise wrong("id", f"must be a text of 1 to {ID_LENGTH_MAX} characters")
        self._members(content, "", IDENTIFIABLES[kind])
        if kind == "AssetAdministrationShell":
            _asset_information(content["assetInformation"])
            for place, each in enumerate(content.get("submodels", ())):
                _reference(each, f"submodels[{place}]")
        if kind == "Submodel":
            self._children(content, "", "submodelElements", 1)

    def element(self, model: Any, path: str, depth: int) -> None:
        self._count += 1
        if depth > DEPTH_MAX or self._count > ELEMENTS_MAX:
            raise wrong(path, f"deeper than {DEPTH_MAX} or more than {ELEMENTS_MAX} elements")
        content = _object(model, path)
        kind = str(content.get("modelType"))
        if kind not in ELEMENTS:
            raise wrong(path, f"modelType {kind[:40]!r} is not a submodel element")
        self._members(content, path, ELEMENTS[kind])
        _typed(content, path, kind)
        if kind in CHILDREN:
            self._children(content, path, CHILDREN[kind], depth + 1)
        if kind == "Operation":
            self._variables(content, path, depth + 1)

    def _members(self, content: Json, path: str, own: frozenset[str]) -> None:
        for key, part in content.items():
            at = f"{path}.{key}" if path else key
            if key not in own and key not in KNOWN:
                raise wrong(at, "is not a member of this kind")
            _not_empty(part, at)
            _member(key, part, at)
        for key in REQUIRED.get(str(content["modelType"]), ()):
            if key not in content:
                raise wrong(path, f"{key} is missing")
        if "idShort" in content:
            _id_short(content["idShort"], path)

    def _children(self, content: Json, path: str, member: str, depth: int) -> None:
        listed = content["modelType"] == "SubmodelElementList"
        names: set[str] = set()
        for place, child in enumerate(_list(content.get(member, []), path)):
            step = f"[{place}]"
            name = _object(child, path + step).get("idShort")
            if listed and name is not None:
                raise wrong(path + step, "an element of a list has no idShort (AASd-120)")
            if not listed:
                if not isinstance(name, str):
                    raise wrong(path + step, "idShort is missing (AASd-117)")
                if name in names:
                    raise wrong(path, f"idShort {name} comes twice (AASd-022)")
                names.add(name)
                step = f".{name}" if path else name
            if listed and not _of_type(child.get("modelType"), content["typeValueListElement"]):
                raise wrong(path + step, "is not of the list's type (AASd-108)")
            self.element(child, path + step, depth)

    def _variables(self, content: Json, path: str, depth: int) -> None:
        for group in ("inputVariables", "outputVariables", "inoutputVariables"):
            for place, variable in enumerate(_list(content.get(group, []), path)):
                at = f"{path}.{group}[{place}]"
                self.element(_object(variable, at).get("value"), at, depth)


def _member(key: str, part: Any, at: str) -> None:
    if key in REFERENCES:
        _reference(part, at)
    elif key in LISTS:
        for place, each in enumerate(_list(part, at)):
            below = f"{at}[{place}]"
            content = _object(each, below)
            if LISTS[key] == "reference":
                _reference(content, below)
            elif LISTS[key]:
                _reference(content.get(LISTS[key]), f"{below}.{LISTS[key]}")
    elif key in LANG_STRINGS:
        _lang_strings(part, at)
    elif key in PLAIN and not isinstance(part, str):
        raise wrong(at, "must be a text")
    elif key in WORDS and part not in sorted(WORDS[key]):
        raise wrong(at, f"must be one of {', '.join(sorted(WORDS[key]))}")
    elif key == "administration":
        _object(part, at)


def _typed(content: Json, path: str, kind: str) -> None:
    members = {"Property": ("value",), "Range": ("min", "max")}.get(kind, ())
    for key in members:
        given = content.get(key)
        if given is not None and not fits_type(given, str(content["valueType"])):
            raise wrong(f"{path}.{key}", f"is not a text of {content['valueType']}")
    if kind == "MultiLanguageProperty" and "value" in content:
        _lang_strings(content["value"], f"{path}.value")
    if kind == "ReferenceElement" and "value" in content:
        _reference(content["value"], f"{path}.value")
    if kind in {"File", "Blob"} and not isinstance(content.get("value", ""), str):
        raise wrong(f"{path}.value", "must be a text")
    named = content.keys() & {"globalAssetId", "specificAssetIds"}
    if kind == "Entity" and content.get("entityType") == "SelfManagedEntity" and not named:
        raise wrong(path, "a self-managed entity names its asset (AASd-014)")


def _asset_information(given: Any) -> None:
    content = _object(given, "assetInformation")
    if "assetKind" not in content:
        raise wrong("assetInformation", "assetKind is missing")
    specific = _list(content.get("specificAssetIds", []), "assetInformation.specificAssetIds")
    if not content.get("globalAssetId") and not specific:
        raise wrong("assetInformation", "names no asset (AASd-131)")
    for place, each in enumerate(specific):
        at = f"assetInformation.specificAssetIds[{place}]"
        _texts(_object(each, at), ("name", "value"), at)
    for key, part in content.items():
        at = f"assetInformation.{key}"
        _not_empty(part, at)
        _member(key, part, at)


def _of_type(kind: Any, wanted: str) -> bool:
    return kind == wanted or (isinstance(kind, str) and kind in ABSTRACT.get(wanted, ()))


def _reference(given: Any, path: str) -> None:
    content = _object(given, path)
    if content.get("type") not in ["ExternalReference", "ModelReference"]:
        raise wrong(f"{path}.type", "must be ExternalReference or ModelReference")
    keys = _list(content.get("keys"), f"{path}.keys")
    if not keys:
        raise wrong(f"{path}.keys", "is empty")
    for place, key in enumerate(keys):
        _texts(_object(key, f"{path}.keys[{place}]"), ("type", "value"), f"{path}.keys[{place}]")


def _lang_strings(given: Any, path: str) -> None:
    for place, each in enumerate(_list(given, path)):
        _texts(_object(each, f"{path}[{place}]"), ("language", "text"), f"{path}[{place}]")


def _texts(content: Mapping[str, Any], keys: Iterable[str], path: str) -> None:
    for key in keys:
        if not isinstance(content.get(key), str) or not content[key]:
            raise wrong(f"{path}.{key}", "must be a text")


def _not_empty(part: Any, path: str) -> None:
    if part is None or part in ([], {}) or (part == "" and not path.endswith(".value")):
        raise wrong(path, "is empty; leave it out")


def _id_short(given: Any, path: str) -> None:
    fits = isinstance(given, str) and len(given) <= ID_SHORT_LENGTH_MAX
    if not fits or not _ID_SHORT.fullmatch(given):
        raise wrong(path, f"idShort {str(given)[:40]!r} is not letters, digits, _ and - (AASd-002)")


def _object(given: Any, path: str) -> Json:
    if not isinstance(given, dict):
        raise wrong(path, "must be an object")
    return given


def _list(given: Any, path: str) -> list[Any]:
    if not isinstance(given, list):
        raise wrong(path, "must be a list")
    return given
