"""Events of the AAS side."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit


def element_left_out(device: str, signal: str, reason: str, detail: str) -> None:
    """A signal has no place in its submodel; its values flow everywhere else all the same."""
    emit(
        Level.WARNING,
        "element_left_out",
        repeat_key=f"{device} {signal}",
        device=device,
        signal=signal,
        reason=reason,
        detail=detail,
    )


def content_damaged(path: str, aside: str) -> None:
    """The file of written AAS content was no database any more; a new one was begun."""
    emit(Level.ERROR, "content_damaged", path=path, aside=aside)


def content_unavailable(path: str, detail: str) -> None:
    """Written AAS content cannot be read or changed; everything generated is served."""
    emit(Level.ERROR, "content_unavailable", repeat_key=path, path=path, detail=detail)
