"""The KOSMO files of a configuration that was made from such files, with what changed since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aas_models.elements import Json
from aas_models.kosmo.engineering import FILE_NAME as TABLE
from aas_models.kosmo.engineering import Row
from aas_models.kosmo.names import original_name
from aas_models.kosmo.problems import Problem
from aas_models.kosmo.space import address_space
from aas_models.kosmo.syscfg import SystemConfig
from gateway.config.plan import GatewayPlan
from gateway.core.assets import AssetModel
from gateway.core.kinds import AdapterKind
from gateway.core.signals import PlanTable
from gateway.exchange.kosmo.sidecar import Origin, Sidecar
from gateway.exchange.kosmo.sources import (
    Place,
    Source,
    field_device,
    filled_rows,
    notes_on,
    own_environment,
    own_system,
    sources_of,
)

SHELLS = "assetAdministrationShells"
KINDS = (SHELLS, "submodels", "conceptDescriptions")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the three files are written from."""

    environment: Json
    rows: tuple[Row, ...]
    system: SystemConfig
    notes: tuple[Problem, ...]


def kept_parts(plan: GatewayPlan, kept: Sidecar, kinds: Sequence[AdapterKind]) -> Parts:
    """Give what was kept, with what was changed in the configuration since."""
    by_node: dict[str, Source] = {}
    outside: list[AssetModel] = []
    notes = notes_on(plan, kinds)
    for name, device in plan.devices.items():
        origin = kept.origins.get(name) or Origin(plan.settings.gateway.id, name, "")
        strangers = []
        for signal, source in zip(
            device.table.signals,
            sources_of(device, kinds, origin.gateway, origin.device),
            strict=True,
        ):
            node = origin.nodes.get(signal.name)
            if node is not None:
                by_node[node] = source
            else:
                strangers.append(signal.index)
                facts = {"device": name, "tag": signal.name}
                notes.append(Problem("tag-outside", TABLE, None, facts))
        if strangers:
            outside.append(_only(device.asset, strangers))
    environment = _joined(kept.environment, own_environment(outside))
    rows = filled_rows(address_space(environment), _outside_sources(plan, kept, kinds), by_node)
    return Parts(environment, tuple(rows), _system(plan, kept, kinds), tuple(notes))


def _outside_sources(
    plan: GatewayPlan, kept: Sidecar, kinds: Sequence[AdapterKind]
) -> dict[Place, Source]:
    made: dict[Place, Source] = {}
    for name, device in plan.devices.items():
        origin = kept.origins.get(name) or Origin(plan.settings.gateway.id, name, "")
        sources = sources_of(device, kinds, origin.gateway, origin.device)
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
        interface=None,
        oee=None,
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


def _system(plan: GatewayPlan, kept: Sidecar, kinds: Sequence[AdapterKind]) -> SystemConfig:
    """Give the kept system with addresses that were changed and devices that were added."""
    changed = {
        (origin.gateway, origin.device): url
        for name, origin in kept.origins.items()
        if name in plan.devices
        and (url := field_device(plan.devices[name], kinds).url) != origin.connect
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
        gateways += own_system(plan, kinds, added).gateways
    return SystemConfig(tuple(gateways))
