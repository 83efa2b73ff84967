"""What an MQTT device needs, free of any protocol library."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gateway.core.signals import PlanTable


@dataclass(frozen=True, slots=True)
class MqttItemTime:
    """Where one signal's time is; `zone` is that of written dates which name none."""

    json: str
    unit: str = "ms"
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class MqttItem:
    """One signal out of a topic; `topic` is a filter, `json` a path such as `$.data[0].temp`.

    `text` takes the whole payload instead. `[*]` in a path takes every reading of an array, a
    filter `[?(@.id=='x')]` those that it picks. With a format of the source `item` and `field`
    stand in the place of `json`. A signal that is `seldom` said may have nothing but its retained
    value for long.
    """

    index: int
    topic: str
    json: str | None = None
    text: bool = False
    quality: str | None = None
    time: MqttItemTime | None = None
    seldom: bool = False
    item: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Hall:
    """The devices that share a file: their topics, with `+` first where a device's own word is.

    `known` are the words that the file lists. The first device looks out for others.
    """

    topics: tuple[str, ...]
    known: frozenset[str]


@dataclass(frozen=True, slots=True)
class MqttSource:
    """One device behind a broker.

    `version` None prefers 5 and accepts 3.1.1; 5, or 4 (which is how 3.1.1 calls itself), takes
    only that.
    """

    device: str
    host: str
    port: int
    plan: PlanTable
    items: tuple[MqttItem, ...]
    client_id: str
    state_folder: Path | None = None
    tls: bool = False
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    version: int | None = None
    qos: int = 1
    time_json: str | None = None
    time_unit: str = "ms"
    time_zone: str | None = None
    encoding: str = "utf-8"
    format: str | None = None
    hall: Hall | None = None
    keepalive_s: float = 10.0
    session_expiry_s: float = 7 * 86400.0
    receive_maximum: int = 500
    message_bytes_max: int = 1_000_000
    connect_timeout_s: float = 10.0
