"""The CloudDataSolution shell: how the KOSMO solution models gateways and field devices in an AAS.

Source: KOSMO guide "AAS기반 데이터수집 실행가이드" 2 and 3; the reference parser fixes the ids.
"""

from __future__ import annotations

from aas_models.elements import Json, model_reference
from aas_models.kosmo.names import named
from aas_models.kosmo.syscfg import (
    BASIC,
    CLOUD_SHELL,
    CLOUD_SHELL_ID,
    CONNECTION,
    GATEWAYS,
    GATEWAYS_ID,
    SAMPLING,
    EdgeGateway,
    FieldDevice,
    SystemConfig,
)

ASSET_ID = "http://www.aasnest.io/ids/asset/CloudDataSolution"


def with_cloud_shell(environment: Json, system: SystemConfig) -> Json:
    """Give the environment with a shell that says what syscfg.json says."""
    shell: Json = {
        "modelType": "AssetAdministrationShell",
        "id": CLOUD_SHELL_ID,
        "idShort": CLOUD_SHELL,
        "assetInformation": {"assetKind": "Instance", "globalAssetId": ASSET_ID},
        "submodels": [model_reference("Submodel", GATEWAYS_ID)],
    }
    submodel: Json = {
        "modelType": "Submodel",
        "id": GATEWAYS_ID,
        "idShort": GATEWAYS,
        "kind": "Instance",
    }
    if system.gateways:
        submodel["submodelElements"] = [_gateway(each) for each in system.gateways]
    return {
        **environment,
        "assetAdministrationShells": [*environment.get("assetAdministrationShells", ()), shell],
        "submodels": [*environment.get("submodels", ()), submodel],
    }


def _gateway(gateway: EdgeGateway) -> Json:
    inner = [_basic(gateway), *(_collection(each.name, [_basic(each)]) for each in gateway.devices)]
    return _collection(gateway.name, inner)


def _basic(each: EdgeGateway | FieldDevice) -> Json:
    rows = ((CONNECTION, "xs:string", each.connection), (SAMPLING, "xs:float", each.sampling))
    return _collection(
        BASIC,
        [
            {"modelType": "Property", "idShort": name, "valueType": value_type, "value": value}
            for name, value_type, value in rows
            if value is not None
        ],
    )


def _collection(name: str, children: list[Json]) -> Json:
    made = named({"modelType": "SubmodelElementCollection"}, name)
    return {**made, "value": children} if children else made
