"""Whether a text is one of an XSD type. Source: XML Schema 1.0 Part 2; AAS Part 1 §5.3.12."""

from __future__ import annotations

import re
from typing import Any

_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_FLOAT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?INF|NaN")
_ZONE = r"(Z|[+-][0-9]{2}:[0-9]{2})?"
_DATE, _TIME = r"-?[0-9]{4,}-[0-9]{2}-[0-9]{2}", r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"

_BITS = {"byte": 8, "short": 16, "int": 32, "long": 64}
_SIGNS = {
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "integer": (None, None),
}
_PATTERNS = {
    "decimal": _DECIMAL,
    "double": _FLOAT,
    "float": _FLOAT,
    "boolean": re.compile(r"true|false|1|0"),
    "date": re.compile(_DATE + _ZONE),
    "dateTime": re.compile(f"{_DATE}T{_TIME}{_ZONE}"),
    "time": re.compile(_TIME + _ZONE),
    "hexBinary": re.compile(r"([0-9A-Fa-f]{2})*"),
    "base64Binary": re.compile(r"[A-Za-z0-9+/=\s]*"),
    "duration": re.compile(
        r"-?P(?=[0-9T])([0-9]+Y)?([0-9]+M)?([0-9]+D)?"
        r"(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?"
    ),
}


def _limits() -> dict[str, tuple[int | None, int | None]]:
    made: dict[str, tuple[int | None, int | None]] = dict(_SIGNS)
    for name, bits in _BITS.items():
        made[name] = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        made[f"unsigned{name.capitalize()}"] = (0, 2**bits - 1)
    return made


_LIMITS = _limits()


def fits_type(given: Any, value_type: str) -> bool:
    """Tell whether a value of a document is a text of this type; unknown types take any text."""
    if not isinstance(given, str):
        return False
    name = value_type.removeprefix("xs:")
    if name in _LIMITS:
        low, high = _LIMITS[name]
        if not _INTEGER.fullmatch(given) or len(given) > 100:
            return False
        return (low is None or int(given) >= low) and (high is None or int(given) <= high)
    pattern = _PATTERNS.get(name)
    return pattern is None or pattern.fullmatch(given) is not None
