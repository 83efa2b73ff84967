from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aas_models.live import LiveValues
from aas_models.live.newest import WAITING_MAX
from aas_models.served import ServedSubmodel
from gateway.core.errors import AasError
from gateway.core.records import Gap, GapReason, Record
from gateway.core.types import BAD, UNCERTAIN, Offset, UnixNs
from tests.unit.aas.parts import asset_model, batch, press, records, signal, submodel_id

OPERATIONAL = submodel_id("press-01", "OperationalData")


def operational(live: LiveValues, device: str = "press-01") -> ServedSubmodel:
    found = live.submodel(submodel_id(device, "OperationalData"))
    assert found is not None
    return found


def shown(live: LiveValues, path: str = "", form: str = "value", *, deep: bool = True) -> Any:
    return orjson.loads(operational(live).render(path, form, deep=deep))


def prop(live: LiveValues, path: str) -> dict[str, Any]:
    made: dict[str, Any] = shown(live, path, "normal")
    return made


def filled() -> LiveValues:
    model = press()
    live = LiveValues([model])
    live.on_records(
        records(
            batch(model.table, [0, 1, 5], np.array([179.9, 182.4, 12.5])),
            batch(model.table, [3], np.array([41], np.int32)),
            batch(model.table, [2, 4], ["run", True]),
        )
    )
    return live


def test_values_of_all_types_are_shown_by_path() -> None:
    assert shown(filled()) == {
        "Mold": {"TemperatureLower": 179.9, "TemperatureUpper": 182.4},
        "State": "run",
        "Count": 41,
        "Running": True,
        "Power": 12.5,
    }


def test_the_normal_form_carries_xsd_text() -> None:
    live = filled()
    assert prop(live, "Mold.TemperatureLower")["value"] == "179.9"
    assert prop(live, "Running")["value"] == "true"
    assert prop(live, "Count")["valueType"] == "xs:long"


def test_whole_group_and_element_are_the_same_bytes_as_their_part_of_the_whole() -> None:
    live = filled()
    whole = operational(live).render("", "normal")
    for path in ("Mold", "Mold.TemperatureLower", "State"):
        assert operational(live).render(path, "normal") in whole


def test_before_the_first_value_a_property_has_none() -> None:
    live = LiveValues([press()])
    assert shown(live) == {"Mold": {}}
    assert "value" not in prop(live, "State")
    assert operational(live).render("State", "value") == b"null"


def test_a_bad_sample_has_no_value_and_never_the_one_before() -> None:
    live, model = filled(), press()
    live.on_records(records(batch(model.table, [0], np.array([0.0]), status=[BAD])))
    assert "TemperatureLower" not in shown(live)["Mold"]
    assert "value" not in prop(live, "Mold.TemperatureLower")
    live.on_records(records(batch(model.table, [0], np.array([5.0]), status=[UNCERTAIN])))
    assert shown(live)["Mold"]["TemperatureLower"] == 5.0


@pytest.mark.parametrize(("first", "second", "expected"), [(BAD, 0, 2.0), (0, BAD, None)])
def test_of_two_samples_in_one_batch_the_last_one_counts(
    first: int, second: int, expected: float | None
) -> None:
    model = press()
    live = LiveValues([model])
    both = batch(model.table, [5, 5], np.array([1.0, 2.0]), status=[first, second])
    live.on_records(records(both))
    assert shown(live).get("Power") == expected


def test_not_a_number_is_written_as_xsd_says() -> None:
    model = press()
    live = LiveValues([model])
    live.on_records(records(batch(model.table, [0, 1, 5], np.array([np.nan, np.inf, -np.inf]))))
    assert shown(live) == {
        "Mold": {"TemperatureLower": "NaN", "TemperatureUpper": "INF"},
        "Power": "-INF",
    }
    assert prop(live, "Power")["value"] == "-INF"


def test_core_shows_direct_children_and_empty_containers() -> None:
    live = filled()
    assert shown(live, deep=False)["Mold"] == {}
    core = shown(live, form="normal", deep=False)
    by_name = {each["idShort"]: each for each in core["submodelElements"]}
    assert "value" not in by_name["Mold"]
    assert by_name["State"]["value"] == "run"


