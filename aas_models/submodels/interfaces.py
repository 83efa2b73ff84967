"""How a device is reached and what becomes of its values: AID 1.1 and AIMC 2.0.

What they say is in `aas_models/interfaces`; both are made when somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Sequence

from aas_models.environment_parts import AnySubmodel, LazySubmodel
from aas_models.interfaces import terms
from aas_models.submodel_kind import SubmodelKind
from gateway.core.assets import AssetModel
from gateway.core.interfaces import Interface

DESCRIPTION = terms.AID_ID_SHORT
MAPPING = terms.AIMC_ID_SHORT


def _known(model: AssetModel) -> tuple[Interface, str, str] | None:
    """Give the interface and both ids: the mapping refers to the description."""
    description, mapping = model.ids.get(DESCRIPTION), model.ids.get(MAPPING)
    if model.interface is None or description is None or mapping is None:
        return None
    return model.interface, description, mapping


def _description(model: AssetModel, _of_tags: Sequence[AnySubmodel]) -> list[LazySubmodel]:
    if (known := _known(model)) is None:
        return []
    interface, identifier, _ = known

    def make() -> dict[str, object]:
        from aas_models.interfaces.aid import asset_interfaces_description

        return asset_interfaces_description(identifier, interface)

    return [LazySubmodel(identifier, DESCRIPTION, terms.AID_SUBMODEL, make)]


def _mapping(model: AssetModel, _of_tags: Sequence[AnySubmodel]) -> list[LazySubmodel]:
    if (known := _known(model)) is None:
        return []
    interface, description, identifier = known

    def make() -> dict[str, object]:
        from aas_models.interfaces.aimc import mapping_configuration

        return mapping_configuration(identifier, description, interface, model.table)

    return [LazySubmodel(identifier, MAPPING, terms.AIMC_SUBMODEL, make)]


KINDS = (
    SubmodelKind(
        name=DESCRIPTION,
        semantic_id=terms.AID_SUBMODEL,
        place=40,
        parts=_description,
        describes=True,
        template="AssetInterfacesDescription 1.1",
    ),
    SubmodelKind(
        name=MAPPING,
        semantic_id=terms.AIMC_SUBMODEL,
        place=50,
        parts=_mapping,
        describes=True,
        template="AssetInterfacesMappingConfiguration 2.0",
    ),
)
