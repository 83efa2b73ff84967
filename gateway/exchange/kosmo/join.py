"""Joins the three KOSMO files: which property is fed by which tag of which field device.

Nothing is guessed and nothing is lost without a line: every mapped row becomes a link or stands
in a problem.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from pydantic_core import PydanticCustomError

from aas_models.elements import Json
from aas_models.kosmo.engineering import NO_ARRAY, Engineering, Row
from aas_models.kosmo.problems import Problem, shown
from aas_models.kosmo.space import AddressSpace, Node
from aas_models.kosmo.syscfg import FILE_NAME as SYSCFG
from aas_models.kosmo.syscfg import FieldDevice, SystemConfig
from adapters.mqtt.settings import broker_url, json_path, topic_filter
from adapters.opcua.settings import endpoint_url, node_address

OPC_UA = "opc.tcp"
MQTT = ("mqtt", "mqtts")
FAST_MS = 100
TABLE = "engineering.csv"


@dataclass(frozen=True, slots=True)
class Station:
    """A field device that one of our adapters can speak to; `url` is fit for a device file."""

    gateway: str
    device: FieldDevice
    url: str

    @property
    def is_opcua(self) -> bool:
        return self.url.startswith(f"{OPC_UA}://")


@dataclass(frozen=True, slots=True)
class Link:
    """One row that will be collected."""

    row: Row
    node: Node
    station: Station

    @property
    def shell(self) -> Json:
        return self.node.shell


@dataclass(frozen=True, slots=True)
class Joined:
    """What the files say together."""

    links: tuple[Link, ...]
    problems: tuple[Problem, ...]


def join(
    space: AddressSpace, table: Engineering, system: SystemConfig, gateway: str | None = None
) -> Joined:
    """Give a link for every mapped row that can be collected.

    Args:
        gateway: only rows of this one; None takes all.
    """
    return _Join(space, system).run([r for r in table.mapped if gateway in (None, r.gateway)])


class _Join:
    def __init__(self, space: AddressSpace, system: SystemConfig) -> None:
        self.space = space
        self.system = system
        self.problems: list[Problem] = []
        self.stations: dict[tuple[str, str], Station | None] = {}

    def run(self, rows: Sequence[Row]) -> Joined:
        counts = Counter((row.gateway, row.device) for row in rows)
        for (gateway, device), count in counts.items():
            self.stations[gateway, device] = self._station(gateway, device, count)
        links = [link for row in rows if (link := self._link(row)) is not None]
        if not rows:
            self._tell("no-rows", TABLE)
        if fast := sum(row.sampling_ms < FAST_MS for row in rows):
            self._tell("sampling-fast", TABLE, rows=fast)
        return Joined(tuple(links), tuple(self.problems))

    def _tell(self, code: str, where: str, at: int | None = None, **facts: object) -> None:
        texts = {key: shown(str(value)) for key, value in facts.items()}
        self.problems.append(Problem(code, where, at, texts))

    def _station(self, gateway: str, name: str, rows: int) -> Station | None:
        known = self.system.gateway(gateway)
        if known is None:
            self._tell("gateway-unknown", SYSCFG, name=gateway)
            return None
        device = known.device(name)
        if device is None:
            self._tell("device-unknown", SYSCFG, name=name, gateway=gateway)
            return None
        if device.connection is None:
            self._tell("connection-missing", SYSCFG, device=name, rows=rows)
            return None
        scheme, mark, _ = device.connection.partition("://")
        if not mark:
            self._tell("connection-wrong", SYSCFG, device=name, url=device.connection, rows=rows)
            return None
        if scheme != OPC_UA and scheme not in MQTT:
            self._tell("protocol-missing", SYSCFG, device=name, scheme=scheme, rows=rows)
            return None
        url = _usable(device.connection, scheme)
        if url is None:
            self._tell("connection-wrong", SYSCFG, device=name, url=device.connection, rows=rows)
            return None
        return Station(gateway, device, url)

    def _link(self, row: Row) -> Link | None:
        station = self.stations[row.gateway, row.device]
        node = self.space.by_id.get(row.aas_node)
        if node is None or not node.is_variable:
            self._tell("node-unknown", TABLE, row.line, node=row.aas_node)
            return None
        if station is None:
            return None
        if station.is_opcua:
            if not _accepts(node_address, row.field_node):
                self._tell("no-field-node", TABLE, row.line, text=row.field_node)
                return None
        elif row.array_index != NO_ARRAY:
            self._tell("no-index-on-mqtt", TABLE, row.line, node=row.aas_node)
            return None
        elif mqtt_address(row.field_node) is None:
            self._tell("mqtt-address", TABLE, row.line, text=row.field_node)
            return None
        return Link(row, node, station)


def _usable(connection: str, scheme: str) -> str | None:
    """Give an address that a device file takes; blanks and quotes in it are percent-encoded."""
    check = endpoint_url if scheme == OPC_UA else broker_url
    encoded = quote(connection, safe=":/?#[]@!$&'()*+,;=%~\\")
    for url in (connection, encoded):
        if _accepts(check, url):
            return url
    return None


def mqtt_address(text: str) -> tuple[str, str | None] | None:
    """Cut `topic $.path` or `topic`; None where it is neither."""
    topic, blank, path = text.partition(" $")
    if not _accepts(topic_filter, topic):
        return None
    if not blank:
        return topic, None
    return (topic, f"${path}") if _accepts(json_path, f"${path}") else None


def _accepts(check: object, text: str) -> bool:
    assert callable(check)
    try:
        check(text)
    except (PydanticCustomError, ValueError):
        return False
    return True


def gateway_names(rows: Iterable[Row]) -> list[str]:
    """Give the gateways of mapped rows, each once, in their order."""
    return list(dict.fromkeys(row.gateway for row in rows))
