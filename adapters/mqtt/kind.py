"""MQTT as a kind of adapter."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.mqtt.config import MqttSource
from adapters.mqtt.formats import PRESETS
from adapters.mqtt.halls import split
from adapters.mqtt.interface import FACE, FIELDS
from adapters.mqtt.problems import CONFLICTS, problems
from adapters.mqtt.settings import SCHEMES, MqttDeviceKeys, MqttTagKeys, make_source
from gateway.core.assets import LocalName
from gateway.core.kinds import AdapterContext, AdapterKind, SourceContext

if TYPE_CHECKING:
    from adapters.mqtt.memory import Memory
    from gateway.core.clock import Clock
    from gateway.core.probing import LiveResult
    from gateway.core.protocols import Adapter

PATH = "json"
ROOT = "$"


def short_key(written: Mapping[str, str], address: str) -> str:
    """Name the key of an address: with a named format a path still begins with $."""
    preset = PRESETS.get(written.get("format", ""))
    return PATH if preset is None or address.startswith(ROOT) else preset.short


def address(keys: MqttDeviceKeys, tag: MqttTagKeys) -> str:
    """Say the topic, then the path inside."""
    parts = (tag.topic or keys.topic, tag.json_, tag.item, tag.field)
    return " ".join(part for part in parts if part)


def source_of(context: SourceContext[MqttDeviceKeys, MqttTagKeys]) -> MqttSource:
    """Describe one device behind a broker."""
    return make_source(
        context.device,
        context.keys,
        context.tags,
        context.plan,
        gateway=context.gateway,
        folder=context.folder,
        data=context.data,
        hall=context.share,
    )


def session_of(source: MqttSource) -> Hashable:
    """Name what the broker keeps for a device: another client has another backlog."""
    return source.client_id


def memory_maker() -> Callable[[MqttSource], Memory]:
    """Begin the memories of one gateway."""
    from adapters.mqtt.memory import new_memory

    return new_memory


def make_adapter(context: AdapterContext[MqttSource, Memory]) -> Adapter:
    """Make the adapter of one connection."""
    from adapters.mqtt.adapter import MqttAdapter

    return MqttAdapter(context.source, context.health, context.clock, context.memory)


async def probe(source: MqttSource, clock: Clock) -> LiveResult:
    """Look at a device; see `AdapterKind`."""
    from adapters.mqtt.probe import look

    return await look(source, clock)


KIND: AdapterKind[MqttDeviceKeys, MqttTagKeys, MqttSource, Memory] = AdapterKind(
    name="mqtt",
    title=LocalName("MQTT", "MQTT"),
    schemes=SCHEMES,
    device=MqttDeviceKeys,
    tag=MqttTagKeys,
    interface=FACE,
    fields=FIELDS,
    short_key=short_key,
    problems=problems,
    conflicts=CONFLICTS,
    address=address,
    split=split,
    make_source=source_of,
    memory_maker=memory_maker,
    memory_key=session_of,
    make_adapter=make_adapter,
    probe=probe,
    advice=Path(__file__).parent / "advice.toml",
)
