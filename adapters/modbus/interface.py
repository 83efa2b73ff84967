"""Modbus in descriptions of interfaces: hrefs of registers, functions, orders of bytes, and back.

Source: IDTA 02017-1-1 with the Modbus WoT binding: `/UNIT/ADDRESS?quantity=N` below a base
`modbus+tcp://host:port`, addresses from 0 or from 1 by `modv_zeroBasedAddressing` (there: from 1
where it says nothing), most significant byte and word first unless said otherwise.
"""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import parse_qs, urlsplit

from pydantic_core import PydanticCustomError

from adapters.modbus.config import ModbusItem, ModbusSource
from adapters.modbus.planner import width_of
from adapters.modbus.registers import (
    BIT_TABLES,
    AddressError,
    orders_for,
    parse_register,
    result_word,
    type_there,
    written,
)
from adapters.modbus.settings import (
    EVERY_MAX_S,
    EVERY_MIN_S,
    SCHEMES,
    TCP,
    TCP_LONG,
    ModbusDeviceKeys,
    ModbusTagKeys,
    device_url,
    make_item,
    register,
    type_word,
)
from gateway.core.config import duration
from gateway.core.field_tables import Fault, FieldDevice, FieldFace, FieldTag
from gateway.core.interfaces import (
    Binding,
    DeviceWords,
    Form,
    Interface,
    InterfaceFace,
    Keys,
    Link,
    Point,
    Reach,
    Security,
    Tell,
)

MODV = "https://www.w3.org/2019/wot/modbus#"
FUNCTION, ENTITY, ZERO, TYPE = (
    "modv_function",
    "modv_entity",
    "modv_zeroBasedAddressing",
    "modv_type",
)
BYTE, WORD = "modv_mostSignificantByte", "modv_mostSignificantWord"
FUNCTIONS = {
    "coil": "readCoil",
    "discrete": "readDiscreteInput",
    "input": "readInputRegisters",
    "holding": "readHoldingRegisters",
}
ENTITIES = {
    "coil": "Coil",
    "discrete": "DiscreteInput",
    "input": "InputRegister",
    "holding": "HoldingRegister",
}
OTHER_READS = {
    "1": "coil",
    "readcoils": "coil",
    "2": "discrete",
    "readdiscreteinputs": "discrete",
    "3": "holding",
    "readmultipleholdingregisters": "holding",
    "4": "input",
    "readinputregister": "input",
}
"""Further ways in which a function that reads is written."""
XSD = {
    "bool": "xsd:boolean",
    "int16": "xsd:short",
    "uint16": "xsd:unsignedShort",
    "int32": "xsd:int",
    "uint32": "xsd:unsignedInt",
    "int64": "xsd:long",
    "uint64": "xsd:unsignedLong",
    "float32": "xsd:float",
    "float64": "xsd:double",
    "string": "xsd:string",
}
_BY_FUNCTION = {word.lower(): table for table, word in FUNCTIONS.items()} | OTHER_READS
_BY_ENTITY = {word.lower(): table for table, word in ENTITIES.items()}
BINDING = Binding(
    protocol="modbus",
    schemes=SCHEMES,
    id_short="InterfaceMODBUS",
    mark="http://www.w3.org/2011/modbus",
    content="application/octet-stream",
    words={
        FUNCTION: f"{MODV}hasFunction",
        ENTITY: f"{MODV}hasEntity",
        ZERO: f"{MODV}hasZeroBasedAddressingFlag",
        TYPE: f"{MODV}hasPayloadDataType",
        BYTE: f"{MODV}hasMostSignificantByte",
        WORD: f"{MODV}hasMostSignificantWord",
    },
    endpoint={
        BYTE: f"{MODV}hasMostSignificantByte",
        WORD: f"{MODV}hasMostSignificantWord",
    },
    reads={FUNCTION: frozenset(_BY_FUNCTION)},
)
_HREF = re.compile(r"/?(?:(\d{1,3})/)?(\d{1,6})/?")
"""Unit and address; a description of one unit may leave it out."""
_ORDERS = {
    (True, True): "ABCD",
    (True, False): "CDAB",
    (False, True): "BADC",
    (False, False): "DCBA",
}


