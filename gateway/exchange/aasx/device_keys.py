"""A device as an AASX describes it, in the keys of a device file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic_core import PydanticCustomError

from aas_models.interfaces.notes import Note
from aas_models.interfaces.reading import Described
from adapters.mqtt.settings import broker_url
from adapters.opcua.settings import endpoint_url
from gateway.config.devices import YEAR_MAX, YEAR_MIN, MqttDevice, OpcUaDevice
from gateway.config.ids import Ids
from gateway.config.interface import KEPT_HERE, SAID_BY_DEVICE, channel_of
from gateway.core.config import Referenced
from gateway.core.interfaces import OPCUA, Security
from gateway.exchange.aasx.tag_keys import TagMaker, duration, read_extras, texts_of

POLICIES = frozenset({"Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"})
MODES = frozenset({"Sign", "SignAndEncrypt"})
CHANNELS = frozenset({"nosec", "auto", "ua_channelsec"})
EVERY_MIN_S, EVERY_MAX_S = 0.01, 86_400.0
_FURTHER = {
    True: frozenset(OpcUaDevice.model_fields) - SAID_BY_DEVICE - KEPT_HERE,
    False: frozenset(MqttDevice.model_fields) - SAID_BY_DEVICE - KEPT_HERE,
}
_ASSET_ID = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


@dataclass(frozen=True, slots=True)
class Made:
    """The keys of a device file; `own` and `others` as with `Described`."""

    name: str
    keys: dict[str, Any]
    own: bool
    others: tuple[str, ...] = ()


def device_keys(described: Described, ids: Ids, notes: list[Note]) -> Made | None:
    """Make the keys of a device file.

    Args:
        ids: those that this gateway gives the device; a global asset id that is another one is
            written down.
        notes: takes what could not be used.

    Returns:
        None where the address is none.
    """
    return _Maker(described, ids, notes).make()


class _Maker:
    def __init__(self, described: Described, ids: Ids, notes: list[Note]) -> None:
        self._described = described
        self._interface = described.interface
        self._is_opcua = described.interface.protocol == OPCUA
        self._ids = ids
        self._notes = notes
        self._where = described.path

    def make(self) -> Made | None:
        base = self._base()
        if base is None:
            return None
        interface, facts = self._interface, self._described.asset
        known = _FURTHER[self._is_opcua]
        extras = read_extras(interface.extras, known, self._where, self._notes)
        keys: dict[str, Any] = {"version": 1, "device": self._ids.device}
        if label := extras.pop("label", None) or texts_of(facts.label):
            keys["label"] = label
        keys["connect"] = base
        keys |= self._security(extras.pop("security", None)) if self._is_opcua else {}
        keys |= self._login()
        if base.startswith("mqtts:"):
            self._notes.append(Note(self._where, "tls"))
        if self._is_opcua and interface.every_s is not None:
            every_s = min(max(interface.every_s, EVERY_MIN_S), EVERY_MAX_S)
            keys["every"] = duration(every_s)
        if interface.qos is not None and not self._is_opcua:
            keys["qos"] = interface.qos
        asset = self._asset() | (extras.pop("asset", None) or {})
        keys |= extras
        if asset:
            keys["asset"] = asset
        keys |= self._tags()
        return Made(self._ids.device, keys, self._described.own, self._described.others)

    def _base(self) -> str | None:
        base = self._interface.base
        try:
            if not self._is_opcua:
                base = self._broker(base)
            return endpoint_url(base) if self._is_opcua else broker_url(base)
        except (PydanticCustomError, ValueError):
            self._notes.append(Note(f"{self._where}.base", "no-address", base))
            return None

    def _broker(self, base: str) -> str:
        parts = urlsplit(base)
        if parts.path.strip("/"):
            self._notes.append(Note(f"{self._where}.base", "member", parts.path))
        return f"{parts.scheme}://{parts.netloc}"

    def _security(self, written: Any) -> dict[str, Any]:
        channel = next((s for s in self._interface.security if s.scheme in CHANNELS), None)
        if isinstance(written, dict) and channel == channel_of(
            written.get("mode"), written.get("policy")
        ):
            return {"security": written}
        for scheme in self._interface.security:
            if scheme.scheme not in CHANNELS | {"ua_authentication", "basic"}:
                self._notes.append(Note(self._where, "security", scheme.scheme))
        return self._channel(channel)

    def _channel(self, channel: Security | None) -> dict[str, Any]:
        if channel is None or channel.scheme == "auto":
            return {}
        if channel.scheme == "nosec" or "None" in (channel.mode, channel.policy):
            self._notes.append(Note(self._where, "insecure"))
            return {"security": {"mode": "None", "policy": "None", "unsafe": True}}
        made = {}
        for key, value, allowed in (
            ("mode", channel.mode, MODES),
            ("policy", channel.policy, POLICIES),
        ):
            if value in allowed:
                made[key] = value
            elif value is not None:
                self._notes.append(Note(self._where, "security", value))
        return {"security": made} if made else {}

    def _login(self) -> dict[str, Any]:
        """Name the secrets that a login will need; their values are entered on this machine."""
        name = self._ids.device
        for scheme in self._interface.security:
            if scheme.scheme == "basic" or (scheme.token or "").lower() == "username":
                refs = (f"{name}-user", f"{name}-password")
                commands = "  ".join(f"gateway secrets set {ref}" for ref in refs)
                self._notes.append(Note(self._where, "login", commands))
                user, password = (Referenced("", "secret", ref) for ref in refs)
                return {"login": {"user": user, "password": password}}
            if scheme.token not in {None, "", "Anonymous"}:
                self._notes.append(Note(self._where, "login", str(scheme.token)))
            elif not self._is_opcua and scheme.scheme not in CHANNELS:
                self._notes.append(Note(self._where, "security", scheme.scheme))
        return {}

    def _asset(self) -> dict[str, Any]:
        facts = self._described.asset
        made: dict[str, Any] = {}
        if facts.asset and facts.asset != self._ids.asset():
            if _ASSET_ID.fullmatch(facts.asset):
                made["id"] = facts.asset
            else:
                self._notes.append(Note(self._where, "key", facts.asset))
        if maker := texts_of(facts.maker):
            made["maker"] = maker
        pairs: Iterable[tuple[str, Any]] = (("model", facts.model), ("serial", facts.serial))
        made |= {key: value for key, value in pairs if value}
        if facts.year is not None and YEAR_MIN <= facts.year <= YEAR_MAX:
            made["year"] = facts.year
        return made

    def _tags(self) -> dict[str, Any]:
        maker = TagMaker(self._interface.protocol, self._where, self._notes)
        tags = [tag for point in self._interface.points if (tag := maker.tag(point)) is not None]
        topics = Counter(tag["topic"] for tag in tags if "topic" in tag)
        if not topics or topics.most_common(1)[0][1] == 1:
            return {"tags": tags}
        topic = topics.most_common(1)[0][0]
        return {
            "topic": topic,
            "tags": [
                {key: tag[key] for key in tag if key != "topic" or tag[key] != topic}
                for tag in tags
            ],
        }
