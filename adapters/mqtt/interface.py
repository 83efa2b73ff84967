"""MQTT in descriptions of interfaces: hrefs of topics, quality of service, and back.

Source: IDTA 02017-1-1 with the MQTT WoT binding: a topic stands below the base, with `#` as %23
and `.//x` for one that begins with a slash.
"""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import unquote, urlsplit

from pydantic_core import PydanticCustomError

from adapters.mqtt.config import MqttSource
from adapters.mqtt.settings import (
    SCHEMES,
    MqttDeviceKeys,
    MqttTagKeys,
    broker_url,
    json_path,
    topic_filter,
)
from gateway.core.config import Referenced
from gateway.core.field_tables import Fault, FieldDevice, FieldFace, FieldTag
from gateway.core.interfaces import (
    Binding,
    DeviceWords,
    Form,
    Interface,
    InterfaceFace,
    Keys,
    Link,
    Point,
    Reach,
    Security,
    Tell,
    Terms,
)

MQ = "https://www.w3.org/2019/wot/mqtt#"
JSON, TEXT = "application/json", "text/plain"
PACKET, QOS = "mqv_controlPacket", "mqv_qos"
SUBSCRIBE = "subscribe"
BINDING = Binding(
    protocol="mqtt",
    schemes=SCHEMES,
    id_short="InterfaceMQTT",
    mark="http://www.w3.org/2011/mqtt",
    content=JSON,
    words={PACKET: f"{MQ}ControlPacket", QOS: f"{MQ}hasQoSFlag"},
    reads={PACKET: frozenset({SUBSCRIBE})},
    messages=True,
)
OPEN = frozenset({"nosec", "auto"})
"""Security schemes that ask for nothing."""

_ENCODED = {"%": "%25", "#": "%23", "?": "%3F", " ": "%20"}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def topic_href(topic: str) -> str:
    """Write a topic or topic filter as an href."""
    encoded = "".join(_ENCODED.get(char, char) for char in topic)
    return f"./{encoded}" if encoded.startswith("/") else f"/{encoded}"


def topic_of(href: str) -> str:
    """Find the topic in an href, relative or absolute; empty where there is none."""
    rest = href.strip()
    if absolute := _SCHEME.match(rest):
        rest = rest[absolute.end() :]
        rest = rest[rest.find("/") :] if "/" in rest else ""
    if rest.startswith("./"):
        return unquote(rest[2:] if rest.startswith(".//") else rest[1:]).lstrip() or ""
    return unquote(rest.removeprefix("/"))


def link(keys: MqttDeviceKeys) -> Link:
    """Describe the connection of a device."""
    return Link(keys.connect, (Security("nosec" if keys.login is None else "basic"),))


def reach(keys: MqttDeviceKeys, tag: MqttTagKeys) -> Reach:
    """Say which message a tag is in, and where."""
    terms: Terms = ((PACKET, SUBSCRIBE),)
    if "qos" in keys.model_fields_set:
        terms = (*terms, (QOS, str(keys.qos)))
    content = TEXT if tag.text else JSON
    return Reach(Form(topic_href(tag.topic or keys.topic or ""), content, terms), tag.json_)


def connect(base: str, tell: Tell) -> str | None:
    """Take a base for `connect:`; topics have no place in it."""
    try:
        parts = urlsplit(base)
        if parts.path.strip("/"):
            tell("base", "member", parts.path)
        return broker_url(f"{parts.scheme}://{parts.netloc}")
    except (PydanticCustomError, ValueError):
        tell("base", "no-address", base)
        return None


def device_keys(
    interface: Interface, address: str, name: str, _extras: Keys, tell: Tell
) -> DeviceWords:
    """Write a described connection as keys; the secrets of a login are named, never known."""
    keys: Keys = {"connect": address, **_login(interface, name, tell)}
    kept = {"client_id"}
    if address.startswith("mqtts:"):
        tell("", "tls", "")
        kept.add("tls")
    if (qos := _qos(interface)) is not None:
        keys["qos"] = qos
    return DeviceWords(keys, frozenset(kept))


