"""One write and what follows from its answer: check, settle, count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.answers import checked_answer
from gateway.core.clock import Clock
from gateway.core.errors import SpoolError
from gateway.core.protocols import Reader, Sink
from gateway.core.records import Answer, Batch, Gap, Record
from gateway.core.types import Offset, UnixNs
from gateway.ops.events import sinks as events
from gateway.ops.metrics import counter, histogram

SPOOL_RETRY_S = 0.5

WRITES = counter("gateway_sink_writes_total", "Writes to a destination", ["sink", "outcome"])
SAMPLES = counter("gateway_sink_samples_total", "Samples settled by a destination", ["sink"])
REFUSED = counter("gateway_sink_refused_total", "Records a destination refused", ["sink"])
WRITE_S = histogram("gateway_sink_write_seconds", "Time a write took to be answered", ["sink"])


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: where to read on, how many samples it carried, whether anything settled."""

    following: Offset
    samples: int
    progress: bool


class Transfer:
    """Takes records from one reader to one sink, and the sink's answer back to the reader.

    Waits while the spool refuses, for ever and half a second at a time: nothing is lost by waiting.
    """

    def __init__(self, reader: Reader, sink: Sink, epoch: str, clock: Clock) -> None:
        self._reader = reader
        self._sink = sink
        self._epoch = epoch
        self._clock = clock
        self._ok = WRITES.labels(sink.name, "answered")
        self._lost = WRITES.labels(sink.name, "lost")
        self._samples = SAMPLES.labels(sink.name)
        self._refused = REFUSED.labels(sink.name)
        self._seconds = WRITE_S.labels(sink.name)

    async def read(
        self, start: Offset, records: int, size: int, last: Offset | None = None
    ) -> list[Record]:
        """Give unsettled records; waits while the spool cannot be read."""
        while True:
            try:
                return await self._reader.read(start, records, size, last)
            except SpoolError as error:
                events.cursor_waits(self._sink.name, error.reason, error.detail)
                await self._clock.sleep(SPOOL_RETRY_S)

    async def wait(self, beyond: Offset) -> None:
        """Return when there is a record beyond this offset, or when the spool cannot tell."""
        try:
            await self._reader.wait(beyond)
        except SpoolError as error:
            events.cursor_waits(self._sink.name, error.reason, error.detail)
            await self._clock.sleep(SPOOL_RETRY_S)

    async def write(self, records: Sequence[Record]) -> Written:
        """Write, then settle what the answer says of these records and of nothing else.

        Raises:
            SinkUnavailable: nothing was settled; they stay in hand, for they may have arrived.
        """
        began = self._clock.monotonic()
        answered = False
        try:
            answer = await self._sink.write(self._epoch, records)
            answered = True
        finally:
            (self._ok if answered else self._lost).inc()
        self._seconds.observe(self._clock.monotonic() - began)
        offsets = [record.offset for record in records]
        checked, strange = checked_answer(answer, offsets)
        if strange:
            events.answer_strange(self._sink.name, strange, offsets[0], offsets[-1])
        if checked.accepted or checked.refused:
            await self._settle(checked)
        self._reader.give_back(records)
        return self._counted(records, checked)

    def give_back(self, records: Sequence[Record]) -> None:
        """Let go of records that were read and are not sent now."""
        self._reader.give_back(records)

    async def _settle(self, answer: Answer) -> None:
        """Settle for certain: without it the same records would be written again."""
        while True:
            try:
                await self._reader.settle(answer)
            except SpoolError as error:
                events.cursor_waits(self._sink.name, error.reason, error.detail)
                await self._clock.sleep(SPOOL_RETRY_S)
            else:
                return

    def _counted(self, records: Sequence[Record], answer: Answer) -> Written:
        settled = {refusal.offset for refusal in answer.refused}
        for refusal in answer.refused:
            events.record_refused(self._sink.name, refusal.offset, refusal.reason)
        self._refused.inc(len(settled))
        for first, last in answer.accepted:
            settled.update(Offset(offset) for offset in range(first, last + 1))
        samples = sum(len(r.item) for r in records if isinstance(r.item, Batch))
        open_ = [record for record in records if record.offset not in settled]
        unsettled = sum(len(r.item) for r in open_ if isinstance(r.item, Batch))
        self._samples.inc(samples - unsettled)
        following = open_[0].offset if open_ else Offset(records[-1].offset + 1)
        return Written(following, samples, bool(settled))


def recorded_at(record: Record) -> UnixNs:
    """Give about when a record came into being, ns UTC."""
    match record.item:
        case Batch(received=at):
            return at
        case Gap(end=at):
            return at
        case item:
            return item.at
