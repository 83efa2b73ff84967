"""A topic with events of use, read by the MQTT adapter as if it were a device with one text tag."""

from __future__ import annotations

from urllib.parse import urlsplit

from adapters.mqtt.config import MqttItem, MqttSource
from adapters.mqtt.kind import KIND
from adapters.mqtt.settings import PORTS
from gateway.core.clock import Clock
from gateway.core.kinds import AdapterContext
from gateway.core.protocols import Adapter
from gateway.flow.backoff import Backoff
from gateway.flow.supervise import DeviceRunner
from gateway.ops.health import DeviceHealth
from gateway.usage.config import MqttIntakeConfig
from gateway.usage.intakes.mqtt import MqttUsage, plan_of
from gateway.usage.ports import UsageIntake

RECONNECT_CAP_S = 4.0


def mqtt_runner(
    config: MqttIntakeConfig, gateway: str, intake: UsageIntake, clock: Clock
) -> DeviceRunner:
    """Give what keeps the topic connected."""
    source = source_of(config, gateway)
    health = DeviceHealth(config.name, 1)
    memory = KIND.memory_maker()(source)

    def make() -> Adapter:
        return KIND.make_adapter(AdapterContext(source, health, memory, clock))

    events = MqttUsage(config, intake, clock)
    return DeviceRunner(make, events, health, clock, Backoff(cap_s=RECONNECT_CAP_S))


def source_of(config: MqttIntakeConfig, gateway: str) -> MqttSource:
    """Give the adapter's description of the topic; the client id is not that of a device."""
    parts = urlsplit(config.url)
    return MqttSource(
        device=config.name,
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        plan=plan_of(config),
        items=(MqttItem(0, config.topic, None, text=True),),
        client_id=f"{gateway}-usage-{config.name}",
        tls=parts.scheme == "mqtts",
        ca=config.ca,
        user=config.user,
        password=config.password,
    )
