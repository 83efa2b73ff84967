"""Korean time as the service writes it, from plain numbers: no zone of the machine, no database."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from gateway.core.types import UnixNs
from gateway.usage.config import KST_OFFSET_S

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - plain calendar arithmetic, no zone meant
EARLIEST = datetime(1970, 1, 2)  # noqa: DTZ001 - calendar arithmetic, no zone meant
LATEST = datetime(2261, 12, 31)  # noqa: DTZ001 - calendar arithmetic, no zone meant
"""What 64 bits of nanoseconds hold."""


def kst_text(at: int) -> str:
    """Give an instant as `yyyy-MM-dd HH:mm:ss.SSS` in Korea, the rest of the millisecond cut."""
    local = _EPOCH + timedelta(seconds=KST_OFFSET_S, milliseconds=at // NS_PER_MS)
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d}"


def instant(local: datetime, offset_s: int) -> UnixNs | None:
    """Give the instant, whole milliseconds, of a local time; None outside 1970 to 2261."""
    if not EARLIEST <= local <= LATEST:
        return None
    ms = math.floor((local - _EPOCH) / timedelta(milliseconds=1))
    return UnixNs((ms - offset_s * 1000) * NS_PER_MS)


def local_of(at: int, offset_s: int) -> datetime:
    """Give the local time of an instant, microseconds kept."""
    return _EPOCH + timedelta(seconds=offset_s, microseconds=at // 1000)
