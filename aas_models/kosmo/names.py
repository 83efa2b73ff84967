"""Names as the author of an AAS wrote them: the KOSMO files use those, legal or not.

The tolerant importer repairs an idShort that other tools refuse and keeps the original one in an
Extension of the element.
"""

from __future__ import annotations

import zlib

from aas_models.elements import ID_SHORT, Json
from aas_models.importing.walk import ORIGINAL_ID_SHORT
from gateway.core.romanise import ID_SHORT_MAX, ascii_name


def original_name(item: Json) -> str:
    """Give the idShort as its author wrote it; empty where there is none."""
    for extension in item.get("extensions", ()):
        if extension.get("name") == ORIGINAL_ID_SHORT and extension.get("value"):
            return str(extension["value"])
    return str(item.get("idShort", ""))


def legal_name(name: str) -> str:
    """Give a name that every tool takes; the same one for the same name."""
    if ID_SHORT.fullmatch(name) and len(name) <= ID_SHORT_MAX:
        return name
    made = ascii_name(name)[: ID_SHORT_MAX - 9].rstrip("_")
    return f"{made}_{zlib.crc32(name.encode()):08x}"


def named(item: Json, name: str) -> Json:
    """Give an element this name, legal for other tools; the original stays with it."""
    legal = legal_name(name)
    made: Json = {"modelType": item["modelType"], "idShort": legal}
    if legal != name:
        made["extensions"] = [{"name": ORIGINAL_ID_SHORT, "valueType": "xs:string", "value": name}]
    return {**made, **item}
