"""Descriptions of other makers: their functions, addresses, types and orders become keys."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.modbus.interface import (
    BINDING,
    BYTE,
    ENTITY,
    FACE,
    FUNCTION,
    TYPE,
    WORD,
    ZERO,
    field_tag_keys,
)
from gateway.core.interfaces import Form, Interface, Link, Point, Terms

Told = list[tuple[str, str]]


def keys_of(href: str, *terms: tuple[str, str], known: str | None = None, link: Terms = ()) -> Any:
    """Give the keys of a point, or what was told of it."""
    point = Point("P", "P", Form(href, terms=terms), type=known)
    interface = Interface("", BINDING, Link("modbus+tcp://10.0.0.9:502", terms=link), (point,))
    told: Told = []
    keys = FACE.tag_keys(interface, point, {}, lambda _, why, what: told.append((why, what)))
    return told if keys is None else keys


READ = (FUNCTION, "readHoldingRegisters")
FROM_0 = (ZERO, "true")


@pytest.mark.parametrize(
    ("href", "terms", "meant"),
    [
        ("/1/100?quantity=1", (READ, FROM_0), "holding:100"),
        ("1/100", (READ,), "holding:99"),
        ("/40101?quantity=2", (READ,), "40101"),
        ("/1/40101", (READ, FROM_0), "holding:0x9ca5"),
        ("/1/7", ((FUNCTION, "4"), FROM_0), "input:7"),
        ("/1/7", ((ENTITY, "Coil"), FROM_0), "coil:7"),
        ("/1/7", ((FUNCTION, "readDiscreteInputs"), FROM_0), "discrete:7"),
    ],
)
def test_an_address_is_counted_as_the_description_says(href: str, terms: Terms, meant: str) -> None:
    assert keys_of(href, *terms)["register"] == meant


@pytest.mark.parametrize(
    ("quantity", "xsd", "known", "meant"),
    [
        (1, "xsd:short", "int64", "int16"),
        (2, "xsd:float", "double", "float32"),
        (4, "xs:double", "double", "float64"),
        (6, "xsd:string", "string", "string(12)"),
        (2, "", "double", "float32"),
        (4, "", "double", "float64"),
        (4, "", "int64", "int64"),
        (2, "", "int64", "int32"),
        (1, "", "int64", "uint16"),
        (3, "", "string", "string(6)"),
        (2, "xsd:unsignedInt", "bcd32", "bcd32"),
        (2, "xsd:unsignedInt", "uint32", "uint32"),
        (1, "", None, None),
    ],
)
def test_a_type_is_that_of_the_payload_before_that_of_the_value(
    quantity: int, xsd: str, known: str | None, meant: str | None
) -> None:
    terms = (READ, FROM_0, (TYPE, xsd)) if xsd else (READ, FROM_0)
    assert keys_of(f"/1/0?quantity={quantity}", *terms, known=known).get("type") == meant


@pytest.mark.parametrize(
    ("byte", "word", "meant"),
    [
        ("true", "true", None),
        ("true", "false", "CDAB"),
        ("false", "true", "BADC"),
        ("0", "0", "DCBA"),
    ],
)
def test_an_order_is_said_by_byte_and_word_at_the_form_or_at_the_endpoint(
    byte: str, word: str, meant: str | None
) -> None:
    order = ((BYTE, byte), (WORD, word))
    form = (READ, FROM_0, (TYPE, "xsd:float"))
    assert keys_of("/1/0?quantity=2", *form, *order).get("order") == meant
    assert keys_of("/1/0?quantity=2", *form, link=order).get("order") == meant
    one = keys_of("/1/0?quantity=1", READ, FROM_0, (TYPE, "xsd:short"), (BYTE, byte))
    assert one.get("order") == (None if byte == "true" else "BA")


@pytest.mark.parametrize(
    ("href", "terms"),
    [
        ("/1/0", ()),
        ("/voltage", (READ,)),
        ("/1/0", (READ,)),
        ("/1/70000", (READ, FROM_0)),
        ("", (READ,)),
    ],
)
def test_what_names_no_register_is_told(href: str, terms: Terms) -> None:
    assert keys_of(href, *terms) == [("no-address", href)]


def test_a_point_of_another_unit_than_most_is_told() -> None:
    points = tuple(
        Point(f"P{place}", f"P{place}", Form(f"/{unit}/{place}", terms=(READ, FROM_0)))
        for place, unit in enumerate((3, 3, 4))
    )
    interface = Interface("", BINDING, Link("modbus+tcp://10.0.0.9"), points)
    told: Told = []
    words = FACE.device_keys(interface, "modbus://10.0.0.9:502", "meter", {}, lambda *_: None)
    assert words.keys == {"connect": "modbus://10.0.0.9:502", "unit": 3}
    found = [
        FACE.tag_keys(interface, each, {}, lambda _, why, what: told.append((why, what)))
        for each in points
    ]
    assert [each is None for each in found] == [False, False, True]
    assert told == [("no-address", "/4/2")]


def test_a_row_of_a_table_names_register_type_and_order() -> None:
    assert field_tag_keys("holding:100 float32 CDAB", "1s", None) == {
        "register": "holding:100", "type": "float32", "order": "CDAB", "every": "1s"
    }  # fmt: skip
    for address in ("holding:100 float32 AB", "holding:100 float32 CDAB x", "holding:40001", "x"):
        assert field_tag_keys(address, "1s", None) == "address"
    assert field_tag_keys("holding:100", "1s", 3) == "index"
