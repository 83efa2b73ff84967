"""Written packages: the same bytes each time, with everything that came along."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from aas_models.importing import File, read_package
from aas_models.packages import write_package
from aas_models.packages.xml import xml_bytes
from gateway.core.errors import AasError
from tests.unit.aas.importing import judges
from tests.unit.aas.importing.parts import prop, submodel

SHELL = {
    "modelType": "AssetAdministrationShell",
    "id": "urn:x:aas",
    "idShort": "Press",
    "assetInformation": {
        "assetKind": "Instance",
        "globalAssetId": "urn:x:asset",
        "defaultThumbnail": {"path": "/aasx/press.png", "contentType": "image/png"},
    },
}
MANUAL = {
    "modelType": "File",
    "idShort": "Manual",
    "contentType": "application/pdf",
    "value": "/aasx/%EC%84%A4%EB%AA%85%EC%84%9C%201.pdf",
}
FILES = {
    "/aasx/설명서 1.pdf": File("application/pdf", b"%PDF"),
    "/aasx/press.png": File("image/png", b"\x89PNG"),
    "/aasx/data.xml": File("text/xml", b"<other/>"),
}
ENVIRONMENT = {
    "assetAdministrationShells": [SHELL],
    "submodels": [submodel(prop(value="a\r\nb\t<&>\"'"), MANUAL)],
}


@pytest.mark.parametrize("metamodel", ["3.0", "3.1"])
@pytest.mark.parametrize("inner", ["xml", "json"])
def test_documents_and_thumbnail_come_back(metamodel: Any, inner: Any) -> None:
    written = write_package(
        ENVIRONMENT, "aasx", metamodel, files=FILES, thumbnail="/aasx/press.png", model_form=inner
    )
    back = read_package(written.data, "x.aasx")
    assert back.environment == ENVIRONMENT
    assert back.files == FILES
    assert back.thumbnail == "/aasx/press.png"
    assert (written.repairs, back.repairs) == ((), ())
    assert judges.faults_3_0_aasx(written.data) == [] or metamodel == "3.1"


def test_another_tool_reads_the_package_with_its_documents() -> None:
    from basyx.aas import model
    from basyx.aas.adapter.aasx import AASXReader, DictSupplementaryFileContainer

    files = {name: FILES[name] for name in list(FILES)[1:2]}
    environment = {**ENVIRONMENT, "submodels": [submodel(prop(value="1"))]}
    data = write_package(environment, "aasx", files=files, thumbnail="/aasx/press.png").data
    store: Any = model.DictIdentifiableStore()
    container: Any = DictSupplementaryFileContainer()  # type: ignore[no-untyped-call]
    with AASXReader(io.BytesIO(data), failsafe=False) as reader:
        reader.read_into(store, container)
        assert reader.get_thumbnail() == b"\x89PNG"
    assert {each.id for each in store} == {"urn:x:aas", "urn:x:sm"}


def test_the_bytes_are_the_same_each_time_and_names_are_ascii() -> None:
    first = write_package(ENVIRONMENT, "aasx", files=FILES).data
    assert first == write_package(ENVIRONMENT, "aasx", files=dict(reversed(FILES.items()))).data
    with zipfile.ZipFile(io.BytesIO(first)) as package:
        assert all(name.isascii() for name in package.namelist())
        assert {info.date_time[0] for info in package.infolist()} == {1980}


def test_what_only_3_1_allows_is_changed_for_3_0_and_told() -> None:
    shell = {**SHELL, "assetInformation": {"assetKind": "Role", "globalAssetId": "urn:x:asset"}}
    elements = (
        prop("with-hyphen"),
        {"modelType": "File", "idShort": "Plain"},
        {"modelType": "RelationshipElement", "idShort": "Link"},
        {"modelType": "Entity", "idShort": "Part"},
    )
    environment = {"assetAdministrationShells": [shell], "submodels": [submodel(*elements)]}
    newer = write_package(environment, "json", "3.1")
    assert (newer.repairs, json.loads(newer.data)) == ((), environment)
    older = write_package(environment, "json", "3.0")
    assert sorted({each.problem for each in older.repairs}) == ["id-short", "missing", "only-3.1"]
    assert judges.faults_3_0(json.loads(older.data)) == []
    assert environment["assetAdministrationShells"] == [shell]


def test_a_member_that_xml_cannot_hold_is_an_error() -> None:
    with pytest.raises(AasError, match="unknown-member"):
        xml_bytes({"submodels": [submodel(prop(colour="red"))]}, "3.1")


def test_what_is_invalid_is_repaired_and_told() -> None:
    written = write_package({"submodels": [submodel(prop("1 2"), description=[])]}, "xml")
    assert sorted(each.problem for each in written.repairs) == ["empty", "id-short"]
    assert judges.faults_3_1_xml(written.data) == []


def test_an_export_of_devices_carries_documents(tmp_path: Any) -> None:
    from aas_models.export import export
    from tests.unit.aas.parts import press

    path = tmp_path / "press.aasx"
    export([press()], {}, path, "aasx", files=FILES, thumbnail="/aasx/press.png", model_form="json")
    back = read_package(path.read_bytes(), path.name)
    assert set(FILES) < set(back.files)
    assert back.thumbnail == "/aasx/press.png"
    assert back.repairs == ()
