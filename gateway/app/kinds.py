"""The kinds that this program has; the one place outside their rooms that names them."""

from __future__ import annotations

from adapters.mqtt.kind import KIND as MQTT
from adapters.opcua.kind import KIND as OPCUA
from gateway.core.kinds import Kinds

ADAPTERS = (OPCUA, MQTT)
"""In the order in which people read of them."""
KINDS = Kinds(ADAPTERS, later=("modbus", "xgt", "melsec"))
