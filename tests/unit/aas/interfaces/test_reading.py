"""Interface submodels as other tools write them: what can be read is, the rest is said."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from aas_models.interfaces.notes import TEXTS
from aas_models.interfaces.reading import InterfacesRead, read_interfaces
from adapters.mqtt import interface as mqtt
from adapters.opcua import interface as opcua
from tests.unit.aas.interfaces.parts import BINDINGS, PRESS, ROOM, changed, environment_of, submodel

ROOT = Path(__file__).parents[4]
REFERENCE = ROOT / os.environ.get("GATEWAY_REFERENCE_DATA", "../shared/reference") / "idta"
NO_REFERENCE = pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference files")


def reasons(read: InterfacesRead) -> set[str]:
    return {note.reason for note in read.notes}


def without_extensions(environment: dict[str, Any]) -> dict[str, Any]:
    changed(environment, lambda element: element.pop("extensions", None))
    return environment


def test_a_file_that_is_not_ours_reads_the_same_but_for_what_no_template_has() -> None:
    (device,) = read_interfaces(without_extensions(environment_of(PRESS)), BINDINGS).devices
    point = device.interface.points[0]
    assert not device.own
    assert (point.form, point.unit) == (PRESS.points[0].form, "degC")
    assert point.type == "string", "the type of the sink counts"
    assert point.extras == {}
    assert device.interface.link.every_s == 0.5


def test_semantic_ids_of_any_version_and_names_in_any_case_are_found() -> None:
    environment = environment_of(ROOM)

    def other(element: dict[str, Any]) -> None:
        if element.get("idShort") in {"InteractionMetadata", "EndpointMetadata"}:
            element["idShort"] = f"My{element['idShort']}"
        if element.get("idShort") == "properties":
            element["idShort"] = "Properties"
        for key in (element.get("semanticId") or {}).get("keys", ()):
            key["value"] = key["value"].replace("/1/0/", "/1/1/") + " "

    changed(submodel(environment, "AssetInterfacesDescription"), other)
    read = read_interfaces(environment, BINDINGS)
    assert read.devices == (), "without its base nothing is known of an interface"
    changed(environment, _renamed("MyEndpointMetadata", "endpointmetadata"))
    changed(environment, _renamed("MyInteractionMetadata", "InterfaceMetadata"))
    (device,) = read_interfaces(environment, BINDINGS).devices
    assert [p.path for p in device.interface.points] == [p.path for p in ROOM.points]


def _renamed(old: str, new: str) -> Any:
    def change(element: dict[str, Any]) -> None:
        if element.get("idShort") == old:
            element["idShort"] = new

    return change


def test_without_a_mapping_every_property_is_a_point() -> None:
    environment = environment_of(PRESS)
    environment["submodels"] = [
        each
        for each in environment["submodels"]
        if each["idShort"] != "AssetInterfacesMappingConfiguration"
    ]
    read = read_interfaces(environment, BINDINGS)
    assert len(read.devices[0].interface.points) == len(PRESS.points)
    assert reasons(read) == {"no-mapping"}


def test_what_is_not_mapped_is_named_and_not_read() -> None:
    environment = environment_of(PRESS)
    configuration = submodel(environment, "AssetInterfacesMappingConfiguration")
    parts = configuration["submodelElements"][0]["value"][0]["value"]
    for listing in parts[1:]:
        listing["value"].pop()
    read = read_interfaces(environment, BINDINGS)
    assert [point.name for point in read.devices[0].interface.points] == ["금형온도_하"]
    assert [(note.reason, note.detail) for note in read.notes] == [("unmapped", "Flags")]


def test_a_lua_transformation_is_never_passed_off_as_done() -> None:
    environment = environment_of(PRESS)
    configuration = submodel(environment, "AssetInterfacesMappingConfiguration")
    configuration["submodelElements"][0]["value"][0]["value"].append(
        {"modelType": "Blob", "idShort": "Transformation", "contentType": "text/plain",
         "value": "ZnVuY3Rpb24="}
    )  # fmt: skip
    read = read_interfaces(environment, BINDINGS)
    assert {point.sink for point in read.devices[0].interface.points} == {None}
    assert reasons(read) == {"transformation"}


def test_a_sink_in_a_submodel_that_is_not_there_is_said() -> None:
    environment = environment_of(PRESS)
    environment["submodels"] = [
        each for each in environment["submodels"] if each["idShort"] != "OperationalData"
    ]
    assert reasons(read_interfaces(environment, BINDINGS)) == {"sink"}


def test_an_unknown_protocol_costs_only_its_own_interface() -> None:
    environment = environment_of(PRESS, ROOM)

    def modbus(element: dict[str, Any]) -> None:
        if element.get("value") == PRESS.link.base:
            element["value"] = "modbus+tcp://10.0.0.1:502"

    changed(environment, modbus)
    read = read_interfaces(environment, BINDINGS)
    assert [device.title for device in read.devices] == ["env-room"]
    assert [(note.reason, note.detail) for note in read.notes] == [("protocol", "modbus+tcp")]


def test_the_base_counts_more_than_the_protocol_mark() -> None:
    environment = environment_of(PRESS)

    def marked(element: dict[str, Any]) -> None:
        for reference in element.get("supplementalSemanticIds", ()):
            if "opcfoundation" in reference["keys"][0]["value"]:
                reference["keys"][0]["value"] = "http://www.w3.org/2011/mqtt"

    changed(environment, marked)
    assert read_interfaces(environment, BINDINGS).devices[0].interface.protocol == "opcua"


def test_nothing_to_read_is_said_too() -> None:
    assert reasons(read_interfaces({}, BINDINGS)) == {"none"}


BROKEN: list[Any] = [None, 5, True, [], {}, [None], [{}], {"keys": None}, {"keys": ["x"]}]
BROKEN += ["", "opc.tcp://", "mqtt://[::1", "/?id=", "1e999", "nan", "#/#", "$..", "\x00", "{"]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.slow
def test_no_broken_member_ever_raises(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(40):
        environment = environment_of(PRESS, ROOM)
        if rng.random() < 0.5:
            without_extensions(environment)
        for _ in range(rng.randint(1, 4)):
            place, key = rng.choice(_places(environment, []))
            place[key] = rng.choice(BROKEN)
        assert isinstance(read_interfaces(environment, BINDINGS), InterfacesRead)


def _places(node: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    members = node.items() if isinstance(node, dict) else enumerate(node)
    for key, part in members:
        found.append((node, key))
        if isinstance(part, dict | list):
            _places(part, found)
    return found


def test_every_note_has_both_languages() -> None:
    for reason, (korean, english) in TEXTS.items():
        assert korean != english, reason
        assert ("{detail}" in korean) == ("{detail}" in english), reason


@pytest.mark.reference
@NO_REFERENCE
def test_the_instance_of_another_project_gives_its_two_readable_interfaces() -> None:
    path = REFERENCE / "third-party-instances" / "faaast-aid-1.0-aimc-1.0.json"
    read = read_interfaces(json.loads(path.read_bytes()), BINDINGS)
    by_protocol = {device.interface.protocol: device.interface for device in read.devices}
    assert set(by_protocol) == {"mqtt", "opcua"}
    press = by_protocol["opcua"]
    assert press.link.security[0].scheme == opcua.CHANNEL
    assert [(opcua.node_of(p.form.href), p.type, p.sink) for p in press.points] == [
        ("ns=5;i=2813", "double", ("OperationalData", "OPCUA_Data.value_double")),
        ("ns=5;i=2808", "int32", ("OperationalData", "OPCUA_Data.value_int")),
    ]
    room = by_protocol["mqtt"]
    assert [(mqtt.topic_of(p.form.href), p.path, p.unit) for p in room.points] == [
        ("sampleDevice/properties/voltage", "$", "V"),
        ("sampleDevice/properties/status", "$", None),
    ]
    assert {(note.reason, note.detail) for note in read.notes} == {("protocol", "http")}
