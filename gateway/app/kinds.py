"""The kinds of adapters that this program has."""

from __future__ import annotations

from adapters.mqtt import interface as mqtt
from adapters.mqtt.settings import MqttDeviceKeys, MqttTagKeys
from adapters.opcua import interface as opcua
from adapters.opcua.settings import OpcUaDeviceKeys, OpcUaTagKeys
from gateway.core.kinds import AdapterKind

ADAPTERS = (
    AdapterKind(
        "opcua", opcua.BINDING.schemes, OpcUaDeviceKeys, OpcUaTagKeys, opcua.FACE, opcua.FIELDS
    ),
    AdapterKind("mqtt", mqtt.BINDING.schemes, MqttDeviceKeys, MqttTagKeys, mqtt.FACE, mqtt.FIELDS),
)
