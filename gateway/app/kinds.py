"""The kinds that this program has; the one place outside their rooms that names them."""

from __future__ import annotations

from adapters.mqtt.kind import KIND as MQTT
from adapters.mqtt.usage import INTAKE as TOPIC
from adapters.opcua.kind import KIND as OPCUA
from gateway.core.kinds import Kinds
from gateway.history.kinds import HISTORIES
from gateway.sinks.http.kind import KIND as HTTP
from gateway.usage.intakes.kinds import INTAKES

ADAPTERS = (OPCUA, MQTT)
"""In the order in which people read of them."""
SINKS = (HTTP,)
LATER = ("modbus", "xgt", "melsec", "mqtt", "kafka", "mos-rest", "mos-mqtt", "file")
KINDS = Kinds(ADAPTERS, HISTORIES, SINKS, (*INTAKES, TOPIC), LATER)
