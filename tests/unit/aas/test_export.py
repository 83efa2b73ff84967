from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aas_models.elements import ID_SHORT
from aas_models.environment import build_environment
from aas_models.export import Format, export, filled, readings_of, rendered, to_basyx, values_only
from aas_models.live import LiveValues
from gateway.core.errors import AasError
from tests.unit.aas.parts import batch, press, records, submodel_id

OPERATIONAL = submodel_id("press-01", "OperationalData")


@pytest.fixture
def live() -> LiveValues:
    model = press()
    live = LiveValues([model])
    live.on_records(
        records(
            batch(model.table, [0, 1], np.array([179.9, np.nan])),
            batch(model.table, [2, 4], ["run", True]),
            batch(model.table, [3], np.array([41])),
        )
    )
    return live


def values_in(store: Any) -> dict[str, Any]:
    submodel = store.get_item(OPERATIONAL)
    found: dict[str, Any] = {}

    def walk(elements: Any, above: str) -> None:
        for each in elements:
            path = f"{above}{each.id_short}"
            if hasattr(each, "value_type"):
                found[path] = each.value
            else:
                walk(each.value, f"{path}.")

    walk(submodel.submodel_element, "")
    return found


def read_back(path: Path, form: str) -> Any:
    from basyx.aas import model
    from basyx.aas.adapter.aasx import AASXReader, DictSupplementaryFileContainer
    from basyx.aas.adapter.json import read_aas_json_file
    from basyx.aas.adapter.xml import read_aas_xml_file

    if form == "json":
        return read_aas_json_file(io.StringIO(path.read_text(encoding="utf-8")), failsafe=False)
    if form == "xml":
        return read_aas_xml_file(io.BytesIO(path.read_bytes()), failsafe=False)
    store: Any = model.DictIdentifiableStore()
    with AASXReader(str(path), failsafe=False) as reader:
        reader.read_into(store, DictSupplementaryFileContainer())  # type: ignore[no-untyped-call]
    return store


@pytest.mark.parametrize("form", ["json", "xml", "aasx"])
def test_every_format_reads_back_whole_with_its_values(
    form: Format, live: LiveValues, tmp_path: Path
) -> None:
    path = tmp_path / f"press.{form}"
    count = export([press()], live.readings(), path, form)
    store = read_back(path, form)
    assert len(store) == count == 1 + 3 + 3
    values = values_in(store)
    assert values["Mold.TemperatureLower"] == 179.9
    assert np.isnan(values["Mold.TemperatureUpper"])
    assert (values["State"], values["Count"], values["Running"]) == ("run", 41, True)
    assert values["Power"] is None
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def all_objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(each for part in value.values() for each in all_objects(part))]
    if isinstance(value, list):
        return [each for part in value for each in all_objects(part)]
    return []


def test_json_keeps_the_rules_that_judges_check(live: LiveValues) -> None:
    document = filled(build_environment([press()]), live.readings())
    for each in all_objects(document):
        assert all(part not in ([], {}, None, "") for part in each.values()), each
        if "idShort" in each:
            assert ID_SHORT.fullmatch(each["idShort"])
        if each.get("modelType") == "Property":
            assert re.fullmatch(r"xs:[A-Za-z]+", each["valueType"])
            assert isinstance(each.get("value", ""), str)
        for name in each.get("displayName", ()):
            assert re.fullmatch(r"[a-z]{2}", name["language"])
            assert len(name["text"]) <= 128
    ids = [each["id"] for each in all_objects(document) if "id" in each]
    assert len(ids) == len(set(ids))


def test_every_reference_to_a_submodel_finds_it(live: LiveValues) -> None:
    document = filled(build_environment([press()]), live.readings())
    there = {part["id"] for part in document["submodels"]}
    named = {
        reference["keys"][0]["value"]
        for shell in document["assetAdministrationShells"]
        for reference in shell["submodels"]
    }
    assert named == there


def test_an_invalid_document_is_refused_instead_of_written_empty() -> None:
    document = filled(build_environment([press()]), {})
    document["submodels"][0]["idShort"] = "1 2"
    with pytest.raises(AasError):
        to_basyx(document)


def test_a_failed_export_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "press.json"
    with pytest.raises(OSError, match="missing"):
        export([press()], {}, path, "json")
    assert not path.exists()


def test_readings_of_a_sent_submodel_are_those_of_the_service(live: LiveValues) -> None:
    submodel = live.submodel(OPERATIONAL)
    assert submodel is not None
    sent = json.loads(submodel.render("", "normal"))
    ours = {key: each for key, each in live.readings().items() if key[0] == OPERATIONAL}
    assert readings_of(sent) == ours
    assert values_only(sent) == json.loads(submodel.render("", "value"))


def test_json_of_the_same_state_is_the_same_bytes(live: LiveValues) -> None:
    first = rendered(filled(build_environment([press()]), live.readings()), "json")
    assert first == rendered(filled(build_environment([press()]), live.readings()), "json")


@pytest.mark.parametrize("form", ["xml", "aasx"])
def test_for_3_0_the_namespace_is_the_only_difference(
    form: Format, live: LiveValues, tmp_path: Path
) -> None:
    from basyx.aas.adapter.xml import read_aas_xml_file

    path = tmp_path / f"press.{form}"
    count = export([press()], live.readings(), path, form, "3.0")
    content = path.read_bytes()
    if form == "aasx":
        with zipfile.ZipFile(path) as package:
            assert package.testzip() is None
            content = package.read("aasx/data.xml")
    assert b"https://admin-shell.io/aas/3/0" in content
    assert b"admin-shell.io/aas/3/1" not in content
    newer = io.BytesIO(content.replace(b"/aas/3/0", b"/aas/3/1"))
    store = read_aas_xml_file(newer, failsafe=False)
    assert len(store) == count
    assert values_in(store)["Mold.TemperatureLower"] == 179.9