def link(keys: ModbusDeviceKeys) -> Link:
    """Describe the connection of a device."""
    base = keys.connect
    if base.startswith(f"{TCP}:"):
        base = TCP_LONG + base.removeprefix(TCP)
    every_s = keys.every if "every" in keys.model_fields_set else None
    return Link(base, (Security("nosec"),), every_s=every_s)


def reach(keys: ModbusDeviceKeys, tag: ModbusTagKeys) -> Reach:
    """Say how a tag's registers are reached."""
    item = make_item(0, keys, tag)
    href = f"/{keys.unit}/{item.address}?quantity={width_of(item)}"
    terms = [(FUNCTION, FUNCTIONS[item.table]), (ENTITY, ENTITIES[item.table]), (ZERO, "true")]
    if tag.type is not None:
        terms.append((TYPE, XSD[result_word(item.type)]))
    if item.table not in BIT_TABLES:
        swapped = item.order in {"BA", "BADC", "DCBA"}
        if swapped:
            terms.append((BYTE, "false"))
        if item.order in {"CDAB", "DCBA"}:
            terms.append((WORD, "false"))
    return Reach(Form(href, terms=tuple(terms)), every_s=tag.every)


def connect(base: str, tell: Tell) -> str | None:
    """Take a base for `connect:`."""
    try:
        return device_url(base)
    except (PydanticCustomError, ValueError):
        tell("base", "no-address", base)
        return None


def device_keys(
    interface: Interface, address: str, _name: str, _extras: Keys, _tell: Tell
) -> DeviceWords:
    """Write a described connection as keys: the unit is that of most points."""
    keys: Keys = {"connect": address}
    unit = unit_of(interface)
    if unit is not None:
        keys["unit"] = unit
    if interface.link.every_s is not None:
        keys["every"] = duration(min(max(interface.link.every_s, EVERY_MIN_S), EVERY_MAX_S))
    return DeviceWords(keys)


def unit_of(interface: Interface) -> int | None:
    """Give the unit that most hrefs name, None where none does."""
    found = (_HREF.fullmatch(urlsplit(point.form.href).path) for point in interface.points)
    units = Counter(int(each[1]) for each in found if each and each[1])
    return units.most_common(1)[0][0] if units else None


def tag_keys(interface: Interface, point: Point, _extras: Keys, tell: Tell) -> Keys | None:
    """Write the registers of a point as keys."""
    said = dict(interface.link.terms) | dict(point.form.terms)
    table = _table(said)
    parts = urlsplit(point.form.href)
    found = _HREF.fullmatch(parts.path)
    foreign = found is not None and found[1] and int(found[1]) != unit_of(interface)
    if found is None or table is None or foreign:
        tell(point.id_short, "no-address", point.form.href)
        return None
    try:
        keys: Keys = {"register": register(_register(table, found[2], said))}
    except PydanticCustomError:
        tell(point.id_short, "no-address", point.form.href)
        return None
    quantity = (parse_qs(parts.query).get("quantity") or [""])[0]
    kind = _type(said.get(TYPE, ""), point.type, int(quantity) if quantity.isdecimal() else 1)
    if table not in BIT_TABLES and kind is not None:
        keys["type"] = kind
        keys |= _order(said, kind)
    elif table not in BIT_TABLES:
        keys |= _order(said, "uint16")
    elif point.type is not None:
        keys["type"] = "bool"
    return keys


def _table(said: Keys) -> str | None:
    function = str(said.get(FUNCTION, "")).lower()
    return _BY_FUNCTION.get(function) or _BY_ENTITY.get(str(said.get(ENTITY, "")).lower())


