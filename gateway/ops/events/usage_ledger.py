"""Events of the usage ledger. None names a person or a key."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit


def usage_ledger_opened(ledger: str, rows: int, took_s: float) -> None:
    emit(Level.INFO, "usage_ledger_opened", ledger=ledger, rows=rows, took_s=round(took_s, 3))


def usage_ledger_unavailable(reason: str, detail: str) -> None:
    emit(Level.ERROR, "usage_ledger_unavailable", repeat_key=reason, reason=reason, detail=detail)


def usage_ledger_recovered(down_s: float) -> None:
    emit(Level.INFO, "usage_ledger_recovered", down_s=round(down_s, 1))


def usage_ledger_set_aside(
    file: str, reason: str, rows: int, unreadable: int, carried: int
) -> None:
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
    emit(Level.ERROR, "usage_ledger_damaged", problems=problems, first=first)


def usage_ledger_derived_anew(reason: str) -> None:
    emit(Level.WARNING, "usage_ledger_derived_anew", reason=reason)


def usage_ledger_head_renewed(reason: str) -> None:
    emit(Level.WARNING, "usage_ledger_head_renewed", reason=reason)


def usage_move_of_unknown_event(event: str) -> None:
    emit(Level.WARNING, "usage_move_of_unknown_event", repeat_key=event, id=event)


def usage_erased(why: str, events: int) -> None:
    emit(Level.INFO, "usage_erased", why=why, events=events)


def usage_request_refused(reason: str) -> None:
    emit(Level.WARNING, "usage_request_refused", repeat_key=reason, reason=reason)
