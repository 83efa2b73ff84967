"""The keys of an MQTT device file, and what is made of them. Free of any protocol library."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from adapters.mqtt.config import Hall, MqttItem, MqttItemTime, MqttSource
from adapters.mqtt.formats import PRESETS
from adapters.mqtt.naming import encoding_of, nearest_encoding, nearest_zone, zone_there
from adapters.mqtt.paths import parse_path
from adapters.mqtt.topics import valid_filter
from gateway.core.config import ByteSize, FileModel, Seconds, Secret, TimeKeys
from gateway.core.signals import PlanTable

SCHEMES = ("mqtt", "mqtts")
PORTS = {"mqtt": 1883, "mqtts": 8883}
VERSIONS = {"3.1.1": 4, 5: 5}
"""What `protocol:` says, and the level that goes over the wire."""
CLIENT_ID_MAX = 64


def broker_url(text: str) -> str:
    """Accept `mqtt://host[:port]` and `mqtts://host[:port]`."""
    parts = urlsplit(text)
    try:
        port = PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    except ValueError:
        port = 0
    if "@" in parts.netloc:
        raise PydanticCustomError("E1308", "a login in an address", {})
    extra = parts.path.strip("/") or parts.query or parts.fragment
    if not parts.hostname or not port or extra or any(char.isspace() for char in text):
        raise PydanticCustomError("E1109", "not an address", {"address": text})
    return text


def topic_filter(text: str) -> str:
    """Accept a topic filter with `+` and `#` in their places."""
    if not valid_filter(text):
        raise PydanticCustomError("E1212", "not a topic filter", {"topic": text})
    return text


def json_path(text: str) -> str:
    """Accept `$.a.b[0].c`."""
    try:
        parse_path(text)
    except ValueError:
        raise PydanticCustomError("E1211", "not a path", {"path": text}) from None
    return text


def text_encoding(text: str) -> str:
    """Accept a text encoding by any name that Python knows it by."""
    if encoding_of(text) is None:
        raise PydanticCustomError(
            "E1231", "not an encoding", {"encoding": text, "near": nearest_encoding(text)}
        )
    return text


def zone_name(text: str) -> str:
    """Accept the name of a time zone (IANA)."""
    if not zone_there(text):
        raise PydanticCustomError("E1232", "not a zone", {"zone": text, "near": nearest_zone(text)})
    return text


def _protocol(value: Any) -> Any:
    return "3.1.1" if value in (3, 4, 3.1, 3.11, "v3.1.1") else value


Topic = Annotated[str, AfterValidator(topic_filter)]
JsonPath = Annotated[str, AfterValidator(json_path)]
TimeUnit = Literal["s", "ms", "us", "ns", "iso"]
Zone = Annotated[str, AfterValidator(zone_name)]
FormatWord = Literal["kepware", "ignition", "node-red", "telegraf"]
ITEM_MAX = 512
MESSAGE_MIN, MESSAGE_MAX = 1_000, 256_000_000
"""Smallest and largest `max_message`; MQTT itself ends at 268,435,455 bytes."""
DEVICES_MAX = 1000
"""Devices of one hall."""


class MqttLogin(FileModel):
    """`login:`."""

    user: str
    password: Secret | None = Field(default=None, repr=False)


class MqttTls(FileModel):
    """`tls:`; files, relative to the configuration folder."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None


class MqttTime(TimeKeys):
    """`time:`; where a message says when it was measured. With a zone the unit is `iso`."""

    json_: JsonPath | None = Field(default=None, alias="json")
    unit: TimeUnit | None = None
    zone: Zone | None = None


class MqttTagTime(FileModel):
    """`time:` of a tag; what it leaves open is as the device says."""

    json_: JsonPath = Field(alias="json")
    unit: TimeUnit | None = None
    zone: Zone | None = None


class MqttTagKeys(FileModel):
    """What only a tag of an MQTT device has, and `seldom`, which every tag has.

    A tag that is seldom said may have nothing but its retained value for long.
    """

    topic: Topic | None = None
    json_: JsonPath | None = Field(default=None, alias="json")
    text: bool = False
    quality: JsonPath | None = None
    time: MqttTagTime | None = None
    seldom: bool = False
    item: str | None = Field(default=None, min_length=1, max_length=ITEM_MAX)
    field: str | None = Field(default=None, min_length=1, max_length=ITEM_MAX)


