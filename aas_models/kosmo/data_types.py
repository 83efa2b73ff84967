"""Which OPC UA data type a property gets, and its value as that type writes it.

`sound` takes a type that can hold every value of the XSD type (or, for unlimited integers, the
value that is there). `reference` takes what the reference parser took as long as the value fits,
for a client that was made for its files.

Source: OPC UA Part 6 §5.3.1 (XML encoding), XSD 1.0 Part 2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

Choice = Literal["sound", "reference"]

TYPE_IDS: Mapping[str, int] = {
    "Boolean": 1, "SByte": 2, "Byte": 3, "Int16": 4, "UInt16": 5, "Int32": 6, "UInt32": 7,
    "Int64": 8, "UInt64": 9, "Float": 10, "Double": 11, "String": 12, "DateTime": 13,
}  # fmt: skip
LIMITS: Mapping[str, tuple[int, int]] = {
    "SByte": (-(2**7), 2**7), "Byte": (0, 2**8),
    "Int16": (-(2**15), 2**15), "UInt16": (0, 2**16),
    "Int32": (-(2**31), 2**31), "UInt32": (0, 2**32),
    "Int64": (-(2**63), 2**63), "UInt64": (0, 2**64),
}  # fmt: skip
"""Lowest value and the first one above the highest."""

SOUND: Mapping[str, tuple[str, ...]] = {
    "xs:string": ("String",),
    "xs:boolean": ("Boolean",),
    "xs:float": ("Float",),
    "xs:double": ("Double",),
    "xs:decimal": ("Double",),
    "xs:datetime": ("DateTime",),
    "xs:date": ("DateTime",),
    "xs:byte": ("SByte",),
    "xs:unsignedbyte": ("Byte",),
    "xs:short": ("Int16",),
    "xs:unsignedshort": ("UInt16",),
    "xs:int": ("Int32",),
    "xs:unsignedint": ("UInt32",),
    "xs:long": ("Int64",),
    "xs:unsignedlong": ("UInt64",),
    "xs:integer": ("Int32", "Int64", "String"),
    "xs:negativeinteger": ("Int32", "Int64", "String"),
    "xs:nonpositiveinteger": ("Int32", "Int64", "String"),
    "xs:nonnegativeinteger": ("UInt32", "UInt64", "String"),
    "xs:positiveinteger": ("UInt32", "UInt64", "String"),
}
"""The first one that holds the value is taken; everything else is a String."""
REFERENCE: Mapping[str, str] = {
    "xs:byte": "Byte", "xs:long": "Int32", "xs:decimal": "UInt64", "xs:unsignedint": "String",
}  # fmt: skip
"""Where the reference parser differs (its defects)."""
XS_FROM_DATA_TYPE: Mapping[str, str] = {
    "Boolean": "xs:boolean", "SByte": "xs:byte", "Byte": "xs:unsignedByte", "Int16": "xs:short",
    "UInt16": "xs:unsignedShort", "Int32": "xs:int", "UInt32": "xs:unsignedInt",
    "Int64": "xs:long", "UInt64": "xs:unsignedLong", "Float": "xs:float", "Double": "xs:double",
    "String": "xs:string", "DateTime": "xs:dateTime",
}  # fmt: skip

_INTEGER = re.compile(r"[+-]?[0-9]{1,100}")
_FLOAT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|-?INF|NaN")
_DATE_TIME = re.compile(
    r"-?[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(Z|[+-][0-9]{2}:[0-9]{2})?")
_BOOLEANS = {"true": "true", "1": "true", "false": "false", "0": "false"}


def typed(value_type: str, value: str | None, choice: Choice = "sound") -> tuple[str, str | None]:
    """Give (data type, text) of a property.

    The text is None where there is no value, or where the value is none of its type.
    """
    xsd = value_type.lower()
    candidates = SOUND.get(xsd, ("String",))
    if choice == "reference" and xsd in REFERENCE:
        candidates = (REFERENCE[xsd], *candidates)
    if value is None:
        return candidates[0], None
    for data_type in candidates:
        text = _text(data_type, value)
        if text is not None:
            return data_type, text
    return candidates[0], None


def _text(data_type: str, value: str) -> str | None:
    """Write a value as a type, None where it does not fit."""
    if data_type == "String":
        return value
    plain = value.strip()
    if data_type in LIMITS:
        low, end = LIMITS[data_type]
        fits = _INTEGER.fullmatch(plain) is not None and low <= int(plain) < end
        return plain if fits else None
    match data_type:
        case "Boolean":
            return _BOOLEANS.get(plain)
        case "DateTime":
            return _date_time(plain)
        case _:
            return plain if _FLOAT.fullmatch(plain) else None


def _date_time(plain: str) -> str | None:
    if _DATE_TIME.fullmatch(plain):
        return plain
    date = _DATE.fullmatch(plain)
    if date is None:
        return None
    zone = date[2] or "Z"
    try:
        begin = datetime.fromisoformat(f"{date[1]}T00:00:00{zone}")
        return begin.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return None
