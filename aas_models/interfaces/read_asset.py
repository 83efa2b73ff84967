"""What an environment says of the equipment behind an interface: shell, asset, nameplate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aas_models.elements import Json
from aas_models.interfaces.walk import (
    child,
    children,
    dicts,
    keys_of,
    local_name,
    name_of,
    semantic_ids,
    text_of,
)
from gateway.core.assets import LocalName

NAMEPLATE = "nameplate"


@dataclass(frozen=True, slots=True)
class AssetFacts:
    """`asset` is the global id; everything may be unknown."""

    shell: str = ""
    asset: str | None = None
    label: LocalName | None = None
    maker: LocalName | None = None
    model: str | None = None
    serial: str | None = None
    year: int | None = None


def shell_of(submodel: str, shells: Iterable[Json]) -> Json | None:
    """Give the shell that refers to a submodel."""
    for shell in shells:
        for reference in dicts(shell.get("submodels")):
            if any(key.get("value") == submodel for key in keys_of(reference)):
                return shell
    return None


def asset_facts(shell: Json | None, by_id: dict[str, Json]) -> AssetFacts:
    """Read a shell and its nameplate."""
    if shell is None:
        return AssetFacts()
    plate = next((each for each in submodels_of(shell, by_id) if _is_nameplate(each)), None)
    year = text_of(plate, "YearOfConstruction")[:4]
    designation = local_name((child(plate, "ManufacturerProductDesignation") or {}).get("value"))
    return AssetFacts(
        shell=name_of(shell),
        asset=str(_asset(shell).get("globalAssetId") or "") or None,
        label=local_name(shell.get("displayName")),
        maker=local_name((child(plate, "ManufacturerName") or {}).get("value")),
        model=text_of(plate, "ManufacturerProductType")
        or (designation.pick("en") if designation else None),
        serial=text_of(plate, "SerialNumber") or _specific(shell, "serialNumber"),
        year=int(year) if year.isdecimal() else None,
    )


def submodels_of(shell: Json, by_id: dict[str, Json]) -> list[Json]:
    """Give the submodels of a shell that are there."""
    references = dicts(shell.get("submodels"))
    ids = [str(key.get("value")) for each in references for key in keys_of(each)]
    return [by_id[each] for each in ids if each in by_id]


def _is_nameplate(submodel: Json) -> bool:
    ids = [value.lower() for value in semantic_ids(submodel)]
    return bool(children(submodel)) and (
        str(submodel.get("idShort", "")).lower() == NAMEPLATE
        or any(value.rstrip("/").endswith(f"/{NAMEPLATE}") for value in ids)
    )


def _specific(shell: Json, name: str) -> str | None:
    for each in dicts(_asset(shell).get("specificAssetIds")):
        if each.get("name") == name:
            return str(each.get("value") or "") or None
    return None


def _asset(shell: Json) -> Json:
    found = shell.get("assetInformation")
    return found if isinstance(found, dict) else {}
