"""Names as the author of an AAS wrote them: the KOSMO files use those, legal or not.

The tolerant importer repairs an idShort that other tools refuse and keeps the original one in an
Extension of the element.
"""

from __future__ import annotations

import re
import zlib

from aas_models.elements import ID_SHORT, Json

ORIGINAL_ID_SHORT = "originalIdShort"
ID_SHORT_MAX = 64
_FORBIDDEN = re.compile(r"[^A-Za-z0-9_]+")


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
    made = _FORBIDDEN.sub("_", name).strip("_")
    if not made[:1].isalpha():
        made = f"E{made}"
    return f"{made[: ID_SHORT_MAX - 9].rstrip('_')}_{zlib.crc32(name.encode()):08x}"


def named(item: Json, name: str) -> Json:
    """Give an element this name, legal for other tools; the original stays with it."""
    legal = legal_name(name)
    made: Json = {"modelType": item["modelType"], "idShort": legal}
    if legal != name:
        made["extensions"] = [{"name": ORIGINAL_ID_SHORT, "valueType": "xs:string", "value": name}]
    return {**made, **item}