def _qos(interface: Interface) -> int | None:
    """Take the first quality of service that a form asks for: a device has one."""
    said = (dict(point.form.terms).get(QOS, "") for point in interface.points)
    return next((int(text) for text in said if text in {"0", "1", "2"}), None)


def _login(interface: Interface, name: str, tell: Tell) -> Keys:
    for one in interface.link.security:
        if one.scheme == "basic":
            refs = (f"{name}-user", f"{name}-password")
            tell("", "login", "  ".join(f"gateway secrets set {ref}" for ref in refs))
            user, password = (Referenced("", "secret", ref) for ref in refs)
            return {"login": {"user": user, "password": password}}
        if one.scheme not in OPEN:
            tell("", "security", one.scheme)
    return {}


def tag_keys(_interface: Interface, point: Point, extras: Keys, tell: Tell) -> Keys | None:
    """Write the place of a point in its message as keys."""
    form = point.form
    made: Keys = {}
    topic = topic_of(form.href)
    try:
        made["topic"] = topic_filter(topic)
    except PydanticCustomError:
        tell(point.id_short, "no-address", topic or form.href)
        return None
    if (form.content or "").startswith(TEXT):
        return made | {"text": True}
    if point.path is None or "item" in extras or "field" in extras:
        return made  # the whole message, of which they say what is meant
    try:
        made["json"] = json_path(point.path)
    except PydanticCustomError:
        tell(point.id_short, "no-address", point.path)
        return None
    return made


def gather(tags: list[Keys]) -> Keys:
    """Let the device say the topic that most of its tags have."""
    topics = Counter(tag["topic"] for tag in tags)
    if not topics or topics.most_common(1)[0][1] == 1:
        return {"tags": tags}
    topic = topics.most_common(1)[0][0]
    rest = [{k: tag[k] for k in tag if k != "topic" or tag[k] != topic} for tag in tags]
    return {"topic": topic, "tags": rest}


FACE: InterfaceFace[MqttDeviceKeys, MqttTagKeys] = InterfaceFace(
    binding=BINDING,
    link=link,
    reach=reach,
    connect=connect,
    device_keys=device_keys,
    tag_keys=tag_keys,
    gather=gather,
    said_of_device=frozenset({"topic", "qos", "devices"}),
    said_of_tag=frozenset({"topic", "json", "text"}),
    kept_here=frozenset({"tls", "client_id"}),
    words={
        "connection.time_json": "time.json",
        "connection.time_unit": "time.unit",
        "connection.user": "login.user",
        "item.topic": "topic",
        "item.json": "json",
        "item.text": "text",
    },
)


def field_device(source: MqttSource) -> FieldDevice:
    """Describe a broker and what comes from it for a table of field tags."""
    url = f"{'mqtts' if source.tls else 'mqtt'}://{source.host}:{source.port}"
    tags = (
        FieldTag(f"{item.topic} {item.json}" if item.json else item.topic, plain=False)
        for item in source.items
    )
    return FieldDevice(url, tuple(tags))


def field_device_keys(_every: str | None, _unsafe: bool) -> Keys:
    """A broker's messages come when they come, and its connection has no security of its own."""
    return {}


def field_tag_keys(address: str, _every: str, index: int | None) -> Keys | Fault:
    """Write a row's `topic $.path` or `topic` as keys."""
    if index is not None:
        return "index"
    topic, blank, path = address.partition(" $")
    try:
        keys: Keys = {"topic": topic_filter(topic)}
        return keys | ({"json": json_path(f"${path}")} if blank else {"text": True})
    except PydanticCustomError:
        return "address"


FIELDS: FieldFace[MqttSource] = FieldFace(
    schemes=SCHEMES,
    device=field_device,
    url=broker_url,
    device_keys=field_device_keys,
    tag_keys=field_tag_keys,
    form="`topic $.path`, `topic`",
)
