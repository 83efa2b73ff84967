"""Device files out of joined KOSMO files.

A device file has one connection and one AAS. So each pair of shell and field device becomes a
file: named like the shell where it has a single field device, else like both.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aas_models.elements import Json
from aas_models.kosmo.engineering import number_text
from aas_models.kosmo.names import original_name
from gateway.config.devices import NAME_MAX
from gateway.config.ids import STATIC_SUBMODELS
from gateway.config.units import canonical_unit
from gateway.core.romanise import ID_SHORT, ID_SHORT_MAX, ascii_name
from gateway.exchange.kosmo.join import Link, Station

DEVICE_NAME_MAX = 63
ASSET_ID = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
SEMANTIC_MAX = 2000
TYPES = {
    "xs:boolean": "bool", "xs:byte": "int8", "xs:short": "int16", "xs:int": "int32",
    "xs:long": "int64", "xs:integer": "int64", "xs:negativeInteger": "int64",
    "xs:nonPositiveInteger": "int64", "xs:unsignedByte": "uint8", "xs:unsignedShort": "uint16",
    "xs:unsignedInt": "uint32", "xs:unsignedLong": "uint64", "xs:nonNegativeInteger": "uint64",
    "xs:positiveInteger": "uint64", "xs:float": "float", "xs:double": "double",
    "xs:decimal": "double", "xs:string": "string",
}  # fmt: skip
"""What `type:` a property's valueType asks for; other types stay as the machine sends them."""


@dataclass(frozen=True, slots=True)
class DeviceDocument:
    """A device file as plain data, and which AAS node each of its tags feeds."""

    name: str
    document: dict[str, Any]
    station: Station
    nodes: dict[str, str]


def device_documents(
    links: Sequence[Link], environment: Json, *, unsafe: bool = False
) -> list[DeviceDocument]:
    """Make the device files; same links, same files. `unsafe` connects without security."""
    groups: dict[tuple[str, str, str], list[Link]] = {}
    for link in links:
        station = link.station
        groups.setdefault((str(link.shell["id"]), station.gateway, station.device.name), []).append(
            link
        )
    names = _names(list(groups.values()))
    units = _units(environment.get("conceptDescriptions", ()))
    return [
        _document(name, group, units, unsafe=unsafe)
        for name, group in zip(names, groups.values(), strict=True)
    ]


def slug(text: str) -> str:
    """Give a name that `device:` and `id:` take."""
    latin = text if text.isascii() else ascii_name(text)
    made = re.sub(r"[^a-z0-9]+", "-", latin.lower()).strip("-")
    if len(made) > DEVICE_NAME_MAX:
        made = f"{made[: DEVICE_NAME_MAX - 9].rstrip('-')}-{zlib.crc32(text.encode()):08x}"
    return made or "device"


def _names(groups: list[list[Link]]) -> list[str]:
    shells = [str(group[0].shell["id"]) for group in groups]
    taken: set[str] = set()
    names = []
    for group, shell in zip(groups, shells, strict=True):
        made = slug(original_name(group[0].shell))
        if shells.count(shell) > 1:
            made = f"{made[:30].rstrip('-')}-{slug(group[0].station.device.name)[:32].rstrip('-')}"
        name, number = made, 2
        while name in taken:
            name, number = f"{made[: DEVICE_NAME_MAX - 4]}-{number}", number + 1
        taken.add(name)
        names.append(name)
    return names


def _document(
    name: str, links: list[Link], units: dict[str, str], *, unsafe: bool
) -> DeviceDocument:
    station, shell = links[0].station, links[0].shell
    document: dict[str, Any] = {"version": 1, "device": name}
    if label := _label(shell):
        document["label"] = label
    document["connect"] = station.url
    document |= station.face.device_keys(_every(station), unsafe)
    asset = str(shell.get("assetInformation", {}).get("globalAssetId", ""))
    if ASSET_ID.fullmatch(asset) and len(asset) <= SEMANTIC_MAX:
        document["asset"] = {"id": asset}
    nodes: dict[str, str] = {}
    tags = []
    for link, element in zip(links, _elements(links), strict=True):
        tag = {"name": _tag_name(link), **link.address, "aas": element, **_meaning(link, units)}
        nodes[tag["name"]] = link.row.aas_node
        tags.append(tag)
    document["tags"] = tags
    return DeviceDocument(name, document, station, nodes)


def _every(station: Station) -> str | None:
    """Give the device's interval as the one of publishing, within what a file may say."""
    try:
        interval = float(station.device.sampling or "")
    except ValueError:
        return None
    return f"{number_text(interval)}ms" if 10 <= interval <= 86_400_000 else None


def _tag_name(link: Link) -> str:
    """Name a tag like its AAS node: the key that the KOSMO solution stores values under."""
    name = link.node.tag.strip()
    if len(name) <= NAME_MAX and name.isprintable():
        return name
    return f"{ascii_name(name)[:100]}-{zlib.crc32(name.encode()):08x}"


def _elements(links: Iterable[Link]) -> list[str]:
    """Give the submodel element of each tag, legal and each once."""
    taken: set[str] = set()
    made = []
    for link in links:
        assert link.node.submodel is not None
        first = str(link.node.submodel.get("idShort", "")) or original_name(link.node.submodel)
        parts = [_legal(part) for part in (first, *link.node.path.split("."))]
        if parts[0] in STATIC_SUBMODELS:
            parts[0] = f"{parts[0]}Live"
        element = ".".join(parts)
        if element in taken:
            element = f"{element[: ID_SHORT_MAX * 4]}_{zlib.crc32(link.node.tag.encode()):08x}"
        taken.add(element)
        made.append(element)
    return made


def _legal(part: str) -> str:
    return part if ID_SHORT.fullmatch(part) and len(part) <= ID_SHORT_MAX else ascii_name(part)


def _meaning(link: Link, units: dict[str, str]) -> dict[str, Any]:
    element = link.node.element
    made: dict[str, Any] = {}
    if label := _label(element):
        made["label"] = label
    if kind := TYPES.get(str(element.get("valueType", ""))):
        made["type"] = kind
    keys = (element.get("semanticId") or {}).get("keys", ())
    semantic = str(keys[-1].get("value", "")) if keys else ""
    if unit := units.get(semantic):
        made["unit"] = unit
    if 0 < len(semantic) <= SEMANTIC_MAX:
        made["semantic"] = semantic
    return made


def _label(item: Json) -> dict[str, str]:
    texts = {str(each.get("language", "")): each for each in item.get("displayName", ())}
    return {
        code: str(texts[code]["text"]) for code in ("ko", "en") if texts.get(code, {}).get("text")
    }


def _units(concepts: Iterable[Json]) -> dict[str, str]:
    """Give the unit of each concept description where it is one that we know."""
    units: dict[str, str] = {}
    for concept in concepts:
        for each in concept.get("embeddedDataSpecifications", ()):
            unit = canonical_unit(str(each.get("dataSpecificationContent", {}).get("unit", "")))
            if unit is not None:
                units[str(concept["id"])] = unit
    return units
