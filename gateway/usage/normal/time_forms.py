"""Reads every form of time that solutions were seen to write; says nothing of plausibility.

A text may have several readings (day and month in either order, ten digits as seconds or as a
date): all are given, and the caller takes the one nearest to the time of arrival.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.usage.config import KST_OFFSET_S
from gateway.usage.normal.kst import local_of

LENGTH_MAX = 100
EXACT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", re.ASCII)
"""The service's own form."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a time: local to `offset_s`, or to the configured offset where that is None.

    `digits` is how many the fraction of a second had; `half` whether AM or PM was given.
    """

    local: datetime
    offset_s: int | None = None
    digits: int = 0
    half: bool = False


def readings(text: str) -> list[Reading]:
    """Give every reading of a text, none twice; none at all where it is no time."""
    plain = unicodedata.normalize("NFKC", text[: LENGTH_MAX + 1]).strip(" \t\r\n\"'")
    if not plain or len(plain) > LENGTH_MAX:
        return []
    number = _NUMBER.fullmatch(plain)
    found = _of_number(number) if number else _of_parts(_plain_order(plain))
    return list(dict.fromkeys(found))


_NUMBER = re.compile(r"(?:/Date\()?(\d{10,20})(?:\.(\d{1,9}))?(?:[+-]\d{4})?(?:\)/)?", re.ASCII)
"""Compact digits, an epoch, or the epoch of ASP.NET: /Date(1764129600000+0900)/"""

_EPOCH_UNITS = {10: 10**9, 13: 10**6, 16: 10**3, 19: 1}
"""Nanoseconds of one unit, by the number of digits (good from 2001 to 2286)."""

_COMPACT = {10: 2, 12: 2, 15: 2}
"""How many digits of the year, where four is not the only possibility."""


def _of_number(number: re.Match[str]) -> Iterator[Reading]:
    digits, fraction = number[1], number[2] or ""
    unit = _EPOCH_UNITS.get(len(digits))
    if unit is not None:
        rest = int((fraction + "0" * 9)[:9]) * unit // 10**9
        places = {10**9: len(fraction), 10**6: 3}.get(unit, 6)
        yield Reading(local_of(int(digits) * unit + rest, 0), 0, places)
    if number[0] != number[0].strip("/"):
        return
    widths = {_COMPACT.get(len(digits), 4), 4 if len(digits) != 10 else 2}
    for width in sorted(widths):
        date, clock = digits[: width + 4], digits[width + 4 :]
        whole, more = clock[:6], clock[6:]
        if len(whole) in {4, 6}:
            yield from _local(
                [(date[:width], date[width : width + 2], date[width + 2 :])],
                (whole[:2], whole[2:4], whole[4:] or "0", more + fraction),
            )


_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]|[월화수목금토일]요일")
_KOREAN = [(r"\s*[년월]\s*", "-"), (r"\s*일\s*", " "), (r"\s*[시분]\s*", ":"), (r":?\s*초|:$", "")]
_WEEKDAY = re.compile(r"\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_DAY_FIRST = re.compile(
    rf"(?P<day>\d{{1,2}})[-/ ]{_NAMED}[-/ ,]+(?P<year>\d{{4}}|\d\d)(?!\d)(?P<rest>.*)",
    re.IGNORECASE | re.ASCII,
)
_MONTH_FIRST = re.compile(
    rf"{_NAMED}\s+(?P<day>\d{{1,2}})(?:,\s*|\s+)(?P<year>\d{{4}})(?P<rest>.*)",
    re.IGNORECASE | re.ASCII,
)
_YEAR_LAST = re.compile(
    rf"{_NAMED}\s+(?P<day>\d{{1,2}})(?P<rest>\s.*?)\s+(?P<year>\d{{4}})",
    re.IGNORECASE | re.ASCII,
)
"""26-NOV-26, 26/Nov/2026 (Oracle, Apache); Nov 26, 2026 (.NET); Thu Nov 26 ... KST 2026 (Java)."""


def _plain_order(text: str) -> str:
    """Bring Korean and English words into the order of numbers: `yyyy-M-d time zone`."""
    text = _BRACKETS.sub(" ", text)
    for pattern, plain in _KOREAN if re.search("[년월일시분초]", text) else ():
        text = re.sub(pattern, plain, text.strip())
    text = _WEEKDAY.sub("", text).strip()
    for pattern_of in (_DAY_FIRST, _MONTH_FIRST, _YEAR_LAST):
        named = pattern_of.fullmatch(text)
        if named:
            year = named["year"] if len(named["year"]) == 4 else f"20{named['year']}"
            month = _MONTHS.index(named["month"].lower()[:3]) + 1
            return f"{year}-{month}-{named['day']} {named['rest'].lstrip(': ,')}"
    return text


_HALF = re.compile(r"오전|오후|(?<![a-z])([ap])\.?\s?m\b\.?", re.IGNORECASE)
_PARTS = re.compile(
    r"(?:(?P<a>\d{1,4})\s*[-/.]\s*(?P<b>\d{1,2})\s*[-/.]\s*(?P<c>\d{1,4})\.?,?"
    r"|(?P<y>\d{4})(?P<mo>\d\d)(?P<d>\d\d))"
    r"(?:\s*T\s*|\s+|[:-])"
    r"(?:(?P<h>\d{1,2})[:.](?P<m>\d{1,2})(?:[:.](?P<s>\d{1,2})(?:[.,:](?P<f>\d{1,9}))?)?"
    r"|(?P<hms>\d{6})(?:[.,]?(?P<g>\d{1,9}))?)"
    r"\s*(?P<name>Z|UTC|GMT|KST|Asia/Seoul)?\s*"
    r"(?:(?P<sign>[+-])(?P<zh>\d{1,2}):?(?P<zm>\d\d)?|(?<=\s)(?P<lh>\d\d):(?P<lm>\d\d))?",
    re.IGNORECASE | re.ASCII,
)
"""The last alternative is `+09:00` whose plus a form decoder made a space."""


def _of_parts(text: str) -> Iterator[Reading]:
    half = _HALF.search(text)
    if half:
        text = f"{text[: half.start()]} {text[half.end() :]}".strip()
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return
    zone = _zone(parts)
    if zone is not None and abs(zone) > 14 * 3600 + 59 * 60:
        return
    for each in _local(_dates(parts), _clock(parts), half[0] if half else ""):
        yield Reading(each.local, zone, each.digits, bool(half))


def _dates(parts: re.Match[str]) -> list[tuple[str, str, str]]:
    """Give the possible dates as (year, month, day)."""
    if parts["y"]:
        return [(parts["y"], parts["mo"], parts["d"])]
    a, b, c = parts["a"], parts["b"], parts["c"]
    if len(a) == 4:
        return [(a, b, c)]
    last = [(c, a, b), (c, b, a)]
    return last if len(c) == 4 else [(a, b, c), *last]


def _clock(parts: re.Match[str]) -> tuple[str, str, str, str]:
    if parts["hms"]:
        whole = parts["hms"]
        return whole[:2], whole[2:4], whole[4:], parts["g"] or ""
    return parts["h"], parts["m"], parts["s"] or "0", parts["f"] or ""


def _zone(parts: re.Match[str]) -> int | None:
    if parts["lh"]:
        return int(parts["lh"]) * 3600 + int(parts["lm"]) * 60
    if parts["sign"]:
        seconds = int(parts["zh"]) * 3600 + int(parts["zm"] or 0) * 60
        return -seconds if parts["sign"] == "-" else seconds
    name = (parts["name"] or "").upper()
    return (KST_OFFSET_S if name in {"KST", "ASIA/SEOUL"} else 0) if name else None


def _local(
    dates: list[tuple[str, str, str]], clock: tuple[str, str, str, str], half: str = ""
) -> Iterator[Reading]:
    hour, minute, second = (int(part) for part in clock[:3])
    micros = int((clock[3] + "0" * 6)[:6])
    if minute > 59 or second > 60 or hour > 24 or (hour == 24 and half):
        return
    if second == 60:  # a leap second: the service knows none
        second, micros = 59, 999_000
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "오후" or half[0] in "pP" else 0)
    for year, month, day in dates:
        if len(year) not in {2, 4}:
            continue
        full = int(year) + (2000 if len(year) == 2 else 0)
        try:
            start = datetime(full, int(month), int(day))  # noqa: DTZ001 - local to `offset_s`
        except ValueError:
            continue
        rest = timedelta(minutes=minute, seconds=second, microseconds=micros)
        for hours in (0, 24) if hour == 24 else (hour,):  # Java's kk writes 24 for 0
            if full < 9999:
                yield Reading(start + timedelta(hours=hours) + rest, None, len(clock[3]))
