"""Events of Modbus devices."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit
from gateway.ops.metrics import counter

REQUESTS = counter("gateway_modbus_requests_total", "Blocks asked for", ["device"])
_EXCEPTIONS = counter(
    "gateway_modbus_exceptions_total", "Blocks that a unit refused", ["device", "reason"]
)


def block_refused(device: str, block: str, reason: str) -> None:
    """A unit will not give a block; its neighbours go on."""
    _EXCEPTIONS.labels(device, reason).inc()
    emit(
        Level.WARNING,
        "block_refused",
        repeat_key=f"{device} {block}",
        device=device,
        block=block,
        reason=reason,
    )


def block_cut(device: str, block: str) -> None:
    """A unit does not have all registers of a block: they are read in two from now on."""
    emit(Level.INFO, "block_cut", repeat_key=f"{device} {block}", device=device, block=block)
