"""The MDT `Data` submodels of a configuration, with what its plan knows of each tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aas_models.elements import Json, model_reference
from aas_models.environment import shell_id_short
from aas_models.kosmo.mdt import ID_SHORT, Parameter, Sample, data_submodel
from gateway.config.ids import Ids
from gateway.config.plan import DevicePlan, GatewayPlan
from gateway.core.kinds import AdapterKind
from gateway.exchange.kosmo.sources import field_device


def parameters_of(device: DevicePlan, kinds: Sequence[AdapterKind]) -> dict[int, Parameter]:
    """Give limits and periods by index of the signal; what is pushed to us has no period."""
    tags = field_device(device, kinds).tags
    made = {}
    for signal, tag in zip(device.table.signals, tags, strict=True):
        rule = device.rules.get(signal.index)
        low, high = (rule.low, rule.high) if rule else (None, None)
        made[signal.index] = Parameter(low, high, tag.every_s)
    return made


def mdt_environment(
    plan: GatewayPlan, samples: Mapping[tuple[str, int], Sample], kinds: Sequence[AdapterKind]
) -> Json:
    """Give an environment with a shell and its `Data` submodel for each device.

    Args:
        samples: present values by device and index of the signal.
        kinds: those that the devices of the plan are of.
    """
    shells, submodels = [], []
    identity = plan.settings.gateway
    for name, device in plan.devices.items():
        ids = Ids(name, identity.business_number or identity.id, identity.id_base)
        info = device.asset.info
        own = {index: sample for (of, index), sample in samples.items() if of == name}
        identifier = ids.submodel(ID_SHORT)
        submodels.append(data_submodel(identifier, device.asset, parameters_of(device, kinds), own))
        shells.append(
            {
                "modelType": "AssetAdministrationShell",
                "id": info.aas,
                "idShort": shell_id_short(name),
                "assetInformation": {"assetKind": "Instance", "globalAssetId": info.asset},
                "submodels": [model_reference("Submodel", identifier)],
            }
        )
    lists = {"assetAdministrationShells": shells, "submodels": submodels}
    return {key: value for key, value in lists.items() if value}
