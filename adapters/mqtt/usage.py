"""A topic with events of use, read as if it were a device with one text tag."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from adapters.mqtt.config import MqttItem, MqttSource
from adapters.mqtt.settings import PORTS, broker_url, topic_filter
from gateway.core.config import Secret, UsageColumns
from gateway.core.intake_kinds import IntakeContext, IntakeKind, TextFeed, UsageSource
from gateway.core.kinds import Problem

if TYPE_CHECKING:
    from gateway.core.health import DeviceHealth
    from gateway.core.protocols import Adapter


class UsageMqtt(UsageColumns):
    """One entry of `usage.mqtt:`; each message is a JSON object or an array of them."""

    connect: Annotated[str, AfterValidator(broker_url)]
    topic: Annotated[str, AfterValidator(topic_filter)]
    user: str | None = None
    password: Secret | None = Field(default=None, repr=False)
    ca: str | None = None


def problems(keys: UsageMqtt, folder: Path) -> Iterator[Problem]:
    """Find a file that is not there."""
    if keys.ca is not None and not (folder / keys.ca).is_file():
        yield Problem("E1304", ("ca",), {"path": keys.ca})


def source_of(context: IntakeContext[UsageMqtt, Any], feed: TextFeed) -> MqttSource:
    """Describe the topic; the client id is not that of a device."""
    keys = context.keys
    parts = urlsplit(keys.connect)
    return MqttSource(
        device=keys.name,
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        plan=feed.plan,
        items=(MqttItem(0, keys.topic, None, text=True),),
        client_id=f"{context.gateway}-usage-{keys.name}",
        tls=parts.scheme == "mqtts",
        ca=None if keys.ca is None else context.folder / keys.ca,
        user=keys.user,
        password=None if keys.password is None else str(keys.password),
    )


def make(context: IntakeContext[UsageMqtt, Any]) -> UsageSource:
    """Give what keeps the topic connected."""
    from adapters.mqtt.adapter import MqttAdapter
    from adapters.mqtt.memory import new_memory

    feed = context.feed(context.keys.topic)
    source = source_of(context, feed)
    memory = new_memory(source)

    def connection(health: DeviceHealth) -> Adapter:
        return MqttAdapter(source, health, context.clock, memory)

    return feed.source(connection)


INTAKE = IntakeKind(section="mqtt", keys=UsageMqtt, problems=problems, make=make)
