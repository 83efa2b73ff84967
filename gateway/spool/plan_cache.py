"""Plan tables by digest, shared by everything that reads parts on one thread."""

from __future__ import annotations

from collections.abc import Callable

from gateway.core.signals import PlanTable

TABLES_MAX = 256
"""A table of 2,000 signals takes about 2 MB; more devices than this read theirs again."""


class PlanCache:
    """Keeps the newest tables."""

    def __init__(self) -> None:
        self._tables: dict[str, PlanTable] = {}

    def get(self, digest: str | None, load: Callable[[], PlanTable | None]) -> PlanTable | None:
        """Give the table of a digest, loading it when it is not known."""
        if digest is None:
            return None
        table = self._tables.get(digest)
        if table is None:
            table = load()
            if table is not None:
                if len(self._tables) >= TABLES_MAX:
                    self._tables.pop(next(iter(self._tables)))
                self._tables[digest] = table
        return table
