"""Events of the usage ledger. None names a person or a key."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit


def usage_ledger_opened(ledger: str, rows: int, took_s: float) -> None:
    """The usage ledger is recovered and can be written."""
    emit(Level.INFO, "usage_ledger_opened", ledger=ledger, rows=rows, took_s=round(took_s, 3))


def usage_ledger_unavailable(reason: str, detail: str) -> None:
    """No event can be stored; solutions are answered so and send again."""
    emit(Level.ERROR, "usage_ledger_unavailable", repeat_key=reason, reason=reason, detail=detail)


def usage_ledger_recovered(down_s: float) -> None:
    """Events can be stored again after `down_s`."""
    emit(Level.INFO, "usage_ledger_recovered", down_s=round(down_s, 1))


def usage_ledger_set_aside(
    file: str, reason: str, rows: int, unreadable: int, carried: int
) -> None:
    """A damaged ledger was renamed, a new one begun; `gateway usage verify` reads the old one."""
    emit(
        Level.ERROR,
        "usage_ledger_set_aside",
        file=file,
        reason=reason,
        rows=rows,
        rows_unreadable=unreadable,
        events_carried=carried,
    )


def usage_ledger_damaged(problems: int, first: str) -> None:
    """Rows of the ledger do not fit their hashes; nothing was changed."""
    emit(Level.ERROR, "usage_ledger_damaged", problems=problems, first=first)


def usage_ledger_derived_anew(reason: str) -> None:
    """The states of events were computed again from the ledger's rows."""
    emit(Level.WARNING, "usage_ledger_derived_anew", reason=reason)


def usage_ledger_head_renewed(reason: str) -> None:
    """The noted head of the hash chain was made anew from its last row."""
    emit(Level.WARNING, "usage_ledger_head_renewed", reason=reason)


def usage_move_of_unknown_event(event: str) -> None:
    """Something was said of an event that the ledger does not have; it is ignored."""
    emit(Level.WARNING, "usage_move_of_unknown_event", repeat_key=event, id=event)


def usage_erased(why: str, events: int) -> None:
    """Personal content was erased; that it was there stays on record."""
    emit(Level.INFO, "usage_erased", why=why, events=events)


def usage_request_refused(reason: str) -> None:
    """A command on the ledger was not carried out."""
    emit(Level.WARNING, "usage_request_refused", repeat_key=reason, reason=reason)
