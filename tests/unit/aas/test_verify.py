from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from aas_models.elements import Json
from aas_models.export import rendered
from aas_models.verify import judges
from aas_models.verify.fetching import fetch_environment
from aas_models.verify.findings import Finding, Subject
from aas_models.verify.html import Made, report
from aas_models.verify.structure import structure
from aas_models.verify.verify import verify_document, verify_file
from aas_models.verify.waivers import bundled_waivers, read_waivers
from gateway.core.errors import AasError
from tests.unit.aas.kosmo_cases import CASES, NAMES, ROOT, needs_cases

OF_A_CATEGORY = "engines-data-type-of-a-category"
JUDGED = not judges.missing_packages()
needs_judges = pytest.mark.skipif(not JUDGED, reason="the extra `verify` is not installed")


def environment(**more: Any) -> Json:
    return {
        "assetAdministrationShells": [
            {
                "modelType": "AssetAdministrationShell",
                "id": "urn:press",
                "idShort": "Press",
                "assetInformation": {"assetKind": "Instance", "globalAssetId": "urn:asset"},
                "submodels": [
                    {
                        "type": "ModelReference",
                        "keys": [{"type": "Submodel", "value": "urn:data"}],
                    }
                ],
            }
        ],
        "submodels": [
            {
                "modelType": "Submodel",
                "id": "urn:data",
                "idShort": "Data",
                "submodelElements": [
                    {
                        "modelType": "Property",
                        "idShort": "Temp",
                        "valueType": "xs:double",
                        "value": "1.5",
                        **more,
                    }
                ],
            }
        ],
    }


def judged(document: Json, metamodel: Any = "auto") -> Subject:
    return verify_document("test", document, bundled_waivers(), metamodel)


@needs_judges
def test_a_sound_model_passes_all_judges_as_json_and_as_package(tmp_path: Path) -> None:
    found = judged(environment())
    assert found.ok
    assert found.findings == ()
    assert found.judges == ("engines", "core-3.0", "core-3.1", "structure", "template")
    path = tmp_path / "press.aasx"
    path.write_bytes(rendered(environment(), "aasx"))
    package = verify_file(path, bundled_waivers())
    assert [each for each in package.findings if each.counts] == []
    assert package.judges == ("package", "core-3.1", "engines", "template")
    assert package.counts["elements"] == 1


@needs_judges
def test_both_judges_object_to_a_value_of_another_type() -> None:
    found = judged(environment(value="warm"))
    assert not found.ok
    assert {each.judge for each in found.findings if each.counts} == {
        "engines", "core-3.0", "core-3.1",
    }  # fmt: skip


@needs_judges
def test_every_judges_place_is_named_as_people_know_it() -> None:
    found = judged(environment(value="warm"))
    assert {each.element for each in found.findings} == {"Data.Temp"}
    assert len({each.where for each in found.findings}) > 1


@needs_judges
def test_constraints_are_named() -> None:
    document = environment()
    del document["assetAdministrationShells"][0]["assetInformation"]["globalAssetId"]
    assert {each.code for each in judged(document).findings if each.counts} == {"AASd-131"}


@needs_judges
def test_one_metamodel_can_be_asked_for() -> None:
    assert judged(environment(), "3.1").judges == ("core-3.1", "structure", "template")
    assert judged(environment(), "3.0").metamodel == "3.0"


def wrong(document: Any) -> set[tuple[str, str]]:
    return {(each.where, each.message) for each in structure(document)}


def test_structure_names_members_that_are_unknown_missing_empty_or_of_another_kind() -> None:
    assert wrong(environment()) == set()
    place = "/submodels/0/submodelElements/0"
    assert wrong(environment(colour="red")) == {(place, "colour is no member of Property")}
    assert wrong(environment(qualifiers=[])) == {(f"{place}/qualifiers", "is an empty array")}
    assert wrong(environment(value=1.5)) == {(f"{place}/value", "is no text")}
    assert wrong(environment(valueType="xs:real")) == {
        (f"{place}/valueType", "'xs:real' is none of DataTypeDefXsd")
    }
    document = environment()
    del document["submodels"][0]["id"]
    assert wrong(document) == {("/submodels/0", "id is missing (Submodel)")}


@needs_judges
def test_a_template_of_idta_is_held_against_its_instance() -> None:
    document = environment()
    document["submodels"][0]["semanticId"] = {
        "type": "ExternalReference",
        "keys": [
            {
                "type": "GlobalReference",
                "value": "https://admin-shell.io/idta/nameplate/3/0/Nameplate",
            }
        ],
    }
    said = {each.message for each in judged(document).of("template")}
    assert "Data: ManufacturerName is mandatory and missing" in said


