"""The bundled quantities are found by Korean or English names, and their ids name a source."""

from __future__ import annotations

import pytest

from aas_models.concept_table import CONCEPTS, quantity_of, rows
from aas_models.concepts import quantity_of_signal
from gateway.config.units import units
from gateway.core.assets import LocalName
from tests.unit.aas.parts import signal


def test_the_table_has_some_three_hundred_quantities_each_named_and_defined_twice() -> None:
    table = rows()
    assert len(table) >= 300
    assert len({row["idShort"] for row in table}) == len(table)
    for row in table:
        assert all(row[name] for name in ("ko", "en", "definition_en", "definition_ko")), row


def test_every_unit_is_one_that_a_device_file_may_have_with_the_same_unece_code() -> None:
    known = {unit.name: unit.unece for unit in units().values()}
    for row in rows():
        names = row["units"].split("|")
        assert all(name in known for name in names if name), row
        assert row["unece"] == (known[names[0]] if names[0] else ""), row


def test_an_id_of_a_public_dictionary_names_its_source() -> None:
    table = rows()
    assert all(bool(row["id"]) == bool(row["source"]) for row in table)
    given = [row["id"] for row in table if row["id"]]
    assert len(set(given)) == len(given)


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("금형온도", "degC", "MoldTemperature"),
        ("금형온도_하", "degC", "MoldTemperature"),
        ("금형 온도 2호기", "degC", "MoldTemperature"),
        ("Mold temperature, lower", "degC", "MoldTemperature"),
        ("MouldTemp", "degC", "MoldTemperature"),
        ("사이클타임", "s", "CycleTime"),
        ("CO2", "ppm", "CarbonDioxide"),
        ("L1 전압", "V", "VoltageL1"),
        ("양품수량", None, "GoodCount"),
    ],
)
def test_a_quantity_is_found_by_its_name_and_unit(
    name: str, unit: str | None, expected: str
) -> None:
    found = quantity_of([name], unit)
    assert found is not None
    assert found.id_short == expected


@pytest.mark.parametrize(
    ("name", "unit"),
    [("금형온도", "bar"), ("금형온도", None), ("Zeta", "degC"), ("", None), ("2", "s")],
)
def test_another_unit_or_an_unknown_name_is_no_match(name: str, unit: str | None) -> None:
    assert quantity_of([name], unit) is None


def test_the_same_quantity_in_another_unit_has_an_id_of_its_own() -> None:
    found = [quantity_of(["압력"], unit) for unit in ("bar", "MPa", "kgf/cm2")]
    assert [each.id if each else "" for each in found] == [
        f"{CONCEPTS}/Pressure/1/0",
        f"{CONCEPTS}/Pressure/1/0/MPa",
        f"{CONCEPTS}/Pressure/1/0/kgf_cm2",
    ]


def test_a_semantic_id_of_the_configuration_wins() -> None:
    declared = signal(0, "Temperature", unit="degC", semantic_id="urn:mine")
    assert quantity_of_signal(declared, LocalName("온도")) is None
    assert quantity_of_signal(signal(0, "Temperature", unit="degC"), LocalName()) is not None
