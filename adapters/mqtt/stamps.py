"""Source times: numbers in s, ms, us, ns, or ISO 8601 text, into int ns UTC without rounding."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

StampReader = Callable[[Any], int]

UNITS_NS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
STAMP_MAX = 2**63 - 1
DIGITS_MAX = 40
"""Longest number text: 19 digits of ns and as many after the point."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FRACTION = re.compile(r"[.,](\d{1,12})")


def stamp_reader(unit: str) -> StampReader:
    """Give the reader for a unit; it raises ValueError for what is no time in int64 ns."""
    if unit == "iso":
        return _from_iso
    scale = UNITS_NS[unit]

    def from_number(value: Any) -> int:
        if type(value) is int:
            stamp = value * scale
        elif type(value) is float or (isinstance(value, str) and len(value) <= DIGITS_MAX):
            stamp = _from_decimal(value, scale)
        else:
            raise ValueError("no time")
        if -STAMP_MAX <= stamp <= STAMP_MAX:
            return stamp
        raise ValueError("no time that fits")

    return from_number


def _from_decimal(value: float | str, scale: int) -> int:
    """Scale what the machine wrote, digit for digit: repr is the shortest text of a float."""
    try:
        number = Decimal(value.strip() if isinstance(value, str) else repr(value))
        if not number.is_finite() or abs(number) > STAMP_MAX:
            raise ValueError("no time that fits")
        return int(number * scale)
    except InvalidOperation as error:
        raise ValueError("no time") from error


def _from_iso(value: Any) -> int:
    """Read `2026-11-24T10:00:00.123456789+09:00`; without a zone it is UTC."""
    if not isinstance(value, str) or len(value) > DIGITS_MAX:
        raise ValueError("no time")
    fraction = _FRACTION.search(value)
    whole = value if fraction is None else value[: fraction.start()] + value[fraction.end() :]
    moment = datetime.fromisoformat(whole)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    ns = 0 if fraction is None else int(fraction[1][:9].ljust(9, "0"))
    stamp = (since.days * 86_400 + since.seconds) * 10**9 + ns
    if -STAMP_MAX <= stamp <= STAMP_MAX:
        return stamp
    raise ValueError("no time that fits")
