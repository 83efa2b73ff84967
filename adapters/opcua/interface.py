"""OPC UA in descriptions of interfaces: hrefs of nodes, security of the channel, and back.

Source: IDTA 02017-1-1 with the OPC UA WoT binding: a node is `/?id=<NodeId>` with `#` and `&`
percent-encoded; a browse path has a word of its own.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from pydantic_core import PydanticCustomError

from adapters.opcua.config import OpcUaSource
from adapters.opcua.settings import (
    PORT,
    SCHEMES,
    OpcUaDeviceKeys,
    OpcUaTagKeys,
    endpoint_url,
    node_address,
)
from gateway.core.config import Referenced, duration
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
    SchemeWords,
    Security,
    Tell,
)

UA = "http://opcfoundation.org/UA/WoT-Binding/"
NODE = "/?id="
BROWSE_PATH = "uav_browsePath"
MODE, POLICY, TOKEN = "uav_securityMode", "uav_securityPolicy", "uav_userIdentityToken"
CHANNEL, AUTHENTICATION = "ua_channelsec", "ua_authentication"
BINDING = Binding(
    protocol="opcua",
    schemes=SCHEMES,
    id_short="InterfaceOPCUA",
    mark=UA,  # the template file has the mark of MQTT here, which is a mistake
    content="application/octet-stream",
    words={BROWSE_PATH: f"{UA}browsePath"},
    security={
        CHANNEL: SchemeWords(
            "opcua_channel_sc",
            f"{UA}OPCUASecurityChannelScheme",
            {MODE: f"{UA}securityMode", POLICY: f"{UA}securityPolicy"},
        ),
        AUTHENTICATION: SchemeWords(
            "opcua_authentication_sc",
            f"{UA}OPCUASecurityAuthenticationScheme",
            {TOKEN: f"{UA}userIdentityToken"},
        ),
    },
)
POLICIES = frozenset({"Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"})
MODES = frozenset({"Sign", "SignAndEncrypt"})
CHANNELS = frozenset({"nosec", "auto", CHANNEL})
EVERY_MIN_S, EVERY_MAX_S = 0.01, 86_400.0

_ENCODED = {"%": "%25", "#": "%23", "&": "%26", " ": "%20"}
_ID = re.compile(r"[?&]\s*id\s*=\s*([^&]*)")


def node_href(address: str) -> str:
    """Write a node address as an href; a browse path has none of its own."""
    if address.startswith("/"):
        return "/"
    return NODE + "".join(_ENCODED.get(char, char) for char in address)


def node_of(href: str) -> str | None:
    """Find the node address in an href, None where there is none."""
    found = _ID.search(href)
    return unquote(found[1]).strip() or None if found else None


def link(keys: OpcUaDeviceKeys) -> Link:
    """Describe the connection of a device."""
    every_s = keys.every if "every" in keys.model_fields_set else None
    return Link(keys.connect, _security(keys), every_s=every_s)


def _security(keys: OpcUaDeviceKeys) -> tuple[Security, ...]:
    channel, login = channel_of(keys.security.mode, keys.security.policy), keys.login
    if login is None:
        return (channel,)
    token = "Certificate" if login.certificate else "UserName"
    return (channel, Security(AUTHENTICATION, ((TOKEN, token),)))


def channel_of(mode: str | None, policy: str | None) -> Security:
    """Name the scheme of a channel; without mode and policy the server's best is taken."""
    if "None" in (mode, policy):
        return Security("nosec")
    if mode is None and policy is None:
        return Security("auto")
    return Security(CHANNEL, ((MODE, mode or ""), (POLICY, policy or "")))


def reach(_keys: OpcUaDeviceKeys, tag: OpcUaTagKeys) -> Reach:
    """Say how a tag's node is reached."""
    browse = ((BROWSE_PATH, tag.node),) if tag.node.startswith("/") else ()
    return Reach(Form(node_href(tag.node), terms=browse), every_s=tag.sampling)


def connect(base: str, tell: Tell) -> str | None:
    """Take a base for `connect:`, with its port."""
    try:
        return endpoint_url(base)
    except (PydanticCustomError, ValueError):
        tell("base", "no-address", base)
        return None


def device_keys(
    interface: Interface, address: str, name: str, extras: Keys, tell: Tell
) -> DeviceWords:
    """Write a described connection as keys; the secrets of a login are named, never known."""
    keys: Keys = {"connect": address, **_secured(interface, extras.pop("security", None), tell)}
    keys |= _login(interface, name, tell)
    if interface.link.every_s is not None:
        keys["every"] = duration(min(max(interface.link.every_s, EVERY_MIN_S), EVERY_MAX_S))
    return DeviceWords(keys)


