"""The kinds that this program has; the one place outside their rooms that names them."""

from __future__ import annotations

from importlib import import_module

from adapters.mqtt.usage import INTAKE as TOPIC
from gateway.core.kinds import AnyKind, Kinds
from gateway.history.kinds import HISTORIES
from gateway.sinks.http.kind import KIND as HTTP
from gateway.usage.intakes.kinds import INTAKES

PROTOCOLS = (
    "opcua",
    "mqtt",
    "modbus",
)
"""The rooms below `adapters`, in the order in which people read of them."""
ADAPTERS: tuple[AnyKind, ...] = tuple(
    import_module(f"adapters.{room}.kind").KIND for room in PROTOCOLS
)
SINKS = (HTTP,)
LATER = ("xgt", "melsec", "mqtt", "kafka", "mos-rest", "mos-mqtt", "file")
KINDS = Kinds(ADAPTERS, HISTORIES, SINKS, (*INTAKES, TOPIC), LATER)
