"""A protocol that nobody here has heard of needs its own words and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from aas_models.export import rendered
from aas_models.importing import read_package
from aas_models.interfaces.reading import read_interfaces
from aas_models.kosmo.engineering import NO_ARRAY, Engineering, Row
from aas_models.kosmo.space import address_space
from aas_models.kosmo.syscfg import EdgeGateway, FieldDevice, SystemConfig
from gateway.app.kinds import ADAPTERS
from gateway.config.elements import elements_of
from gateway.config.findings import Report
from gateway.config.interface import interface_of
from gateway.config.load import DeviceFile
from gateway.config.yaml_reader import Document
from gateway.core.interfaces import Interface
from gateway.exchange.aasx.convert import files_of
from gateway.exchange.aasx.device_file import merged
from gateway.exchange.kinds import bindings_of
from gateway.exchange.kosmo.devices import device_documents
from gateway.exchange.kosmo.join import Joined, join
from tests.unit.aas.interfaces.parts import changed, environment_of, submodel
from tests.unit.exchange.loom import BINDING, FACE, LOOM, Loom

KINDS = (*ADAPTERS, LOOM)
KEYS: dict[str, Any] = {
    "version": 1,
    "device": "loom-01",
    "connect": "loom+tcp://10.0.0.7:77",
    "weave": "satin",
    "wax": "red",
    "every": "2s",
    "patience": 5,
    "tags": [
        {"name": "Speed", "shed": 7, "unit": "kN", "type": "int16", "beat": "500ms", "scale": 0.1},
        {"name": "온도", "shed": 12, "twill": True, "deadband": 2},
    ],
}


def described(keys: dict[str, Any] = KEYS) -> Interface:
    """Give the interface of a loom's device file."""
    document = Document("loom-01.yaml", Path("loom-01.yaml"), [], Report(), data=keys)
    places = list(range(len(keys["tags"])))
    device = DeviceFile(document, Loom.model_validate(keys), places)  # type: ignore[arg-type]  # a kind of its own
    return interface_of(FACE, device, places, elements_of(device))


def written() -> dict[str, Any]:
    return environment_of(described())


def test_a_device_comes_back_out_of_its_description() -> None:
    (device,) = read_interfaces(written(), bindings_of(KINDS)).devices
    interface = described()
    assert device.own
    assert (device.interface.binding, device.interface.link) == (BINDING, interface.link)
    assert device.interface.points == interface.points


@pytest.mark.parametrize("form", ["json", "xml", "aasx"])
def test_its_file_says_the_same_after_a_round_through_any_format(form: Any) -> None:
    read = read_package(rendered(written(), form, "x"), f"x.{form}")
    converted = files_of(read.environment, KINDS)
    assert converted.notes == ()
    asset = {"id": "urn:test:asset:loom-01"}  # not the one that this gateway would give it
    assert yaml.safe_load(converted.files["devices/loom-01.yaml"]) == KEYS | {"asset": asset}


def words_in(description: dict[str, Any]) -> set[str]:
    """Give the idShorts, scheme words, content types and semantic ids of a description."""
    found: set[str] = set()

    def collect(element: dict[str, Any]) -> None:
        found.add(str(element.get("idShort")))
        if isinstance(element.get("value"), str):
            found.add(element["value"])
        for reference in (element.get("semanticId"), *element.get("supplementalSemanticIds", ())):
            if reference:
                found.add(reference["keys"][-1]["value"])

    changed(description, collect)
    return found


def test_its_description_has_no_word_of_another_protocol() -> None:
    said = words_in(submodel(written(), "AssetInterfacesDescription"))
    assert {*BINDING.words, *BINDING.endpoint, BINDING.mark, "loom_seal", "lov_wax"} <= said
    for binding in bindings_of(ADAPTERS):
        own = {*binding.words, *binding.words.values(), *binding.security, *binding.schemes}
        own |= {binding.id_short, binding.mark, binding.protocol}
        assert said & own == set(), binding.protocol


