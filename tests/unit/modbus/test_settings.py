"""The keys of a device file: what they mean, and what is said of those that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.modbus.config import ModbusSource, SerialPort
from adapters.modbus.registers import AddressError, parse_register
from adapters.modbus.settings import device_url, serial_port
from gateway.app.kinds import KINDS
from gateway.config.findings import ConfigError
from gateway.config.plan import DevicePlan, load_plan

CONNECT = "connect: modbus://127.0.0.1\n"


def planned(folder: Path, text: str) -> DevicePlan:
    (folder / "devices").mkdir(exist_ok=True)
    (folder / "gateway.yaml").write_text("gateway: { id: edge-07 }\n", "utf-8")
    (folder / "devices" / "meter.yaml").write_text(text, "utf-8")
    return load_plan(folder, folder / "data", {}, KINDS).devices["meter"]


def source_in(folder: Path, text: str) -> ModbusSource:
    source = planned(folder, text).source
    assert isinstance(source, ModbusSource)
    return source


def said(folder: Path, text: str) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as told:
        planned(folder, text)
    return [(finding.code, " ".join(finding.facts.values())) for finding in told.value.findings]


@pytest.mark.parametrize(
    ("text", "base", "meant"),
    [
        ("holding:100", 0, ("holding", 100)),
        ("holding:100", 1, ("holding", 99)),
        ("input:0x1F", 0, ("input", 31)),
        ("input:0x1F", 1, ("input", 30)),
        ("40001", 0, ("holding", 0)),
        ("40001", 1, ("holding", 0)),
        ("400001", 0, ("holding", 0)),
        ("465536", 0, ("holding", 65535)),
        ("30010", 0, ("input", 9)),
        ("10001", 0, ("discrete", 0)),
        ("00001", 0, ("coil", 0)),
        ("coil:9999", 0, ("coil", 9999)),
        ("holding:12345", 0, ("holding", 12345)),
        ("holding:0x9C41", 0, ("holding", 40001)),
        ("HOLDING:7", 0, ("holding", 7)),
    ],
)
def test_a_register_has_one_address_however_it_is_written(
    text: str, base: int, meant: tuple[str, int]
) -> None:
    known = parse_register(text)
    assert (known.table, known.address(base)) == meant


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("holding:40001", "40001 (holding:0), holding:0x9c41"),
        ("input:30010", "30010 (input:9), input:0x753a"),
        ("holding:400101", "400101 (holding:100)"),
        ("discrete:10001", "10001 (discrete:0), discrete:0x2711"),
    ],
)
def test_a_number_that_may_be_meant_either_way_is_refused_with_both_ways(
    text: str, form: str
) -> None:
    with pytest.raises(AddressError) as told:
        parse_register(text)
    assert told.value.form == form


@pytest.mark.parametrize(
    "text", ["", "holding", "holding:", "reg:1", "40", "50001", "4x0001", "holding:-1"]
)
def test_what_names_no_register_is_refused(text: str) -> None:
    with pytest.raises(AddressError, match="holding:100"):
        parse_register(text)


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("modbus+serial:/dev/ttyUSB0", SerialPort("/dev/ttyUSB0")),
        ("modbus+serial:///dev/ttyUSB0", SerialPort("/dev/ttyUSB0")),
        ("modbus+serial:COM3?baud=19200&parity=E", SerialPort("COM3", 19200, "E")),
        ("modbus+serial:///com12?stop=2", SerialPort("COM12", 9600, "N", 2)),
        (
            "modbus+serial:/dev/serial/by-id/usb-FTDI-if00-port0?baud=38400&parity=O",
            SerialPort("/dev/serial/by-id/usb-FTDI-if00-port0", 38400, "O"),
        ),
    ],
)
def test_a_serial_port_is_read_from_its_address(text: str, port: SerialPort) -> None:
    assert serial_port(text) == port
    assert serial_port(device_url(text)) == port
    assert device_url(device_url(text)) == device_url(text)


def test_addresses_have_one_form(tmp_path: Path) -> None:
    assert device_url("modbus://meter") == "modbus://meter:502"
    assert device_url("modbus+tcp://[::1]:5020") == "modbus://[::1]:5020"
    assert device_url("modbus+rtu://10.0.0.9:4001/") == "modbus+rtu://10.0.0.9:4001"
    for text in ("modbus+serial:/dev/ttyS0?baud=19200", "modbus+serial:COM4"):
        source = source_in(tmp_path, f"connect: {text}\ntags: [ P: holding:0 ]\n")
        assert source.serial == serial_port(text)
        assert source.framing == "rtu"


@pytest.mark.parametrize(
    "address",
    [
        "modbus://",
        "modbus://host:0",
        "modbus://host/1",
        "modbus://host?unit=1",
        "modbus+serial:",
        "modbus+serial:/dev/ttyS0?baud=fast",
        "modbus+serial:/dev/ttyS0?parity=X",
        "modbus+serial:/dev/ttyS0?bits=7",
    ],
)
def test_what_is_no_address_is_told(tmp_path: Path, address: str) -> None:
    ((code, _),) = said(tmp_path, f'connect: "{address}"\ntags: [ P: holding:0 ]\n')
    assert code == "E1109"


def test_units_of_one_address_share_a_line(tmp_path: Path) -> None:
    kind = planned(tmp_path, CONNECT + "tags: [ P: holding:0 ]\n").kind
    lines = {
        kind.line(source_in(tmp_path, f"connect: {address}\n{more}tags: [ P: holding:0 ]\n"))
        for address, more in (
            ("modbus://10.0.0.9", ""),
            ("modbus+tcp://10.0.0.9:502", "unit: 7\n"),
            ("modbus+rtu://10.0.0.9:502", ""),
            ("modbus+serial:/dev/ttyS0?baud=9600", ""),
            ("modbus+serial:///dev/ttyS0?baud=9600&parity=N", "unit: 3\n"),
        )
    }
    assert lines == {
        "modbus://10.0.0.9:502",
        "modbus+rtu://10.0.0.9:502",
        "modbus+serial:///dev/ttyS0",
    }


def test_the_order_of_the_device_counts_for_values_of_several_registers(tmp_path: Path) -> None:
    source = source_in(
        tmp_path,
        CONNECT
        + "order: DCBA\ntags:\n"
        + "  - { name: A, register: holding:0, type: float32 }\n"
        + "  - { name: B, register: holding:2 }\n"
        + "  - { name: C, register: holding:3, type: int16, order: BA }\n"
        + "  - { name: D, register: holding:4, type: uint64, order: CDAB }\n"
        + "  - { name: E, register: coil:4 }\n",
    )
    assert [each.order for each in source.items] == ["DCBA", "AB", "BA", "CDAB", "AB"]
    assert [each.type for each in source.items] == ["float32", "uint16", "int16", "uint64", "bool"]


def test_types_are_known_before_a_value_came(tmp_path: Path) -> None:
    plan = planned(
        tmp_path,
        CONNECT
        + "tags:\n"
        + "  - { name: Raw, register: holding:0, type: int16 }\n"
        + "  - { name: Scaled, register: holding:1, type: int16, scale: 0.1 }\n"
        + "  - { name: Bit, register: holding:2, bit: 15 }\n"
        + "  - { name: Text, register: holding:3, type: string(8) }\n"
        + "  - { name: Decimal, register: holding:9, type: bcd32 }\n"
        + "  - { name: State, register: holding:11, type: uint16, values: { 0: off1 } }\n",
    )
    assert {signal.name: signal.value_type for signal in plan.table.signals} == {
        "Raw": "xs:short",
        "Scaled": "xs:double",
        "Bit": "xs:boolean",
        "Text": "xs:string",
        "Decimal": "xs:unsignedInt",
        "State": "xs:string",
    }
    assert plan.rules.keys() == {1, 2, 5}, "what is of its type already is not converted"


@pytest.mark.parametrize(
    ("tag", "code", "word"),
    [
        ("register: holding:40001", "E1235", "40001 (holding:0), holding:0x9c41"),
        ("register: holding, type: uint16", "E1114", "holding:100"),
        ("register: holding:1, type: float16", "E1114", "float32"),
        ("register: holding:1, type: string(0)", "E1114", "string(8)"),
        ("register: holding:1, type: float32, order: AB", "E1106", "ABCD, CDAB"),
        ("register: holding:1, type: uint16, order: CDAB", "E1106", "AB, BA"),
        ("register: coil:1, type: uint16", "E1208", ""),
        ("register: coil:1, order: BA", "E1208", ""),
        ("register: coil:1, bit: 1", "E1208", ""),
        ("register: holding:1, type: float32, bit: 1", "E1208", ""),
        ("register: holding:1, type: uint16, bit: 16", "E1107", ""),
        ("register: holding:65535, type: float32", "E1107", ""),
        ("register: holding:65536", "E1107", ""),
        ("register: holding:0, type: string(100), unit: V", "E1107", ""),
        ("register: holding:0, type: string(8), range: [0, 1]", "E1208", ""),
        ("register: holding:0, type: string(8), encoding: cp94", "E1231", ""),
    ],
)
def test_a_tag_that_cannot_be_is_told(tmp_path: Path, tag: str, code: str, word: str) -> None:
    text = f"{CONNECT}max_registers: 40\ntags:\n  - {{ name: P, {tag} }}\n"
    found = said(tmp_path, text)
    assert [each for each, _ in found] == [code]
    assert word in found[0][1]


def test_counting_from_1_has_no_0(tmp_path: Path) -> None:
    assert said(tmp_path, f"{CONNECT}base: 1\ntags: [ P: holding:0 ]\n")[0][0] == "E1107"
    assert source_in(tmp_path, f"{CONNECT}base: 1\ntags: [ P: holding:1 ]\n").items[0].address == 0


def test_a_unit_of_a_serial_line_has_a_number_of_its_own(tmp_path: Path) -> None:
    text = "connect: modbus+serial:/dev/ttyS0\nunit: 0\ntags: [ P: holding:0 ]\n"
    assert said(tmp_path, text)[0][0] == "E1107"
