"""Events of destinations."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit


def sink_lost(sink: str, reason: str, detail: str, retry_s: float) -> None:
    emit(
        Level.WARNING,
        "sink_lost",
        sink=sink,
        reason=reason,
        detail=detail or None,
        retry_s=round(retry_s, 1),
    )


def sink_needs_person(sink: str, reason: str, detail: str, retry_s: float) -> None:
    emit(
        Level.ERROR,
        "sink_needs_person",
        sink=sink,
        reason=reason,
        detail=detail or None,
        retry_s=round(retry_s, 1),
    )


def sink_back(sink: str, away_s: float) -> None:
    emit(Level.INFO, "sink_back", sink=sink, away_s=round(away_s, 1))


def catch_up_started(sink: str, records: int, samples: int) -> None:
    emit(Level.INFO, "catch_up_started", sink=sink, records=records, samples=samples)


def catch_up_finished(sink: str, took_s: float) -> None:
    emit(Level.INFO, "catch_up_finished", sink=sink, took_s=round(took_s, 1))


def record_refused(sink: str, offset: int, reason: str) -> None:
    emit(
        Level.ERROR,
        "record_refused",
        repeat_key=f"{sink} {reason}",
        sink=sink,
        offset=offset,
        reason=reason,
    )


def answer_strange(sink: str, entries: int, first: int, last: int) -> None:
    emit(
        Level.WARNING,
        "answer_strange",
        repeat_key=sink,
        sink=sink,
        entries=entries,
        asked_first=first,
        asked_last=last,
    )


def plan_sent(sink: str, device: str, digest: str) -> None:
    emit(Level.INFO, "plan_sent", sink=sink, device=device, plan=digest[:19])


def cursor_waits(sink: str, reason: str, detail: str) -> None:
    emit(Level.ERROR, "cursor_waits", repeat_key=sink, sink=sink, reason=reason, detail=detail)
