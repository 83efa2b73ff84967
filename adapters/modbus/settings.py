"""The keys of a Modbus device file, and what is made of them. Free of NumPy and of any library."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from difflib import get_close_matches
from encodings.aliases import aliases
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from adapters.modbus.config import ModbusItem, ModbusSource, SerialPort
from adapters.modbus.registers import (
    BIT_TABLES,
    REGISTER_FORM,
    TYPE_FORM,
    AddressError,
    orders_for,
    parse_register,
    string_size,
    type_there,
)
from gateway.core.config import FileModel, Seconds
from gateway.core.signals import PlanTable

TCP, TCP_LONG, RTU, SERIAL = "modbus", "modbus+tcp", "modbus+rtu", "modbus+serial"
SCHEMES = (TCP, TCP_LONG, RTU, SERIAL)
"""`modbus+tcp` is how descriptions of interfaces write what is `modbus` here."""
PORT = 502
BAUD_MIN, BAUD_MAX = 300, 4_000_000
GAP_TCP, GAP_SERIAL = 32, 10
"""Registers nobody asked for that are read to save a request. On a serial line each takes as long
as two characters, and a request about twenty (13 characters of frames, silence, turn-around)."""
EVERY_MIN_S, EVERY_MAX_S = 0.01, 86_400.0
_WINDOWS_PORT = re.compile(r"/?(COM\d{1,3})", re.IGNORECASE)


def device_url(text: str) -> str:
    """Accept the address of a device; give it in one form.

    `modbus://host[:port]`, `modbus+rtu://host:port` and `modbus+serial:/dev/ttyUSB0?baud=9600`.
    """
    parts = urlsplit(text)
    if "@" in parts.netloc:
        raise PydanticCustomError("E1308", "a login in an address", {})
    if any(char.isspace() for char in text) or parts.fragment:
        raise _not_an_address(text)
    if parts.scheme == SERIAL:
        return _port_url(text, serial_port(text))
    try:
        port = PORT if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not parts.hostname or not port or parts.path.strip("/") or parts.query:
        raise _not_an_address(text)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{RTU if parts.scheme == RTU else TCP}://{host}:{port}"


def _not_an_address(text: str) -> PydanticCustomError:
    return PydanticCustomError("E1109", "not an address", {"address": text})


def serial_port(text: str) -> SerialPort:
    """Read `modbus+serial:/dev/ttyUSB0?baud=9600&parity=N&stop=1`; eight data bits are Modbus's."""
    parts = urlsplit(text)
    name = parts.netloc + parts.path
    windows = _WINDOWS_PORT.fullmatch(name)
    said = dict(parse_qsl(parts.query, keep_blank_values=True))
    baud, parity, stop = said.pop("baud", "9600"), said.pop("parity", "N"), said.pop("stop", "1")
    fine = baud.isascii() and baud.isdecimal() and BAUD_MIN <= int(baud) <= BAUD_MAX
    if not name.strip("/") or said or not fine or parity not in "NEO" or stop not in {"1", "2"}:
        raise _not_an_address(text)
    return SerialPort(
        windows[1].upper() if windows else name,
        int(baud),
        "E" if parity == "E" else "O" if parity == "O" else "N",
        2 if stop == "2" else 1,
    )


def _port_url(text: str, port: SerialPort) -> str:
    query = urlsplit(text).query
    path = port.port if port.port.startswith("/") else f"/{port.port}"
    return f"{SERIAL}://{path}" + (f"?{query}" if query else "")


