"""Figures of a machine's effectiveness as submodels.

ProcessVariablesForManufacturingKPICalculation follows IDTA 02066-1-0, names of ISO 22400-2; only
the variables that are known are there. OEE is a template of our own: the ratios made from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from aas_models.elements import Json, collection, multi_language, submodel, text_property
from aas_models.environment_parts import AnySubmodel, Binding
from aas_models.submodel_kind import FeedKind, SubmodelKind
from aas_models.submodels.figures import Instant, Span, duration_text, figure_elements
from gateway.core.assets import SEMANTIC_BASE, AssetModel, LocalName

if TYPE_CHECKING:
    from aas_models.live.running import Running
    from aas_models.oee.compute import Kpis
    from aas_models.oee.feed import OeeFeed
    from aas_models.served import ServedSubmodel

VARIABLES = "ProcessVariablesForManufacturingKPICalculation"
VARIABLES_ID = f"https://admin-shell.io/idta/SubmodelTemplate/{VARIABLES}/1/0"
OEE = "OEE"
OEE_ID = f"{SEMANTIC_BASE}/OEE/1/0"
_PVM = f"https://admin-shell.io/idta/{VARIABLES}"
_ISO = "http://www.w3id.org/hsu-aut/ISO22400-2#"
_ISO_NAMES = {
    "ActualUnitSetupTime": "ActualSetupTime",
    "PlannedRuntimePerItem": "PlannedRuntimePerUnit",
}
"""Where the template's semantic id is not its idShort."""
NAMES = {
    "Availability": LocalName("시간가동률", "Availability"),
    "Performance": LocalName("성능가동률", "Performance (effectiveness)"),
    "Quality": LocalName("양품률", "Quality ratio"),
    "OverallEquipmentEffectiveness": LocalName("설비종합효율", "Overall equipment effectiveness"),
    "ShiftStart": LocalName("근무 시작", "Start of the shift"),
    "ShiftEnd": LocalName("근무 종료", "End of the shift"),
    "UnknownTime": LocalName("알 수 없는 시간", "Time of which nothing is known"),
    "PlannedStopTime": LocalName("계획 정지 시간", "Planned stops"),
}


@dataclass(frozen=True)
class KpiModel:
    """One of the two submodels, without figures where nobody knows them."""

    id: str
    id_short: str
    device: str

    @property
    def semantic_id(self) -> str:
        return VARIABLES_ID if self.id_short == VARIABLES else OEE_ID

    @property
    def bindings(self) -> Mapping[str, Binding]:
        """No signal fills an element of it by itself."""
        return {}

    @cached_property
    def model(self) -> Json:
        return self.with_figures(None)

    def with_figures(self, kpis: Kpis | None) -> Json:
        """Make the submodel with these figures."""
        if self.id_short == VARIABLES:
            return process_variables(self.id, kpis)
        return effectiveness(self.id, kpis)

    def served(self, running: Running) -> ServedSubmodel:
        """Show the figures of the shift so far."""
        from aas_models.live.dynamic import DynamicSubmodel

        def make() -> Json:
            feed = running.feed(self.device, EFFECTIVENESS)
            lost = running.lost_since(self.device)
            return self.with_figures(feed.kpis(running.clock.now(), lost) if feed else None)

        return DynamicSubmodel(self.id, self.id_short, self.semantic_id, make, running.clock)


def effectiveness(identifier: str, kpis: Kpis | None) -> Json:
    """Make the submodel of ratios, from 0 to 1."""
    figures = (
        {}
        if kpis is None
        else {
            "Availability": kpis.availability,
            "Performance": kpis.performance,
            "Quality": kpis.quality,
            "OverallEquipmentEffectiveness": kpis.oee,
            "ShiftStart": Instant(kpis.start),
            "ShiftEnd": Instant(kpis.end),
            "PlannedStopTime": Span(kpis.planned_stop),
            "UnknownTime": Span(kpis.unknown),
        }
    )
    elements = figure_elements(figures, OEE, NAMES)
    return submodel(identifier, OEE, OEE_ID, elements, version=("1", "0"))


