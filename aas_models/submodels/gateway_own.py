"""The submodels of the gateway's own shell.

SoftwareNameplate follows IDTA 02007-1-0; what nobody knows of a running copy (dates of release,
build and installation) is there without a value, because the template makes it mandatory. The
others are templates of our own: GatewayDiagnostics, DataRetention, SolutionUsage.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aas_models.elements import (
    Json,
    collection,
    lang_strings,
    model_reference,
    multi_language,
    submodel,
    text_property,
)
from aas_models.own import OwnShell
from aas_models.submodels.figures import Figures, figure_elements
from gateway.core.assets import SEMANTIC_BASE, LocalName

if TYPE_CHECKING:
    from aas_models.live.dynamic import DynamicSubmodel
    from gateway.core.clock import Clock

SOFTWARE = "SoftwareNameplate"
DIAGNOSTICS = "GatewayDiagnostics"
RETENTION = "DataRetention"
USAGE = "SolutionUsage"
GATEWAY_SUBMODELS = (SOFTWARE, DIAGNOSTICS, RETENTION, USAGE)
"""What the ids of an `OwnIdentity` name."""
SOFTWARE_ID = "https://admin-shell.io/idta/SoftwareNameplate/1/0"
_SOFTWARE = f"{SOFTWARE_ID}/SoftwareNameplate"
PRODUCT = LocalName("공장 텔레메트리 게이트웨이", "Factory telemetry gateway")
PRODUCT_URI = f"{SEMANTIC_BASE}/gateway"
NAMES = {
    "Version": LocalName("버전", "Version"),
    "Started": LocalName("시작 시각", "Started"),
    "Uptime": LocalName("가동 시간", "Uptime"),
    "Healthy": LocalName("정상", "Healthy"),
    "Note": LocalName("비고", "Note"),
    "State": LocalName("상태", "State"),
    "Since": LocalName("상태 변경 시각", "Since"),
    "Devices": LocalName("설비", "Devices"),
    "Destinations": LocalName("목적지", "Destinations"),
    "Spool": LocalName("스풀", "Spool"),
    "Samples": LocalName("수집 값 수", "Samples"),
    "Gaps": LocalName("누락 구간 수", "Gaps"),
    "BadSignals": LocalName("문제 신호 수", "Signals with a problem"),
    "Troubles": LocalName("설비 전체의 문제 수", "Troubles of the device"),
    "Reason": LocalName("이유", "Reason"),
    "LastReceived": LocalName("마지막 수신", "Last received"),
    "LastAccepted": LocalName("마지막 전송", "Last accepted"),
    "Pending": LocalName("대기 레코드", "Pending records"),
    "Quarantined": LocalName("격리 레코드", "Quarantined records"),
    "Alarms": LocalName("경보 수", "Alarms"),
    "Keep": LocalName("보존 기간", "Kept for"),
    "History": LocalName("이력", "History"),
    "Oldest": LocalName("가장 오래된 값", "Oldest value"),
    "Newest": LocalName("가장 최근 값", "Newest value"),
    "Bytes": LocalName("사용량(바이트)", "Bytes used"),
    "Quota": LocalName("한도(바이트)", "Quota in bytes"),
    "Events": LocalName("이벤트 수", "Events"),
}


@dataclass(frozen=True, slots=True)
class OwnFacts:
    """What the gateway tells of itself; each call gives the figures of now."""

    diagnostics: Callable[[], Figures]
    retention: Callable[[], Figures]
    usage: Callable[[], Figures]


@dataclass(frozen=True, slots=True)
class OwnIdentity:
    """Who the gateway is; `ids` gives each submodel's id by its idShort."""

    gateway: str
    aas: str
    asset: str
    ids: Mapping[str, str]
    version: str
    site: LocalName = LocalName()


def own_shell(identity: OwnIdentity, facts: OwnFacts, clock: Clock) -> OwnShell:
    """Make the gateway's shell with its four submodels."""
    from aas_models.live.dynamic import DynamicSubmodel

    made = [
        DynamicSubmodel(
            identity.ids[SOFTWARE],
            SOFTWARE,
            SOFTWARE_ID,
            lambda: software_nameplate(identity),
            clock,
        )
    ]
    tellers = ((DIAGNOSTICS, facts.diagnostics), (RETENTION, facts.retention), (USAGE, facts.usage))
    for id_short, tell in tellers:
        made.append(_figures(identity.ids[id_short], id_short, tell, clock))
    references = [model_reference("Submodel", each.id) for each in made]
    shell: Json = {
        "modelType": "AssetAdministrationShell",
        "id": identity.aas,
        "idShort": "Gateway",
        "displayName": lang_strings(PRODUCT),
        "assetInformation": {
            "assetKind": "Instance",
            "globalAssetId": identity.asset,
            "specificAssetIds": [{"name": "gatewayId", "value": identity.gateway}],
        },
        "submodels": references,
    }
    return OwnShell(shell, made)


def _figures(
    identifier: str, id_short: str, tell: Callable[[], Figures], clock: Clock
) -> DynamicSubmodel:
    from aas_models.live.dynamic import DynamicSubmodel

    semantic_id = f"{SEMANTIC_BASE}/{id_short}/1/0"

    def make() -> Json:
        elements = figure_elements(tell(), id_short, NAMES)
        return submodel(identifier, id_short, semantic_id, elements, version=("1", "0"))

    return DynamicSubmodel(identifier, id_short, semantic_id, make, clock)


def software_nameplate(identity: OwnIdentity) -> Json:
    """Make the software nameplate of this process."""
    of_type = f"{_SOFTWARE}/SoftwareNameplateType"
    of_copy = f"{_SOFTWARE}/SoftwareNameplateInstance"
    kind = [
        text_property("URIOfTheProduct", PRODUCT_URI, "0173-1#02-AAY811#001"),
        multi_language("ManufacturerName", None, "0173-1#02-AAO677#002"),
        multi_language("ManufacturerProductDesignation", PRODUCT, "0173-1#02-AAW338#001"),
        text_property("Version", identity.version, f"{of_type}/Version"),
        text_property("ReleaseDate", None, f"{of_type}/ReleaseDate", value_type="xs:date"),
        text_property("BuildDate", None, f"{of_type}/BuildDate", value_type="xs:date"),
    ]
    copy = [
        text_property("InstanceName", identity.gateway, f"{of_copy}/InstanceName"),
        text_property("InstalledVersion", identity.version, f"{of_copy}/InstalledVersion"),
        text_property("InstallationDate", None, f"{of_copy}/InstallationDate",
                      value_type="xs:date"),
        *_host(of_copy),
    ]  # fmt: skip
    elements = [
        collection("SoftwareNameplateType", kind, of_type),
        collection("SoftwareNameplateInstance", copy, of_copy),
    ]
    return submodel(identity.ids[SOFTWARE], SOFTWARE, SOFTWARE_ID, elements, version=("1", "0"))


def _host(of_copy: str) -> list[Json]:
    rows = (
        ("InstalledOnArchitecture", platform.machine()),
        ("InstalledOnOS", f"{platform.system()} {platform.release()}".strip()),
    )
    return [text_property(name, text, f"{of_copy}/{name}") for name, text in rows if text]
