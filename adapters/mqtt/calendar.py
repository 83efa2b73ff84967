"""Dates and times as machines and people in Korea write them, into a moment of the calendar.

ISO 8601 and its relatives, with `-`, `/`, `.` or 년 월 일 between the parts, 오전 and 오후,
시 분 초, a fraction of any length; and `20261130205506`. Day before month is never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

LENGTH_MAX = 64
"""No date is written longer than that."""
KST = timezone(timedelta(hours=9), "KST")
ZONES: dict[str, tzinfo] = {"Z": UTC, "UTC": UTC, "GMT": UTC, "KST": KST}
MORNING, AFTERNOON = {"오전", "AM", "A.M."}, {"오후", "PM", "P.M."}

_HALF = r"오전|오후|[AaPp]\.?[Mm]\.?"
_ZONE = r"(?P<zone>[Zz]|UTC|GMT|KST|[+-]\d{2}(?::?\d{2})?)?(?:\[[A-Za-z0-9_/+-]+\])?"
_FRACTION = r"(?:[.,](?P<fraction>\d{1,12}))?"
_SPACED = re.compile(
    r"(?P<year>\d{4})\s*(?:[-/.]|년)\s*(?P<month>\d{1,2})\s*(?:[-/.]|월)\s*(?P<day>\d{1,2})\s*[.일]?"
    r"(?:\s*\([^()\s]{1,3}\)|\s*[월화수목금토일]요일)?"
    r"(?:(?:\s+|\s*[Tt,]\s*|(?<=[.일)]))"
    rf"(?:(?P<before>{_HALF})\s*)?"
    r"(?P<hour>\d{1,2})(?:\s*:\s*(?P<minute>\d{1,2})|\s*시(?:\s*(?P<minutes>\d{1,2})\s*분)?)"
    rf"(?:(?:\s*:\s*|(?<=분)\s*)(?P<second>\d{{1,2}}){_FRACTION}\s*초?)?"
    rf"\s*(?P<after>{_HALF})?\s*{_ZONE})?"
)
_BARE = re.compile(
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})[Tt_ -]?"
    r"(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})"
    rf"(?:[.,]?(?P<fraction>\d{{1,12}}))?\s*{_ZONE}"
)
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,](\d{1,12}))?(?:Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time to the second, maybe without a zone, and the nanoseconds behind it."""

    when: datetime
    nanoseconds: int = 0


def read_moment(text: str) -> Moment:
    """Read a written date and time; a date alone is its midnight.

    Raises:
        ValueError: it is no such text, or no day of the calendar.
    """
    if len(text) > LENGTH_MAX:
        raise ValueError("no time")
    plain = _ISO.fullmatch(text)
    if plain is not None:
        begin, end = plain.span(1)
        whole = text if begin < 0 else text[: begin - 1] + text[end:]
        return Moment(datetime.fromisoformat(whole), _nanoseconds(plain[1]))
    bare = text.strip()
    match = _BARE.fullmatch(bare) or _SPACED.fullmatch(bare)
    if match is not None:
        return _from_parts(match.groupdict())
    if not bare[:4].isdigit() or "." in bare or "," in bare:
        raise ValueError("no time")
    return Moment(datetime.fromisoformat(bare))


def _nanoseconds(fraction: str | None) -> int:
    return 0 if fraction is None else int(fraction[:9].ljust(9, "0"))


def _from_parts(parts: dict[str, str | None]) -> Moment:
    numbers = {key: int(parts[key] or 0) for key in ("hour", "minute", "second")}
    numbers["minute"] += int(parts.get("minutes") or 0)
    half = parts.get("before") or parts.get("after")
    if half is not None:
        numbers["hour"] = _hour(numbers["hour"], half.upper())
    year, month, day = (int(parts[key] or 0) for key in ("year", "month", "day"))
    when = datetime(year, month, day, **numbers, tzinfo=_zone(parts["zone"]))
    return Moment(when, _nanoseconds(parts["fraction"]))


def _hour(hour: int, half: str) -> int:
    """Give the hour of the day; 오후 20시 is 20, 오전 12시 is 0."""
    if half in MORNING or half.rstrip(".") in MORNING:
        if hour > 12:
            raise ValueError("no hour of a morning")
        return hour % 12
    return hour % 12 + 12 if hour <= 12 else hour


def _zone(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    known = ZONES.get(text.upper())
    if known is not None:
        return known
    sign, digits = (-1 if text[0] == "-" else 1), text[1:].replace(":", "").ljust(4, "0")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
