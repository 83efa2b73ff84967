"""What an MQTT connection counts beside the account of the device."""

from __future__ import annotations

from gateway.ops.metrics import counter

MESSAGES = counter("gateway_mqtt_messages_total", "Messages received", ["device"])
RETAINED = counter(
    "gateway_mqtt_retained_total", "Messages the broker had kept before we subscribed", ["device"]
)
DUPLICATES = counter(
    "gateway_mqtt_redelivered_total", "Messages the broker sent again (DUP)", ["device"]
)
UNMATCHED = counter(
    "gateway_mqtt_unmatched_total", "Messages on a topic that no tag names", ["device"]
)
