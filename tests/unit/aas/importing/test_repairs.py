"""Every fault of the field is repaired, reported, and its original kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aas_models.importing import Imported, read_package, say
from aas_models.importing.report import ACTIONS, PROBLEMS
from gateway.core.errors import AasError
from tests.unit.aas.importing import judges
from tests.unit.aas.importing.parts import environment_xml, prop, submodel, submodel_xml


def read(document: Any) -> Imported:
    return read_package(json.dumps(document).encode(), "x.json")


def only(imported: Imported) -> dict[str, Any]:
    (element,) = imported.environment["submodels"][0]["submodelElements"]
    return dict(element)


def kept(element: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in element.get("extensions", ())}


def problems(imported: Imported) -> list[str]:
    return [each.problem for each in imported.repairs]


def valid(imported: Imported) -> bool:
    environment = imported.environment
    return judges.faults_3_1(environment) == [] and judges.faults_3_0(environment) == []


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("Max speed", "MaxSpeed"), ("1호기 온도", "Tag1hogiOndo"), ("X", "TagX"),
        ("금형", "Geumhyeong"),
        ("Type-a", "TypeA"), ("a.b[0]", "AB0"), ("'quoted', \"twice\"", "QuotedTwice"),
        ("°", "U737414BF"),
    ],
)  # fmt: skip
def test_an_id_short_becomes_a_valid_one_and_is_kept(given: str, made: str) -> None:
    xml = submodel_xml(
        f"<property><idShort>{given}</idShort><valueType>xs:int</valueType></property>"
    )
    imported = read_package(xml, "x.xml")
    element = only(imported)
    assert element["idShort"] == made
    assert kept(element) == {"originalIdShort": given}
    assert imported.repairs[0].path == f"submodels/Main/{element['idShort']}#idShort"
    assert valid(imported)


def test_siblings_of_one_name_are_told_apart_and_valid_names_stay() -> None:
    imported = read(submodel(prop("A B"), prop("AB"), prop("AB"), prop("A-B", value="x")))
    names = [each["idShort"] for each in imported.environment["submodels"][0]["submodelElements"]]
    assert names == ["AB_2", "AB", "AB_3", "A-B"]
    assert judges.faults_3_1(imported.environment) == []


def test_an_element_without_a_name_gets_one() -> None:
    imported = read(submodel({"modelType": "Range", "valueType": "xs:int"}))
    assert only(imported)["idShort"] == "Range_1"
    assert problems(imported) == ["id-short-missing"]


@pytest.mark.parametrize(
    ("value_type", "value", "made"),
    [
        ("xs:boolean", "TRUE", "true"), ("xs:int", "12.0", "12"), ("xs:int", " 7 ", "7"),
        ("xs:date", "2024. 3. 5", "2024-03-05"),
        ("xs:dateTime", "2024-03-05 10:20:30", "2024-03-05T10:20:30"),
        ("xs:double", "Infinity", "INF"), ("Double", "1.5", "1.5"), ("integer", "3", "3"),
    ],
)  # fmt: skip
def test_a_careless_value_is_written_as_its_type_asks(
    value_type: str, value: str, made: str
) -> None:
    imported = read(submodel(prop(valueType=value_type, value=value)))
    assert only(imported)["value"] == made
    assert valid(imported)


@pytest.mark.parametrize(
    ("value_type", "value"),
    [("xs:int", "about 5"), ("xs:boolean", "?"), ("xs:date", "2024-02-30"), ("xs:byte", "128")],
)
def test_a_value_of_another_type_goes_to_an_extension(value_type: str, value: str) -> None:
    imported = read(submodel(prop(valueType=value_type, value=value)))
    assert "value" not in only(imported)
    assert only(imported)["valueType"] == value_type
    assert kept(only(imported)) == {"original.value": value}
    assert problems(imported) == ["bad-value"]
    assert valid(imported)


def test_an_unknown_value_type_is_a_string_and_kept() -> None:
    imported = read(submodel(prop(valueType="LREAL[3]", value="1,2,3")))
    assert only(imported)["valueType"] == "xs:string"
    assert kept(only(imported)) == {"original.valueType": "LREAL[3]"}
    assert valid(imported)


def test_an_empty_string_stays_a_value_but_an_empty_number_does_not() -> None:
    imported = read(submodel(prop("Text", value=""), prop("Number", valueType="xs:int", value="")))
    text, number = imported.environment["submodels"][0]["submodelElements"]
    assert text["value"] == ""
    assert "value" not in number
    assert problems(imported) == ["empty"]


def test_languages_are_corrected_and_made_distinct() -> None:
    given = [
        {"language": "kr", "text": "속도"},
        {"language": "en?", "text": "speed"},
        {"language": "en", "text": "velocity"},
        {"language": "", "text": "빠르기"},
        {"language": "de", "text": ""},
    ]
    imported = read(
        submodel({"modelType": "MultiLanguageProperty", "idShort": "Name", "value": given})
    )
    assert only(imported)["value"] == [
        {"language": "ko", "text": "속도"},
        {"language": "en", "text": "speed"},
        {"language": "en-x-2", "text": "velocity"},
        {"language": "ko-x-2", "text": "빠르기"},
    ]
    assert valid(imported)


MODEL, EXTERNAL = "ModelReference", "ExternalReference"
REFERENCES: list[tuple[Any, str]] = [
    ({"type": EXTERNAL, "keys": [{"type": "Submodel", "value": "u"}]}, MODEL),
    ({"type": MODEL, "keys": [{"type": "GlobalReference", "value": "u"}]}, EXTERNAL),
    ({"keys": [{"type": "conceptdescription", "value": "u"}]}, MODEL),
    ({"type": "GlobalReference", "keys": [{"type": "Asset", "value": "u"}]}, EXTERNAL),
    ({"type": MODEL, "keys": [{"type": "Capability", "value": "u"}]}, EXTERNAL),
    ("u", EXTERNAL),
    ({"type": MODEL, "keys": [
        {"type": "Submodel", "value": "u"}, {"type": "SubmodelElementList", "value": "l"},
        {"type": "Property", "value": "first"}]}, EXTERNAL),
]  # fmt: skip


@pytest.mark.parametrize(("given", "kind"), REFERENCES)
def test_the_keys_decide_what_a_reference_is(given: Any, kind: str) -> None:
    imported = read(submodel(prop(semanticId=given)))
    assert only(imported)["semanticId"]["type"] == kind
    assert only(imported)["semanticId"]["keys"][0]["value"] == "u"
    assert imported.repairs
    assert valid(imported)


def test_a_reference_that_points_nowhere_is_left_out_and_reported() -> None:
    empty = {"type": "ModelReference", "keys": [{"type": "Submodel", "value": " "}]}
    imported = read(submodel({"modelType": "ReferenceElement", "idShort": "Ref", "value": empty}))
    assert "value" not in only(imported)
    assert problems(imported) == ["empty", "empty"]


def test_references_follow_renamed_elements() -> None:
    target = {
        "type": "ModelReference",
        "keys": [
            {"type": "Submodel", "value": "urn:x:sm"},
            {"type": "SubmodelElementCollection", "value": "Group 1"},
            {"type": "Property", "value": "Max speed"},
        ],
    }
    imported = read(
        submodel(
            {"modelType": "ReferenceElement", "idShort": "Ref", "value": target},
            {
                "modelType": "SubmodelElementCollection",
                "idShort": "Group 1",
                "value": [prop("Max speed")],
            },
        )
    )
    reference = imported.environment["submodels"][0]["submodelElements"][0]["value"]
    assert [key["value"] for key in reference["keys"]] == ["urn:x:sm", "Group1", "MaxSpeed"]
    assert problems(imported).count("reference-renamed") == 2


def test_objects_of_one_id_are_all_kept() -> None:
    models = [submodel(prop()), submodel(prop("Other"))]
    imported = read({"submodels": models})
    assert [each["id"] for each in imported.environment["submodels"]] == ["urn:x:sm", "urn:x:sm#2"]
    assert kept(imported.environment["submodels"][1]) == {"originalId": "urn:x:sm"}


def test_unknown_members_and_elements_are_kept_word_for_word() -> None:
    xml = submodel_xml(
        "<property><idShort>Speed</idShort><valueType>xs:int</valueType><colour>red</colour></property>"
        "<hologram><idShort>New</idShort><beam>7</beam></hologram>",
        more="<note lang='en'>hello <b>world</b></note>",
    )
    imported = read_package(xml, "x.xml")
    assert kept(only(imported)) == {"original.colour": "red"}
    (model,) = imported.environment["submodels"]
    assert "hologram" in json.dumps(model["extensions"])
    assert "beam" in json.dumps(model["extensions"])
    assert "world" in json.dumps(model["extensions"])
    assert sorted(problems(imported)) == ["unknown-element", "unknown-member", "unknown-member"]
    assert imported.lost == ()
    assert valid(imported)


def test_numbers_in_json_keep_their_digits() -> None:
    data = json.dumps(submodel(prop(valueType="xs:decimal", value="@"))).replace('"@"', "1.10")
    imported = read_package(data.encode(), "x.json")
    assert only(imported)["value"] == "1.10"
    assert problems(imported) == ["wrong-shape"]


def test_a_member_that_stands_twice_is_not_lost() -> None:
    data = json.dumps(submodel(prop(value="@"))).replace('"@"', '"1", "value": "2"')
    imported = read_package(data.encode(), "x.json")
    assert only(imported)["value"] == "1"
    assert kept(only(imported)) == {"original.value#2": "2"}


def test_a_shell_without_an_asset_id_gets_its_own() -> None:
    xml = environment_xml(
        "<assetAdministrationShells><assetAdministrationShell><id>urn:x:aas</id>"
        "<assetInformation><assetKind>instance</assetKind></assetInformation><submodels><reference>"
        "<type>ExternalReference</type><keys><key><type>GlobalReference</type><value>urn:x:sm</value>"
        "</key></keys></reference></submodels>"
        "</assetAdministrationShell></assetAdministrationShells>"
    )
    imported = read_package(xml, "x.xml")
    (shell,) = imported.environment["assetAdministrationShells"]
    assert shell["assetInformation"]["specificAssetIds"][0]["value"] == "urn:x:aas"
    assert shell["submodels"][0]["type"] == "ModelReference"
    assert valid(imported)


def concept(**content: Any) -> dict[str, Any]:
    made = {"dataSpecificationContent": {"modelType": "DataSpecificationIec61360", **content}}
    return {
        "conceptDescriptions": [
            {"modelType": "ConceptDescription", "id": "urn:c", "idShort": "Heat",
             "category": "PROPERTY", "embeddedDataSpecifications": [made]}
        ]
    }  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"preferredName": []},
        {
            "preferredName": [{"language": "kr", "text": "열"}],
            "dataType": "REAL_MEASURE",
            "unit": "",
        },
        {"preferredName": [{"language": "en", "text": "x" * 300}], "dataType": "Double"},
        {
            "preferredName": [{"language": "en", "text": "x"}],
            "shortName": "far too long a short name",
        },
        {"value": "1", "valueList": {"valueReferencePairs": [{"value": "1"}]}},
        {"valueList": {"valueReferencePairs": []}},
        {"levelType": {"min": "true"}},
        {"dataType": "FILE"},
    ],
)
def test_concept_descriptions_become_valid(content: dict[str, Any]) -> None:
    imported = read(concept(**content))
    assert len(imported.environment["conceptDescriptions"]) == 1
    assert imported.repairs
    assert judges.faults_3_1(imported.environment) == []


def test_lists_say_what_their_members_are() -> None:
    imported = read(
        submodel(
            {
                "modelType": "SubmodelElementList",
                "idShort": "List",
                "typeValueListElement": "SubmodelElement",
                "value": [
                    prop("One", valueType="xs:int", value="1"),
                    {"modelType": "Property", "valueType": "xs:double", "value": "2.5"},
                ],
            }
        )
    )
    element = only(imported)
    assert (element["typeValueListElement"], element["valueTypeListElement"]) == (
        "Property",
        "xs:string",
    )
    assert [each["value"] for each in element["value"]] == ["1", "2.5"]
    assert judges.faults_3_1(imported.environment) == []


@pytest.mark.parametrize(
    "data", [b"", b"   ", b"{}", b"[]", b"null", b"5", b"<a/>", b"PK", b"hello"]
)
def test_a_file_without_an_object_is_an_error(data: bytes) -> None:
    with pytest.raises(AasError):
        read_package(data, "x")


def test_an_environment_with_empty_lists_is_an_error() -> None:
    with pytest.raises(AasError, match="no-objects"):
        read({"submodels": [], "conceptDescriptions": []})


def test_every_problem_and_action_has_words_in_both_languages() -> None:
    imported = read(submodel(prop("1 2", category="X", valueType="y", value="")))
    for repair in imported.repairs:
        korean, english = say(repair, "ko"), say(repair, "en")
        assert all(korean)
        assert all(english)
        assert korean != english
    for table in (PROBLEMS, ACTIONS):
        assert all(ko and en and ko != en for ko, en in table.values())