def test_metadata_reference_and_paths_are_constant() -> None:
    live = filled()
    assert "submodelElements" not in shown(live, form="metadata")
    assert "value" not in shown(live, "Mold", "metadata")
    assert shown(live, "Mold.TemperatureLower", "reference")["keys"] == [
        {"type": "Submodel", "value": OPERATIONAL},
        {"type": "SubmodelElementCollection", "value": "Mold"},
        {"type": "Property", "value": "TemperatureLower"},
    ]
    assert shown(live, "Mold", "path") == [
        "Mold", "Mold.TemperatureLower", "Mold.TemperatureUpper",
    ]  # fmt: skip


def test_a_path_that_is_not_there_is_told() -> None:
    with pytest.raises(AasError) as caught:
        operational(filled()).render("Mold.Pressure", "value")
    assert caught.value.reason == "not-found"


def test_the_entity_tag_changes_with_a_value_of_this_submodel_only() -> None:
    first, second = press("press-01"), press("press-02")
    live = LiveValues([first, second])
    before = operational(live).etag()
    live.on_records(records(batch(second.table, [5], np.array([1.0]))))
    assert operational(live).etag() == before
    live.on_records(records(batch(first.table, [5], np.array([1.0]))))
    assert operational(live).etag() != before


def test_other_records_and_unknown_devices_change_nothing() -> None:
    live = filled()
    before = shown(live)
    gap = Gap("press-01", UnixNs(1), UnixNs(2), GapReason.DISCONNECTED)
    stranger = asset_model([signal(0, "Count", device="other")], device="other")
    live.on_records(
        [
            Record(Offset(9), gap),
            *records(batch(stranger.table, [0], np.array([1.0]))),
        ]
    )
    assert shown(live) == before


def test_a_type_that_the_first_value_showed_is_taken_over() -> None:
    model = asset_model([signal(0, "Count", value_type=None, unit="kg"), signal(1, "Other")])
    live = LiveValues([model])
    assert prop(live, "Count")["valueType"] == "xs:string"
    tag = operational(live).etag()
    typed = model.table.with_types({0: "xs:long"})
    live.on_records(records(batch(typed, [0], np.array([7], np.int64))))
    assert prop(live, "Count") | {"valueType": "xs:long", "value": "7"} == prop(live, "Count")
    assert shown(live)["Count"] == 7
    assert operational(live).etag() != tag
    concepts = [orjson.loads(each.body) for each in live.concept_descriptions()]
    content = concepts[0]["embeddedDataSpecifications"][0]["dataSpecificationContent"]
    assert content["dataType"] == "INTEGER_MEASURE"


def test_after_a_reload_unchanged_signals_keep_their_values_wherever_they_stand() -> None:
    live = filled()
    changed = asset_model(
        [
            signal(0, "Pressure"),
            signal(1, "State", name="가동상태", value_type="xs:string"),
            signal(2, "Mold.TemperatureLower", name="금형온도_하", unit="degC"),
        ]
    )
    live.set_models([changed])
    assert shown(live) == {"State": "run", "Mold": {"TemperatureLower": 179.9}}


def test_batches_of_the_table_before_a_reload_still_find_their_place() -> None:
    old = press()
    live = LiveValues([old])
    live.set_models([asset_model([signal(0, "Power", unit="kW"), signal(1, "New")])])
    late = batch(old.table, [0, 5], np.array([1.0, 7.5]))
    live.on_records(records(late))
    assert shown(live) == {"Power": 7.5}


def test_rows_follow_changes_and_patterns() -> None:
    live, model = filled(), press()
    assert {row.signal.element for row in live.rows(match="press-01/*온도*")} == {
        "Mold.TemperatureLower", "Mold.TemperatureUpper",
    }  # fmt: skip
    version = live.version
    assert list(live.rows(since=version)) == []
    changed = batch(model.table, [3], np.array([42]), raw=np.array([420]), at=9)
    live.on_records(records(changed, first=8))
    (row,) = live.rows(since=version)
    assert (row.value, row.raw, row.offset, row.time) == (42, 420, 8, 9)


def test_a_raw_value_does_not_outlive_its_sample() -> None:
    model = press()
    live = LiveValues([model])
    live.on_records(records(batch(model.table, [3], np.array([42]), raw=np.array([420]))))
    live.on_records(records(batch(model.table, [3], np.array([43]))))
    (row,) = live.rows()
    assert (row.value, row.raw) == (43, 43)


PLACES = st.lists(
    st.tuples(st.integers(0, 5), st.floats(allow_nan=False, allow_infinity=False)), max_size=30
)


