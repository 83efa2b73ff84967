"""What strangers pack, in every type and order, is what comes out; over TCP and a serial line."""

from __future__ import annotations

import asyncio
import os
import tty
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

from adapters.modbus.config import ModbusItem, ModbusSource, SerialPort
from adapters.modbus.frames import (
    read_request,
    write_coil,
    write_coils,
    write_register,
    write_registers,
)
from adapters.modbus.registers import orders_for
from adapters.modbus.wire import open_wire
from gateway.core.errors import SourceUnavailable
from tests.ports import free_port
from tests.services.modbus_servers import Line, libmodbus, missing, modbus_serial
from tests.unit.modbus.support import Collected, Station, item, source_of

pytestmark = [pytest.mark.service, pytest.mark.slow]

VALUES: dict[str, list[Any]] = {
    "int16": [-2, 0x1234],
    "uint16": [0xFEDC, 1],
    "int32": [-123_456_789, 0x01020304],
    "uint32": [0xFEDCBA98, 1],
    "float32": [12.5, -3.1415927410125732],
    "int64": [-(2**62) - 5, 0x0102030405060708],
    "uint64": [2**64 - 2, 1],
    "float64": [12.5, -2.718281828459045],
}


def numbers() -> Iterator[tuple[Line, ModbusItem, Any]]:
    """Give every type in every order, as holding and as input registers."""
    address, index = 10, 0
    for kind, values in VALUES.items():
        for order in orders_for(kind):
            for value in values:
                line = (kind, order, address, repr(value))
                for table in ("holding", "input"):
                    yield line, item(index, table, address, kind, order=order, period_s=0.1), value
                    index += 1
                address += 5


def everything() -> tuple[list[Line], list[ModbusItem], dict[int, Any]]:
    """Give what a server is to hold, what is read of it, and what is meant."""
    drawn = list(numbers())
    lines = [line for line, _, _ in drawn]
    items = [each for _, each, _ in drawn]
    meant = {each.index: value for _, each, value in drawn}
    for table in ("coil", "discrete"):
        for place in (3, 12, 700):
            index = len(items)
            lines.append((table, "-", place, str(place % 2)))
            items.append(item(index, table, place, "bool", period_s=0.1))
            meant[index] = bool(place % 2)
    return lines, items, meant


async def read(source: ModbusSource) -> dict[int, Any]:
    intake = Collected(wanted=40)
    station = Station()
    await station.until(source, intake, 60.0)
    assert station.health["meter"].bad == {}
    return intake.newest()


async def test_libmodbus_and_we_agree_on_every_type_and_order() -> None:
    lines, items, meant = everything()
    port = free_port()
    with libmodbus("tcp", str(port), lines):
        assert await read(source_of(items, port=port)) == meant


async def test_modbus_serial_and_we_agree_on_every_type_and_order_and_on_texts() -> None:
    lines, items, meant = everything()
    for order in ("AB", "BA"):
        index, address = len(items), 2000 + 10 * len(items)
        text = "용접기 1".encode("cp949")
        lines.append(
            ("string", order, address, b64encode(text + b"\0" * (12 - len(text))).decode())
        )
        more = {"order": order, "encoding": "cp949", "period_s": 0.1}
        items.append(item(index, "holding", address, "string(12)", **more))
        meant[index] = "용접기 1"
    port = free_port()
    with modbus_serial(port, lines):
        assert await read(source_of(items, port=port)) == meant


@contextmanager
def serial_pair() -> Iterator[tuple[str, str]]:
    """Join two pseudo-terminals as a cable would."""
    import threading

    ends = [os.openpty() for _ in range(2)]
    for pair in ends:
        for handle in pair:
            tty.setraw(handle)

    def carry(source: int, target: int) -> None:
        try:
            while data := os.read(source, 1024):
                os.write(target, data)
        except OSError:
            return  # the cable is pulled

    (one, _), (two, _) = ends
    threads = [
        threading.Thread(target=carry, args=way, daemon=True) for way in ((one, two), (two, one))
    ]
    for thread in threads:
        thread.start()
    try:
        yield os.ttyname(ends[0][1]), os.ttyname(ends[1][1])
    finally:
        for pair in ends:
            for handle in pair:
                os.close(handle)
        for thread in threads:
            thread.join(5)


@pytest.fixture
def cable() -> Iterator[tuple[str, str]]:
    try:
        import serialx  # noqa: F401 - only whether it is there
    except ImportError:
        missing("the extra `serial` (pip install serialx)")
    with serial_pair() as ends:
        yield ends


async def test_libmodbus_and_we_agree_over_a_serial_line(cable: tuple[str, str]) -> None:
    lines, items, meant = everything()
    ours, theirs = cable
    source = source_of(items, framing="rtu", serial=SerialPort(ours, 115_200), host="")
    with libmodbus("rtu", theirs, lines):
        assert await read(source) == meant


@pytest.mark.parametrize(("place", "reason"), [("gone", "port-missing"), ("null", "port-failed")])
async def test_a_port_that_cannot_be_opened_is_told(
    cable: tuple[str, str], place: str, reason: str
) -> None:
    source = source_of([item(0, "holding", 0)], framing="rtu", serial=SerialPort(f"/dev/{place}"))
    with pytest.raises(SourceUnavailable, match=reason):
        await Station().adapter(source).run(Collected())


async def test_what_the_codec_writes_is_what_libmodbus_then_holds() -> None:
    port = free_port()
    source = source_of([item(0, "holding", 0)], port=port)
    with libmodbus("tcp", str(port), []):
        async with asyncio.timeout(20):
            wire = await open_wire(source, count(1))
            for request in (
                write_register(10, 0xBEEF),
                write_registers(11, [1, 0xFFFF, 3]),
                write_coil(20, True),
                write_coils(21, [False, True, True, False, True, True, True, False, True]),
            ):
                assert await wire.exchange(1, request) == b""
            registers = await wire.exchange(1, read_request(3, 10, 4))
            coils = await wire.exchange(1, read_request(1, 20, 10))
            await wire.close()
    assert registers.hex() == "beef0001ffff0003"
    assert coils == bytes([0b11101101, 0b10])