def _register(table: str, digits: str, said: Keys) -> str:
    """Write a register: counted from 0 where it says so, else from 1 or as manuals name it."""
    if _true(said.get(ZERO), False):
        return written(table, int(digits))
    try:
        as_manual = parse_register(digits)
    except AddressError:
        return written(table, int(digits) - 1)
    return digits if as_manual.table == table else written(table, int(digits) - 1)


def _true(text: str | None, otherwise: bool) -> bool:
    return otherwise if text is None else text.strip().lower() in {"true", "1"}


def _type(xsd: str, known: str | None, quantity: int) -> str | None:
    """Find the type: our own word where it agrees with the payload's, else by that and its size."""
    if known is not None and type_there(known) and xsd == XSD.get(result_word(known)):
        return known
    by_xsd = {name: word for word, name in XSD.items()}
    word = by_xsd.get(xsd.replace("xs:", "xsd:"))
    if word == "string" or (word is None and known == "string"):
        return f"string({2 * quantity})"
    if word is not None:
        return word
    if known in {"double", "float"}:
        return "float64" if quantity == 4 else "float32"
    if known == "int64" and quantity in {2, 4}:
        return f"int{16 * quantity}"
    return "bool" if known == "bool" else "uint16" if known is not None else None


def _order(said: Keys, kind: str) -> Keys:
    byte, word = _true(said.get(BYTE), True), _true(said.get(WORD), True)
    orders = orders_for(kind)
    order = _ORDERS[byte, word] if len(orders) > 2 else "AB" if byte else "BA"
    return {} if order == orders[0] else {"order": order}


FACE: InterfaceFace[ModbusDeviceKeys, ModbusTagKeys] = InterfaceFace(
    binding=BINDING,
    link=link,
    reach=reach,
    connect=connect,
    device_keys=device_keys,
    tag_keys=tag_keys,
    said_of_device=frozenset({"every", "unit", "base", "order"}),
    said_of_tag=frozenset({"register", "order", "every"}),
    period_of_tag="every",
    words={
        "connection.host": "connect",
        "connection.port": "connect",
        "connection.serial": "connect",
        "connection.framing": "connect",
        "connection.unit": "unit",
        "connection.max_registers": "max_registers",
        "connection.max_bits": "max_bits",
        "connection.gap": "gap",
        "connection.pause_s": "pause",
        "connection.timeout_s": "timeout",
        "item.table": "register",
        "item.address": "register",
        "item.type": "type",
        "item.order": "order",
        "item.encoding": "encoding",
        "item.period_s": "every",
    },
)


def field_device(source: ModbusSource) -> FieldDevice:
    """Describe a unit and its registers for a table of field tags."""
    tags = (FieldTag(_field_address(item), item.period_s, plain=False) for item in source.items)
    return FieldDevice(source.address, tuple(tags))


def _field_address(item: ModbusItem) -> str:
    parts = [item.written, item.type]
    orders = orders_for(item.type)
    if item.table not in BIT_TABLES and item.order != orders[0]:
        parts.append(item.order)
    return " ".join(parts)


def field_device_keys(every: str | None, _unsafe: bool) -> Keys:
    """Write the keys of a field device; its connection has no security."""
    return {} if every is None else {"every": every}


def field_tag_keys(address: str, every: str, index: int | None) -> Keys | Fault:
    """Write a row's `holding:100 float32 CDAB` as keys."""
    if index is not None:
        return "index"
    place, *rest = address.split(" ")
    try:
        keys: Keys = {"register": register(place), "every": every}
        if rest:
            keys["type"] = type_word(rest[0])
    except PydanticCustomError:
        return "address"
    if rest[1:]:
        if rest[2:] or rest[1] not in orders_for(rest[0]):
            return "address"
        keys["order"] = rest[1]
    return keys


FIELDS: FieldFace[ModbusSource] = FieldFace(
    schemes=SCHEMES,
    device=field_device,
    url=device_url,
    device_keys=field_device_keys,
    tag_keys=field_tag_keys,
    form="`holding:100 float32`",
)
