"""Events of destinations."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit


def sink_lost(sink: str, reason: str, detail: str, retry_s: float) -> None:
    """A destination does not answer; its records wait in the spool and it is tried again."""
    emit(
        Level.WARNING,
        "sink_lost",
        sink=sink,
        reason=reason,
        detail=detail or None,
        retry_s=round(retry_s, 1),
    )


def sink_needs_person(sink: str, reason: str, detail: str, retry_s: float) -> None:
    """A destination refuses us until a person acts, such as at a wrong token."""
    emit(
        Level.ERROR,
        "sink_needs_person",
        sink=sink,
        reason=reason,
        detail=detail or None,
        retry_s=round(retry_s, 1),
    )


def sink_back(sink: str, away_s: float) -> None:
    """A destination takes records again after `away_s`."""
    emit(Level.INFO, "sink_back", sink=sink, away_s=round(away_s, 1))


def catch_up_started(sink: str, records: int, samples: int) -> None:
    """Old records are sent beside live ones from now on."""
    emit(Level.INFO, "catch_up_started", sink=sink, records=records, samples=samples)


def catch_up_finished(sink: str, took_s: float) -> None:
    """The destination has everything up to the live records."""
    emit(Level.INFO, "catch_up_finished", sink=sink, took_s=round(took_s, 1))


def record_refused(sink: str, offset: int, reason: str) -> None:
    """A destination refuses a record for good; it is in quarantine with the reason (I4)."""
    emit(
        Level.ERROR,
        "record_refused",
        repeat_key=f"{sink} {reason}",
        sink=sink,
        offset=offset,
        reason=reason,
    )


def answer_strange(sink: str, entries: int, first: int, last: int) -> None:
    """An answer speaks of records that were not sent; that part of it is not believed."""
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
    """The destination has the table of a device's signals that its records refer to."""
    emit(Level.INFO, "plan_sent", sink=sink, device=device, plan=digest[:19])


def cursor_waits(sink: str, reason: str, detail: str) -> None:
    """What a destination took could not be noted yet; it would be sent again after a crash (I7)."""
    emit(Level.ERROR, "cursor_waits", repeat_key=sink, sink=sink, reason=reason, detail=detail)
