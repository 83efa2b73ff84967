"""From any AAS environment with interface submodels to devices and their points.

Reads AID 1.0 and 1.1 with AIMC 1.0, 2.0 or none, by whomever they were written. Nothing raises:
what is not understood is in `notes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from aas_models.elements import Json
from aas_models.interfaces.aid import FORMAT, MESSAGE_FORMAT
from aas_models.interfaces.aid_security import NOSEC
from aas_models.interfaces.notes import Note, Reason
from aas_models.interfaces.read_aimc import Mapped, Mappings, is_mapping, read_mappings
from aas_models.interfaces.read_asset import AssetFacts, asset_facts, shell_of, submodels_of
from aas_models.interfaces.read_points import Offered, PointReader
from aas_models.interfaces.read_security import read_security
from aas_models.interfaces.terms import AID_ID_SHORT, AID_SUBMODEL
from aas_models.interfaces.walk import (
    Target,
    child,
    children,
    dicts,
    extras_of,
    has_term,
    said_words,
    semantic_ids,
    text_of,
)
from gateway.core.interfaces import Binding, Interface, Link, Point

XS_WORDS = {
    "xs:boolean": "bool", "xs:byte": "int8", "xs:short": "int16", "xs:int": "int32",
    "xs:long": "int64", "xs:unsignedByte": "uint8", "xs:unsignedShort": "uint16",
    "xs:unsignedInt": "uint32", "xs:unsignedLong": "uint64", "xs:float": "float",
    "xs:double": "double", "xs:string": "string",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Described:
    """One device as an AASX describes it.

    `title` is the interface's own, `own` whether a gateway of this kind wrote it: then what is not
    said is not set, instead of not known. `others` are idShorts of the shell's submodels that
    neither describe an interface nor take its values.
    """

    interface: Interface
    asset: AssetFacts
    title: str
    path: str
    own: bool
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InterfacesRead:
    """Everything found; `identity` is what the writing gateway said of itself, as JSON texts."""

    devices: tuple[Described, ...] = ()
    notes: tuple[Note, ...] = ()
    identity: dict[str, str] = field(default_factory=dict)


def read_interfaces(environment: Json, bindings: Iterable[Binding]) -> InterfacesRead:
    """Read every interface of an environment in the JSON mapping of metamodel 3.x.

    Args:
        bindings: the protocols that are known; an interface of another one is noted, and is never
            taken for one of these.
    """
    return _Reader(environment, tuple(bindings)).read()


class _Reader:
    def __init__(self, environment: Json, bindings: tuple[Binding, ...]) -> None:
        self._bindings = bindings
        self._submodels = [each for each in dicts(environment.get("submodels")) if each.get("id")]
        self._shells = dicts(environment.get("assetAdministrationShells"))
        self._by_id = {str(each["id"]): each for each in self._submodels}
        self._mappings: Mappings = read_mappings(self._submodels)
        self._notes: list[Note] = list(self._mappings.notes)
        self._devices: list[Described] = []

    def _tell(self, path: str, reason: Reason, detail: str) -> None:
        self._notes.append(Note(path, reason, detail))

    def read(self) -> InterfacesRead:
        identity: dict[str, str] = {}
        found = False
        for submodel in self._submodels:
            if _is_description(submodel):
                found = True
                identity = identity or extras_of(submodel)
                shell = shell_of(str(submodel["id"]), self._shells)
                facts = asset_facts(shell, self._by_id)
                for interface in children(submodel):
                    self._interface(submodel, interface, facts)
        if not found:
            self._tell("", "none", "")
        elif not self._mappings.found:
            self._tell(AID_ID_SHORT, "no-mapping", "")
        return InterfacesRead(tuple(self._devices), tuple(self._notes), identity)

    def _interface(self, submodel: Json, interface: Json, facts: AssetFacts) -> None:
        name = str(interface.get("idShort", ""))
        endpoint = child(interface, "EndpointMetadata")
        base = text_of(endpoint, "base")
        binding = self._binding(interface, base)
        if isinstance(binding, str):
            self._tell(name, "protocol", binding)
            return
        if "://" not in base:
            self._tell(f"{name}.EndpointMetadata.base", "no-address", base)
            return
        reader = PointReader(binding, base, text_of(endpoint, "contentType"), self._tell)
        offered = list(reader.read(interface))
        extras = extras_of(interface)
        own = extras.pop(FORMAT, None) is not None
        if MESSAGE_FORMAT in extras:
            extras[FORMAT] = extras.pop(MESSAGE_FORMAT)
        points, default_s = self._chosen(str(submodel["id"]), name, offered, own=own)
        made = Interface(
            device="",
            binding=binding,
            link=Link(
                base,
                read_security(endpoint, binding) or (NOSEC,),
                said_words(endpoint, binding.endpoint),
                default_s,
            ),
            points=tuple(_distinct(points)),
            extras=extras,
        )
        others = self._others(str(submodel["id"]), made)
        title = text_of(interface, "title")
        self._devices.append(Described(made, facts, title, name, own, others))

    def _binding(self, interface: Json, base: str) -> Binding | str:
        """Find the protocol, or a word for one that nobody knows.

        The base counts before the mark: the official template marks one protocol as another.
        """
        scheme = base.partition("://")[0].lower()
        for binding in self._bindings:
            if scheme in binding.schemes:
                return binding
        marks = {value.strip().rstrip("/") for value in semantic_ids(interface)}
        for binding in self._bindings:
            if binding.mark.rstrip("/") in marks:
                return scheme if "://" in base else binding
        return scheme or "?"

    def _others(self, description: str, interface: Interface) -> tuple[str, ...]:
        shell = shell_of(description, self._shells)
        taken = {point.sink[0] for point in interface.points if point.sink}
        return tuple(
            str(each.get("idShort"))
            for each in (submodels_of(shell, self._by_id) if shell else ())
            if each.get("idShort") and each["idShort"] not in taken and not _is_interface(each)
        )

    def _chosen(
        self, submodel: str, name: str, offered: list[Offered], *, own: bool
    ) -> tuple[list[Point], float | None]:
        """Give the points that are mapped, in the mapping's order; all where nothing is mapped."""
        by_path = {each.path: each for each in offered}
        ours = [
            row
            for row in self._mappings.rows
            if row.source.submodel == submodel and row.source.path[:1] == (name,)
        ]
        if not ours:
            return [self._typed(each.point, None, own=own) for each in offered], None
        points, used = [], set()
        for row in ours:
            found = by_path.get(row.source.path) or _by_last(row.source, offered)
            if found is None:
                self._tell(name, "reference", str(row.source))
                continue
            used.add(found.path)
            points.append(self._mapped(found, row, own=own))
        for each in offered:
            if each.path not in used:
                self._tell(".".join(each.path), "unmapped", each.point.name)
        return points, next((row.default_s for row in ours if row.default_s), None)

    def _mapped(self, offered: Offered, row: Mapped, *, own: bool) -> Point:
        point = replace(offered.point, every_s=row.polling_s)
        if row.sink is None:
            return self._typed(point, None, own=own)
        owner = self._by_id.get(row.sink.submodel)
        if owner is None or not row.sink.path or not all(_plain(step) for step in row.sink.path):
            self._tell(".".join(offered.path), "sink", str(row.sink))
            return self._typed(point, None, own=own)
        point = replace(point, sink=(str(owner.get("idShort", "")), ".".join(row.sink.path)))
        return self._typed(point, _element(owner, row.sink.path), own=own)

    @staticmethod
    def _typed(point: Point, sink: Json | None, *, own: bool) -> Point:
        """Let the element that takes the value say its type where somebody else wrote the file."""
        if own or sink is None:
            return point
        word = XS_WORDS.get(str(sink.get("valueType", "")))
        return replace(point, type=word) if word is not None else point


