"""Every row of the table "Registers and what they say" reads its registers with its keys."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from adapters.modbus.decode import BlockDecoder
from adapters.modbus.planner import plan_blocks
from gateway.app.kinds import KINDS
from gateway.config.plan import load_plan
from gateway.core.records import Batch
from gateway.core.types import BAD, UnixNs
from gateway.mapping.mapper import Mapper
from tests.unit.docs.pages import ROOT, korean

PAGE = ROOT / "docs" / "machines.md"
TABLE = re.compile(r"<!-- registers: modbus -->(.*?)<!-- end of registers -->", re.DOTALL)
CODE = re.compile(r"`([^`]+)`")
ROWS_MIN = 15
AT = UnixNs(1_796_000_000_000_000_000)


def rows_of(page: Path) -> list[list[str]]:
    """Give what stands in code in each row: registers, keys, what is stored."""
    found = TABLE.search(page.read_text("utf-8"))
    assert found is not None
    lines = found[1].strip().splitlines()[2:]
    return [CODE.findall(line) for line in lines]


def stored(folder: Path, registers: str, keys: str) -> str:
    """Load the tag, decode the registers and convert them, as the gateway does."""
    (folder / "devices").mkdir()
    (folder / "gateway.yaml").write_text("gateway: { id: edge-07 }\n", "utf-8")
    text = f"connect: modbus://127.0.0.1\ntags:\n  - {{ name: V, {keys} }}\n"
    (folder / "devices" / "meter.yaml").write_text(text, "utf-8")
    plan = load_plan(folder, folder / "data", {}, KINDS).devices["meter"]
    (block,) = plan_blocks(plan.source)
    data = b"".join(int(word, 16).to_bytes(2, "big") for word in registers.split())
    data = data[2 * block.address :][: 2 * block.count]
    (columns,) = BlockDecoder(block).decode(data)
    batch = Batch(
        plan.table,
        columns.signals,
        columns.signals.astype("int64") + AT,
        columns.values,
        AT,
        columns.status,
    )
    (mapped,) = Mapper(plan.rules, plan.table).map(batch)
    if mapped.status is not None and mapped.status[0] & BAD:
        return "V bad"
    values: list[Any] = list(mapped.values)
    value = values[0].item() if hasattr(values[0], "item") else values[0]
    return f"V = {value}"


@pytest.mark.parametrize("row", rows_of(PAGE), ids=lambda row: row[1])
def test_a_row_reads_its_registers(row: list[str], tmp_path: Path) -> None:
    registers, keys, meant = row
    assert stored(tmp_path, registers, keys) == meant


def test_both_pages_have_the_same_rows() -> None:
    assert len(rows_of(PAGE)) >= ROWS_MIN
    assert rows_of(korean(PAGE)) == rows_of(PAGE)
