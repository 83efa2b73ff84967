from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from aas_models.concept_table import CONCEPTS
from aas_models.environment import Binding, Environment, build_environment
from aas_models.submodels.figures import Figures, figure_elements
from gateway.core.assets import AssetInfo
from tests.unit.aas.parts import BASE, asset_model, press, signal, submodel_id

ID_SHORT = "idShort"


def submodel_of(name: str) -> dict[str, Any]:
    environment = build_environment([press()])
    return next(part.model for part in environment.submodels if part.model[ID_SHORT] == name)


def child(model: dict[str, Any], *path: str) -> dict[str, Any]:
    for step in path:
        children = model.get("submodelElements") or model.get("value") or []
        model = next(each for each in children if each[ID_SHORT] == step)
    return model


def concept(identifier: str) -> dict[str, Any]:
    found = build_environment([press()]).concepts
    made = next(each for each in found if each["id"] == identifier)
    content: dict[str, Any] = made["embeddedDataSpecifications"][0]["dataSpecificationContent"]
    return content


def nothing_empty(value: Any) -> bool:
    if isinstance(value, dict):
        return all(part not in (None, {}) and nothing_empty(part) for part in value.values())
    if isinstance(value, list):
        return bool(value) and all(nothing_empty(part) for part in value)
    return value is not None


def test_each_device_becomes_a_shell_that_refers_to_its_submodels() -> None:
    environment = build_environment([press("press-01"), press("press-02")])
    assert [shell[ID_SHORT] for shell in environment.shells] == ["Press01", "Press02"]
    for shell, device in zip(environment.shells, ("press-01", "press-02"), strict=True):
        assert shell["id"] == f"{BASE}/aas/{device}"
        assert [reference["keys"][0]["value"] for reference in shell["submodels"]] == [
            submodel_id(device, name) for name in ("Nameplate", "TechnicalData", "OperationalData")
        ]
        assert shell["assetInformation"]["globalAssetId"] == f"{BASE}/asset/{device}"


def test_no_array_or_object_is_empty_and_no_member_is_null() -> None:
    assert nothing_empty(build_environment([press()]).as_json())


def test_an_element_path_becomes_nested_collections() -> None:
    operational = submodel_of("OperationalData")
    mold = child(operational, "Mold")
    assert mold["modelType"] == "SubmodelElementCollection"
    assert [each[ID_SHORT] for each in mold["value"]] == ["TemperatureLower", "TemperatureUpper"]
    assert child(mold, "TemperatureLower")["displayName"] == [
        {"language": "ko", "text": "금형온도 하"},
        {"language": "en", "text": "Mold temperature, lower"},
    ]


def test_live_properties_are_bound_to_their_signals_and_carry_no_value() -> None:
    part = build_environment([press()]).submodels[-1]
    assert set(part.bindings) == {
        "Mold.TemperatureLower", "Mold.TemperatureUpper", "State", "Count", "Running", "Power",
    }  # fmt: skip
    assert part.bindings["State"] == Binding("press-01", 2)
    assert "value" not in child(part.model, "State")


def test_nameplate_has_the_ids_of_version_3_and_what_was_stated() -> None:
    plate = submodel_of("Nameplate")
    assert plate["semanticId"]["keys"][0]["value"] == (
        "https://admin-shell.io/idta/nameplate/3/0/Nameplate"
    )
    for name in ("URIOfTheProduct", "ManufacturerName", "ManufacturerProductDesignation"):
        assert child(plate, name)
    assert child(plate, "SerialNumber")["value"] == "HP-300-0071"
    assert child(plate, "YearOfConstruction")["value"] == "2019"


def bare() -> Environment:
    """Everything that a device may have, of which nothing but one tag is known."""
    info = AssetInfo("press-01", "urn:x:aas", "urn:x:asset")
    made = asset_model([signal(0, "Count")], info=info)
    more = {
        name: submodel_id("press-01", name) for name in ("OperationalDataQuality", "TimeSeries")
    }
    return build_environment([replace(made, ids={**made.ids, **more})])


