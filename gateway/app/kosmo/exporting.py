"""Gives the three KOSMO files of an AAS, or of a configuration that may be running."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aas_models.elements import Json, pruned
from aas_models.environment import build_environment
from aas_models.kosmo.cloud import with_cloud_shell
from aas_models.kosmo.data_types import Choice
from aas_models.kosmo.engineering import FILE_NAME as TABLE
from aas_models.kosmo.engineering import NO_ARRAY, Row, unfilled, write_engineering
from aas_models.kosmo.names import original_name
from aas_models.kosmo.nodeset import FILE_NAME as NODESET
from aas_models.kosmo.nodeset import write_nodeset
from aas_models.kosmo.problems import Problem
from aas_models.kosmo.space import AddressSpace, address_space
from aas_models.kosmo.syscfg import FILE_NAME as SYSCFG
from aas_models.kosmo.syscfg import (
    EdgeGateway,
    FieldDevice,
    SystemConfig,
    system_of,
    write_syscfg,
)
from adapters.mqtt.config import MqttSource
from adapters.opcua.config import OpcUaSource
from gateway.app.config.ids import STATIC_SUBMODELS
from gateway.app.config.plan import DevicePlan, GatewayPlan
from gateway.app.kosmo.sidecar import Origin, Sidecar, read_sidecar
from gateway.core.assets import AssetModel
from gateway.core.signals import PlanTable

OPCUA_PORT = 4840
DEFAULT_MS = "100.0"
SHELLS = "assetAdministrationShells"
KINDS = (SHELLS, "submodels", "conceptDescriptions")


@dataclass(frozen=True, slots=True)
class Exported:
    """The three files by name, and what they could not carry."""

    files: Mapping[str, bytes]
    problems: tuple[Problem, ...]
    properties: int
    mapped: int

    def write(self, folder: Path) -> None:
        """Write them into a folder.

        Raises:
            OSError: it cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.files.items():
            partial = folder / f".{name}.partial"
            partial.write_bytes(data)
            partial.replace(folder / name)


def export_environment(
    environment: Json, choice: Choice = "sound", *, for_spreadsheet: bool = False
) -> Exported:
    """Give the files of an AAS; its table is not filled in."""
    rows = unfilled(address_space(environment))
    return _files(environment, rows, system_of(environment), choice, (), sheet=for_spreadsheet)


def export_plan(
    plan: GatewayPlan, choice: Choice = "sound", *, for_spreadsheet: bool = False
) -> Exported:
    """Give the files of a configuration, filled in as it collects.

    One that was made from KOSMO files gives their AAS, names and gateways back, with what was
    changed since; any other gives the AAS that the gateway serves.

    Raises:
        AasError: what a configuration keeps of its KOSMO files is damaged.
        OSError: it cannot be read.
    """
    kept = read_sidecar(plan.folder)
    if kept is None:
        system = _own_system(plan, plan.devices.values())
        own = _own_environment([device.asset for device in plan.devices.values()])
        environment, sources = with_cloud_shell(own, system), _own_sources(plan, plan.devices)
        rows = _filled(address_space(environment), sources, {})
        return _files(environment, rows, system, choice, _notes(plan), sheet=for_spreadsheet)
    return _with_sidecar(plan, kept, choice, sheet=for_spreadsheet)


def _files(
    environment: Json,
    rows: Sequence[Row],
    system: SystemConfig,
    choice: Choice,
    notes: Sequence[Problem],
    *,
    sheet: bool,
) -> Exported:
    nodeset, problems = write_nodeset(environment, choice)
    files = {
        NODESET: nodeset,
        TABLE: write_engineering(rows, for_spreadsheet=sheet),
        SYSCFG: write_syscfg(system),
    }
    mapped = sum(row.state == "mapped" for row in rows)
    return Exported(files, (*problems, *notes), len(rows), mapped)


@dataclass(frozen=True, slots=True)
class _Source:
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


def _filled(
    space: AddressSpace, by_place: Mapping[Place, _Source], by_node: Mapping[str, _Source]
) -> list[Row]:
    rows = []
    for node in space.variables:
        place = (str((node.submodel or {}).get("id", "")), node.path)
        source = by_node.get(node.id) or by_place.get(place)
        rows.append(Row(node.id) if source is None else source.row(node.id))
    return rows


def _sources(device: DevicePlan, gateway: str, name: str) -> list[_Source]:
    """Give what a row says of each signal, in the order of the table."""
    source = device.source
    if isinstance(source, OpcUaSource):
        return [
            _Source(
                gateway,
                name,
                item.address,
                item.sampling_s * 1000 or 1,
                NO_ARRAY if item.element is None else item.element,
            )
            for item in source.items
        ]
    return [
        _Source(gateway, name, f"{i.topic} {i.json}" if i.json else i.topic, 100, NO_ARRAY)
        for i in source.items
    ]


def _own_environment(models: Sequence[AssetModel]) -> Json:
    """Give the AAS of devices without what follows from their values: history, qualities, ways."""
    whole = build_environment(models)
    kept = [p for p in whole.submodels if p.bindings or p.model["idShort"] in STATIC_SUBMODELS]
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


