"""Events of the durable spool."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit


def spool_opened(epoch: str, records: int, parts: int, took_s: float) -> None:
    """The spool is recovered and can be written."""
    emit(
        Level.INFO,
        "spool_opened",
        epoch=epoch,
        records=records,
        parts=parts,
        took_s=round(took_s, 3),
    )


def spool_unavailable(reason: str, detail: str) -> None:
    """Nothing can be stored for a reason of the disk; sources are held back meanwhile."""
    emit(Level.ERROR, "spool_unavailable", repeat_key=reason, reason=reason, detail=detail)


def spool_recovered(down_s: float) -> None:
    """Values can be stored again after `down_s`."""
    emit(Level.INFO, "spool_recovered", down_s=round(down_s, 1))


def spool_state(state: str, reason: str, detail: str) -> None:
    """Say that values can, or cannot, be stored from now on."""
    level = Level.INFO if state == "good" else Level.ERROR
    emit(level, "spool_state", state=state, reason=reason, detail=detail)


def spool_full(quota_bytes: int) -> None:
    """The quota is used up: the oldest raw part is given up for the newest values."""
    emit(Level.ERROR, "spool_full", repeat_key="spool", quota_bytes=quota_bytes)


def part_given_up(part: str, reader: str, records: int, samples: int) -> None:
    """The quota took a part that a reader had not taken; a gap record says so (I6)."""
    emit(
        Level.ERROR,
        "part_given_up",
        part=part,
        reader=reader,
        records=records,
        samples=samples,
    )


def part_set_aside(part: str, reason: str, salvaged: int, lost: int) -> None:
    """A damaged part was renamed; what could be read of it was salvaged, the rest is a gap."""
    emit(
        Level.ERROR,
        "part_set_aside",
        part=part,
        reason=reason,
        salvaged=salvaged,
        lost=lost,
    )


def state_set_aside(file: str, reason: str, epoch: str) -> None:
    """The readers' places were unreadable: a new epoch begins, so that no offset is used twice
    (I3).
    """
    emit(Level.ERROR, "state_set_aside", file=file, reason=reason, new_epoch=epoch)


def cursor_damaged(reader: str) -> None:
    """A reader's place was unreadable; it begins at the oldest record, which changes nothing there
    (I7).
    """
    emit(Level.ERROR, "cursor_damaged", reader=reader)


def record_quarantined(reader: str, offset: int, reason: str) -> None:
    """A destination refused a record; it waits for a person with the reason."""
    emit(
        Level.ERROR,
        "record_quarantined",
        repeat_key=f"{reader} {reason}",
        reader=reader,
        offset=offset,
        reason=reason,
    )


def record_requeued(reader: str, number: int, offset: int) -> None:
    """A person gave a quarantined record back; it is sent again."""
    emit(Level.INFO, "record_requeued", reader=reader, number=number, offset=offset)


def reader_forgotten(reader: str, pending: int) -> None:
    """A destination is configured no more: what waited for it holds the disk no longer."""
    emit(Level.WARNING, "reader_forgotten", reader=reader, pending=pending)


def books_differ(reader: str, records: int, samples: int) -> None:
    """What was stored for a reader and what became of it differ: a fault of ours, values may be
    missing.
    """
    emit(
        Level.ERROR,
        "spool_books_differ",
        repeat_key=reader,
        reader=reader,
        records=records,
        samples=samples,
    )


def log_grown(size_bytes: int) -> None:
    """The write-ahead log grows and could not be folded in, mostly because a reader holds it."""
    emit(Level.WARNING, "spool_log_grown", repeat_key="spool", size_bytes=size_bytes)


def quarantine_trimmed(reader: str, offset: int) -> None:
    """The quarantine is full: its oldest record was given up."""
    emit(Level.ERROR, "quarantine_trimmed", repeat_key=reader, reader=reader, offset=offset)
