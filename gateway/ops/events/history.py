"""Events of the history stores."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit
from gateway.ops.metrics import counter

_SAMPLES = counter("gateway_history_samples_total", "Samples appended to history", ["kind"])
_REFUSED = counter("gateway_history_refused_total", "Records that history refused", ["kind"])
_PASSES = counter("gateway_history_compactions_total", "Passes that rewrote recent samples")


def history_opened(kind: str, place: str) -> None:
    """The history store can be written and asked."""
    emit(Level.INFO, "history_opened", kind=kind, place=place)


def history_set_aside(file: str, reason: str, kept_as: str) -> None:
    """A damaged file was renamed; history goes on without it, the spool still has what is new."""
    emit(Level.ERROR, "history_set_aside", file=file, reason=reason, kept_as=kept_as)


def history_damaged(file: str, detail: str) -> None:
    """Part of a file cannot be read; the rest is served."""
    emit(Level.ERROR, "history_damaged", repeat_key=file, file=file, detail=detail)


def history_expired(files: int) -> None:
    """Files older than `history.keep` were removed."""
    emit(Level.INFO, "history_expired", files=files)


def history_refused(kind: str, offset: int, reason: str) -> None:
    """The store refuses a record for good; it goes into quarantine."""
    _REFUSED.labels(kind).inc()
    emit(Level.ERROR, "history_refused", repeat_key=kind, kind=kind, offset=offset, reason=reason)


def history_created(kind: str, what: str, name: str) -> None:
    """A bucket, database or retention policy was made because it was absent."""
    emit(Level.INFO, "history_created", kind=kind, what=what, name=name)


def history_retention_differs(name: str, wanted_s: float, found_s: float) -> None:
    """The database keeps data for another time than `history.keep` says; nothing was changed."""
    emit(
        Level.WARNING,
        "history_retention_differs",
        name=name,
        wanted_s=round(wanted_s),
        found_s=round(found_s),
    )


def history_note(kind: str, detail: str) -> None:
    """Something of the store that an operator may want to know; nothing is lost."""
    emit(Level.WARNING, "history_note", repeat_key=f"{kind} {detail}", kind=kind, detail=detail)


def samples_appended(kind: str, count: int) -> None:
    """Count only: nothing is logged for each append."""
    _SAMPLES.labels(kind).inc(count)


def compaction_done() -> None:
    """Count only."""
    _PASSES.here.inc()
