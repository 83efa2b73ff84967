"""Metamodel 1.0 and 2.0 become 3.1 with nothing left out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aas_models.importing import element_counts, read_package
from tests.unit.aas.importing import judges
from tests.unit.aas.importing.parts import aasx

KEY = '<aas:key type="{0}" local="true" idType="IRI">{1}</aas:key>'


def keys(kind: str, value: str) -> str:
    return f"<aas:keys>{KEY.format(kind, value)}</aas:keys>"


def wrapped(*elements: str) -> str:
    return "".join(f"<aas:submodelElement>{each}</aas:submodelElement>" for each in elements)


ELEMENTS = wrapped(
    "<aas:property><aas:idShort>Max speed</aas:idShort><aas:category>PARAMETER</aas:category>"
    "<aas:kind>Instance</aas:kind>"
    f"<aas:semanticId>{keys('ConceptDescription', '0173-1#02-BAA120#008')}</aas:semanticId>"
    "<aas:qualifier><aas:qualifier><aas:type>Cardinality</aas:type>"
    "<aas:valueType>string</aas:valueType>"
    "<aas:value>One</aas:value></aas:qualifier></aas:qualifier>"
    "<aas:valueType>double</aas:valueType><aas:value>5000</aas:value></aas:property>",
    "<aas:multiLanguageProperty><aas:idShort>Maker</aas:idShort><aas:value>"
    '<aas:langString lang="KR">한일</aas:langString>'
    '<aas:langString lang="EN">Hanil</aas:langString>'
    "</aas:value></aas:multiLanguageProperty>",
    "<aas:submodelElementCollection><aas:idShort>Group</aas:idShort>"
    "<aas:ordered>false</aas:ordered><aas:allowDuplicates>false</aas:allowDuplicates><aas:value>"
    + wrapped(
        "<aas:file><aas:idShort>Manual</aas:idShort><aas:mimeType>application/pdf</aas:mimeType>"
        "<aas:value>/aasx/manual.pdf</aas:value></aas:file>",
        "<aas:range><aas:idShort>Heat</aas:idShort><aas:valueType>int</aas:valueType>"
        "<aas:min>1</aas:min><aas:max>9</aas:max></aas:range>",
    )
    + "</aas:value></aas:submodelElementCollection>",
    "<aas:operation><aas:idShort>Start</aas:idShort><aas:inputVariable><aas:operationVariable>"
    "<aas:value><aas:property><aas:idShort>Mode</aas:idShort><aas:valueType>string</aas:valueType>"
    "</aas:property></aas:value></aas:operationVariable></aas:inputVariable></aas:operation>",
    "<aas:relationshipElement><aas:idShort>Link</aas:idShort>"
    f"<aas:first>{keys('Submodel', 'urn:x:sm')}</aas:first>"
    f"<aas:second>{keys('Asset', 'urn:x:asset')}</aas:second></aas:relationshipElement>",
    "<aas:entity><aas:idShort>Part</aas:idShort><aas:statements></aas:statements>"
    f"<aas:entityType>SelfManagedEntity</aas:entityType>"
    f"<aas:assetRef>{keys('Asset', 'urn:x:part')}</aas:assetRef></aas:entity>",
    "<aas:basicEvent><aas:idShort>Alarm</aas:idShort>"
    f"<aas:observed>{keys('Submodel', 'urn:x:sm')}</aas:observed></aas:basicEvent>",
)
CONCEPT = (
    "<aas:conceptDescription><aas:idShort>MaxSpeed</aas:idShort>"
    '<aas:identification idType="IRDI">0173-1#02-BAA120#008</aas:identification>'
    "<aas:embeddedDataSpecification><aas:dataSpecificationContent>"
    "<aas:dataSpecificationIEC61360><IEC61360:preferredName>"
    '<IEC61360:langString lang="EN">Max. speed</IEC61360:langString></IEC61360:preferredName>'
    "<IEC61360:unit>1/min</IEC61360:unit><IEC61360:dataType>REAL_MEASURE</IEC61360:dataType>"
    "</aas:dataSpecificationIEC61360></aas:dataSpecificationContent>"
    f"<aas:dataSpecification>{keys('GlobalReference', 'http://x/iec61360')}</aas:dataSpecification>"
    "</aas:embeddedDataSpecification></aas:conceptDescription>"
)


def old_xml(version: str = "2/0") -> bytes:
    names = (
        f'xmlns:aas="http://www.admin-shell.io/aas/{version}" '
        f'xmlns:IEC61360="http://www.admin-shell.io/IEC61360/{version}"'
    )
    return (
        f"<aas:aasenv {names}><aas:assetAdministrationShells><aas:assetAdministrationShell>"
        '<aas:idShort>Press</aas:idShort><aas:identification idType="IRI">urn:x:aas'
        "</aas:identification>"
        f"<aas:assetRef>{keys('Asset', 'urn:x:asset')}</aas:assetRef><aas:submodelRefs>"
        f"<aas:submodelRef>{keys('Submodel', 'urn:x:sm')}</aas:submodelRef></aas:submodelRefs>"
        "</aas:assetAdministrationShell></aas:assetAdministrationShells><aas:assets><aas:asset>"
        "<aas:idShort>PressAsset</aas:idShort>"
        '<aas:description><aas:langString lang="DE">Presse</aas:langString></aas:description>'
        '<aas:identification idType="IRI">urn:x:asset</aas:identification>'
        "<aas:kind>Instance</aas:kind></aas:asset></aas:assets><aas:submodels><aas:submodel>"
        "<aas:idShort>Data</aas:idShort>"
        '<aas:identification idType="IRI">urn:x:sm</aas:identification>'
        "<aas:kind>Instance</aas:kind>"
        f"<aas:submodelElements>{ELEMENTS}</aas:submodelElements></aas:submodel></aas:submodels>"
        f"<aas:conceptDescriptions>{CONCEPT}</aas:conceptDescriptions></aas:aasenv>"
    ).encode()


KINDS = {
    "BasicEventElement": 1,
    "Entity": 1,
    "File": 1,
    "MultiLanguageProperty": 1,
    "Operation": 1,
    "Property": 2,
    "Range": 1,
    "RelationshipElement": 1,
    "SubmodelElementCollection": 1,
}


@pytest.mark.parametrize("version", ["1/0", "2/0"])
@pytest.mark.parametrize("packed", [False, True])
def test_old_xml_becomes_valid_with_every_element(version: str, packed: bool) -> None:
    data = old_xml(version)
    if packed:
        data = aasx(data, "http://www.admin-shell.io", more={"aasx/manual.pdf": b"%PDF"})
    imported = read_package(data, "old.aasx")
    assert imported.metamodel == version.replace("/", ".")
    assert element_counts(imported.environment) == KINDS
    assert imported.lost == ()
    assert judges.faults_3_0(imported.environment) == []
    assert judges.faults_3_1(imported.environment) == []
    assert [each.problem for each in imported.repairs].count("metamodel") == 1


def test_old_members_find_their_new_places() -> None:
    environment = read_package(old_xml(), "old.xml").environment
    (shell,) = environment["assetAdministrationShells"]
    assert shell["assetInformation"] == {"assetKind": "Instance", "globalAssetId": "urn:x:asset"}
    assert shell["submodels"] == [
        {"type": "ModelReference", "keys": [{"type": "Submodel", "value": "urn:x:sm"}]}
    ]
    assert "Presse" in shell["extensions"][0]["value"]
    speed, maker, group, start, link, part, _ = environment["submodels"][0]["submodelElements"]
    assert (speed["idShort"], speed["valueType"], speed["value"]) == (
        "MaxSpeed",
        "xs:double",
        "5000",
    )
    assert speed["extensions"][0] == {
        "name": "originalIdShort",
        "valueType": "xs:string",
        "value": "Max speed",
    }
    assert speed["qualifiers"] == [
        {"type": "Cardinality", "valueType": "xs:string", "value": "One"}
    ]
    assert speed["semanticId"]["keys"][0]["type"] == "ConceptDescription"
    assert maker["value"][0] == {"language": "ko", "text": "한일"}
    assert group["value"][0]["contentType"] == "application/pdf"
    assert start["inputVariables"][0]["value"]["idShort"] == "Mode"
    assert link["second"]["keys"] == [{"type": "GlobalReference", "value": "urn:x:asset"}]
    assert part["globalAssetId"] == "urn:x:part"
    content = environment["conceptDescriptions"][0]["embeddedDataSpecifications"][0]
    assert content["dataSpecificationContent"]["unit"] == "1/min"


def old_json() -> dict[str, Any]:
    def reference(kind: str, value: str) -> dict[str, Any]:
        return {"keys": [{"type": kind, "idType": "IRI", "local": True, "value": value}]}

    return {
        "assetAdministrationShells": [
            {
                "modelType": {"name": "AssetAdministrationShell"},
                "idShort": "Press",
                "identification": {"id": "urn:x:aas", "idType": "IRI"},
                "asset": reference("Asset", "urn:x:asset"),
                "submodels": [reference("Submodel", "urn:x:sm")],
            }
        ],
        "assets": [
            {
                "modelType": {"name": "Asset"},
                "identification": {"id": "urn:x:asset", "idType": "IRI"},
                "kind": "Type",
            }
        ],
        "submodels": [
            {
                "modelType": {"name": "Submodel"},
                "idShort": "Data",
                "identification": {"id": "urn:x:sm", "idType": "IRI"},
                "submodelElements": [
                    {
                        "modelType": {"name": "Property"},
                        "idShort": "Speed",
                        "parent": reference("Submodel", "urn:x:sm"),
                        "kind": "Instance",
                        "valueType": {"dataObjectType": {"name": "float"}},
                        "value": "2.5",
                        "constraints": [
                            {"modelType": {"name": "Qualifier"}, "type": "T", "valueType": "int"}
                        ],
                    },
                    {
                        "modelType": {"name": "File"},
                        "idShort": "Manual",
                        "mimeType": "text/plain",
                        "value": "/aasx/a.txt",
                    },
                ],
            }
        ],
        "conceptDescriptions": [],
    }


def test_old_json_becomes_valid() -> None:
    imported = read_package(json.dumps(old_json()).encode(), "old.json")
    assert imported.metamodel == "2.0"
    (shell,) = imported.environment["assetAdministrationShells"]
    assert shell["assetInformation"] == {"assetKind": "Type", "globalAssetId": "urn:x:asset"}
    speed, manual = imported.environment["submodels"][0]["submodelElements"]
    assert (speed["valueType"], speed["value"]) == ("xs:float", "2.5")
    assert speed["qualifiers"] == [{"type": "T", "valueType": "xs:int"}]
    assert manual["contentType"] == "text/plain"
    assert judges.faults_3_0(imported.environment) == []
    assert judges.faults_3_1(imported.environment) == []


def test_3_2_is_recognised_and_what_3_1_lacks_is_kept() -> None:
    xml = (
        '<environment xmlns="https://admin-shell.io/aas/3/2"><submodels><submodel>'
        "<administration><version>1</version><createdAt>2026-01-01T00:00:00Z</createdAt>"
        "</administration><id>urn:x:sm</id></submodel></submodels></environment>"
    )
    imported = read_package(xml.encode(), "new.xml")
    assert imported.metamodel == "3.2"
    (model,) = imported.environment["submodels"]
    assert model["extensions"][0]["value"] == "2026-01-01T00:00:00Z"
    assert [each.problem for each in imported.repairs] == ["unknown-member"]
    assert judges.faults_3_1(imported.environment) == []