def _is_description(submodel: Json) -> bool:
    return submodel.get("idShort") == AID_ID_SHORT or has_term(submodel, AID_SUBMODEL)


def _is_interface(submodel: Json) -> bool:
    return _is_description(submodel) or is_mapping(submodel)


def _by_last(source: Target, offered: Iterable[Offered]) -> Offered | None:
    """Find a property by its last step alone: references often name other collections."""
    found = [each for each in offered if each.path[-1] == source.path[-1]]
    return found[0] if len(found) == 1 else None


def _plain(step: str) -> bool:
    return bool(step) and not step.isdecimal()


def _element(submodel: Json, path: Iterable[str]) -> Json | None:
    found: Json | None = submodel
    for step in path:
        found = next((each for each in children(found) if each.get("idShort") == step), None)
    return found


def _distinct(points: Iterable[Point]) -> Iterable[Point]:
    """Let names differ; titles need not."""
    known = list(points)
    counts = Counter(point.name for point in known)
    taken = {name for name, count in counts.items() if count == 1}
    for point in known:
        name = point.name if counts[point.name] == 1 else point.id_short
        if counts[point.name] > 1:
            number = 1
            while name in taken:
                number += 1
                name = f"{point.id_short}_{number}"
            taken.add(name)
        yield point if name == point.name else replace(point, name=name)
