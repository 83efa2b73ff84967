"""Korean time as the service writes it, whatever zone the machine is in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from gateway.core.types import UnixNs
from gateway.usage.config import KST_OFFSET_S

KST = timezone(timedelta(seconds=KST_OFFSET_S), "KST")
DAY_S = 86_400
NS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def kst_text(at: UnixNs) -> str:
    """Give `yyyy-MM-dd HH:mm:ss.SSS`, cut to the millisecond."""
    moment = _EPOCH + timedelta(microseconds=at // 1_000)
    return moment.astimezone(KST).strftime("%Y-%m-%d %H:%M:%S.%f")[:23]


def kst_day(at: UnixNs) -> str:
    """Give the Korean day, `yyyy-MM-dd`."""
    return kst_text(at)[:10]


def parse_kst(text: str) -> UnixNs | None:
    """Read the service's stamp, with or without fraction; None for anything else."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=KST)
    return UnixNs((moment - _EPOCH) // _US * 1_000)


def day_start(day: str) -> UnixNs:
    """Give the first instant of a Korean day, `yyyy-MM-dd`."""
    start = parse_kst(f"{day} 00:00:00")
    assert start is not None, "days are made here"
    return start


def day_end(day: str) -> UnixNs:
    """Give the first instant after a Korean day."""
    return UnixNs(day_start(day) + DAY_S * NS)


def weekday(day: str) -> int:
    """Give 0 for Monday."""
    return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=KST).weekday()
