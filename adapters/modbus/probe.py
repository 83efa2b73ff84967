"""Proves a device's tags against its unit, for `gateway check --live`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

import numpy as np

from adapters.modbus.adapter import terms_of
from adapters.modbus.config import ModbusItem, ModbusSource
from adapters.modbus.decode import BlockDecoder
from adapters.modbus.outstanding import Outstanding
from adapters.modbus.planner import FUNCTIONS, Block, cut, plan_blocks
from adapters.modbus.reasons import NOT_OF_TYPE, REFUSES_ADDRESS, TIMEOUT, reason_of
from adapters.modbus.unit import Unit
from adapters.modbus.wire import ModbusWire, open_wire
from gateway.core.clock import Clock
from gateway.core.errors import SourceUnavailable
from gateway.core.probing import LiveResult

T = TypeVar("T")


class ProbeSeat:
    """A line of one's own, for a look beside a gateway that may be running."""

    def __init__(self, source: ModbusSource, wire: ModbusWire, clock: Clock) -> None:
        self._terms = terms_of(source)
        self._wire = wire
        self._clock = clock

    async def ask(self, exchange: Callable[[ModbusWire], Awaitable[T]]) -> T:
        """Run one exchange; see `gateway.core.polling.Seat`, but nothing is tried again."""
        if self._terms.pause_s:
            await self._clock.sleep(self._terms.pause_s)
        try:
            async with asyncio.timeout(self._terms.timeout_s):
                return await exchange(self._wire)
        except TimeoutError as error:
            raise SourceUnavailable(TIMEOUT, f"{self._terms.timeout_s:g} s") from error

    async def leave(self) -> None:
        """Close the wire."""
        await self._wire.close()


async def look(source: ModbusSource, clock: Clock) -> LiveResult:
    """Read every tag once, and say what is refused, by register.

    Raises:
        SourceUnavailable, SourceRejected: the unit is not reached.
    Cancel: closes the connection.
    """
    try:
        async with asyncio.timeout(source.connect_timeout_s):
            wire = await open_wire(source, count(1))
    except TimeoutError as error:
        raise SourceUnavailable("connect-timeout", f"{source.connect_timeout_s:g} s") from error
    seat = ProbeSeat(source, wire, clock)
    result = LiveResult()
    try:
        unit = Unit(seat, source.unit, Outstanding(), clock)
        waiting = list(plan_blocks(source))
        while waiting:
            waiting[:1] = await _look_at(source, unit, waiting[0], result)
    finally:
        await seat.leave()
    return result


async def _look_at(
    source: ModbusSource, unit: Unit, block: Block, result: LiveResult
) -> tuple[Block, ...]:
    """Read one block; give the parts of it that have to be read one by one."""
    reply = await unit.ask(block.request, [block])
    if reply.code is None:
        _found(source, block, reply.data, result)
        return ()
    parts = cut(block)
    if reply.code in REFUSES_ADDRESS and len(parts) > 1:
        return parts
    for item in block.items:
        detail = f"{item.written} (function {FUNCTIONS[item.table]}, exception {reply.code})"
        result.tag_bad(_name(source, item), reason_of(reply.code), detail)
    return ()


def _found(source: ModbusSource, block: Block, data: bytes, result: LiveResult) -> None:
    items = {item.index: item for item in block.items}
    for columns in BlockDecoder(block).decode(data):
        count = len(columns.signals)
        status = np.zeros(count, np.uint32) if columns.status is None else columns.status
        values = columns.values if isinstance(columns.values, list) else columns.values.tolist()
        for index, value, code in zip(columns.signals.tolist(), values, status, strict=True):
            item = items[index]
            if code:
                detail = f"{item.written} {item.type}"
                result.tag_bad(_name(source, item), NOT_OF_TYPE, detail)
            else:
                result.good[_name(source, item)] = str(value)


def _name(source: ModbusSource, item: ModbusItem) -> str:
    return source.plan.signals[item.index].name
