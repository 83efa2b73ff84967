"""Introduces the running history to the routes that ask it."""

from __future__ import annotations

from collections.abc import Callable

from gateway.api.ports import HistoryRows, ReadHistory
from gateway.core.errors import SinkUnavailable
from gateway.core.signals import Signal
from gateway.core.types import UnixNs
from gateway.history.interface import Aggregate, Bucket, History, Series


def history_reader(history: Callable[[], History | None]) -> ReadHistory:
    """Give what reads the history that runs at the moment of the question."""

    async def read(
        signal: Signal, start: int, end: int, *, limit: int, every: int, aggregate: str
    ) -> HistoryRows:
        running = history()
        if running is None:
            raise SinkUnavailable("not-open", "the history is not open")
        bucket = Bucket(every, Aggregate(aggregate)) if every else None
        return await running.query(
            Series.of(signal), UnixNs(start), UnixNs(end), limit=limit, bucket=bucket
        )

    return read
