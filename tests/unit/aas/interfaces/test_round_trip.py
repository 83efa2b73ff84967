"""What is written into AID and AIMC is read back as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aas_models.export import rendered
from aas_models.importing import read_package
from aas_models.interfaces.addresses import (
    keys_of_path,
    node_href,
    node_of,
    path_of_keys,
    topic_href,
    topic_of,
)
from aas_models.interfaces.reading import read_interfaces
from gateway.core.interfaces import Interface
from tests.unit.aas.interfaces.parts import PRESS, ROOM, environment_of, submodel


@pytest.mark.parametrize("interface", [PRESS, ROOM], ids=lambda each: each.protocol)
def test_an_interface_comes_back_with_every_point_in_its_order(interface: Interface) -> None:
    read = read_interfaces(environment_of(interface))
    assert read.notes == ()
    (device,) = read.devices
    assert (device.title, device.own) == (interface.device, True)
    assert replace(device.interface, device=interface.device) == interface


@pytest.mark.parametrize("form", ["json", "xml", "aasx"])
@pytest.mark.parametrize("metamodel", ["3.0", "3.1"])
def test_every_file_format_carries_all_of_it(form: str, metamodel: str) -> None:
    written = environment_of(PRESS, ROOM)
    data = rendered(written, form, "x", metamodel)  # type: ignore[arg-type]
    imported = read_package(data, f"x.{form}")
    assert imported.lost == ()
    assert read_interfaces(imported.environment).devices == read_interfaces(written).devices


def test_an_edit_of_a_standard_member_counts_more_than_our_extension() -> None:
    environment = environment_of(PRESS)
    properties = submodel(environment, "AssetInterfacesDescription")["submodelElements"][0]
    first = properties["value"][2]["value"][0]["value"][0]
    for part in first["value"]:
        if part["idShort"] == "type":
            part["value"] = "string"
        if part["idShort"] == "unit":
            part["value"] = "K"
    (device,) = read_interfaces(environment).devices
    assert (device.interface.points[0].type, device.interface.points[0].unit) == ("string", "K")


@pytest.mark.parametrize(
    "topic", ["a/b", "/a/b", "//a", "a/#", "+/b?x", "온도/실 1", "/", "a%20b", "a/", ".a"]
)
def test_a_topic_comes_back_out_of_its_href(topic: str) -> None:
    assert topic_of(topic_href(topic)) == topic


@pytest.mark.parametrize(
    "node", ["i=85", "nsu=urn:x;s=A.B", "ns=3;s=a&b#c%41 d", "nsu=urn:가;s=온도", "ns=1;b=aGk="]
)
def test_a_node_address_comes_back_out_of_its_href(node: str) -> None:
    href = node_href(node)
    assert node_of(href) == node
    assert "#" not in href
    assert "&" not in href


@pytest.mark.parametrize(
    ("href", "topic"),
    [
        ("/sampleDevice/voltage", "sampleDevice/voltage"),
        ("mqtt://broker:1883/a/%23", "a/#"),
        ("mqtt://broker:1883//a", "/a"),
        (".//a", "/a"),
        ("mqtt://broker", ""),
    ],
)
def test_topics_of_hrefs_that_others_write(href: str, topic: str) -> None:
    assert topic_of(href) == topic


def test_a_node_address_is_found_between_blanks() -> None:
    assert node_of("/?id = ns=5;i=2808") == "ns=5;i=2808"
    assert node_of("opc.tcp://h:4840/?x=1&id=i%3D85") == "i=85"
    assert node_of("/nothing") is None


@pytest.mark.parametrize("path", ["$.a", "$.a.b.c", "$['a.b'].c", "$", "$.온도"])
def test_a_path_of_names_is_its_keys(path: str) -> None:
    keys = keys_of_path(path)
    assert keys is not None
    assert path_of_keys(keys) == path


@pytest.mark.parametrize("path", ["$.a[0]", "$.a[*].b", "$['a']", '$["a"]', "$['']"])
def test_a_path_that_keys_cannot_say_has_none(path: str) -> None:
    assert keys_of_path(path) is None