def _secured(interface: Interface, written: Any, tell: Tell) -> Keys:
    schemes = interface.link.security
    channel = next((_plain(one) for one in schemes if one.scheme in CHANNELS), None)
    if isinstance(written, dict) and channel == channel_of(
        written.get("mode"), written.get("policy")
    ):
        return {"security": written}
    for one in schemes:
        if one.scheme not in CHANNELS | {AUTHENTICATION, "basic"}:
            tell("", "security", one.scheme)
    return _channel(channel, tell)


def _plain(channel: Security) -> Security:
    """Take the policy by its name: other tools write its URI."""
    if channel.scheme != CHANNEL:
        return channel
    said = dict(channel.terms)
    policy = said.get(POLICY, "").rpartition("#")[2]
    return Security(CHANNEL, ((MODE, said.get(MODE, "")), (POLICY, policy)))


def _channel(channel: Security | None, tell: Tell) -> Keys:
    if channel is None or channel.scheme == "auto":
        return {}
    said = dict(channel.terms)
    mode, policy = said.get(MODE) or None, said.get(POLICY) or None
    if channel.scheme == "nosec" or "None" in (mode, policy):
        tell("", "insecure", "")
        return {"security": {"mode": "None", "policy": "None", "unsafe": True}}
    made = {}
    for key, value, allowed in (("mode", mode, MODES), ("policy", policy, POLICIES)):
        if value in allowed:
            made[key] = value
        elif value is not None:
            tell("", "security", value)
    return {"security": made} if made else {}


def _login(interface: Interface, name: str, tell: Tell) -> Keys:
    for one in interface.link.security:
        token = dict(one.terms).get(TOKEN, "")
        if one.scheme == "basic" or token.lower() == "username":
            refs = (f"{name}-user", f"{name}-password")
            tell("", "login", "  ".join(f"gateway secrets set {ref}" for ref in refs))
            user, password = (Referenced("", "secret", ref) for ref in refs)
            return {"login": {"user": user, "password": password}}
        if token not in {"", "Anonymous"}:
            tell("", "login", token)
    return {}


def tag_keys(_interface: Interface, point: Point, _extras: Keys, tell: Tell) -> Keys | None:
    """Write the node of a point as a key."""
    address = node_of(point.form.href) or dict(point.form.terms).get(BROWSE_PATH, "")
    try:
        return {"node": node_address(address)}
    except PydanticCustomError:
        tell(point.id_short, "no-address", address or point.form.href)
        return None


FACE: InterfaceFace[OpcUaDeviceKeys, OpcUaTagKeys] = InterfaceFace(
    binding=BINDING,
    link=link,
    reach=reach,
    connect=connect,
    device_keys=device_keys,
    tag_keys=tag_keys,
    said_of_device=frozenset({"every"}),
    said_of_tag=frozenset({"node", "sampling"}),
    period_of_tag="sampling",
    words={
        "connection.url": "connect",
        "connection.publishing_s": "every",
        "connection.mode": "security.mode",
        "connection.policy": "security.policy",
        "connection.user": "login.user",
        "item.sampling_s": "sampling",
        "item.queue": "queue",
    },
)


def field_device(source: OpcUaSource) -> FieldDevice:
    """Describe a server and its items for a table of field tags."""
    tags = (
        FieldTag(
            item.address, item.sampling_s, item.element, item.address.startswith(("ns=", "i="))
        )
        for item in source.items
    )
    return FieldDevice(source.url, tuple(tags), source.publishing_s)


def field_device_keys(every: str | None, unsafe: bool) -> Keys:
    """Write the keys of a field device that is a server."""
    keys: Keys = {"security": {"mode": "None", "policy": "None", "unsafe": True}} if unsafe else {}
    return keys if every is None else keys | {"every": every}


def field_tag_keys(address: str, every: str, index: int | None) -> Keys | Fault:
    """Write a row's node as keys."""
    try:
        keys: Keys = {"node": node_address(address), "sampling": every}
    except PydanticCustomError:
        return "address"
    return keys if index is None else keys | {"index": index}


FIELDS: FieldFace[OpcUaSource] = FieldFace(
    schemes=SCHEMES,
    device=field_device,
    url=endpoint_url,
    device_keys=field_device_keys,
    tag_keys=field_tag_keys,
    form="`ns=2;s=Name`",
    port=PORT,
)
