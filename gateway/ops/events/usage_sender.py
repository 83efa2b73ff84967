"""Events of usage logs on their way to the service. No fact here holds a key or a user."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit


def usage_delivered(delivery: str, event: str, code: str, stored: int, presumed: bool) -> None:
    """The service stored an event, or is presumed to have."""
    emit(
        Level.INFO,
        "usage_delivered",
        delivery=delivery,
        entry=event,
        code=code or None,
        stored_today=stored,
        presumed=presumed or None,
    )


def usage_not_stored(delivery: str, event: str, state: str, why: str, again_s: float) -> None:
    """The service did not store an event; it is tried again in `again_s` or at the next window."""
    emit(
        Level.WARNING,
        "usage_not_stored",
        repeat_key=delivery,
        delivery=delivery,
        entry=event,
        state=state,
        why=why,
        again_s=round(again_s, 1),
    )


def usage_refused(delivery: str, event: str, code: str, text: str) -> None:
    """The service refuses an event for good; it waits for a person."""
    emit(
        Level.ERROR,
        "usage_refused",
        repeat_key=f"{delivery} {code}",
        delivery=delivery,
        entry=event,
        code=code,
        text=text or None,
    )


def usage_stopped(delivery: str, code: str, until: str) -> None:
    """The service asks for a pause: nothing is sent before `until`."""
    emit(Level.ERROR, "usage_stopped", delivery=delivery, code=code, until=until)


def usage_day_closed(delivery: str, day: str, stored: int, sampled_out: int, expired: int) -> None:
    """A day's windows are over; the counts say what became of its events."""
    emit(
        Level.INFO,
        "usage_day_closed",
        delivery=delivery,
        day=day,
        stored=stored,
        sampled_out=sampled_out,
        expired=expired,
    )


def usage_clock_off(delivery: str, ahead_s: float) -> None:
    """The PC's clock is ahead of the service's, or behind: windows would be missed."""
    emit(Level.WARNING, "usage_clock_off", delivery=delivery, ahead_s=round(ahead_s, 1))


def usage_ledger_waits(delivery: str, reason: str, detail: str) -> None:
    """What the service answered cannot be noted yet."""
    emit(
        Level.ERROR,
        "usage_ledger_waits",
        repeat_key=delivery,
        delivery=delivery,
        reason=reason,
        detail=detail,
    )


def usage_lease_taken(delivery: str) -> None:
    """Events of a delivery are sent by this gateway from now on."""
    emit(Level.INFO, "usage_lease_taken", delivery=delivery)


def usage_lease_lost(delivery: str, reason: str, detail: str) -> None:
    """Another gateway sends for this delivery now; this one only keeps its events."""
    emit(Level.WARNING, "usage_lease_lost", delivery=delivery, reason=reason, detail=detail or None)


def kpi_sent(delivery: str, level: int, records: int, test: bool) -> None:
    """Key figures were taken by the service."""
    emit(Level.INFO, "kpi_sent", delivery=delivery, level=level, records=records, test=test or None)


def kpi_waits(delivery: str, reason: str, retry_s: float) -> None:
    """Key figures could not be sent; tried again in `retry_s`."""
    emit(
        Level.WARNING,
        "kpi_waits",
        repeat_key=delivery,
        delivery=delivery,
        reason=reason,
        retry_s=round(retry_s, 1),
    )
