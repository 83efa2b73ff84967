"""Makes a solution's time Korean with milliseconds, and says what looks wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from gateway.core.types import UnixNs
from gateway.usage.config import KST_OFFSET_S
from gateway.usage.normal.kst import NS_PER_S, instant, kst_text, local_of
from gateway.usage.normal.time_forms import EXACT, Reading, readings
from gateway.usage.rules.lints import Lint

EARLY_S, LATE_S = 60, 660
"""How far from its time an event arrives: a clock that is a little ahead; a program that sends
every ten minutes, and a margin."""

PLAUSIBLE_S = 400 * 86_400
"""Beyond that another reading of a date does not make it doubtful."""


@dataclass(frozen=True, slots=True)
class Time:
    """An instant of whole milliseconds, the same as the service's text, and what was noticed."""

    at: UnixNs
    text: str
    lints: tuple[Lint, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeRules:
    """How times are read.

    `live`: events arrive when they happen, so that the time of arrival tells something about one.
    """

    utc_offset_s: int = KST_OFFSET_S
    twelve_hour: bool = False
    live: bool = True


def read_time(text: str, received: UnixNs, rules: TimeRules) -> Time | None:
    """Read a time in any form that was seen; None where it is none. Never raises.

    A time is altered only where `rules` say so: one that looks like UTC, or like a 12-hour clock,
    is kept and noticed.
    """
    found = [(at, each) for each in readings(text) if (at := _at(each, rules)) is not None]
    if not found:
        return None
    found.sort(key=lambda pair: abs(pair[0] - received))
    at, best = found[0]
    lints = _of_form(text, best)
    if len(found) > 1 and abs(found[1][0] - received) < PLAUSIBLE_S * NS_PER_S:
        lints.append(Lint.DATE_GUESSED)
    if rules.twelve_hour and not best.half and best.offset_s is None:
        mended = _nearest_half(at, best, received)
        lints += [Lint.HALF_DAY_MENDED] if mended != at else []
        at = mended
    lints += _of_arrival(at, best, received, live=rules.live)
    return Time(at, kst_text(at), tuple(lints))


def _at(reading: Reading, rules: TimeRules) -> UnixNs | None:
    offset = rules.utc_offset_s if reading.offset_s is None else reading.offset_s
    return instant(reading.local, offset)


def _nearest_half(at: UnixNs, reading: Reading, received: UnixNs) -> UnixNs:
    """Give the half of the day nearest to arrival; an hour above 12 is none of such a clock."""
    if not 1 <= reading.local.hour <= 12:
        return at
    half = 12 * 3600 * NS_PER_S
    other = at - half if reading.local.hour == 12 else at + half
    return UnixNs(min(at, other, key=lambda each: abs(each - received)))


def _of_form(text: str, reading: Reading) -> list[Lint]:
    lints = []
    if not EXACT.fullmatch(text):
        lints.append(Lint.TIME_FORM)
    if reading.digits != 3:
        lints.append(Lint.MILLISECONDS)
    local = reading.local
    if reading.digits in {2, 3} and local.second and local.microsecond == local.second * 1000:
        lints.append(Lint.SECONDS_TWICE)
    return lints


def _of_arrival(at: UnixNs, reading: Reading, received: UnixNs, *, live: bool) -> list[Lint]:
    lints = []
    late = (received - at) / NS_PER_S
    if live and _is_off(late, 9) and reading.offset_s is None:
        lints.append(Lint.UTC_AS_KST)
    if live and _is_off(late, -9):
        lints.append(Lint.NINE_HOURS_AHEAD)
    if live and not reading.half and (_is_off(late, 12) or _is_off(late, -12)):
        lints.append(Lint.TWELVE_HOUR)
    if live and _is_mixed(reading, at, received, late):
        lints.append(Lint.MONTH_FOR_MINUTE)
    if late < -EARLY_S:
        lints.append(Lint.FUTURE)
    if kst_text(at)[:10] < kst_text(received)[:10]:
        lints.append(Lint.NOT_TODAY)
    return lints


def _is_off(late_s: float, hours: int) -> bool:
    return -EARLY_S <= late_s - hours * 3600 <= LATE_S


def _is_mixed(reading: Reading, at: UnixNs, received: UnixNs, late_s: float) -> bool:
    """Tell month and minute mixed up: equal numbers, though the event has just come."""
    if reading.local.minute != reading.local.month or -EARLY_S <= late_s <= LATE_S:
        return False
    said, now = local_of(at, KST_OFFSET_S), local_of(received, KST_OFFSET_S)
    same_hour = (said.day, said.hour) == (now.day, now.hour)
    return same_hour and abs(said - now) < timedelta(days=366)
