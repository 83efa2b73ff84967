"""What only shows when keys of a Modbus device file are looked at together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from adapters.modbus.config import ModbusItem
from adapters.modbus.planner import width_of
from adapters.modbus.registers import (
    BIT_TABLES,
    LAST,
    SIZES,
    orders_for,
    parse_register,
    size_of,
    string_size,
)
from adapters.modbus.settings import (
    SERIAL,
    ModbusDeviceKeys,
    ModbusTagKeys,
    make_item,
)
from gateway.core.kinds import Problem

NO_BITS = frozenset({"bool", "float32", "float64", "bcd16", "bcd32"})
"""Types that have no bits to be picked by `bit:`; strings have none either."""
UNIT_SERIAL_MAX = 247
BITS = 8


def problems(
    keys: ModbusDeviceKeys, tags: Sequence[ModbusTagKeys], _folder: Path
) -> Iterator[Problem]:
    """Look through a device file; see `AdapterKind`."""
    if keys.connect.startswith(SERIAL) and not 1 <= keys.unit <= UNIT_SERIAL_MAX:
        yield Problem("E1107", ("unit",), {"value": keys.unit, "limit": f"1-{UNIT_SERIAL_MAX}"})
    for place, tag in enumerate(tags):
        for problem in _of_tag(keys, tag, make_item(place, keys, tag)):
            yield replace(problem, tag=place)


def _of_tag(keys: ModbusDeviceKeys, tag: ModbusTagKeys, item: ModbusItem) -> Iterator[Problem]:
    if item.table in BIT_TABLES:
        yield from _of_bits(tag, item)
    else:
        yield from _of_registers(keys, tag, item)
    known = parse_register(tag.register_)
    base = keys.base if known.base is None else known.base
    last = LAST + 1 - width_of(item) if item.table not in BIT_TABLES else LAST
    if not 0 <= item.address <= last:
        facts = {"value": tag.register_, "limit": f"{item.table}:{base}-{last + base}"}
        yield Problem("E1107", ("register",), facts)


def _of_bits(tag: ModbusTagKeys, item: ModbusItem) -> Iterator[Problem]:
    """Coils and discrete inputs are true or false, and nothing else."""
    other = f"register: {tag.register_}"
    if item.type != "bool":
        yield Problem("E1208", ("type",), {"key": f"type: {item.type}", "other": other})
    for key in ("order", "bit"):
        if getattr(tag, key, None) is not None:
            yield Problem("E1208", (key,), {"key": key, "other": other}, at_key=True)


def _of_registers(
    keys: ModbusDeviceKeys, tag: ModbusTagKeys, item: ModbusItem
) -> Iterator[Problem]:
    orders = orders_for(item.type)
    if tag.order is not None and tag.order not in orders:
        facts = {"value": f"{tag.order} ({item.type})", "choices": ", ".join(orders), "near": ""}
        yield Problem("E1106", ("order",), facts)
    if width_of(item) > keys.max_registers:
        limit = f"≤ {keys.max_registers} (max_registers)"
        facts = {"value": f"{item.type} ({width_of(item)})", "limit": limit}
        yield Problem("E1107", ("type",), facts)
    bit: int | None = getattr(tag, "bit", None)
    if bit is None:
        return
    if string_size(item.type) or item.type in NO_BITS:
        facts = {"key": "bit", "other": f"type: {item.type}"}
        yield Problem("E1208", ("bit",), facts, at_key=True)
    elif bit >= BITS * size_of(item.type):
        limit = f"≤ {BITS * SIZES[item.type] - 1} ({item.type})"
        yield Problem("E1107", ("bit",), {"value": bit, "limit": limit})
