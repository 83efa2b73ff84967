"""AASX packages as the field writes them."""

from __future__ import annotations

import io
import zipfile

import pytest

from aas_models.importing import read_package
from tests.unit.aas.importing.parts import aasx, relationships, submodel_xml, zipped

GOOD = submodel_xml("<capability><idShort>Cap</idShort></capability>")
KIND = "http://admin-shell.io/aasx/relationships"
FILE = (
    "<file><idShort>Manual</idShort><value>{}</value>"
    "<contentType>application/pdf</contentType></file>"
)


@pytest.mark.parametrize(
    "host", ["http://admin-shell.io", "http://www.admin-shell.io", "https://admin-shell.io"]
)
def test_old_and_new_relationship_types_lead_to_the_model(host: str) -> None:
    assert len(read_package(aasx(GOOD, host), "x.aasx").environment["submodels"]) == 1


@pytest.mark.parametrize("name", ["/AASX/Data.XML", "aasx/data.xml", "/aasx//data.xml"])
def test_case_and_slashes_of_targets_do_not_matter(name: str) -> None:
    target = name.replace("aasx/data", "/aasx/data")
    parts: dict[str, bytes | str] = {
        "_rels/.rels": relationships((f"{KIND}/aasx-origin", "aasx/aasx-origin")),
        "aasx/_rels/aasx-origin.rels": relationships((f"{KIND}/aas-spec", target)),
        "aasx\\data.xml": GOOD,
    }  # fmt: skip
    assert len(read_package(zipped(parts), "x.aasx").environment["submodels"]) == 1


def test_targets_marked_external_are_found_inside() -> None:
    data = aasx(GOOD, mode=' TargetMode="External"')
    assert len(read_package(data, "x.aasx").environment["submodels"]) == 1


def test_without_relationships_the_model_is_found_by_its_name_and_reported() -> None:
    imported = read_package(zipped({"folder/some.aas.xml": GOOD, "other.xml": "<a/>"}), "x.aasx")
    assert len(imported.environment["submodels"]) == 1
    assert "relationship" in [each.problem for each in imported.repairs]
    assert list(imported.files) == ["/other.xml"]


def test_a_model_that_the_package_names_without_an_origin_is_found() -> None:
    rels = relationships((f"{KIND}/aas-spec", "model.bin"))
    parts: dict[str, bytes | str] = {"_rels/.rels": rels, "model.bin": GOOD}
    assert len(read_package(zipped(parts), "x.aasx").environment["submodels"]) == 1


def test_a_model_named_twice_is_read_once() -> None:
    more = {
        "aasx/_rels/aasx-origin.rels": relationships(
            (f"{KIND}/aas-spec", "/aasx/data.xml"), (f"{KIND}/aas-spec", "/aasx/DATA.xml")
        )
    }
    assert len(read_package(aasx(GOOD, more=more), "x.aasx").environment["submodels"]) == 1


def test_one_model_in_two_forms_is_counted_once() -> None:
    from aas_models.packages import write_package

    environment = read_package(GOOD, "x.xml").environment
    more: dict[str, bytes | str] = {
        "aasx/_rels/aasx-origin.rels": relationships(
            (f"{KIND}/aas-spec", "/aasx/data.xml"), (f"{KIND}/aas-spec", "/aasx/data.json")
        ),
        "aasx/data.json": write_package(environment, "json").data,
    }
    imported = read_package(aasx(GOOD, more=more), "x.aasx")
    assert len(imported.environment["submodels"]) == 1


def korean_names(encoding: str) -> bytes:
    # zipfile marks names as UTF-8; Windows tools do not, and write them in their own encoding.
    name = "aasx/files/설명서.pdf".encode(encoding)
    place_holder = "aasx/files/" + "x" * (len(name) - len("aasx/files/"))
    value = "/aasx/files/설명서.pdf"
    data = aasx(submodel_xml(FILE.format(value)), more={place_holder: b"%PDF"})
    return data.replace(place_holder.encode(), name)