def register(value: Any) -> Any:
    """Accept a register, and a bare number as manuals write it (40001)."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        return value
    try:
        parse_register(text)
    except AddressError as error:
        if error.two:
            facts = {"register": text, "ways": error.form}
            raise PydanticCustomError("E1235", "two registers", facts) from None
        raise _form(text, error.form) from None
    return text


def _form(value: str, form: str) -> PydanticCustomError:
    return PydanticCustomError("E1114", "not in form", {"value": value, "form": form})


def type_word(text: str) -> str:
    """Accept a type of `registers.SIZES`, or `string(N)`."""
    word = {"float": "float32", "double": "float64"}.get(text, text)
    if not type_there(word):
        raise _form(text, TYPE_FORM)
    return word


def text_encoding(text: str) -> str:
    """Accept a text encoding by any name that Python knows it by."""
    try:
        known = codecs.lookup(text)
        "".encode(known.name)
    except (LookupError, ValueError):
        near = get_close_matches(text.lower(), aliases, 1)
        raise PydanticCustomError(
            "E1231", "not an encoding", {"encoding": text, "near": near[0] if near else ""}
        ) from None
    return text


Register = Annotated[str, BeforeValidator(register)]
Every = Annotated[Seconds, Field(ge=EVERY_MIN_S, le=EVERY_MAX_S)]
Order = Literal["ABCD", "CDAB", "BADC", "DCBA"]
Encoding = Annotated[str, AfterValidator(text_encoding)]


class ModbusTagKeys(FileModel):
    """What only a tag of a Modbus device has; its `type` is what the registers hold."""

    register_: Register = Field(alias="register", json_schema_extra={"examples": [REGISTER_FORM]})
    type: Annotated[str, AfterValidator(type_word)] | None = None
    order: Literal["ABCD", "CDAB", "BADC", "DCBA", "AB", "BA"] | None = None
    every: Every | None = None
    encoding: Encoding | None = None


class ModbusDeviceKeys(FileModel):
    """What only a Modbus device file has. Times are in seconds once read."""

    connect: Annotated[str, AfterValidator(device_url)]
    unit: int = Field(default=1, ge=0, le=255)
    base: Literal[0, 1] = 0
    order: Order = "ABCD"
    every: Every = 1.0
    max_registers: int = Field(default=125, ge=1, le=125)
    max_bits: int = Field(default=2000, ge=1, le=2000)
    gap: int | None = Field(default=None, ge=0, le=124)
    pause: Annotated[Seconds, Field(ge=0, le=10)] = 0.0
    timeout: Annotated[Seconds, Field(ge=0.02, le=60)] = 1.0
    encoding: Encoding = "utf-8"


def type_of(tag: ModbusTagKeys) -> str:
    """Give the type of a tag: without `type` a register is an unsigned number, a coil a bool."""
    if tag.type is not None:
        return tag.type
    return "bool" if parse_register(tag.register_).table in BIT_TABLES else "uint16"


def order_of(keys: ModbusDeviceKeys, tag: ModbusTagKeys) -> str:
    """Give the order of a tag's bytes: its own, or the device's for values of 32 and 64 bits."""
    if tag.order is not None:
        return tag.order
    orders = orders_for(type_of(tag))
    return keys.order if keys.order in orders else orders[0]


def make_item(place: int, keys: ModbusDeviceKeys, tag: ModbusTagKeys) -> ModbusItem:
    """Make the frozen description of one tag; its address may lie outside what there is."""
    known = parse_register(tag.register_)
    word = type_of(tag)
    bits = known.table in BIT_TABLES
    return ModbusItem(
        index=place,
        table=known.table,
        address=known.address(keys.base),
        type=word,
        order="AB" if bits else order_of(keys, tag),
        encoding=(tag.encoding or keys.encoding) if string_size(word) else "ascii",
        period_s=keys.every if tag.every is None else tag.every,
    )


def make_source(
    device: str, keys: ModbusDeviceKeys, tags: Sequence[ModbusTagKeys], plan: PlanTable
) -> ModbusSource:
    """Make the frozen description of one unit; `tags` are in the order of `plan`."""
    parts = urlsplit(keys.connect)
    serial = serial_port(keys.connect) if parts.scheme == SERIAL else None
    return ModbusSource(
        device=device,
        framing="tcp" if parts.scheme == TCP else "rtu",
        plan=plan,
        items=tuple(make_item(place, keys, tag) for place, tag in enumerate(tags)),
        host=parts.hostname or "",
        port=(parts.port or PORT) if serial is None else 0,
        serial=serial,
        unit=keys.unit,
        max_registers=keys.max_registers,
        max_bits=keys.max_bits,
        gap=keys.gap if keys.gap is not None else GAP_TCP if serial is None else GAP_SERIAL,
        pause_s=keys.pause,
        timeout_s=keys.timeout,
    )
