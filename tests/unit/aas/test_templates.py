"""Our submodels have what the templates demand, as far as it is known; the checker sees it."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest

from aas_models.environment import build_environment
from aas_models.submodels.gateway_own import OwnIdentity, software_nameplate
from aas_models.submodels.time_series import Entry, Linked, Shape, TimeRecord, time_series
from aas_models.templates.check import STATED_BY, check
from aas_models.templates.rules import Rule, bundled, bundled_for, rules_of, table_names
from aas_models.verify.verify import verify_document
from aas_models.verify.waivers import bundled_waivers
from gateway.core.assets import Address, AssetInfo, LocalName
from gateway.core.errors import AasError
from tests.unit.aas.parts import asset_model, press, signal, submodel_id

ROOT = Path(__file__).parents[3]
REFERENCE = Path(os.environ.get("GATEWAY_REFERENCE_DATA", ROOT.parent / "shared" / "reference"))
FILES = {
    "Nameplate 3.0": "digital-nameplate-3.0/template-3.0.1.json",
    "TechnicalData 2.0": "technical-data-2.0/template-2.0.1.json",
    "TimeSeries 1.1": "time-series-1.1/template.json",
    "AssetInterfacesDescription 1.1": "aid-1.1/template.json",
    "AssetInterfacesMappingConfiguration 2.0": "aimc-2.0/template.json",
}
reference = pytest.mark.reference


def template(name: str) -> Rule:
    path = REFERENCE / "idta" / FILES[name]
    if not path.exists():
        pytest.skip("the reference data are not here")
    return rules_of(json.loads(path.read_text("utf-8-sig")))


def full_info() -> AssetInfo:
    both = LocalName("가", "a")
    return AssetInfo(
        "press-01", "urn:x:aas", "urn:x:asset", both, both, "HP-300", "71", 2019,
        "https://hanil.example/hp-300", Address(both, "15434", both, "KR", "+82", "a@b.example"),
        both, "K", "300", "2019-05-21", "KR", "1", "2", "3", "KR-ANSAN-2",
    )  # fmt: skip


def series() -> dict[str, Any]:
    model = asset_model([signal(0, "Mold.Temperature", unit="degC"), signal(1, "Count")])
    records = [
        TimeRecord(1_000_000_000, (Entry("Temperature", "1.5"), Entry("Count", None, "bad"))),
        TimeRecord(2_000_000_000, (Entry("Temperature", "1.6"),)),
    ]
    linked = Linked("http://127.0.0.1:1/influx/api/v2/query?org=x", "press-01")
    return time_series("urn:x:ts", Shape(model), records, linked)


def own(name: str) -> dict[str, Any]:
    """Give one of our instances with everything that we can fill."""
    if name == "TimeSeries 1.1":
        return series()
    model = asset_model([signal(0, "Count")], info=full_info())
    wanted = {"Nameplate 3.0": "Nameplate", "TechnicalData 2.0": "TechnicalData"}[name]
    parts = build_environment([model]).submodels
    return next(part.model for part in parts if part.model["idShort"] == wanted)


@reference
@pytest.mark.parametrize("name", ["Nameplate 3.0", "TechnicalData 2.0", "TimeSeries 1.1"])
def test_our_instance_has_the_cardinalities_kinds_and_ids_of_the_official_template(
    name: str,
) -> None:
    assert [issue.text() for issue in check(own(name), template(name))] == []


@reference
@pytest.mark.parametrize("name", FILES)
def test_the_bundled_table_says_what_the_official_file_says(name: str) -> None:
    assert bundled(name) == template(name)


def test_what_is_left_out_because_nobody_stated_it_is_named_with_the_key_that_states_it() -> None:
    info = AssetInfo("press-01", "urn:x:aas", "urn:x:asset")
    parts = build_environment([asset_model([signal(0, "Count")], info=info)]).submodels
    plate = next(part.model for part in parts if part.model["idShort"] == "Nameplate")
    found = check(plate, bundled("Nameplate 3.0"))
    assert {each.code for each in found} == {"unstated"}
    assert {(each.expected, each.found) for each in found} == {
        ("ManufacturerName", "asset.maker"), ("ManufacturerProductDesignation", "asset.model"),
        ("AddressInformation", "asset.address"), ("OrderCodeOfManufacturer", "asset.order_code"),
    }  # fmt: skip
    assert found[0].text("en") != found[0].text("ko")


def test_a_hint_is_no_objection_and_another_missing_element_is_one() -> None:
    info = AssetInfo("press-01", "urn:x:aas", "urn:x:asset")
    document = build_environment([asset_model([signal(0, "Count")], info=info)]).as_json()
    told = verify_document("bare", document, bundled_waivers()).findings
    assert {each.code for each in told if each.judge == "template"} == {"unstated"}
    assert not [each for each in told if each.judge == "template" and each.counts]
    broken = copy.deepcopy(series())
    broken["submodelElements"][0]["value"].pop()
    told = verify_document("broken", {"submodels": [broken]}, bundled_waivers()).findings
    assert [each.code for each in told if each.judge == "template" and each.counts] == ["missing"]


@pytest.mark.parametrize("place", STATED_BY)
def test_what_may_be_left_out_is_what_a_template_demands(place: str) -> None:
    submodel, *path = place.split(".")
    rule = next(bundled(name) for name in table_names() if name.startswith(f"{submodel} "))
    for step in path:
        rule = next(each for each in rule.children if each.id_short == step)
        assert rule.low >= 1


def test_the_software_nameplate_has_the_structure_of_its_template() -> None:
    identity = OwnIdentity("edge", "urn:a", "urn:b", {"SoftwareNameplate": "urn:c"}, "0.1.0")
    made = software_nameplate(identity)
    assert check(made, bundled("SoftwareNameplate 1.0")) == []
    assert bundled_for(made) == bundled("SoftwareNameplate 1.0")


def test_a_missing_mandatory_element_is_named_with_its_place() -> None:
    made = copy.deepcopy(series())
    made["submodelElements"][0]["value"] = made["submodelElements"][0]["value"][:1]
    found = check(made, bundled("TimeSeries 1.1"))
    assert [(each.path, each.code, each.expected) for each in found] == [
        ("TimeSeries.Metadata", "missing", "Record")
    ]
    assert "Record" in found[0].text("ko")
    assert "필수" in found[0].text("ko")


def test_another_kind_meaning_or_value_type_is_reported() -> None:
    plate = copy.deepcopy(own("Nameplate 3.0"))
    by_name = {each["idShort"]: each for each in plate["submodelElements"]}
    by_name["SerialNumber"]["valueType"] = "xs:int"
    by_name["URIOfTheProduct"]["semanticId"]["keys"][0]["value"] = "urn:other"
    by_name["ManufacturerName"]["modelType"] = "Property"
    found = {(each.path, each.code) for each in check(plate, bundled("Nameplate 3.0"))}
    assert found == {
        ("Nameplate.SerialNumber", "value-type"),
        ("Nameplate.URIOfTheProduct", "semantic-id"),
        ("Nameplate.ManufacturerName", "kind"),
    }


def test_twice_what_may_be_there_once_is_too_many() -> None:
    made = copy.deepcopy(series())
    made["submodelElements"].append(made["submodelElements"][0])
    assert "too-many" in {each.code for each in check(made, bundled("TimeSeries 1.1"))}


def test_a_file_without_a_submodel_is_no_template() -> None:
    with pytest.raises(AasError, match="no-template"):
        rules_of({"submodels": []})
    assert bundled_for({"modelType": "Submodel"}) is None
    assert len(table_names()) >= 9


def test_the_quality_submodel_and_series_come_only_where_they_have_an_id() -> None:
    parts = build_environment([press()]).submodels
    assert [part.model["idShort"] for part in parts] == [
        "Nameplate", "TechnicalData", "OperationalData",
    ]  # fmt: skip
    assert submodel_id("press-01", "TimeSeries") not in {part.id for part in parts}
