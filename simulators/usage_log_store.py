"""What the log service was asked and what it keeps; a key is shown by its last four."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

REQUESTS_MAX = 100_000
STORED_MAX = 1_000_000


class Kept:
    """Rows in order. With `truth` each stored row is in that file before it can be answered."""

    def __init__(self, truth: Path | None = None) -> None:
        self.stored: list[dict[str, Any]] = []
        self.tests: list[dict[str, Any]] = []
        self.requests: deque[dict[str, Any]] = deque(maxlen=REQUESTS_MAX)
        self.count = 0
        self._truth: TextIO | None = None
        if truth is not None:
            self._truth = truth.open("a", encoding="utf-8")

    def keep(self, row: dict[str, Any], test: bool = False) -> None:
        """Keep a record for good."""
        rows = self.tests if test else self.stored
        if len(rows) < STORED_MAX:
            rows.append(row)
        if self._truth is not None:
            line = {"test" if test else "stored": row}
            self._truth.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._truth.flush()

    def note(self, row: dict[str, Any]) -> None:
        """Note a request, the last hundred thousand of them."""
        self.count += 1
        self.requests.append({"n": self.count, **row})

    def clear(self) -> None:
        """Forget everything but the file."""
        self.stored.clear()
        self.tests.clear()
        self.requests.clear()
        self.count = 0

    def close(self) -> None:
        if self._truth is not None:
            self._truth.close()


def shown(fields: Mapping[str, str]) -> dict[str, str]:
    """Give a record as it came, its key by the last four."""
    kept = {name: value for name, value in fields.items() if name != "crtfcKey"}
    return {"key": last_four(fields.get("crtfcKey", "").strip()), **kept}


def last_four(key: str) -> str:
    return key[-4:] if len(key) > 8 else "*" * len(key)
