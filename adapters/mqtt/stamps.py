"""Source times: numbers in s, ms, us, ns, or written dates, into int ns UTC without rounding."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from adapters.mqtt.calendar import read_moment

StampReader = Callable[[Any], int]

UNITS_NS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
STAMP_MAX = 2**63 - 1
DIGITS_MAX = 40
"""Longest number text: 19 digits of ns and as many after the point."""
BARE_DIGITS = (14, 17)
"""Digits of 20261130205506, without and with milliseconds."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stamp_reader(unit: str, zone: str | None = None) -> StampReader:
    """Give the reader for a unit; it raises ValueError for what is no time in int64 ns.

    Args:
        unit: `s`, `ms`, `us`, `ns`, or `iso` for written dates.
        zone: of written dates that name none, an IANA name; UTC without it. An hour that summer
            time repeats is taken as its first one, one that it skips as if it had not.
    """
    if unit == "iso":
        home = UTC if zone is None else ZoneInfo(zone)
        return lambda value: _from_written(value, home)
    scale = UNITS_NS[unit]

    def from_number(value: Any) -> int:
        if type(value) is int:
            stamp = value * scale
        elif type(value) is float or (isinstance(value, str) and len(value) <= DIGITS_MAX):
            stamp = _from_decimal(value, scale)
        else:
            raise ValueError("no time")
        return _fitting(stamp)

    return from_number


def _fitting(stamp: int) -> int:
    if -STAMP_MAX <= stamp <= STAMP_MAX:
        return stamp
    raise ValueError("no time that fits")


def _from_decimal(value: float | str, scale: int) -> int:
    """Scale what the machine wrote, digit for digit: repr is the shortest text of a float."""
    try:
        number = Decimal(value.strip() if isinstance(value, str) else repr(value))
        if not number.is_finite() or abs(number) > STAMP_MAX:
            raise ValueError("no time that fits")
        return int(number * scale)
    except InvalidOperation as error:
        raise ValueError("no time") from error


def _from_written(value: Any, home: tzinfo) -> int:
    """Read `2026-11-24T10:00:00.123456789+09:00`, or a date without a zone at `home`."""
    if type(value) is int and len(str(abs(value))[:20]) in BARE_DIGITS:
        value = str(value)
    moment = read_moment(value if isinstance(value, str) else "")
    when = moment.when if moment.when.tzinfo is not None else moment.when.replace(tzinfo=home)
    since = when - _EPOCH
    return _fitting((since.days * 86_400 + since.seconds) * 10**9 + moment.nanoseconds)
