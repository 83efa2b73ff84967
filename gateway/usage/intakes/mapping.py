"""From a source's columns to the service's fields; the same for lines, rows and messages."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from gateway.core.types import UnixNs
from gateway.usage.config import Columns
from gateway.usage.model import FIELDS, Raw

SOLUTION = "solution"
KEY = "crtfcKey"
TEXT_MAX = 4_000
"""Characters kept of one field; the longest the service takes has 200."""
EXTRA_MAX = 16
HEAD_BYTES = 256
"""What is kept of a line or message that cannot be read."""
Pick = Callable[[str | int], Any]
"""Gives a column's value; raises KeyError or IndexError where the source has no such column."""


@dataclass(frozen=True, slots=True)
class Cells:
    """What one line, row or message said, under the service's names."""

    fields: Mapping[str, str | None]
    solution: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Tell whether no field that the source itself should give has a value."""
        return not any(self.fields.values())


def check_columns(columns: Columns) -> None:
    """Refuse columns that cannot be meant.

    Raises:
        ValueError: nothing is mapped, or the key is to be read from a source.
    """
    if not columns.fields:
        raise ValueError("columns: no field is mapped")
    if KEY in columns.fields or KEY in columns.constants:
        raise ValueError(f"columns: {KEY} is never read from a source; it belongs to the delivery")


def cells_of(pick: Pick, columns: Columns) -> Cells:
    """Read all mapped columns; one that the source does not have is None."""
    said = {name: _picked(pick, column) for name, column in columns.fields.items()}
    fields: dict[str, str | None] = {n: text for n, text in said.items() if n in FIELDS}
    if not any(said.values()):
        return Cells({})
    for name, text in columns.constants.items():
        if name in FIELDS:
            fields[name] = fields.get(name) or text
    solution = said.get(SOLUTION) or columns.constants.get(SOLUTION, "")
    others = {**columns.constants, **{n: text for n, text in said.items() if text is not None}}
    extra = {n: text for n, text in others.items() if n not in FIELDS and n != SOLUTION}
    return Cells(fields, solution, dict(list(extra.items())[:EXTRA_MAX]))


def missing_columns(pick: Pick, columns: Columns) -> list[str]:
    """Give the mapped columns that a source does not have at all."""
    missing = []
    for column in columns.fields.values():
        try:
            pick(column)
        except (KeyError, IndexError):
            missing.append(str(column))
    return missing


def _picked(pick: Pick, column: str | int) -> str | None:
    try:
        return text_of(pick(column))
    except (KeyError, IndexError):
        return None


def text_of(value: Any) -> str | None:
    """Give a value as the solution would write it; None where there is none."""
    if value is None:
        return None
    if isinstance(value, str):
        return value[:TEXT_MAX]
    if isinstance(value, bytes | bytearray | memoryview):
        return decoded_bytes(bytes(value))[:TEXT_MAX]
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="microseconds" if value.microsecond else "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else str(value)
    if isinstance(value, float):
        return str(int(value)) if math.isfinite(value) and value.is_integer() else repr(value)
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)[:TEXT_MAX]
    return str(value)[:TEXT_MAX]


def decoded_bytes(data: bytes) -> str:
    """Read bytes as UTF-8, else as cp949, else with what is unreadable escaped."""
    for encoding in ("utf-8", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "backslashreplace")


def recoded(value: Any) -> Any:
    """Give text whose cp949 bytes were taken for latin-1; anything else as it is."""
    try:
        data = value.encode("latin-1") if isinstance(value, str) else value
        return data.decode("cp949") if isinstance(data, bytes | bytearray) else value
    except UnicodeError:
        return value


def same_name(name: str) -> str:
    """Give a column's name as it is compared: composed, trimmed, without regard to case."""
    return unicodedata.normalize("NFC", name).strip().casefold()


def raw_of(
    cells: Cells, *, intake: str, received: UnixNs, source_id: str, solution: str, **extra: str
) -> Raw:
    """Make a Raw; `solution` is the intake's, unless the source itself names one."""
    return Raw(
        intake,
        received,
        cells.fields,
        source_id,
        solution=cells.solution or solution,
        extra={**cells.extra, **extra},
    )


def unreadable(
    head: bytes, why: str, *, intake: str, received: UnixNs, source_id: str, solution: str
) -> Raw:
    """Make a Raw of something that could not be read: without fields, its first bytes kept.

    The normaliser finds it unfit, so it is in the ledger where a person can look.
    """
    extra = {"unreadable": why, "head": head[:HEAD_BYTES].decode("utf-8", "backslashreplace")}
    return Raw(intake, received, {}, source_id, solution=solution, extra=extra)
