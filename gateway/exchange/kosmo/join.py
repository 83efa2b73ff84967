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
from aas_models.kosmo.engineering import NO_ARRAY, Engineering, Row, number_text
from aas_models.kosmo.problems import Problem, shown
from aas_models.kosmo.space import AddressSpace, Node
from aas_models.kosmo.syscfg import FILE_NAME as SYSCFG
from aas_models.kosmo.syscfg import FieldDevice, SystemConfig
from gateway.core.field_tables import AnyFieldFace
from gateway.core.interfaces import Keys
from gateway.core.kinds import AdapterKind

FAST_MS = 100
TABLE = "engineering.csv"


@dataclass(frozen=True, slots=True)
class Station:
    """A field device that one of our adapters can speak to; `url` is fit for a device file."""

    gateway: str
    device: FieldDevice
    url: str
    face: AnyFieldFace


@dataclass(frozen=True, slots=True)
class Link:
    """One row that will be collected; `address` are the keys of its tag that say from where."""

    row: Row
    node: Node
    station: Station
    address: Keys

    @property
    def shell(self) -> Json:
        return self.node.shell


@dataclass(frozen=True, slots=True)
class Joined:
    """What the files say together."""

    links: tuple[Link, ...]
    problems: tuple[Problem, ...]


def join(
    space: AddressSpace,
    table: Engineering,
    system: SystemConfig,
    kinds: Sequence[AdapterKind],
    gateway: str | None = None,
) -> Joined:
    """Give a link for every mapped row that can be collected.

    Args:
        kinds: the protocols that can be collected from.
        gateway: only rows of this one; None takes all.
    """
    return _Join(space, system, kinds).run(
        [r for r in table.mapped if gateway in (None, r.gateway)]
    )


class _Join:
    def __init__(
        self, space: AddressSpace, system: SystemConfig, kinds: Sequence[AdapterKind]
    ) -> None:
        self.space = space
        self.system = system
        self.faces = {scheme: each.fields for each in kinds for scheme in each.fields.schemes}
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
        face = self.faces.get(scheme)
        if face is None:
            self._tell("protocol-missing", SYSCFG, device=name, scheme=scheme, rows=rows)
            return None
        url = _usable(device.connection, face)
        if url is None:
            self._tell("connection-wrong", SYSCFG, device=name, url=device.connection, rows=rows)
            return None
        return Station(gateway, device, url, face)

    def _link(self, row: Row) -> Link | None:
        station = self.stations[row.gateway, row.device]
        node = self.space.by_id.get(row.aas_node)
        if node is None or not node.is_variable:
            self._tell("node-unknown", TABLE, row.line, node=row.aas_node)
            return None
        if station is None:
            return None
        index = None if row.array_index == NO_ARRAY else row.array_index
        every = f"{number_text(row.sampling_ms)}ms"
        address = station.face.tag_keys(row.field_node, every, index)
        if address == "index":
            self._tell("no-index", TABLE, row.line, node=row.aas_node, device=row.device)
            return None
        if not isinstance(address, dict):
            form = station.face.form
            self._tell("no-field-node", TABLE, row.line, text=row.field_node, form=form)
            return None
        return Link(row, node, station, address)


def _usable(connection: str, face: AnyFieldFace) -> str | None:
    """Give an address that a device file takes; blanks and quotes in it are percent-encoded."""
    encoded = quote(connection, safe=":/?#[]@!$&'()*+,;=%~\\")
    for url in (connection, encoded):
        try:
            face.url(url)
        except (PydanticCustomError, ValueError):
            continue
        return url
    return None


def gateway_names(rows: Iterable[Row]) -> list[str]:
    """Give the gateways of mapped rows, each once, in their order."""
    return list(dict.fromkeys(row.gateway for row in rows))
