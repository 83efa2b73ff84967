"""Whether a text is a value of an XSD type, and what a careless text of that type means.

Source: XML Schema Part 2 1.0 with the narrower readings of the two judges (aas-core,
aas-test-engines), so that what passes here passes both.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from typing import Final

_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_YEAR = r"-?(?:[1-9][0-9]{3,}|0[0-9]{3})"
_MONTH = r"(?:0[1-9]|1[0-2])"
_DAY = r"(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?)"
_DATE = f"(?P<y>{_YEAR})-(?P<m>{_MONTH})-(?P<d>{_DAY})"
_FRACTION_TIME = (
    r"T(?:[0-9]+H(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?"
    r"|[0-9]+M(?:[0-9]+(?:\.[0-9]+)?S)?|[0-9]+(?:\.[0-9]+)?S)"
)
DURATION: Final = re.compile(
    r"-?P(?:(?:[0-9]+Y(?:[0-9]+M)?(?:[0-9]+D)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)"
    f"(?:{_FRACTION_TIME})?|{_FRACTION_TIME})"
)
_UCS = "\xa0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U0001fffd\U00020000-\U0002fffd"
_FREE = rf"A-Za-z0-9\-._~!$&'()*+,;={_UCS}"
_PCT = "%[0-9A-Fa-f]{2}"
_ANY_URI = re.compile(
    rf"(?:[A-Za-z][A-Za-z0-9+.\-]*:|(?![^/?#]*:))"
    rf"(?://(?:(?:[{_FREE}:]|{_PCT})*@)?(?:\[[0-9A-Fa-f:.]+\]|(?:[{_FREE}]|{_PCT})*)(?::[0-9]*)?"
    rf"(?=[/?#]|\Z)|(?!//))"
    rf"(?:[{_FREE}:@/]|{_PCT})*(?:\?(?:[{_FREE}:@/?]|{_PCT})*)?(?:#(?:[{_FREE}:@/?]|{_PCT})*)?"
)
_INTEGER = re.compile(r"[+-]?[0-9]+")
_INTEGER_DIGITS_MAX = 4000
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_DOUBLE = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[Ee][+-]?[0-9]+)?|-?INF|NaN")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_DATE_ALONE = re.compile(f"{_DATE}{_ZONE}?")
_DATE_TIME = re.compile(f"{_DATE}T{_TIME}{_ZONE}?")
_DATE_TIME_UTC = re.compile(f"{_DATE}T{_TIME}(?:Z|[+]00:00|-00:00)")
_MONTH_DAY = re.compile(rf"--(?P<m>{_MONTH})-(?P<d>{_DAY}){_ZONE}?")
_LOOSE_DATE = re.compile(
    r"([0-9]{4})[-./년 ]+([0-9]{1,2})[-./월 ]+([0-9]{1,2})[일.]?(?:[T ]+(?P<time>[0-9:.]+Z?))?"
)
_LEAP_YEAR = 2000
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_RANGES: Final = {
    "byte": (-(2**7), 2**7 - 1),
    "short": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
    "unsignedByte": (0, 2**8 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedLong": (0, 2**64 - 1),
    "integer": (None, None),
    "positiveInteger": (1, None),
    "nonNegativeInteger": (0, None),
    "negativeInteger": (None, -1),
    "nonPositiveInteger": (None, 0),
}
_FLOAT_MAX, _DOUBLE_MAX = 3.4028234663852886e38, 1.7976931348623157e308
_TRUE, _FALSE = frozenset(("true", "yes", "on", "1")), frozenset(("false", "no", "off", "0"))


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _in_range(low: int | None, high: int | None) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        if len(text) > _INTEGER_DIGITS_MAX or not _INTEGER.fullmatch(text):
            return False
        number = int(text)
        return (low is None or number >= low) and (high is None or number <= high)

    return check


def _floating(most: float) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        if not _DOUBLE.fullmatch(text):
            return False
        return text in {"INF", "-INF", "NaN"} or abs(float(text)) < most

    return check


def _day_exists(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        match = pattern.fullmatch(text)
        if match is None:
            return False
        parts = match.groupdict()
        year = int(parts.get("y") or _LEAP_YEAR)
        # A year before Christ is counted without a year 0, so leap years are one off.
        leap = calendar.isleap(year if year > 0 else -year - 1)
        days = 29 if parts["m"] == "02" and leap else _DAYS[int(parts["m"]) - 1]
        return year != 0 and int(parts["d"]) <= days

    return check


_month_day = _day_exists(_MONTH_DAY)


_CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    "xs:string": lambda _: True,
    "xs:boolean": lambda text: text in {"true", "false", "1", "0"},
    "xs:decimal": lambda text: _DECIMAL.fullmatch(text) is not None,
    "xs:float": _floating(_FLOAT_MAX),
    "xs:double": _floating(_DOUBLE_MAX),
    "xs:date": _day_exists(_DATE_ALONE),
    "xs:dateTime": _day_exists(_DATE_TIME),
    "xs:time": _matches(f"{_TIME}{_ZONE}?"),
    "xs:duration": lambda text: DURATION.fullmatch(text) is not None,
    "xs:gDay": _matches(f"---{_DAY}{_ZONE}?"),
    "xs:gMonth": _matches(f"--{_MONTH}{_ZONE}?"),
    "xs:gMonthDay": _month_day,
    "xs:gYear": _matches(f"{_YEAR}{_ZONE}?"),
    "xs:gYearMonth": _matches(f"{_YEAR}-{_MONTH}{_ZONE}?"),
    "xs:anyURI": lambda text: _ANY_URI.fullmatch(text) is not None,
    "xs:base64Binary": lambda text: _BASE64.fullmatch(text) is not None,
    "xs:hexBinary": _matches("(?:[0-9a-fA-F]{2})*"),
    **{f"xs:{name}": _in_range(low, high) for name, (low, high) in _RANGES.items()},
}

is_date_time_utc = _day_exists(_DATE_TIME_UTC)


def is_value(value_type: str, text: str) -> bool:
    """Tell whether a text is in the lexical space of a type such as xs:int."""
    return _CHECKS[value_type](text)


def normalised(value_type: str, text: str) -> str | None:
    """Give the value that a careless text means, such as `TRUE` or `2024. 3. 5`; None: none."""
    trimmed = text.strip()
    if is_value(value_type, trimmed):
        return trimmed
    for guess in _guesses(value_type, trimmed):
        if is_value(value_type, guess):
            return guess
    return None


def _guesses(value_type: str, text: str) -> list[str]:
    if value_type == "xs:boolean":
        folded = text.casefold()
        return ["true"] if folded in _TRUE else ["false"] if folded in _FALSE else []
    if value_type in {"xs:date", "xs:dateTime"}:
        return _dates(value_type, text)
    if value_type in {"xs:float", "xs:double"}:
        plain = {"nan": "NaN", "inf": "INF", "+inf": "INF", "-inf": "-INF"}
        return [plain.get(text.casefold().replace("infinity", "inf"), text)]
    if value_type.removeprefix("xs:") in _RANGES and re.fullmatch(r"[+-]?[0-9]+\.0*", text):
        return [text.partition(".")[0]]
    if value_type == "xs:base64Binary":
        return ["".join(text.split())]
    return []


def _dates(value_type: str, text: str) -> list[str]:
    match = _LOOSE_DATE.fullmatch(text)
    if match is None:
        return []
    date = f"{match[1]}-{int(match[2]):02}-{int(match[3]):02}"
    time = match["time"]
    if value_type == "xs:date":
        return [date] if time is None else []
    if time is None:
        return [f"{date}T00:00:00"]
    return [f"{date}T{time}", f"{date}T{time}:00"]
