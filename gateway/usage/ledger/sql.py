"""One row, or all rows, of a question whose columns the caller knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw


def one(connection: apsw.Connection, question: str, values: Sequence[Any] = ()) -> Any:
    """Give the first row as a tuple, None where there is none."""
    return connection.execute(question, tuple(values)).fetchone()


def every(connection: apsw.Connection, question: str, values: Sequence[Any] = ()) -> list[Any]:
    """Give all rows as tuples."""
    return connection.execute(question, tuple(values)).fetchall()
