"""Modbus as a kind of adapter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.modbus.config import ModbusSource
from adapters.modbus.interface import FACE, FIELDS
from adapters.modbus.problems import problems
from adapters.modbus.registers import result_word
from adapters.modbus.settings import (
    SCHEMES,
    ModbusDeviceKeys,
    ModbusTagKeys,
    make_item,
    make_source,
    type_of,
)
from gateway.core.assets import LocalName
from gateway.core.kinds import AdapterContext, AdapterKind, SourceContext, same_key

if TYPE_CHECKING:
    from adapters.modbus.memory import Memory
    from gateway.core.clock import Clock
    from gateway.core.probing import LiveResult
    from gateway.core.protocols import Adapter


def reads(tag: ModbusTagKeys) -> str:
    """Name the plain type of what the registers of a tag hold."""
    return result_word(type_of(tag))


def address(keys: ModbusDeviceKeys, tag: ModbusTagKeys) -> str:
    """Say which register, counted from 0 however it is written."""
    return make_item(0, keys, tag).written


def source_of(context: SourceContext[ModbusDeviceKeys, ModbusTagKeys]) -> ModbusSource:
    """Describe one unit."""
    return make_source(context.device, context.keys, context.tags, context.plan)


def line(source: ModbusSource) -> str | None:
    """Name the connection or port that units share: one request at a time goes over it."""
    return source.address


def unit_of(source: ModbusSource) -> tuple[str, int]:
    """Name the machine that the memory is about."""
    return source.address, source.unit


def memory_maker() -> Callable[[ModbusSource], Memory]:
    """Begin the memories of one gateway."""
    from adapters.modbus.memory import memory_maker

    return memory_maker()


def make_adapter(context: AdapterContext[ModbusSource, Memory]) -> Adapter:
    """Make the adapter of one connection."""
    from adapters.modbus.adapter import ModbusAdapter

    assert context.polling is not None, "line() names one for every source"
    return ModbusAdapter(
        context.source, context.health, context.clock, context.memory, context.polling
    )


async def probe(source: ModbusSource, clock: Clock) -> LiveResult:
    """Look at a device; see `AdapterKind`."""
    from adapters.modbus.probe import look

    return await look(source, clock)


KIND: AdapterKind[ModbusDeviceKeys, ModbusTagKeys, ModbusSource, Memory] = AdapterKind(
    name="modbus",
    title=LocalName("Modbus", "Modbus"),
    schemes=SCHEMES,
    device=ModbusDeviceKeys,
    tag=ModbusTagKeys,
    interface=FACE,
    fields=FIELDS,
    short_key=same_key("register"),
    problems=problems,
    address=address,
    reads=reads,
    make_source=source_of,
    memory_maker=memory_maker,
    memory_key=unit_of,
    make_adapter=make_adapter,
    line=line,
    probe=probe,
    advice=Path(__file__).parent / "advice.toml",
    libraries=("serialx",),
)