@pytest.mark.parametrize("encoding", ["cp949", "utf-8"])
def test_korean_file_names_of_windows_tools_are_understood(encoding: str) -> None:
    imported = read_package(korean_names(encoding), "x.aasx")
    assert list(imported.files) == ["/aasx/files/설명서.pdf"]
    assert imported.files["/aasx/files/설명서.pdf"].data == b"%PDF"
    assert "part-missing" not in [each.problem for each in imported.repairs]


@pytest.mark.parametrize(
    "value", ["/aasx/Manual.PDF", "file:///aasx/manual.pdf", "aasx\\manual.pdf"]
)
def test_files_are_found_under_careless_paths(value: str) -> None:
    data = aasx(submodel_xml(FILE.format(value)), more={"aasx/manual.pdf": b"%PDF"})
    imported = read_package(data, "x.aasx")
    (element,) = imported.environment["submodels"][0]["submodelElements"]
    assert element["value"] == "/aasx/manual.pdf"
    assert imported.files["/aasx/manual.pdf"] == ("application/pdf", b"%PDF")


def test_a_file_that_is_not_in_the_package_is_reported_and_the_rest_is_read() -> None:
    imported = read_package(aasx(submodel_xml(FILE.format("/aasx/gone.pdf"))), "x.aasx")
    assert [(each.path, each.problem) for each in imported.repairs] == [
        ("submodels/Main/Manual#value", "part-missing")
    ]


def test_a_missing_supplement_or_thumbnail_is_reported() -> None:
    thumbnail = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail"
    more = {
        "_rels/.rels": relationships(
            (f"{KIND}/aasx-origin", "/aasx/aasx-origin"), (thumbnail, "/none.png")
        ),
        "aasx/_rels/data.xml.rels": relationships((f"{KIND}/aas-suppl", "/aasx/none.pdf")),
    }
    imported = read_package(aasx(GOOD, more=more), "x.aasx")
    assert [each.problem for each in imported.repairs] == ["part-missing", "part-missing"]
    assert imported.thumbnail is None


def test_the_declared_encoding_of_a_model_is_honoured() -> None:
    text = submodel_xml("<capability><idShort>설비</idShort></capability>").decode()
    declared = text.replace('version="1.0"', 'version="1.0" encoding="euc-kr"').encode("cp949")
    silent = text.partition("?>")[2].encode("cp949")
    for data in (declared, silent, text.encode("utf-16"), b"\xef\xbb\xbf" + text.encode()):
        (element,) = read_package(data, "x.xml").environment["submodels"][0]["submodelElements"]
        assert element["extensions"][0]["value"] == "설비"


def test_the_suffix_of_a_file_says_nothing() -> None:
    assert (
        read_package(aasx(GOOD), "x.json").environment == read_package(GOOD, "x.aasx").environment
    )


def test_a_zip_comment_or_a_directory_entry_does_not_matter() -> None:
    out = io.BytesIO(aasx(GOOD))
    with zipfile.ZipFile(out, "a") as package:
        package.writestr("aasx/files/", b"")
        package.comment = b"made by hand"
    assert read_package(out.getvalue(), "x.aasx").files == {}


def test_two_models_of_one_form_keep_all_their_objects() -> None:
    more: dict[str, bytes | str] = {
        "aasx/_rels/aasx-origin.rels": relationships(
            (f"{KIND}/aas-spec", "/aasx/data.xml"), (f"{KIND}/aas-spec", "/aasx/second.xml")
        ),
        "aasx/second.xml": GOOD,
    }
    imported = read_package(aasx(GOOD, more=more), "x.aasx")
    ids = [each["id"] for each in imported.environment["submodels"]]
    assert ids == ["urn:x:sm", "urn:x:sm#2"]
    assert [each.problem for each in imported.repairs] == ["id-duplicate"]
