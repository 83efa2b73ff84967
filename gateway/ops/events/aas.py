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
