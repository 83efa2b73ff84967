"""The effectiveness of a machine follows its values and is shown in two submodels."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from aas_models.environment import build_environment
from aas_models.live import LiveValues
from aas_models.oee.compute import Kpis
from aas_models.submodels.kpis import OEE, VARIABLES, process_variables
from aas_models.submodels.production_calendar import (
    calendar_files,
    calendar_text,
    production_calendar,
)
from aas_models.templates.check import check
from aas_models.templates.rules import bundled
from gateway.core.assets import AssetModel, OeePlan
from gateway.core.records import Gap, GapReason, Record
from gateway.core.types import Column, Offset, UnixNs, Value
from tests.unit.aas.parts import batch, press, submodel_id
from tests.unit.aas.test_following import HandClock

MINUTE = 60 * 10**9
START = 1_764_000_000 * 10**9 - 1_764_000_000 * 10**9 % (1440 * MINUTE) + 15 * 60 * MINUTE
"""Midnight in Korea, when the shift of a device without shifts begins."""
PLAN = OeePlan(
    state=2, running=frozenset({"run"}), planned_stop=frozenset({"stop"}), total=3, ideal_cycle=30.0
)


def machine(plan: OeePlan = PLAN) -> AssetModel:
    model = press()
    ids = {name: submodel_id("press-01", name) for name in (VARIABLES, OEE)}
    return dataclasses.replace(model, ids={**model.ids, **ids}, oee=plan)


class Line:
    """A press whose clock and values a test moves."""

    def __init__(self, model: AssetModel | None = None) -> None:
        self.model = model or machine()
        self.clock = HandClock()
        self.clock.at = START
        self.lost: int | None = None
        self.live = LiveValues([self.model], self.clock, lost_since=lambda _: self.lost)
        self._offset = 0

    def say(self, minute: int, index: int, value: Value) -> None:
        values: Column = [value] if isinstance(value, str) else np.array([value])
        made = batch(self.model.table, [index], values, at=START + minute * MINUTE)
        self._record(made)

    def _record(self, item: Any) -> None:
        self._offset += 1
        self.live.on_records([Record(Offset(self._offset), item)])

    def gap(self, start: int, end: int, reader: str | None = None) -> None:
        times = (UnixNs(START + start * MINUTE), UnixNs(START + end * MINUTE))
        self._record(Gap("press-01", *times, GapReason.DISCONNECTED, reader=reader))

    def at(self, minute: int, name: str = OEE) -> Any:
        self.clock.at = START + minute * MINUTE
        submodel = self.live.submodel(submodel_id("press-01", name))
        assert submodel is not None
        return json.loads(submodel.render("", "value"))


def test_states_and_counts_become_the_ratios_of_iso_22400() -> None:
    line = Line()
    line.say(0, 2, "run")
    line.say(0, 3, 100)
    line.say(40, 2, "alarm")
    line.say(40, 3, 160)
    found = line.at(60)
    assert found["Availability"] == pytest.approx(2 / 3, abs=1e-5)
    assert found["Performance"] == 0.75
    assert "OverallEquipmentEffectiveness" not in found
    variables = line.at(61, VARIABLES)
    assert variables["ActualProductionTime"]["currentValue"] == "PT2400S"
    assert variables["ActualProductionTime"]["key"] == "APT"
    assert variables["ProducedQuantity"]["currentValue"] == 60
    assert "GoodQuantity" not in variables


def test_planned_stops_gaps_and_a_lost_machine_are_told_apart() -> None:
    line = Line()
    line.say(0, 2, "run")
    line.say(10, 2, "stop")
    line.say(20, 2, "run")
    line.gap(30, 35)
    line.gap(36, 39, reader="central")
    line.lost = START + 50 * MINUTE
    found = line.at(60)
    assert found["PlannedStopTime"] == "PT600S"
    assert found["UnknownTime"] == "PT900S"
    assert found["Availability"] == pytest.approx(35 / 50)


def test_an_edit_that_leaves_the_plan_keeps_the_shift_so_far() -> None:
    line = Line()
    line.say(0, 2, "run")
    line.live.set_models([machine()])
    assert line.at(60)["Availability"] == 1
    line.live.set_models([machine(dataclasses.replace(PLAN, ideal_cycle=10.0))])
    assert line.at(61)["Availability"] == 0


def test_numbers_and_booleans_may_be_states_and_words_of_numbers_are_whole() -> None:
    model = machine(OeePlan(state=4, running=frozenset({"true"})))
    line = Line(model)
    line.say(0, 4, True)
    assert line.at(60)["Availability"] == 1
    line = Line(machine(OeePlan(state=5, running=frozenset({"3"}))))
    line.say(0, 5, 3.0)
    assert line.at(60)["Availability"] == 1


def test_a_machine_without_the_section_has_no_such_submodel() -> None:
    names = {part.model["idShort"] for part in build_environment([press()]).submodels}
    assert not names & {VARIABLES, OEE}
    exported = {part.model["idShort"] for part in build_environment([machine()]).submodels}
    assert {VARIABLES, OEE} <= exported


def test_process_variables_have_the_structure_of_the_official_template() -> None:
    kpis = Kpis(0, 10, 10.0, 8.0, 1.0, 1.0, 0.0, 0.0, 9, 8, 1.0)
    made = process_variables("urn:x", kpis)
    assert len(made["submodelElements"]) == 8
    assert check(made, bundled("ProcessVariables 1.0")) == []


def test_the_production_calendar_has_its_structure_and_every_file_it_points_to() -> None:
    plan = OeePlan(
        2, frozenset({"run"}), shifts=((480, 1020), (1200, 300)), breaks=((720, 780),),
        days=frozenset(range(5)),
    )  # fmt: skip
    made = production_calendar("urn:x", "press-01", plan)
    assert check(made, bundled("ProductionCalendar 1.0")) == []
    text = json.dumps(made)
    assert all(path in text for path in calendar_files("press-01", plan))
    calendar = calendar_text("press-01", plan)
    assert calendar.count("BEGIN:VEVENT") == 3
    assert "DTSTART;TZID=Asia/Seoul:19700105T080000" in calendar
    assert "DURATION:PT540M" in calendar
    assert "BYDAY=MO,TU,WE,TH,FR" in calendar
