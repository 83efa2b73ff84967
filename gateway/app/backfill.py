"""Sends samples that history still has to one platform again.

The resent samples do not pass through the spool: every other destination would get them too, and
live data would wait behind them. History is their durable source, and a small file remembers how
far the job came. A run sends under an epoch of its own, so that its offsets never meet those of the
spool (I3), and marks each record as `backfilled`. A run that was interrupted goes on where it was;
what was under way then is sent again.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from gateway.core.answers import checked_answer
from gateway.core.clock import Clock
from gateway.core.errors import SinkUnavailable
from gateway.core.protocols import Sink
from gateway.core.records import Batch, Record
from gateway.core.signals import PlanTable
from gateway.core.types import Offset, UnixNs
from gateway.flow.backoff import Backoff
from gateway.flow.types import TypedTable
from gateway.history.interface import Page

PAGE_SAMPLES = 20_000
RATE_SAMPLES_S = 20_000.0
"""Live data shares the line and the platform with a backfill."""
REASONS_MAX = 10
"""Different reasons of refusal that are kept for the report."""


class Exporter(Protocol):
    """What a backfill needs of a history."""

    async def export(self, plan: PlanTable, start: UnixNs, end: UnixNs, *, limit: int) -> Page:
        """See gateway.history.interface.History.export."""


@dataclass(slots=True)
class BackfillReport:
    """What a run did so far. `waiting` is why the platform takes nothing at the moment."""

    samples: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    resumed: bool = False
    waiting: str = ""

    def refuse(self, reason: str, samples: int) -> None:
        if reason not in self.refused and len(self.refused) >= REASONS_MAX:
            reason = "other reasons"
        self.refused[reason] += samples


class ResumePoint:
    """Remembers in a file which device a job is at, and from which time on."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> tuple[str, UnixNs] | None:
        """Give device and time; None when the job is new or its file unreadable."""
        try:
            kept = json.loads(self._path.read_bytes())
            return str(kept["device"]), UnixNs(int(kept["start"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, device: str, start: UnixNs) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps({"device": device, "start": start}))
        beside.replace(self._path)

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)


class Backfill:
    """One job: these devices' samples with start <= source time < end, to this sink.

    Args:
        sink: the platform, made to mark what it sends; None only counts (a dry run).
        progress: called after every page.
    """

    def __init__(
        self,
        history: Exporter,
        sink: Sink | None,
        tables: Mapping[str, PlanTable],
        clock: Clock,
        point: ResumePoint,
        *,
        rate: float = RATE_SAMPLES_S,
        progress: Callable[[BackfillReport], None] = lambda _: None,
    ) -> None:
        self._history = history
        self._sink = sink
        self._tables = tables
        self._clock = clock
        self._point = point
        self._rate = rate
        self._progress = progress
        self._epoch = str(uuid.uuid4())
        self._offset = 0
        self._backoff = Backoff()
        self._report = BackfillReport()

    async def run(self, start: UnixNs, end: UnixNs) -> BackfillReport:
        """Send everything once; waits out failures of the platform.

        Raises:
            SinkUnavailable: a person must act (login, address, certificate), or history does not
                answer; the next run goes on from here.
        Cancel: the next run goes on from here.
        """
        kept = self._point.load() if self._sink is not None else None
        self._report.resumed = kept is not None
        for device in sorted(self._tables):
            if kept is not None and device < kept[0]:
                continue
            from_ = kept[1] if kept is not None and device == kept[0] else start
            await self._send_device(device, from_, end)
        if self._sink is not None:
            self._point.clear()
        return self._report

    async def _send_device(self, device: str, start: UnixNs, end: UnixNs) -> None:
        table = self._tables[device]
        typed = TypedTable(table)
        at: UnixNs | None = start
        while at is not None:
            page = await self._history.export(table, at, end, limit=PAGE_SAMPLES)
            for batch in page.batches:
                typed.learn(batch)
            await self._send_page(device, page.batches, typed.table)
            at = page.next_start
            if at is not None and self._sink is not None:
                self._point.save(device, at)

    async def _send_page(self, device: str, batches: Sequence[Batch], table: PlanTable) -> None:
        samples = sum(map(len, batches))
        if samples and self._sink is not None:
            began = self._clock.monotonic()
            await self._write(self._sink, [replace(batch, plan=table) for batch in batches])
            took_s = self._clock.monotonic() - began
            await self._clock.sleep(max(0.0, samples / self._rate - took_s))
        self._report.samples[device] += samples
        self._progress(self._report)

    async def _write(self, sink: Sink, batches: Sequence[Batch]) -> None:
        """Write until the platform has accepted or refused every batch."""
        waiting = []
        for batch in batches:
            self._offset += 1
            waiting.append(Record(Offset(self._offset), batch))
        while waiting:
            try:
                left = await self._write_once(sink, waiting)
            except SinkUnavailable as error:
                if error.hold:
                    raise
                left, delay_s = waiting, max(self._backoff.next_delay(), error.retry_after_s or 0.0)
                self._report.waiting = str(error)
            else:
                settled = len(left) < len(waiting)
                delay_s = 0.0 if settled else self._backoff.next_delay()
                if settled:
                    self._backoff.reset()
                    self._report.waiting = ""
            if left:
                self._progress(self._report)
                await self._clock.sleep(delay_s)
            waiting = left

    async def _write_once(self, sink: Sink, waiting: Sequence[Record]) -> list[Record]:
        """Write and give the records that are still open."""
        answer = await sink.write(self._epoch, waiting)
        checked, _ = checked_answer(answer, [record.offset for record in waiting])
        reasons = {refusal.offset: refusal.reason for refusal in checked.refused}
        left = []
        for record in waiting:
            if record.offset in reasons:
                assert isinstance(record.item, Batch)
                self._report.refuse(reasons[record.offset], len(record.item))
            elif not any(first <= record.offset <= last for first, last in checked.accepted):
                left.append(record)
        return left


def resume_point(data: Path, sink: str, start: UnixNs, end: UnixNs) -> ResumePoint:
    """Give the file of a job: the same platform and span mean the same job."""
    return ResumePoint(data / "backfill" / f"{sink}-{start}-{end}.json")