@needs_judges
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "document type"),
        (b'<x xmlns="http://www.admin-shell.io/aas/2/0"/>', "no judge"),
        (b"PK\x03\x04 not a package", ""),
    ],
)
def test_what_cannot_be_judged_never_passes(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    found = verify_file(path, bundled_waivers())
    assert not found.ok
    assert words in " ".join(each.message for each in found.findings)


@needs_judges
def test_a_package_without_a_model_fails(tmp_path: Path) -> None:
    path = tmp_path / "empty.aasx"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("readme.txt", "nothing")
    path.write_bytes(out.getvalue())
    assert not verify_file(path, bundled_waivers()).ok


@needs_judges
def test_a_judge_that_fails_itself_is_an_objection(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Any) -> list[Finding]:
        raise AttributeError("id_short_path")

    monkeypatch.setattr("aas_models.verify.verify.engines_json", broken)
    found = judged(environment())
    assert [each.message for each in found.findings if each.counts] == [
        "the judge itself failed: AttributeError: id_short_path"
    ]


WAIVER = {
    "id": "warm",
    "judge": "engines",
    "message": "Value 'warm' is not a 'xs:double'",
    "where": ".*submodel_elements/0",
    "reason": {"ko": "이유", "en": "reason"},
}


@needs_judges
def test_a_waiver_covers_its_judge_alone_and_stays_visible() -> None:
    waivers = read_waivers(json.dumps({"waivers": [WAIVER]}).encode())
    found = verify_document("test", environment(value="warm"), waivers)
    assert {each.judge for each in found.findings if each.waived_by} == {"engines"}
    assert {each.judge for each in found.findings if each.counts} == {"core-3.0", "core-3.1"}
    page = report([found], waivers, Made("now", "1"), "en")
    assert "reason" in page
    only_3_1 = read_waivers(json.dumps({"waivers": [{**WAIVER, "metamodels": ["3.1"]}]}).encode())
    again = verify_document("test", environment(value="warm"), only_3_1)
    assert not any(each.waived_by for each in again.findings)


def test_every_bundled_waiver_says_why_in_both_languages() -> None:
    assert bundled_waivers()
    for waiver in bundled_waivers():
        assert waiver.message.pattern not in {"", ".*"}
        assert all(len(waiver.reason[code]) > 40 for code in ("ko", "en"))
    with pytest.raises(AasError):
        read_waivers(b'{"waivers": [{"id": "x"}]}')


class Pages:
    """An API with 250 submodels in pages."""

    def __init__(self, *, twice: bool = False) -> None:
        self.twice = twice
        self.asked: list[str] = []

    def get(self, path: str, query: Mapping[str, str | int | None]) -> Any:
        self.asked.append(path)
        if path != "/submodels":
            return {"paging_metadata": {}, "result": []}
        start, limit = int(query["cursor"] or 0), int(query["limit"] or 0)
        items = [{"id": f"urn:{place}"} for place in range(start, min(start + limit, 250))]
        if self.twice and start:
            items.append({"id": "urn:0"})
        more = {"cursor": str(start + limit)} if start + limit < 250 else {}
        return {"paging_metadata": more, "result": items}


def test_all_pages_of_an_api_are_fetched() -> None:
    pages = Pages()
    document, findings = fetch_environment(pages.get)
    assert [item["id"] for item in document["submodels"]] == [f"urn:{i}" for i in range(250)]
    assert "assetAdministrationShells" not in document
    assert findings == []
    assert pages.asked.count("/submodels") == 3
    _, findings = fetch_environment(Pages(twice=True).get)
    assert {each.message for each in findings} == {"urn:0 stands on two pages"}


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_page_is_static_closed_and_escaped(language: str) -> None:
    counts = dict.fromkeys(
        ("assetAdministrationShells", "submodels", "conceptDescriptions", "elements"), 1
    )
    evil = Finding("engines", "error", "<img src=x>", "<script>alert(1)</script>")
    subject = Subject("<b>name", "3.0", counts, ("engines",), (evil,) * 7)
    page = report([subject], (), Made("2026-11-26", "1.0"), language)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.seen.isdisjoint({"script", "img", "link", "iframe", "b"})
    assert re.search(r"(src|href)=", page.replace("&lt;img src=x&gt;", "")) is None
    assert f'lang="{language}"' in page


@pytest.mark.reference
@needs_cases
@needs_judges
@pytest.mark.parametrize("case", [name for name in NAMES if name != "e-300"])
def test_the_reference_environments_pass(case: str) -> None:
    found = verify_file(CASES / case / "environment.aas.xml", bundled_waivers())
    assert [each for each in found.findings if each.counts] == []


@pytest.mark.reference
@needs_cases
@needs_judges
def test_official_files_show_what_waivers_are_for() -> None:
    found = verify_file(ROOT / "idta" / "aid-1.1" / "template.aasx", bundled_waivers())
    assert found.ok
    used = {each.waived_by for each in found.findings}
    assert used == {waiver.id for waiver in bundled_waivers()} - {OF_A_CATEGORY}


@needs_judges
def test_a_concept_with_a_category_is_judged_by_the_other_judge_alone() -> None:
    content = {
        "modelType": "DataSpecificationIec61360",
        "preferredName": [{"language": "en", "text": "Temperature"}],
        "definition": [{"language": "en", "text": "How warm it is."}],
        "dataType": "STRING",
    }
    template = "https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3/0"
    reference = {
        "type": "ExternalReference",
        "keys": [{"type": "GlobalReference", "value": template}],
    }
    specification = {"dataSpecification": reference, "dataSpecificationContent": content}
    concept = {
        "modelType": "ConceptDescription",
        "id": "urn:temperature",
        "category": "PROPERTY",
        "embeddedDataSpecifications": [specification],
    }
    found = verify_document("test", {"conceptDescriptions": [concept]}, bundled_waivers(), "3.0")
    assert found.ok, [each for each in found.findings if each.waived_by is None]
    assert OF_A_CATEGORY in {each.waived_by for each in found.findings}
