"""Days in Korea, `yyyy-MM-dd`."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from gateway.core.types import UnixNs
from gateway.usage.config import KST_OFFSET_S

NS = 10**9
DAY_S = 86_400


def day_of(at: int) -> str:
    """Give the Korean day of an instant."""
    return _day((at // NS + KST_OFFSET_S) // DAY_S)


@lru_cache(maxsize=64)
def _day(number: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=number)).isoformat()


def start_of(day: str) -> UnixNs:
    """Give the instant at which a Korean day begins.

    Raises:
        ValueError: not a day.
    """
    midnight = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    return UnixNs((int(midnight.timestamp()) - KST_OFFSET_S) * NS)


def is_day(text: str) -> bool:
    """Tell whether a text begins with a day."""
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return len(text) >= 10


def shown(at: int) -> str:
    """Give an instant as Korean time, `yyyy-MM-dd HH:mm:ss.SSS`."""
    moment = datetime.fromtimestamp(at // NS + KST_OFFSET_S, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{at % NS // 1_000_000:03d}"