def collections(element: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for each in (*element.get("submodelElements", ()), *(element.get("value") or ())):
        if isinstance(each, dict) and "modelType" in each:
            below = f"{path}.{each.get(ID_SHORT)}"
            if each["modelType"].startswith("SubmodelElement"):
                yield below, each
            yield from collections(each, below)


def test_what_nobody_stated_is_left_out_and_no_collection_is_empty() -> None:
    parts = {part.model[ID_SHORT]: part.model for part in bare().submodels}
    plate = parts["Nameplate"]
    assert [each[ID_SHORT] for each in plate["submodelElements"]] == ["URIOfTheProduct"]
    assert "TechnicalData" not in parts
    assert {"OperationalData", "OperationalDataQuality", "TimeSeries"} <= parts.keys()
    found = [place for part in parts.values() for place in collections(part)]
    assert found
    assert [path for path, each in found if not each.get("value")] == []


def test_a_tree_of_figures_of_which_none_is_known_is_left_out() -> None:
    inner: Figures = {"Known": 1, "Empty": {"Unknown": None}}
    figures: Figures = {"Unknown": None, "Empty": {"Unknown": None}, "Tree": inner}
    made = figure_elements(figures, "Test", {})
    assert [each[ID_SHORT] for each in made] == ["Tree"]
    assert [each[ID_SHORT] for each in made[0]["value"]] == ["Known"]


def test_a_unit_of_the_table_is_described_with_its_dictionary_entry() -> None:
    made = build_environment([asset_model([signal(0, "Zeta", unit="degC")])]).concepts
    content = made[0]["embeddedDataSpecifications"][0]["dataSpecificationContent"]
    assert made[0]["id"] == f"{submodel_id('press-01', 'OperationalData')}/cd/Zeta"
    assert content["unit"] == "°C"
    assert content["unitId"]["keys"][0]["value"] == "http://qudt.org/vocab/unit/DEG_C"
    assert content["dataType"] == "REAL_MEASURE"


def test_a_tag_that_measures_a_common_quantity_has_its_concept_in_both_languages() -> None:
    found = concept(f"{CONCEPTS}/MoldTemperature/1/0")
    assert found["unit"] == "°C"
    assert {part["language"] for part in found["preferredName"]} == {"ko", "en"}
    assert {part["language"] for part in found["definition"]} == {"ko", "en"}
    mold = child(submodel_of("OperationalData"), "Mold")
    meant = {each["semanticId"]["keys"][0]["value"] for each in mold["value"]}
    assert meant == {f"{CONCEPTS}/MoldTemperature/1/0"}


def test_a_declared_semantic_id_names_the_concept_and_the_property() -> None:
    assert concept("0173-1#02-AAN411#004")["unit"] == "kW"
    power = child(submodel_of("OperationalData"), "Power")
    assert power["semanticId"]["keys"][0]["value"] == "0173-1#02-AAN411#004"


def test_the_same_meaning_in_another_unit_keeps_both_descriptions() -> None:
    model = asset_model(
        [
            signal(0, "PowerA", unit="kW", semantic_id="0173-1#02-AAN411#004"),
            signal(1, "PowerB", unit="W", semantic_id="0173-1#02-AAN411#004"),
        ]
    )
    environment = build_environment([model])
    assert len(environment.concepts) == 2
    second = child(environment.submodels[-1].model, "PowerB")
    own = second["supplementalSemanticIds"][0]["keys"][0]["value"]
    assert own in {each["id"] for each in environment.concepts}


def test_states_become_a_value_list() -> None:
    content = concept(f"{submodel_id('press-01', 'OperationalData')}/cd/State")
    pairs = content["valueList"]["valueReferencePairs"]
    assert [pair["value"] for pair in pairs] == ["stop", "run", "alarm"]


@pytest.mark.parametrize("element", ["온도", "a-b", "_x", "1st", "x", "Mold.온도", "a b"])
def test_one_bad_path_is_left_out_and_named_while_its_neighbours_stay(element: str) -> None:
    model = asset_model([signal(0, "Good"), signal(1, element, name="bad tag"), signal(2, "Fine")])
    environment = build_environment([model])
    assert set(environment.submodels[-1].bindings) == {"Good", "Fine"}
    assert [(each.signal, each.reason) for each in environment.problems] == [
        ("bad tag", "id-short")
    ]
    assert nothing_empty(environment.as_json())


def test_a_group_that_is_a_value_already_is_a_problem_of_the_second_tag_only() -> None:
    model = asset_model([signal(0, "Mold"), signal(1, "Mold.Temperature"), signal(2, "Count")])
    environment = build_environment([model])
    assert set(environment.submodels[-1].bindings) == {"Mold", "Count"}
    assert environment.problems[0].reason == "path-conflict"


def test_a_live_signal_may_fill_an_element_of_the_nameplate() -> None:
    model = asset_model([signal(0, "SerialNumber", submodel="Nameplate", value_type="xs:string")])
    plate = build_environment([model]).submodels[0]
    assert set(plate.bindings) == {"SerialNumber"}
    serial = child(plate.model, "SerialNumber")
    assert serial["semanticId"]["keys"][0]["value"] == "0112/2///61987#ABA951#009"
    assert "value" not in serial


def test_ids_below_a_urn_are_uuids_that_never_change() -> None:
    from aas_models.elements import derived_id

    base = "urn:uuid:12345678-1234-5678-1234-567812345678"
    made = derived_id(base, "cd", "Mold")
    assert made.startswith("urn:uuid:")
    assert made == derived_id(base, "cd", "Mold") != derived_id(base, "cd", "Moldx")


def test_every_concept_is_defined_in_english_as_its_data_specification_demands() -> None:
    found = build_environment([press()]).concepts
    for made in found:
        content = made["embeddedDataSpecifications"][0]["dataSpecificationContent"]
        assert "en" in {part["language"] for part in content["definition"]}, made["id"]