def process_variables(identifier: str, kpis: Kpis | None) -> Json:
    """Make the submodel of process variables of the shift so far."""
    elements = [] if kpis is None else _times(kpis) + _quantities(kpis)
    return submodel(identifier, VARIABLES, VARIABLES_ID, elements, version=("1", "0"))


def _times(kpis: Kpis) -> list[Json]:
    rows = (
        ("ActualProductionTime", "APT", kpis.production, "생산한 시간", "Time of producing"),
        ("ActualUnitDownTime", "ADOT", kpis.down, "계획에 없이 멈춘 시간", "Unplanned stops"),
        ("PlannedBusyTime", "PBT", kpis.planned_busy, "계획된 시간", "Planned time so far"),
        ("PlannedRuntimePerItem", "PRI", kpis.ideal_cycle, "개당 계획 시간", "Planned, one part"),
    )
    made = [
        _variable(name, key, duration_text(seconds), "xs:duration", LocalName(ko, en))
        for name, key, seconds, ko, en in rows
        if seconds is not None
    ]
    setup = LocalName("준비 교체 시간", "Time of setting up")
    text = duration_text(kpis.setup)
    made.append(_variable("ActualUnitSetupTime", "AUST", text, "xs:duration", setup))
    return made


def _quantities(kpis: Kpis) -> list[Json]:
    scrap = None
    if kpis.produced is not None and kpis.good is not None:
        scrap = max(kpis.produced - kpis.good, 0)
    rows = (
        ("ProducedQuantity", "PQ", kpis.produced, "생산한 수량", "Parts produced"),
        ("GoodQuantity", "GQ", kpis.good, "양품 수량", "Good parts"),
        ("ScrapQuantity", "SQ", scrap, "불량 수량", "Parts that are not good"),
    )
    return [
        _variable(name, key, str(count), "xs:decimal", LocalName(ko, en))
        for name, key, count, ko, en in rows
        if count is not None
    ]


def _variable(id_short: str, key: str, text: str, value_type: str, comment: LocalName) -> Json:
    below = [
        text_property("key", key, f"{_PVM}/key/1/0"),
        text_property("currentValue", text, f"{_PVM}/currentValue/1/0", value_type=value_type),
        multi_language("comment", comment, f"{_PVM}/comment/1/0"),
    ]
    return collection(id_short, below, f"{_ISO}{_ISO_NAMES.get(id_short, id_short)}")


def _feed(model: AssetModel, before: OeeFeed | None) -> OeeFeed | None:
    """Begin to count; an edit that leaves the plan keeps the shift so far."""
    from aas_models.oee.feed import OeeFeed

    plan = model.oee
    if plan is None:
        return None
    return before if before is not None and before.plan == plan else OeeFeed(plan)


def _part(model: AssetModel, id_short: str) -> list[KpiModel]:
    identifier = model.ids.get(id_short)
    if model.oee is None or identifier is None:
        return []
    return [KpiModel(identifier, id_short, model.info.device)]


def _variables(model: AssetModel, _of_tags: Sequence[AnySubmodel]) -> list[KpiModel]:
    return _part(model, VARIABLES)


def _effectiveness(model: AssetModel, _of_tags: Sequence[AnySubmodel]) -> list[KpiModel]:
    return _part(model, OEE)


EFFECTIVENESS: FeedKind[OeeFeed] = FeedKind("effectiveness", _feed)
KINDS = (
    SubmodelKind(
        name=VARIABLES,
        semantic_id=VARIABLES_ID,
        place=80,
        parts=_variables,
        needs="oee",
        feed=EFFECTIVENESS,
        comes_and_goes=True,
        template="ProcessVariables 1.0",
    ),
    SubmodelKind(
        name=OEE,
        semantic_id=OEE_ID,
        place=90,
        parts=_effectiveness,
        needs="oee",
        feed=EFFECTIVENESS,
        comes_and_goes=True,
    ),
)
