"""Hostile and damaged files end in an error, quickly and without eating the memory."""

from __future__ import annotations

import io
import json
import time
import zipfile

import pytest

from aas_models.importing import package as package_module
from aas_models.importing import read_package
from aas_models.importing import texts as texts_module
from gateway.core.errors import AasError
from tests.unit.aas.importing.parts import aasx, submodel_xml, zipped

GOOD = submodel_xml("<capability><idShort>Cap</idShort></capability>")
BOMB = (
    b'<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b'<environment xmlns="https://admin-shell.io/aas/3/0">&b;</environment>'
)
EXTERNAL = (
    b'<!DOCTYPE x [<!ENTITY file SYSTEM "file:///etc/passwd">]>'
    b'<environment xmlns="https://admin-shell.io/aas/3/0">&file;</environment>'
)


@pytest.mark.parametrize("document", [BOMB, EXTERNAL, b"<!DOCTYPE a SYSTEM 'http://x/a.dtd'><a/>"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("packed", [False, True])
def test_document_types_are_refused(document: bytes, encoding: str, packed: bool) -> None:
    data = document.decode().encode(encoding)
    with pytest.raises(AasError, match="document-type"):
        read_package(aasx(data) if packed else data, "x")


def test_document_types_behind_bad_characters_are_refused() -> None:
    with pytest.raises(AasError, match="document-type"):
        read_package(BOMB.replace(b"<!DOCTYPE", b"<!-- \x02 --><!DOCTYPE"), "x.xml")


def test_entities_in_the_relationships_are_refused() -> None:
    rels = '<!DOCTYPE a [<!ENTITY b "c">]><Relationships/>'
    with pytest.raises(AasError, match="document-type"):
        read_package(zipped({"_rels/.rels": rels, "aasx/data.xml": GOOD}), "x.aasx")


@pytest.mark.parametrize(
    "name",
    ["../evil.xml", "aasx/../../evil.xml", "..\\evil.xml", "C:\\evil.xml", "a/%2e%2e/b.xml"],
)
def test_names_that_lead_out_of_the_package_are_refused(name: str) -> None:
    with pytest.raises(AasError, match="unsafe-name"):
        read_package(zipped({name: GOOD}), "x.aasx")


def test_a_part_that_unpacks_to_very_much_is_refused() -> None:
    with pytest.raises(AasError, match="too-large"):
        read_package(zipped({"aasx/data.xml": b" " * 20_000_000}), "x.aasx")


def test_many_small_bombs_are_refused_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_module, "UNPACKED_MAX", 1_000_000)
    parts = {f"a{number}.bin": b"\0" * 100_000 for number in range(11)}
    with pytest.raises(AasError, match="too-large"):
        read_package(zipped(parts), "x.aasx")


def test_too_many_entries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_module, "ENTRIES_MAX", 10)
    with pytest.raises(AasError, match="too-large"):
        read_package(zipped({f"a{number}": b"" for number in range(11)}), "x.aasx")


def test_too_many_tags_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts_module, "MARKUP_MAX", 100)
    with pytest.raises(AasError, match="too-large"):
        read_package(b"<environment>" + b"<a/>" * 100 + b"</environment>", "x.xml")


def test_too_long_a_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts_module, "MODEL_MAX", 100)
    with pytest.raises(AasError, match="too-large"):
        read_package(GOOD, "x.xml")


def nested_xml(levels: int) -> bytes:
    opened = "<submodelElementCollection><idShort>Ab</idShort><value>" * levels
    return submodel_xml(opened + "</value></submodelElementCollection>" * levels)


def test_deep_nesting_is_refused_and_usual_nesting_is_not() -> None:
    assert read_package(nested_xml(60), "x.xml").lost == ()
    for levels in (150, 20_000):
        with pytest.raises(AasError, match="too-deep"):
            read_package(nested_xml(levels), "x.xml")


def test_deep_nesting_of_what_is_unknown_is_refused() -> None:
    with pytest.raises(AasError, match="too-deep"):
        read_package(submodel_xml("", more="<a>" * 5000 + "</a>" * 5000), "x.xml")
    for deep in ("[" * 100_000, '{"a":' * 400 + "1" + "}" * 400):
        with pytest.raises(AasError):
            read_package(f'{{"submodels": {deep}'.encode(), "x.json")
    levels = '{"a":' * 400 + "1" + "}" * 400
    with pytest.raises(AasError, match="too-deep"):
        read_package(f'{{"submodels": [{{"id": "urn:x", "b": {levels}}}]}}'.encode(), "x.json")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_an_error_never_a_part(share: float) -> None:
    for data in (GOOD, aasx(GOOD), json.dumps({"submodels": [{"id": "urn:x"}]}).encode()):
        with pytest.raises(AasError):
            read_package(data[: int(len(data) * share)], "x")


def test_damage_inside_a_package_is_an_error() -> None:
    data = bytearray(aasx(GOOD * 1))
    position = data.find(b"aasx/data.xml") + 60
    data[position] ^= 0xFF
    with pytest.raises(AasError):
        read_package(bytes(data), "x.aasx")


def test_an_encrypted_part_is_an_error() -> None:
    data = bytearray(aasx(GOOD))
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        names = [info.filename for info in package.infolist()]
    assert "aasx/data.xml" in names
    position = 0
    while (position := data.find(b"PK\x01\x02", position)) >= 0:
        data[position + 8] |= 1
        position += 4
    with pytest.raises(AasError):
        read_package(bytes(data), "x.aasx")


def test_characters_that_xml_cannot_hold_are_taken_out_and_reported() -> None:
    data = submodel_xml(
        "<capability><idShort>Cap</idShort><category>a\x02b&#1;</category></capability>"
    )
    imported = read_package(data, "x.xml")
    assert imported.environment["submodels"][0]["submodelElements"][0]["category"] == "ab"
    assert "bad-characters" in [each.problem for each in imported.repairs]


@pytest.mark.slow
def test_thousands_of_one_name_take_no_time_of_their_square() -> None:
    element = "<capability><idShort>Cap</idShort></capability>"
    language = "<langStringTextType><language>en</language><text>{}</text></langStringTextType>"
    words = "".join(language.format(number) for number in range(10_000))
    data = submodel_xml(element * 10_000, more=f"<description>{words}</description>")
    began = time.process_time()
    imported = read_package(data, "x.xml")
    assert time.process_time() - began < 20  # one by one it would be minutes
    (model,) = imported.environment["submodels"]
    assert len({each["idShort"] for each in model["submodelElements"]}) == 10_000
    assert len({each["language"] for each in model["description"]}) == 10_000
