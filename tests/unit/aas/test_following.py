"""Quality and time series follow the values that come, without a second path for them."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
from typing import Any

import numpy as np
import pytest

from aas_models.environment import build_environment
from aas_models.export import filled, to_basyx
from aas_models.fragments import Fragments
from aas_models.live import LiveValues
from aas_models.live import submodel as live_submodel
from aas_models.live.recent import RECORDS_MAX, Recent
from aas_models.submodels.time_series import is_number, variables
from aas_models.time_series_csv import external_segment, merged_records, records_csv
from gateway.core.assets import AssetModel
from gateway.core.types import BAD, UNCERTAIN, UnixNs
from tests.unit.aas.parts import asset_model, batch, press, records, signal, submodel_id

NO_SLOTS = np.zeros(0, np.intp)
NOW = 1_764_000_000_000_000_000
QUALITY = submodel_id("press-01", "OperationalDataQuality")
SERIES = submodel_id("press-01", "TimeSeries")


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> UnixNs:
        return UnixNs(self.at)

    def monotonic(self) -> float:
        return self.at / 1e9

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


def following(model: AssetModel) -> AssetModel:
    more = {
        name: submodel_id("press-01", name) for name in ("OperationalDataQuality", "TimeSeries")
    }
    return dataclasses.replace(model, ids={**model.ids, **more})


def running(endpoint: str = "") -> tuple[LiveValues, AssetModel, HandClock]:
    model, clock = following(press()), HandClock()
    return LiveValues([model], clock, endpoint=endpoint), model, clock


def shown(live: LiveValues, identifier: str, path: str = "", form: str = "value") -> Any:
    submodel = live.submodel(identifier)
    assert submodel is not None
    return json.loads(submodel.render(path, form))


def test_each_value_has_quality_source_time_and_age_at_the_same_path() -> None:
    live, model, clock = running()
    values = np.array([180.0, 181.0])
    live.on_records(records(batch(model.table, [0, 1], values, at=NOW, status=[0, UNCERTAIN])))
    clock.at += 2_500_000_000
    lower = {"Quality": "good", "SourceTime": "2025-11-24T16:00:00Z", "Age": 2.5}
    assert shown(live, QUALITY, "Mold.TemperatureLower") == lower
    assert shown(live, QUALITY)["Mold"]["TemperatureUpper"]["Quality"] == "uncertain"


def test_a_bad_sample_is_bad_and_a_value_that_never_came_has_no_quality() -> None:
    live, model, _ = running()
    live.on_records(records(batch(model.table, [5], np.array([0.0]), at=NOW, status=[BAD])))
    told = shown(live, QUALITY)
    assert told["Power"]["Quality"] == "bad"
    assert told["State"] == {}


def test_the_age_grows_and_the_entity_tag_with_it_though_no_value_comes() -> None:
    live, model, clock = running()
    live.on_records(records(batch(model.table, [5], np.array([1.0]), at=NOW)))
    submodel = live.submodel(QUALITY)
    assert submodel is not None
    before, first = submodel.etag(), shown(live, QUALITY, "Power")
    assert submodel.etag() == before
    clock.at += 1_000_000_000
    assert submodel.etag() != before
    assert shown(live, QUALITY, "Power")["Age"] == first["Age"] + 1


def test_the_shell_refers_to_quality_and_series_of_the_device() -> None:
    live, _, _ = running()
    referred = [each["keys"][0]["value"] for each in live.shells()[0].model["submodels"]]
    assert referred[-2:] == [QUALITY, SERIES]
    assert {each.id for each in live.submodels()} == set(referred)


def test_the_newest_records_group_what_was_sampled_at_the_same_instant() -> None:
    live, model, clock = running()
    live.on_records(records(batch(model.table, [0, 5], np.array([180.0, 7.5]), at=NOW)))
    live.on_records(records(batch(model.table, [0], np.array([181.0]), at=NOW + 10**9), first=2))
    found = shown(live, SERIES)["Segments"]["Recent"]
    assert found["RecordCount"] == 2
    assert found["Records"][f"R{NOW}"] == {
        "Time": "2025-11-24T16:00:00Z", "TemperatureLower": 180.0, "Power": 7.5,
    }  # fmt: skip
    clock.at += 2 * 10**9
    live.on_records(
        records(batch(model.table, [0], np.array([182.0]), at=NOW + 2 * 10**9), first=3)
    )
    assert shown(live, SERIES)["Segments"]["Recent"]["RecordCount"] == 3


def test_a_sample_that_is_not_good_says_so_and_a_bad_one_has_no_value() -> None:
    live, model, _ = running()
    live.on_records(records(batch(model.table, [5], np.array([9.0]), at=NOW, status=[BAD])))
    power = shown(live, SERIES, f"Segments.Recent.Records.R{NOW}.Power", "normal")
    assert "value" not in power
    assert power["qualifiers"][0]["value"] == "bad"


def test_linked_segments_name_the_query_route_and_both_placeholder_conventions() -> None:
    endpoint = "http://gw.example:8080/influx/api/v2/query?org=edge"
    live, _, _ = running(endpoint)
    segments = shown(live, SERIES)["Segments"]
    assert segments["LinkedSegment_Range"]["Endpoint"] == endpoint
    assert "v.timeRangeStart" in segments["LinkedSegment_Range"]["Query"]
    last = segments["LinkedSegment_LastHour_Power"]["Query"]
    assert "range(start: -1h)" in last
    assert 'r["_field"] == "Power"' in last
    assert "LinkedSegment_LastHour_State" not in segments


def test_variables_are_leaves_and_longer_only_where_two_would_be_the_same() -> None:
    signals = [signal(0, "A.Temp"), signal(1, "B.Temp"), signal(2, "Speed"), signal(3, "Time")]
    named = variables(signals)
    assert list(named) == ["A_Temp", "B_Temp", "Speed", "OperationalData_Time"]
    assert len(set(named)) == 4
    assert not is_number(signal(0, "State", value_type="xs:string"))


async def test_a_first_request_compiles_quality_once_and_away_from_the_event_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live, model, _ = running()
    live.on_records(records(batch(model.table, [5], np.array([7.5]), at=NOW)))
    threads: list[int] = []

    class Watched(Fragments):
        def __init__(self, *given: Any) -> None:
            threads.append(threading.get_ident())
            super().__init__(*given)

    monkeypatch.setattr(live_submodel, "Fragments", Watched)
    quality = live.submodel(QUALITY)
    assert quality is not None
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(quality.prepare())
    body = quality.render("", "value")
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()
    unprepared = running()[0]
    unprepared.on_records(records(batch(model.table, [5], np.array([7.5]), at=NOW)))
    assert shown(unprepared, QUALITY) == json.loads(body)


def test_what_is_held_for_the_newest_records_is_bounded() -> None:
    model, recent = press(), Recent()
    for place in range(1_000):
        recent.take(NO_SLOTS, batch(model.table, [0], np.array([float(place)]), at=place))
    found = recent.records(variables(model.table.signals))
    assert len(found) == RECORDS_MAX
    assert found[-1].time == 999
    assert found[0].time < found[1].time


def test_an_edit_of_the_device_keeps_its_newest_records() -> None:
    live, model, clock = running()
    live.on_records(records(batch(model.table, [5], np.array([7.5]), at=NOW)))
    live.set_models([following(asset_model([signal(0, "Power", unit="kW")]))])
    clock.at += 10**9
    assert shown(live, SERIES)["Segments"]["Recent"]["RecordCount"] == 1


def test_export_has_quality_and_series_without_a_running_gateway() -> None:
    environment = build_environment([following(press())])
    by_name = {part.model["idShort"]: part.model for part in environment.submodels}
    assert {"OperationalDataQuality", "TimeSeries"} <= set(by_name)
    names = [each["idShort"] for each in by_name["TimeSeries"]["submodelElements"]]
    assert names == ["Metadata"]  # no record, no segment: and no empty collection instead


def test_the_csv_of_an_external_segment_has_the_variables_as_its_header() -> None:
    model, recent = press(), Recent()
    recent.take(NO_SLOTS, batch(model.table, [0], np.array([1.5]), at=NOW))
    named = variables(model.table.signals)
    found = recent.records(named)
    lines = records_csv(list(named), found).decode().split("\r\n")
    assert lines[0].startswith("Time,TemperatureLower,")
    assert lines[1].startswith("2025-11-24T16:00:00Z,1.5,")
    segment = external_segment("Export", "/aasx/files/press-01.csv", found)
    assert [each["idShort"] for each in segment["value"][-2:]] == ["File", "Data"]


def test_an_export_takes_the_records_of_the_running_service_whole() -> None:
    live, model, _ = running()
    live.on_records(records(batch(model.table, [5], np.array([7.5]), at=NOW)))
    whole = live.submodel(SERIES)
    assert whole is not None
    document = filled(build_environment([model]), live.readings(), {SERIES: whole.document()})
    made = next(each for each in document["submodels"] if each["id"] == SERIES)
    assert f"R{NOW}" in json.dumps(made)
    assert len(to_basyx(document)) == 1 + 5 + 3


def test_histories_of_variables_become_records_with_what_there_was_at_each_instant() -> None:
    found = merged_records({"Power": [(1_000, 1.5), (3_000, None)], "State": [(1_000, "a,b")]})
    assert [record.time for record in found] == [1_000]
    assert records_csv(["Power", "State"], found).decode().split("\r\n")[1] == (
        '1970-01-01T00:00:00.000001Z,1.5,"a,b"'
    )
