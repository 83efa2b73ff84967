"""What is written into AID and AIMC is read back as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aas_models.export import rendered
from aas_models.importing import read_package
from aas_models.interfaces.addresses import keys_of_path, path_of_keys
from aas_models.interfaces.reading import read_interfaces
from gateway.core.interfaces import Interface
from tests.unit.aas.interfaces.parts import BINDINGS, PRESS, ROOM, environment_of, submodel


@pytest.mark.parametrize("interface", [PRESS, ROOM], ids=lambda each: each.protocol)
def test_an_interface_comes_back_with_every_point_in_its_order(interface: Interface) -> None:
    read = read_interfaces(environment_of(interface), BINDINGS)
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
    assert (
        read_interfaces(imported.environment, BINDINGS).devices
        == read_interfaces(written, BINDINGS).devices
    )


def test_an_edit_of_a_standard_member_counts_more_than_our_extension() -> None:
    environment = environment_of(PRESS)
    properties = submodel(environment, "AssetInterfacesDescription")["submodelElements"][0]
    first = properties["value"][2]["value"][0]["value"][0]
    for part in first["value"]:
        if part["idShort"] == "type":
            part["value"] = "string"
        if part["idShort"] == "unit":
            part["value"] = "K"
    (device,) = read_interfaces(environment, BINDINGS).devices
    assert (device.interface.points[0].type, device.interface.points[0].unit) == ("string", "K")


@pytest.mark.parametrize("path", ["$.a", "$.a.b.c", "$['a.b'].c", "$", "$.온도"])
def test_a_path_of_names_is_its_keys(path: str) -> None:
    keys = keys_of_path(path)
    assert keys is not None
    assert path_of_keys(keys) == path


@pytest.mark.parametrize("path", ["$.a[0]", "$.a[*].b", "$['a']", '$["a"]', "$['']"])
def test_a_path_that_keys_cannot_say_has_none(path: str) -> None:
    assert keys_of_path(path) is None
