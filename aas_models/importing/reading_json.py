"""Reads AAS JSON: an environment, one of its objects, or a list of them."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from aas_models.elements import Json
from aas_models.importing.limits import DEPTH_MAX, MARKUP_MAX, MEMBERS_MAX
from aas_models.importing.members import NumberText
from aas_models.importing.names import numbered
from aas_models.metamodel.schema import IDENTIFIABLES
from gateway.core.errors import AasError

_LISTS = {kind: name for name, kind in IDENTIFIABLES.items()}


def json_document(text: str, name: str) -> Json:
    """Give the environment of a JSON text, still as it was written.

    Raises:
        AasError: not JSON, too deep, or nothing of an AAS.
    """
    if text.count("{") + text.count("[") > MARKUP_MAX or text.count(",") > MEMBERS_MAX:
        raise AasError("too-large", name)
    try:
        found = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=NumberText,
            parse_float=NumberText,
            parse_constant=NumberText,
        )
    except RecursionError as error:
        raise AasError("too-deep", name) from error
    except ValueError as error:
        raise AasError("not-json", f"{name}: {error}") from error
    _check_depth(found, name)
    return _environment(found, name)


def _object(pairs: list[tuple[str, Any]]) -> Json:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    made = {}
    for key, value in pairs:
        made[numbered(partial("{}#{}".format, key), made) if key in made else key] = value
    return made


def _check_depth(value: Any, name: str) -> None:
    level, depth = [value] if isinstance(value, dict | list) else [], 0
    while level:
        depth += 1
        if depth > 2 * DEPTH_MAX:
            raise AasError("too-deep", name)
        below: list[Any] = []
        for each in level:
            inner = each.values() if isinstance(each, dict) else each
            below += [one for one in inner if isinstance(one, dict | list)]
        level = below


def _environment(found: Any, name: str) -> Json:
    if isinstance(found, dict) and isinstance(found.get("result"), list):
        found = found["result"]
    if (
        isinstance(found, dict)
        and (set(found) & {*IDENTIFIABLES, "assets"})
        and not ("id" in found or "identification" in found)
    ):
        return found
    made: Json = {}
    for each in found if isinstance(found, list) else [found]:
        kind = _kind(each)
        if kind is None:
            raise AasError("no-objects", f"{name} holds no AAS, submodel or concept description")
        made.setdefault(_LISTS[kind], []).append(each)
    return made


def _kind(each: Any) -> str | None:
    if not isinstance(each, dict):
        return None
    said = each.get("modelType")
    said = said.get("name") if isinstance(said, dict) else said
    if said in _LISTS:
        return str(said)
    if "submodelElements" in each:
        return "Submodel"
    if "assetInformation" in each:
        return "AssetAdministrationShell"
    return "ConceptDescription" if "isCaseOf" in each else None
