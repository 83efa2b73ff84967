"""What is asked for in one request.

Constraints. A request costs a turn on the line: 200 of one register each took 4 s where 14 blocks
took 0.3 s. So neighbours are read together, and gaps between them too where that is cheaper than
another request. But a register inside a gap may not be there, some devices answer for few registers
at once only, and a value of several registers must come in one answer or it is torn.

Format. A block is a table, an address, a count, a period and its items. Items of one table and
period are sorted; the next one joins the block while the gap and the whole span allow it.

What the unit refuses (exception 2 or 3) is cut: between two items at the widest gap, and when one
item is left that is its own fault. `Plan.refused` cuts; it is kept beyond the connection and begins
anew when the configuration changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from adapters.modbus.config import ModbusItem, ModbusSource
from adapters.modbus.frames import (
    READ_COILS,
    READ_DISCRETE,
    READ_HOLDING,
    READ_INPUT,
    Request,
    read_request,
)
from adapters.modbus.registers import BIT_TABLES, size_of

FUNCTIONS = {
    "coil": READ_COILS,
    "discrete": READ_DISCRETE,
    "input": READ_INPUT,
    "holding": READ_HOLDING,
}
BITS_FOR_A_REGISTER = 16


@dataclass(frozen=True, slots=True)
class Block:
    """What is read with one request, and whose values are in it."""

    table: str
    address: int
    count: int
    period_s: float
    items: tuple[ModbusItem, ...]

    @property
    def request(self) -> Request:
        """The request for it."""
        return read_request(FUNCTIONS[self.table], self.address, self.count)

    @property
    def written(self) -> str:
        """What it covers, as people read it."""
        last = self.address + self.count - 1
        return f"{self.table}:{self.address}" + (f"-{last}" if self.count > 1 else "")


def width_of(item: ModbusItem) -> int:
    """Give the registers, or bits, that an item takes."""
    return 1 if item.table in BIT_TABLES else size_of(item.type) // 2


def plan_blocks(source: ModbusSource) -> tuple[Block, ...]:
    """Give what is read of a unit, by table and address; shortest periods first."""
    ordered = sorted(source.items, key=_place)
    return tuple(
        block
        for (period_s, table), items in groupby(ordered, lambda i: (i.period_s, i.table))
        for block in _joined(source, table, period_s, items)
    )


def _place(item: ModbusItem) -> tuple[float, str, int]:
    return item.period_s, item.table, item.address


def _joined(
    source: ModbusSource, table: str, period_s: float, items: Iterable[ModbusItem]
) -> Iterable[Block]:
    bits = table in BIT_TABLES
    most = source.max_bits if bits else source.max_registers
    gap = source.gap * (BITS_FOR_A_REGISTER if bits else 1)
    run: list[ModbusItem] = []
    first = end = 0
    for item in items:
        last = item.address + width_of(item)
        if run and (item.address - end > gap or max(last, end) - first > most):
            yield Block(table, first, end - first, period_s, tuple(run))
            run = []
        if not run:
            first = end = item.address
        run.append(item)
        end = max(end, last)
    if run:
        yield Block(table, first, end - first, period_s, tuple(run))


class Plan:
    """The blocks of one device as they stand."""

    def __init__(self, source: ModbusSource) -> None:
        self.source = source
        self.blocks: Sequence[Block] = plan_blocks(source)
        self.cuts = 0
        """How many blocks were cut because the unit refused them."""

    def follow(self, source: ModbusSource) -> None:
        """Take another source; what was learned of the unit stays where the blocks do."""
        before = self.source
        self.source = source
        if (before.items, before.gap, before.max_registers, before.max_bits) != (
            source.items,
            source.gap,
            source.max_registers,
            source.max_bits,
        ):
            self.blocks, self.cuts = plan_blocks(source), 0

    def refused(self, block: Block) -> bool:
        """Cut a block that the unit will not give; False where there is nothing to cut."""
        parts = cut(block)
        if len(parts) == 1:
            return False
        place = self.blocks.index(block)
        self.blocks = (*self.blocks[:place], *parts, *self.blocks[place + 1 :])
        self.cuts += 1
        return True


def cut(block: Block) -> tuple[Block, ...]:
    """Cut a block in two: at its widest gap, nearest to the middle; items stay whole."""
    ends = _ends(block)
    places = [
        place
        for place in range(1, len(block.items))
        if block.items[place].address >= ends[place - 1]
    ]
    if not places:
        return _alone(block)
    middle = block.address + block.count / 2
    best = max(
        places,
        key=lambda p: (block.items[p].address - ends[p - 1], -abs(block.items[p].address - middle)),
    )
    return _of(block, block.items[:best]), _of(block, block.items[best:])


def _ends(block: Block) -> list[int]:
    """Give where the items end, up to each of them."""
    ends, end = [], 0
    for item in block.items:
        end = max(end, item.address + width_of(item))
        ends.append(end)
    return ends


def _alone(block: Block) -> tuple[Block, ...]:
    """Part items that lie over one another; those of equal registers stay together."""
    groups: dict[tuple[int, int], list[ModbusItem]] = {}
    for item in block.items:
        groups.setdefault((item.address, width_of(item)), []).append(item)
    return tuple(_of(block, items) for items in groups.values())


def _of(block: Block, items: Sequence[ModbusItem]) -> Block:
    first = min(item.address for item in items)
    end = max(item.address + width_of(item) for item in items)
    return Block(block.table, first, end - first, block.period_s, tuple(items))
