"""What the KPI sender still has to send, in one small file that is replaced as a whole."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from gateway.usage.sender.kpi_wire import KpiRecord, as_json

WAITING_MAX = 1_000
"""Years of a workshop's records; more at once is a mistake of whoever hands them in."""
DAYS_MAX = 31
REFUSED_MAX = 100


class KpiStore:
    """Waiting records, the days that were reported, the last refusals. No key is ever in it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.waiting: list[KpiRecord] = []
        self.days: list[str] = []
        self.refused: list[dict[str, object]] = []

    def load(self) -> None:
        """Read the file; one that is damaged is set aside and begun anew.

        Raises:
            OSError: it cannot be read.
        """
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            self.waiting = [KpiRecord(**record) for record in kept["waiting"]]
            self.days = [str(day) for day in kept["days"]]
            self.refused = list(kept["refused"])
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError):
            self._path.replace(self._path.with_name(f"{self._path.name}.damaged"))

    def save(self) -> None:
        """Make it durable.

        Raises:
            OSError: the disk refuses; the old content is still there.
        """
        kept = {
            "waiting": [as_json(record) for record in self.waiting],
            "days": self.days[-DAYS_MAX:],
            "refused": self.refused[-REFUSED_MAX:],
        }
        beside = self._path.with_name(f"{self._path.name}.new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(kept, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)

    def add(self, records: Sequence[KpiRecord]) -> None:
        """Take records in.

        Raises:
            ValueError: too many are waiting; none was taken.
        """
        if len(self.waiting) + len(records) > WAITING_MAX:
            raise ValueError(f"more than {WAITING_MAX} KPI records would be waiting")
        self.waiting += records

    def refuse(self, record: KpiRecord, text: str) -> None:
        """Keep a refusal with the service's words."""
        self.refused = [*self.refused, {**as_json(record), "text": text}][-REFUSED_MAX:]