def _devices(value: Any) -> Any:
    """Accept a list of names, or a table of the topic's word and the name of the device."""
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return {name: name for name in value}
    return value


class MqttDeviceKeys(FileModel):
    """What only an MQTT device file has. Times are in seconds once read."""

    connect: Annotated[str, AfterValidator(broker_url)]
    topic: Topic | None = None
    login: MqttLogin | None = None
    tls: MqttTls | None = None
    time: MqttTime | None = None
    client_id: str | None = Field(default=None, min_length=1, max_length=CLIENT_ID_MAX)
    protocol: Annotated[Literal["3.1.1", 5], BeforeValidator(_protocol)] | None = None
    qos: Literal[0, 1, 2] = 1
    receive_maximum: int = Field(default=500, ge=1, le=65_535)
    keepalive: Annotated[Seconds, Field(ge=1, le=3600)] = 10.0
    session_expiry: Annotated[Seconds, Field(ge=0, le=365 * 86_400)] = 7 * 86_400.0
    format: FormatWord | None = None
    encoding: Annotated[str, AfterValidator(text_encoding)] = "utf-8"
    max_message: Annotated[ByteSize, Field(ge=MESSAGE_MIN, le=MESSAGE_MAX)] = 1_000_000
    devices: (
        Annotated[
            dict[str, str],
            BeforeValidator(_devices),
            Field(min_length=1, max_length=DEVICES_MAX),
        ]
        | None
    ) = None


def make_source(
    device: str,
    keys: MqttDeviceKeys,
    tags: Sequence[MqttTagKeys],
    plan: PlanTable,
    *,
    gateway: str,
    folder: Path,
    data: Path,
    hall: Hall | None = None,
) -> MqttSource:
    """Make the frozen description of one device behind a broker.

    Args:
        tags: in the order of `plan`, each with a topic of its own or the device's;
        gateway: begins the client id; folder: where relative paths of certificates begin;
        data: the data folder, for what outlives the process;
        hall: for the one device of a shared file that looks out for others.
    """
    parts = urlsplit(keys.connect)
    login, tls, time = keys.login, keys.tls or MqttTls(), keys.time
    return MqttSource(
        device=device,
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        plan=plan,
        items=tuple(_item(place, keys, tag) for place, tag in enumerate(tags)),
        client_id=keys.client_id or f"{gateway}-{device}",
        state_folder=data / "mqtt",
        tls=parts.scheme == "mqtts",
        ca=None if tls.ca is None else folder / tls.ca,
        certificate=None if tls.certificate is None else folder / tls.certificate,
        key=None if tls.key is None else folder / tls.key,
        user=login.user if login else None,
        password=login.password if login else None,
        version=None if keys.protocol is None else VERSIONS[keys.protocol],
        qos=keys.qos,
        time_json=time.json_ if time else None,
        time_unit=_unit(keys, None),
        time_zone=time.zone if time else None,
        encoding=keys.encoding,
        format=keys.format,
        hall=hall,
        message_bytes_max=keys.max_message,
        keepalive_s=keys.keepalive,
        session_expiry_s=keys.session_expiry,
        receive_maximum=keys.receive_maximum,
    )


def _item(place: int, keys: MqttDeviceKeys, tag: MqttTagKeys) -> MqttItem:
    time = None
    if tag.time is not None:
        unit = _unit(keys, tag.time)
        zone = tag.time.zone or (keys.time.zone if keys.time else None)
        time = MqttItemTime(tag.time.json_, unit, zone if unit == "iso" else None)
    return MqttItem(
        index=place,
        topic=tag.topic or keys.topic or "",
        json=tag.json_,
        text=tag.text,
        quality=tag.quality,
        time=time,
        seldom=tag.seldom,
        item=tag.item,
        field=tag.field,
    )


def _unit(keys: MqttDeviceKeys, own: MqttTagTime | None) -> str:
    """Give a time's unit: its own, the device's, what the format has, else milliseconds."""
    for said in (own, keys.time):
        if said is not None and said.unit is not None:
            return said.unit
        if said is not None and said.zone is not None:
            return "iso"
    return "ms" if keys.format is None or own is not None else PRESETS[keys.format].unit
