"""What narrows a list: parameters that carry JSON in base64url. Source: Part 2 §12, parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from gateway.api.aas.ports import DocumentView
from gateway.api.answers import ApiError, Query, identifier

AssetLink = tuple[str, str]
LINKS_MAX = 100


def _decoded(given: str) -> Any:
    text = identifier(given)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "the parameter is not base64url of JSON") from error


def semantic_id(given: str | None) -> str | None:
    """Read base64url of a Reference; its last key counts."""
    if given is None:
        return None
    match _decoded(given):
        case {"keys": [*_, {"value": str(value)}]}:
            return value
        case _:
            raise ApiError(400, "semanticId is not a Reference")


def asset_links(given: Iterable[str]) -> list[AssetLink]:
    """Read SpecificAssetIds: each an object or, as some clients send it, a list of objects."""
    links: list[AssetLink] = []
    for part in given:
        content = _decoded(part)
        links += links_of(content if isinstance(content, list) else [content])
    if given and not links:
        raise ApiError(400, "assetIds is not a SpecificAssetId")
    return links


def links_of(content: Any) -> list[AssetLink]:
    """Read a list of asset links."""
    if not isinstance(content, list) or len(content) > LINKS_MAX:
        raise ApiError(400, "not a list of asset links")
    links: list[AssetLink] = []
    for each in content:
        match each:
            case {"name": str(name), "value": str(value)}:
                links.append((name, value))
            case _:
                raise ApiError(400, "not a SpecificAssetId")
    return links


def links_of_shell(model: Mapping[str, Any]) -> list[AssetLink]:
    """Give what a shell is found by."""
    asset: Mapping[str, Any] = model["assetInformation"]
    links = [("globalAssetId", str(asset["globalAssetId"]))] if "globalAssetId" in asset else []
    return links + [(each["name"], each["value"]) for each in asset.get("specificAssetIds", ())]


def with_links(shells: Sequence[DocumentView], links: Sequence[AssetLink]) -> list[DocumentView]:
    """Keep the shells that have all these links."""
    if not links:
        return list(shells)
    return [each for each in shells if set(links) <= set(links_of_shell(each.model))]


def named(query: Query, id_short: str) -> bool:
    """Tell whether `idShort` lets this one through."""
    return query.text("idShort") in (None, id_short)
