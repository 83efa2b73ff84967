"""What a Modbus device keeps from one connection to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from secrets import randbelow

from adapters.modbus.config import ModbusSource
from adapters.modbus.frames import NUMBER_END
from adapters.modbus.outstanding import Outstanding, Units
from adapters.modbus.planner import Plan


@dataclass(slots=True)
class Memory:
    """What a unit owes, and the plan with what it has refused."""

    outstanding: Outstanding
    plan: Plan
    numbers: Iterator[int] = field(default_factory=count)
    """Of transactions; one sequence for a gateway, which does not begin where the last one did."""
    refusals: dict[tuple[str, int, int], int] = field(default_factory=dict)
    """Exception code by table, address and count, for those that are being refused."""


def memory_maker() -> Callable[[ModbusSource], Memory]:
    """Begin the memories of one gateway; devices of one unit share what it owes."""
    units, numbers = Units(), count(randbelow(NUMBER_END))
    return lambda source: Memory(units.of(source.address, source.unit), Plan(source), numbers)
