"""Events of the durable spool."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit


def spool_opened(epoch: str, records: int, parts: int, took_s: float) -> None:
    emit(
        Level.INFO,
        "spool_opened",
        epoch=epoch,
        records=records,
        parts=parts,
        took_s=round(took_s, 3),
    )


def spool_unavailable(reason: str, detail: str) -> None:
    emit(Level.ERROR, "spool_unavailable", repeat_key=reason, reason=reason, detail=detail)


def spool_recovered(down_s: float) -> None:
    emit(Level.INFO, "spool_recovered", down_s=round(down_s, 1))


def spool_state(state: str, reason: str, detail: str) -> None:
    """Say that values can, or cannot, be stored from now on."""
    level = Level.INFO if state == "good" else Level.ERROR
    emit(level, "spool_state", state=state, reason=reason, detail=detail)


def spool_full(quota_bytes: int) -> None:
    emit(Level.ERROR, "spool_full", repeat_key="spool", quota_bytes=quota_bytes)


def part_given_up(part: str, reader: str, records: int, samples: int) -> None:
    emit(
        Level.ERROR,
        "part_given_up",
        part=part,
        reader=reader,
        records=records,
        samples=samples,
    )


def part_set_aside(part: str, reason: str, salvaged: int, lost: int) -> None:
    emit(
        Level.ERROR,
        "part_set_aside",
        part=part,
        reason=reason,
        salvaged=salvaged,
        lost=lost,
    )


def state_set_aside(file: str, reason: str, epoch: str) -> None:
    emit(Level.ERROR, "state_set_aside", file=file, reason=reason, new_epoch=epoch)


def cursor_damaged(reader: str) -> None:
    emit(Level.ERROR, "cursor_damaged", reader=reader)


def record_quarantined(reader: str, offset: int, reason: str) -> None:
    emit(
        Level.ERROR,
        "record_quarantined",
        repeat_key=f"{reader} {reason}",
        reader=reader,
        offset=offset,
        reason=reason,
    )


def record_requeued(reader: str, number: int, offset: int) -> None:
    emit(Level.INFO, "record_requeued", reader=reader, number=number, offset=offset)


def reader_forgotten(reader: str, pending: int) -> None:
    emit(Level.WARNING, "reader_forgotten", reader=reader, pending=pending)


def books_differ(reader: str, records: int, samples: int) -> None:
    emit(
        Level.ERROR,
        "spool_books_differ",
        repeat_key=reader,
        reader=reader,
        records=records,
        samples=samples,
    )


def log_grown(size_bytes: int) -> None:
    emit(Level.WARNING, "spool_log_grown", repeat_key="spool", size_bytes=size_bytes)


def quarantine_trimmed(reader: str, offset: int) -> None:
    emit(Level.ERROR, "quarantine_trimmed", repeat_key=reader, reader=reader, offset=offset)
