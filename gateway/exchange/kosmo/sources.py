"""What a row of engineering.csv and syscfg.json say of a device that we collect from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from aas_models.elements import Json, pruned
from aas_models.environment import build_environment
from aas_models.kosmo.engineering import FILE_NAME as TABLE
from aas_models.kosmo.engineering import NO_ARRAY, SAMPLING_MS, Row
from aas_models.kosmo.problems import Problem
from aas_models.kosmo.space import AddressSpace
from aas_models.kosmo.syscfg import EdgeGateway, SystemConfig
from aas_models.kosmo.syscfg import FieldDevice as Entry
from gateway.config.ids import NAMEPLATE, TECHNICAL_DATA
from gateway.config.plan import DevicePlan, GatewayPlan
from gateway.core.assets import AssetModel
from gateway.core.field_tables import FieldDevice
from gateway.core.kinds import AdapterKind
from gateway.exchange.kinds import kind_of

DEFAULT_MS = "100.0"
SAID_OF_A_MACHINE = (NAMEPLATE, TECHNICAL_DATA)
"""Submodels without live values that belong into the three files."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a row says of one tag."""

    gateway: str
    device: str
    address: str
    sampling_ms: float
    index: int

    def row(self, node: str) -> Row:
        return Row(node, self.gateway, self.device, self.address, self.sampling_ms, self.index)


Place = tuple[str, str]
"""A submodel's id and the idShort path inside it."""


def filled_rows(
    space: AddressSpace, by_place: Mapping[Place, Source], by_node: Mapping[str, Source]
) -> list[Row]:
    rows = []
    for node in space.variables:
        place = (str((node.submodel or {}).get("id", "")), node.path)
        source = by_node.get(node.id) or by_place.get(place)
        rows.append(Row(node.id) if source is None else source.row(node.id))
    return rows


def field_device(device: DevicePlan, kinds: Sequence[AdapterKind]) -> FieldDevice:
    """Give a device as its kind writes it into a table."""
    return kind_of(device, kinds).fields.device(device.source)


def sources_of(
    device: DevicePlan, kinds: Sequence[AdapterKind], gateway: str, name: str
) -> list[Source]:
    """Give what a row says of each signal, in the order of the table."""
    return [
        Source(
            gateway,
            name,
            tag.address,
            SAMPLING_MS if tag.every_s is None else tag.every_s * 1000 or 1,
            NO_ARRAY if tag.index is None else tag.index,
        )
        for tag in field_device(device, kinds).tags
    ]


def own_environment(models: Sequence[AssetModel]) -> Json:
    """Give the AAS of devices without what follows from their values: history, qualities, ways."""
    whole = build_environment(models)
    kept = [p for p in whole.submodels if p.bindings or p.id_short in SAID_OF_A_MACHINE]
    wanted = {part.id for part in kept}
    shells = [
        {
            **shell,
            "submodels": [
                reference
                for reference in shell.get("submodels", ())
                if reference["keys"][-1]["value"] in wanted
            ],
        }
        for shell in whole.shells
    ]
    document = replace(whole, shells=tuple(shells), submodels=tuple(kept)).as_json()
    made: Json = pruned(document)
    return made


def own_sources(
    plan: GatewayPlan, kinds: Sequence[AdapterKind], names: Mapping[str, DevicePlan]
) -> dict[Place, Source]:
    gateway = plan.settings.gateway.id
    return {
        (signal.submodel, signal.element): source
        for name, device in names.items()
        for signal, source in zip(
            device.table.signals, sources_of(device, kinds, gateway, name), strict=True
        )
    }


def _device_entry(device: DevicePlan, kinds: Sequence[AdapterKind]) -> Entry:
    described = field_device(device, kinds)
    interval_s = described.every_s
    sampling = DEFAULT_MS if interval_s is None else f"{interval_s * 1000}"
    return Entry(device.name, described.url, sampling)


def own_system(
    plan: GatewayPlan, kinds: Sequence[AdapterKind], devices: Iterable[DevicePlan]
) -> SystemConfig:
    """Describe this gateway and these devices.

    Its address is the one of its HTTP side with the scheme and port of the reference solution:
    where a reference cloud would look for its server.
    """
    host = plan.settings.api.listen.rpartition(":")[0]
    entries = tuple(_device_entry(device, kinds) for device in devices)
    spoken = [kind.fields for kind in kinds if kind.fields.port is not None]
    url = next((f"{face.schemes[0]}://{host}:{face.port}" for face in spoken), None)
    return SystemConfig((EdgeGateway(plan.settings.gateway.id, url, DEFAULT_MS, entries),))


def notes_on(plan: GatewayPlan, kinds: Sequence[AdapterKind]) -> list[Problem]:
    """Say which devices the reference edge gateway could not collect from."""
    notes = []
    for name, device in plan.devices.items():
        kind = kind_of(device, kinds)
        tags = kind.fields.device(device.source).tags
        odd = sum(not tag.plain for tag in tags)
        if kind.fields.port is None:
            facts = {"device": name, "protocol": kind.name, "rows": str(len(tags))}
            notes.append(Problem("other-protocol", TABLE, None, facts))
        elif odd:
            facts = {"device": name, "rows": str(odd)}
            notes.append(Problem("node-form", TABLE, None, facts))
    return notes
