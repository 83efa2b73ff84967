"""How far a table was read by watermark, and how that is kept."""

from __future__ import annotations

import base64
import uuid
from collections import deque
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from gateway.core.errors import SourceRejected

Place = tuple[Any, Any]
"""(watermark, key) of the last row read."""
LATE_S = 120.0
"""Transactions that commit this long after they took their number or time are still seen."""
PLACES_MAX = 1_000


class Watermarks:
    """The place of reading, and the one from which reading begins again.

    Rows are numbered when they are inserted and seen when they are committed, so a lower number
    may appear later. Each look begins at the place that was reached `LATE_S` before; rows seen
    already are known and passed over.
    """

    def __init__(self, kept: Place | None) -> None:
        self._base = kept
        self._reached: deque[tuple[float, Place | None]] = deque(maxlen=PLACES_MAX)
        self.at = kept
        self.caught_up = False

    @property
    def base(self) -> Place | None:
        """The place that may be kept: nothing below it will be read again."""
        return self._base

    def begin(self, now: float) -> Place | None:
        """Give the place from which a look reads."""
        while self._reached and now - self._reached[0][0] >= LATE_S:
            self._base = self._reached.popleft()[1]
        if self.caught_up:
            self.at = self._base
        return self.at

    def end(self, now: float, *, caught_up: bool) -> None:
        """Note where a look ended."""
        self.caught_up = caught_up
        if not self._reached or self._reached[-1][1] != self.at:
            self._reached.append((now, self.at))


def kept_place(place: Place | None) -> list[Any] | None:
    """Give a place as JSON.

    Raises:
        SourceRejected: a column of this type cannot be remembered.
    """
    return None if place is None else [_kept(value) for value in place]


def place_from(kept: Any) -> Place | None:
    """Read what `kept_place` gave; None where it is none."""
    try:
        mark, key = (_restored(value) for value in kept)
    except (TypeError, ValueError, KeyError, ArithmeticError):
        return None
    return mark, key


def _kept(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, uuid.UUID):
        return {"uuid": str(value)}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": base64.b64encode(value).decode()}
    raise SourceRejected("watermark-type", type(value).__name__)


_RESTORE: Mapping[str, Any] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "decimal": Decimal,
    "uuid": uuid.UUID,
    "bytes": base64.b64decode,
}


def _restored(value: Any) -> Any:
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return _RESTORE[kind](text)
    return value