@settings(max_examples=50, deadline=None)
@given(st.lists(PLACES, max_size=5))
def test_whatever_comes_the_last_value_of_each_signal_is_shown(
    batches: list[list[tuple[int, float]]],
) -> None:
    names = ["A0", "A1", "Gr.B0", "Gr.B1", "Gr.Hi.C0", "D0"]
    model = asset_model([signal(place, name) for place, name in enumerate(names)])
    live = LiveValues([model])
    expected: dict[str, float] = {}
    for pairs in batches:
        if pairs:
            indices, values = zip(*pairs, strict=True)
            live.on_records(records(batch(model.table, indices, np.array(values))))
            expected |= {names[index]: value for index, value in pairs}
        shown(live)
    for name in names:
        token = operational(live).render(name, "value")
        assert orjson.loads(token) == expected.get(name)
    readings = live.readings()
    for name in names:
        text = readings[OPERATIONAL, name].value
        assert (None if text is None else float(text)) == expected.get(name)


SAMPLES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(-5, 5), st.sampled_from([0, UNCERTAIN, BAD])),
    min_size=1,
    max_size=6,
)
FORMS = st.sampled_from(["float", "int", "list", "status", "raw"])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(SAMPLES, FORMS), max_size=8))
def test_batches_that_waited_together_leave_what_they_leave_one_by_one(
    given: list[tuple[list[tuple[int, int, int]], str]],
) -> None:
    model = asset_model([signal(place, f"A{place}", value_type=None) for place in range(3)])
    together, alone = LiveValues([model]), LiveValues([model])
    made = []
    for at, (samples, form) in enumerate(given, 1):
        indices, numbers, status = zip(*samples, strict=True)
        values = np.array(numbers, np.int64 if form == "int" else np.float64)
        made.append(
            batch(
                model.table,
                indices,
                values.tolist() if form == "list" else values,
                at=at,
                status=status if form == "status" else None,
                raw=values * 10 if form == "raw" else None,
            )
        )
    together.on_records(records(*made))
    for record in records(*made):
        alone.on_records([record])
        assert alone.version >= 0  # looking stores what waits
    kept = [
        [(r.signal.name, r.value, r.raw, r.status, r.time, r.received, r.offset) for r in rows]
        for rows in (together.rows(), alone.rows())
    ]
    assert kept[0] == kept[1]


def test_what_waits_is_bounded_though_nobody_looks() -> None:
    model = press()
    live = LiveValues([model])
    one = batch(model.table, [5], np.array([1.0]))
    for _ in range(10 * WAITING_MAX):
        live.on_records(records(one))
        assert len(live.values._waiting) < WAITING_MAX


def test_a_signal_that_was_left_out_of_its_submodel_may_show_its_type_and_value() -> None:
    model = asset_model(
        [
            signal(0, "온도", value_type=None),
            signal(1, "Count", value_type=None),
            signal(2, "Count.Deeper", value_type=None),
        ]
    )
    live = LiveValues([model])
    typed = model.table.with_types(dict.fromkeys(range(3), "xs:long"))
    live.on_records(records(batch(typed, [0, 1, 2], np.array([1, 2, 3]))))
    assert shown(live) == {"Count": 2}
    assert [row.signal.element for row in live.rows()] == ["Count"]


def test_a_reload_never_gives_a_signal_the_value_of_another_one() -> None:
    """Signals without a place share one slot; nothing may come out of it again."""
    before = asset_model([signal(0, "Mold"), signal(1, "Mold.Lower"), signal(2, "습도")])
    live = LiveValues([before])
    live.on_records(records(batch(before.table, [0, 1, 2], np.array([1.0, 2.0, 3.0]))))
    live.set_models([asset_model([signal(0, "Mold.Lower")])])
    assert shown(live) == {"Mold": {}}


def test_a_value_in_the_unit_before_an_edit_is_not_shown_in_the_new_one() -> None:
    before = asset_model([signal(0, "Power", unit="W")])
    live = LiveValues([before])
    live.on_records(records(batch(before.table, [0], np.array([3000.0]))))
    live.set_models([asset_model([signal(0, "Power", unit="kW")])])
    assert shown(live) == {}
    live.on_records(records(batch(before.table, [0], np.array([4000.0]))))
    assert shown(live) == {}, "a late value in the old unit"
