"""Blocks: every item in exactly one, none torn, none longer than the unit gives."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from adapters.modbus.config import ModbusItem, ModbusSource
from adapters.modbus.planner import Block, Plan, cut, plan_blocks, width_of
from adapters.modbus.registers import BIT_TABLES
from tests.unit.modbus.support import item, source_of

TYPES = st.sampled_from(["uint16", "int32", "float64", "string(20)", "bool"])


@st.composite
def sources(draw: st.DrawFn) -> ModbusSource:
    places = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["holding", "input", "coil"]),
                st.integers(0, 400),
                TYPES,
                st.sampled_from([0.5, 1.0]),
            ),
            max_size=40,
        )
    )
    items = [
        item(index, table, address, "bool" if table in BIT_TABLES else kind, period_s=period_s)
        for index, (table, address, kind, period_s) in enumerate(places)
    ]
    return source_of(
        items,
        gap=draw(st.integers(0, 40)),
        max_registers=draw(st.integers(10, 125)),
        max_bits=draw(st.integers(1, 200)),
    )


def holds(block: Block, each: ModbusItem) -> bool:
    last = each.address + width_of(each)
    return block.address <= each.address and last <= block.address + block.count


def check(source: ModbusSource, blocks: list[Block]) -> None:
    planned = sorted(each.index for block in blocks for each in block.items)
    assert planned == [each.index for each in source.items]
    for block in blocks:
        most = source.max_bits if block.table in BIT_TABLES else source.max_registers
        assert 1 <= block.count <= most
        for each in block.items:
            assert holds(block, each)
            assert (each.table, each.period_s) == (block.table, block.period_s)


@given(sources())
def test_every_item_is_read_whole_in_one_request_of_its_table_and_period(
    source: ModbusSource,
) -> None:
    check(source, list(plan_blocks(source)))


@given(sources())
def test_no_block_reads_more_between_two_items_than_the_gap(source: ModbusSource) -> None:
    for block in plan_blocks(source):
        gap = source.gap * (16 if block.table in BIT_TABLES else 1)
        end = block.address
        for each in block.items:
            assert each.address - end <= gap
            end = max(end, each.address + width_of(each))


@given(sources())
def test_cutting_ends_at_single_items_and_loses_none(source: ModbusSource) -> None:
    waiting, done = list(plan_blocks(source)), []
    while waiting:
        block = waiting.pop()
        parts = cut(block)
        if len(parts) == 1:
            done.append(block)
        else:
            assert all(len(part.items) < len(block.items) for part in parts)
            waiting += parts
    check(source, done)
    for block in done:
        assert len({(each.address, width_of(each)) for each in block.items}) == 1


def test_a_gap_that_is_worth_a_request_parts_two_blocks() -> None:
    items = [item(0, "holding", 0), item(1, "holding", 33), item(2, "holding", 67)]
    assert [(b.address, b.count) for b in plan_blocks(source_of(items))] == [(0, 34), (67, 1)]


def test_a_refused_block_is_cut_at_its_widest_gap() -> None:
    items = [item(0, "holding", 0), item(1, "holding", 2), item(2, "holding", 20)]
    plan = Plan(source_of(items))
    (block,) = plan.blocks
    assert plan.refused(block)
    assert [(each.address, each.count) for each in plan.blocks] == [(0, 3), (20, 1)]
    assert not plan.refused(plan.blocks[1]), "one item is its own fault"


def test_what_was_learned_stays_until_the_tags_change() -> None:
    items = [item(0, "holding", 0), item(1, "holding", 5)]
    source = source_of(items)
    plan = Plan(source)
    plan.refused(plan.blocks[0])
    learned = plan.blocks
    plan.follow(source_of(items, pause_s=1.0))
    assert plan.blocks is learned
    plan.follow(source_of(items, gap=2, max_registers=100))
    assert plan.cuts == 0