def _own_sources(plan: GatewayPlan, names: Mapping[str, DevicePlan]) -> dict[Place, _Source]:
    gateway = plan.settings.gateway.id
    return {
        (signal.submodel, signal.element): source
        for name, device in names.items()
        for signal, source in zip(
            device.table.signals, _sources(device, gateway, name), strict=True
        )
    }


def _url(source: OpcUaSource | MqttSource) -> str:
    if isinstance(source, OpcUaSource):
        return source.url
    return f"{'mqtts' if source.tls else 'mqtt'}://{source.host}:{source.port}"


def _device_entry(device: DevicePlan) -> FieldDevice:
    source = device.source
    interval = source.publishing_s * 1000 if isinstance(source, OpcUaSource) else None
    return FieldDevice(device.name, _url(source), DEFAULT_MS if interval is None else f"{interval}")


def _own_system(plan: GatewayPlan, devices: Iterable[DevicePlan]) -> SystemConfig:
    """Describe this gateway and these devices.

    Its address is the one of its HTTP side with the port of OPC UA: where a reference cloud would
    look for its server.
    """
    host = plan.settings.api.listen.rpartition(":")[0]
    entries = tuple(_device_entry(device) for device in devices)
    url = f"opc.tcp://{host}:{OPCUA_PORT}"
    return SystemConfig((EdgeGateway(plan.settings.gateway.id, url, DEFAULT_MS, entries),))


def _notes(plan: GatewayPlan) -> list[Problem]:
    """Say which devices the reference edge gateway could not collect from."""
    notes = []
    for name, device in plan.devices.items():
        if isinstance(device.source, MqttSource):
            facts = {"device": name, "rows": str(len(device.table.signals))}
            notes.append(Problem("not-opcua", name, None, facts))
        else:
            odd = sum(not item.address.startswith(("ns=", "i=")) for item in device.source.items)
            if odd:
                facts = {"device": name, "rows": str(odd)}
                notes.append(Problem("node-form", name, None, facts))
    return notes


def _with_sidecar(plan: GatewayPlan, kept: Sidecar, choice: Choice, *, sheet: bool) -> Exported:
    by_node: dict[str, _Source] = {}
    outside: list[AssetModel] = []
    notes = _notes(plan)
    for name, device in plan.devices.items():
        origin = kept.origins.get(name) or Origin(plan.settings.gateway.id, name, "")
        strangers = []
        for signal, source in zip(
            device.table.signals, _sources(device, origin.gateway, origin.device), strict=True
        ):
            node = origin.nodes.get(signal.name)
            if node is not None:
                by_node[node] = source
            else:
                strangers.append(signal.index)
                facts = {"device": name, "tag": signal.name}
                notes.append(Problem("tag-outside", name, None, facts))
        if strangers:
            outside.append(_only(device.asset, strangers))
    environment = _joined(kept.environment, _own_environment(outside))
    rows = _filled(address_space(environment), _outside_sources(plan, kept), by_node)
    return _files(environment, rows, _system(plan, kept), choice, notes, sheet=sheet)


def _outside_sources(plan: GatewayPlan, kept: Sidecar) -> dict[Place, _Source]:
    made: dict[Place, _Source] = {}
    for name, device in plan.devices.items():
        origin = kept.origins.get(name) or Origin(plan.settings.gateway.id, name, "")
        sources = _sources(device, origin.gateway, origin.device)
        for signal, source in zip(device.table.signals, sources, strict=True):
            if signal.name not in origin.nodes:
                made[signal.submodel, signal.element] = source
    return made


def _only(model: AssetModel, indices: Sequence[int]) -> AssetModel:
    """Give the model with these signals alone."""
    signals = tuple(
        replace(model.table.signals[index], index=place) for place, index in enumerate(indices)
    )
    return replace(
        model,
        table=PlanTable(model.table.device, signals),
        enumerations={
            place: model.enumerations[index]
            for place, index in enumerate(indices)
            if index in model.enumerations
        },
        display={
            place: model.display[index]
            for place, index in enumerate(indices)
            if index in model.display
        },
    )


def _joined(first: Json, second: Json) -> Json:
    """Put two environments into one; a shell of the second whose name is taken gets another."""
    taken = {original_name(shell) for shell in first.get(SHELLS, ())}
    own = [
        {**shell, "idShort": f"{shell['idShort']}_own"} if shell["idShort"] in taken else shell
        for shell in second.get(SHELLS, ())
    ]
    joined = {key: [*first.get(key, ()), *second.get(key, ())] for key in KINDS}
    joined[SHELLS] = [*first.get(SHELLS, ()), *own]
    return {key: value for key, value in joined.items() if value}


def _system(plan: GatewayPlan, kept: Sidecar) -> SystemConfig:
    """Give the kept system with addresses that were changed and devices that were added."""
    changed = {
        (origin.gateway, origin.device): _url(plan.devices[name].source)
        for name, origin in kept.origins.items()
        if name in plan.devices and _url(plan.devices[name].source) != origin.connect
    }
    gateways = [
        replace(
            gateway,
            devices=tuple(
                replace(each, connection=changed.get((gateway.name, each.name), each.connection))
                for each in gateway.devices
            ),
        )
        for gateway in kept.system.gateways
    ]
    added = [device for name, device in plan.devices.items() if name not in kept.origins]
    if added:
        gateways += _own_system(plan, added).gateways
    return SystemConfig(tuple(gateways))
