"""A shell and a submodel with one element of every kind, as somebody would write them."""

from __future__ import annotations

from typing import Any

WRITTEN = "https://hanil.example/ids"
SHELL_ID, SUBMODEL_ID = f"{WRITTEN}/aas/line-1", f"{WRITTEN}/sm/line-1/Everything/1/0"
CONCEPT_ID = f"{WRITTEN}/cd/note"
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa75\x81\x84"
    b"\x00\x00\x00\x00IEND\xaeB`\x82"
)


def reference(value: str = SUBMODEL_ID, kind: str = "Submodel") -> dict[str, Any]:
    return {"type": "ModelReference", "keys": [{"type": kind, "value": value}]}


def text(id_short: str, value: str = "a") -> dict[str, Any]:
    return {"modelType": "Property", "idShort": id_short, "valueType": "xs:string", "value": value}


def shell(identifier: str = SHELL_ID, id_short: str = "Line1") -> dict[str, Any]:
    return {
        "modelType": "AssetAdministrationShell",
        "id": identifier,
        "idShort": id_short,
        "assetInformation": {
            "assetKind": "Instance",
            "globalAssetId": f"{identifier}/asset",
            "specificAssetIds": [{"name": "serialNumber", "value": f"SN-{id_short}"}],
        },
        "submodels": [reference()],
    }


def elements() -> list[dict[str, Any]]:
    return [
        text("Note"),
        {"modelType": "SubmodelElementCollection", "idShort": "Group",
         "value": [{"modelType": "Property", "idShort": "Inner", "valueType": "xs:int",
                    "value": "7"}]},
        {"modelType": "SubmodelElementList", "idShort": "Rows", "typeValueListElement": "Property",
         "valueTypeListElement": "xs:int",
         "value": [{"modelType": "Property", "valueType": "xs:int", "value": "1"},
                   {"modelType": "Property", "valueType": "xs:int", "value": "2"}]},
        {"modelType": "Entity", "idShort": "Cell", "entityType": "CoManagedEntity",
         "statements": [text("Place", "hall 2")]},
        {"modelType": "BasicEventElement", "idShort": "Changed", "observed": reference(),
         "direction": "output", "state": "off"},
        {"modelType": "Capability", "idShort": "Pressing"},
        {"modelType": "Operation", "idShort": "Reset"},
        {"modelType": "MultiLanguageProperty", "idShort": "Label",
         "value": [{"language": "ko", "text": "라인"}, {"language": "en", "text": "Line"}]},
        {"modelType": "Range", "idShort": "Allowed", "valueType": "xs:double", "min": "1.5",
         "max": "9.5"},
        {"modelType": "ReferenceElement", "idShort": "Other", "value": reference()},
        {"modelType": "RelationshipElement", "idShort": "Feeds", "first": reference(),
         "second": reference()},
        {"modelType": "AnnotatedRelationshipElement", "idShort": "Follows", "first": reference(),
         "second": reference(), "annotations": [text("Why", "order")]},
        {"modelType": "Blob", "idShort": "Script", "contentType": "text/plain", "value": "aGk="},
        {"modelType": "File", "idShort": "Manual", "contentType": "application/pdf"},
    ]  # fmt: skip


def submodel(identifier: str = SUBMODEL_ID, id_short: str = "Everything") -> dict[str, Any]:
    return {
        "modelType": "Submodel",
        "id": identifier,
        "idShort": id_short,
        "kind": "Instance",
        "semanticId": {
            "type": "ExternalReference",
            "keys": [{"type": "GlobalReference", "value": f"{WRITTEN}/smt/everything"}],
        },
        "submodelElements": elements(),
    }


def concept() -> dict[str, Any]:
    return {"modelType": "ConceptDescription", "id": CONCEPT_ID, "idShort": "NoteConcept"}