def test_a_protocol_that_nobody_knows_is_reported_and_taken_for_no_other() -> None:
    converted = files_of(written(), ADAPTERS)
    assert list(converted.files) == ["gateway.yaml"]
    assert [(note.reason, note.detail) for note in converted.notes] == [("protocol", "loom+tcp")]


@pytest.mark.parametrize("binding", bindings_of(ADAPTERS), ids=lambda each: each.protocol)
def test_even_the_mark_of_another_protocol_makes_it_no_device_of_that(binding: Any) -> None:
    text = json.dumps(written()).replace(f'"{BINDING.mark}"', f'"{binding.mark}"')
    read = read_interfaces(json.loads(text), bindings_of(ADAPTERS))
    assert read.devices == ()
    assert [(note.reason, note.detail) for note in read.notes] == [("protocol", "loom+tcp")]


def test_a_form_that_is_there_for_something_else_is_not_read() -> None:
    environment = written()

    def stop(element: dict[str, Any]) -> None:
        if element.get("idShort") == "lov_action":
            element["value"] = "stop"

    changed(environment, stop)
    read = read_interfaces(environment, bindings_of(KINDS))
    assert [device.interface.points for device in read.devices] == [()]
    assert {(n.reason, n.detail) for n in read.notes if n.reason == "form"} == {
        ("form", "lov_action stop")
    }


def test_an_address_that_its_kind_cannot_read_costs_only_its_own_tag() -> None:
    environment = written()

    def spoiled(element: dict[str, Any]) -> None:
        if element.get("idShort") == "lov_shed" and element["value"] == "7":
            element["value"] = "seven"

    changed(environment, spoiled)
    converted = files_of(environment, KINDS)
    (tag,) = yaml.safe_load(converted.files["devices/loom-01.yaml"])["tags"]
    assert tag == KEYS["tags"][1]
    assert [(n.reason, n.detail) for n in converted.notes] == [("no-address", "seven")]


def joined(field_node: str, index: int = NO_ARRAY) -> Joined:
    """Join a row that names a tag of a loom with the first property of its AAS."""
    space = address_space(written())
    node = next(each for each in space.variables if "OperationalData" in each.tag)
    row = Row(node.id, "edge", "LOOM", field_node, 500, index)
    devices = (FieldDevice("LOOM", "loom+tcp://10.0.0.7:77", "2000"),)
    system = SystemConfig((EdgeGateway("edge", devices=devices),))
    return join(space, Engineering((row,)), system, KINDS)


def test_a_row_of_a_table_becomes_a_tag_in_its_own_keys() -> None:
    (link,) = joined("shed 7").links
    (made,) = device_documents([link], written())
    assert made.document["connect"] == "loom+tcp://10.0.0.7:77"
    assert made.document["every"] == "2000ms"
    (tag,) = made.document["tags"]
    assert (tag["shed"], tag["beat"]) == (7, "500ms")


@pytest.mark.parametrize(
    ("field_node", "index", "code"),
    [("ns=2;s=A", NO_ARRAY, "no-field-node"), ("topic $.a", NO_ARRAY, "no-field-node"),
     ("shed 7", 3, "no-index")],
)  # fmt: skip
def test_a_row_that_its_kind_cannot_take_is_told_with_the_form_that_it_takes(
    field_node: str, index: int, code: str
) -> None:
    made = joined(field_node, index)
    assert made.links == ()
    assert [problem.code for problem in made.problems] == [code]
    for language in ("ko", "en"):
        said = made.problems[0].text(language)
        assert ("`shed 7`" if code == "no-field-node" else "LOOM") in said


def test_what_belongs_to_this_machine_enters_no_description_and_stays_in_the_file() -> None:
    old = {**KEYS, "shuttle": "left"}
    assert "left" not in json.dumps(environment_of(described(old)))
    assert merged(KEYS, old, own=True, kept=frozenset({"shuttle"}))["shuttle"] == "left"
    assert "shuttle" not in merged(KEYS, old, own=True)
