"""What a row of engineering.csv and syscfg.json say of a device that we collect from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from aas_models.elements import Json, pruned
from aas_models.environment import build_environment
from aas_models.kosmo.engineering import FILE_NAME as TABLE
from aas_models.kosmo.engineering import NO_ARRAY, Row
from aas_models.kosmo.problems import Problem
from aas_models.kosmo.space import AddressSpace
from aas_models.kosmo.syscfg import EdgeGateway, FieldDevice, SystemConfig
from adapters.mqtt.config import MqttSource
from adapters.opcua.config import OpcUaSource
from gateway.config.ids import NAMEPLATE, TECHNICAL_DATA
from gateway.config.plan import DevicePlan, GatewayPlan
from gateway.core.assets import AssetModel

OPCUA_PORT = 4840
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


def sources_of(device: DevicePlan, gateway: str, name: str) -> list[Source]:
    """Give what a row says of each signal, in the order of the table."""
    source = device.source
    if isinstance(source, OpcUaSource):
        return [
            Source(
                gateway,
                name,
                item.address,
                item.sampling_s * 1000 or 1,
                NO_ARRAY if item.element is None else item.element,
            )
            for item in source.items
        ]
    return [
        Source(gateway, name, f"{i.topic} {i.json}" if i.json else i.topic, 100, NO_ARRAY)
        for i in source.items
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


def own_sources(plan: GatewayPlan, names: Mapping[str, DevicePlan]) -> dict[Place, Source]:
    gateway = plan.settings.gateway.id
    return {
        (signal.submodel, signal.element): source
        for name, device in names.items()
        for signal, source in zip(
            device.table.signals, sources_of(device, gateway, name), strict=True
        )
    }


def url_of(source: OpcUaSource | MqttSource) -> str:
    if isinstance(source, OpcUaSource):
        return source.url
    return f"{'mqtts' if source.tls else 'mqtt'}://{source.host}:{source.port}"


def _device_entry(device: DevicePlan) -> FieldDevice:
    source = device.source
    interval = source.publishing_s * 1000 if isinstance(source, OpcUaSource) else None
    return FieldDevice(
        device.name, url_of(source), DEFAULT_MS if interval is None else f"{interval}"
    )


def own_system(plan: GatewayPlan, devices: Iterable[DevicePlan]) -> SystemConfig:
    """Describe this gateway and these devices.

    Its address is the one of its HTTP side with the port of OPC UA: where a reference cloud would
    look for its server.
    """
    host = plan.settings.api.listen.rpartition(":")[0]
    entries = tuple(_device_entry(device) for device in devices)
    url = f"opc.tcp://{host}:{OPCUA_PORT}"
    return SystemConfig((EdgeGateway(plan.settings.gateway.id, url, DEFAULT_MS, entries),))


def notes_on(plan: GatewayPlan) -> list[Problem]:
    """Say which devices the reference edge gateway could not collect from."""
    notes = []
    for name, device in plan.devices.items():
        if isinstance(device.source, MqttSource):
            facts = {"device": name, "rows": str(len(device.table.signals))}
            notes.append(Problem("not-opcua", TABLE, None, facts))
        else:
            odd = sum(not item.address.startswith(("ns=", "i=")) for item in device.source.items)
            if odd:
                facts = {"device": name, "rows": str(odd)}
                notes.append(Problem("node-form", TABLE, None, facts))
    return notes
