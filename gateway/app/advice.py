"""Which files of advice speak of a device, a destination, or the disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import assert_never

from adapters.mqtt.config import MqttSource
from adapters.opcua.config import OpcUaSource
from gateway.config.plan import GatewayPlan
from gateway.ops.advice import Advice, Book

_ROOT = Path(__file__).resolve().parents[2]
FILE = "advice.toml"
ROOMS = {
    "opcua": "adapters/opcua",
    "mqtt": "adapters/mqtt",
    "flow": "gateway/flow",
    "sinks": "gateway/sinks",
    "history": "gateway/history",
    "spool": "gateway/spool",
}
"""Every room that makes reasons, by its short name, in the order in which people read of them."""

TITLES = {
    "opcua": {"en": "OPC UA", "ko": "OPC UA"},
    "mqtt": {"en": "MQTT", "ko": "MQTT"},
    "flow": {"en": "Every machine", "ko": "모든 설비"},
    "sinks": {"en": "Central platform", "ko": "중앙 플랫폼"},
    "history": {"en": "History store", "ko": "이력 저장소"},
    "spool": {"en": "Disk of the gateway", "ko": "게이트웨이의 저장소(스풀)"},
}


@cache
def book(*rooms: str) -> Book:
    """Give the advice of some rooms, of all where none is named; the first one's words win."""
    return Book([_ROOT / ROOMS[room] / FILE for room in rooms or ROOMS])


def book_of(source: OpcUaSource | MqttSource) -> Book:
    """Give the advice for a device: that of its protocol, and what holds for every machine."""
    match source:
        case OpcUaSource():
            return book("opcua", "flow")
        case MqttSource():
            return book("mqtt", "flow")
        case _:
            assert_never(source)


@dataclass(frozen=True, slots=True)
class RunningAdvice:
    """The advice for what runs: the same word may mean another thing at another protocol."""

    plan: Callable[[], GatewayPlan]

    def of_device(self, device: str, reason: str) -> Advice | None:
        """Give the advice for a reason of a device."""
        known = self.plan().devices.get(device)
        return (book() if known is None else book_of(known.source)).advice_for(reason)

    def of_sink(self, reason: str) -> Advice | None:
        """Give the advice for a reason of a destination."""
        return book("sinks", "history").advice_for(reason)

    def of_spool(self, reason: str) -> Advice | None:
        """Give the advice for a reason why nothing can be stored."""
        return book("spool").advice_for(reason)


def known_reasons() -> Mapping[str, Mapping[str, Advice]]:
    """Give all advice by room and reason, for the command that explains a word."""
    return {room: book(room).entries for room in ROOMS}
