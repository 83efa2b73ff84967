"""`gateway spool` looks into a spool that runs and into one that does not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli.spool import app
from gateway.core.clock import SystemClock
from gateway.core.records import Answer, Refusal
from gateway.core.types import Offset
from gateway.spool.log import SqliteSpool
from tests.unit.spool import makers


async def ask(data: Path, *arguments: str) -> tuple[int, str]:
    command = [*arguments, "--data", str(data)]
    result = await asyncio.to_thread(CliRunner().invoke, app, command)
    return result.exit_code, result.output


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


async def open_with_refused(data: Path) -> SqliteSpool:
    spool = await SqliteSpool.open(
        data / "spool", quota_bytes=10_000_000, clock=SystemClock(), commit_window_s=0.001
    )
    reader = await spool.reader("central")
    await spool.append([makers.batch(0, 3), makers.usage(), makers.batch(3, 3)])
    await reader.settle(Answer(((1, 1),), (Refusal(Offset(3), "unknown-device"),)))
    return spool


@pytest.mark.slow
async def test_a_running_spool_shows_and_puts_back(tmp_path: Path) -> None:
    spool = await open_with_refused(tmp_path)
    code, text = await ask(tmp_path, "ls", "--json")
    view = json.loads(text)
    assert code == 0
    assert view["running"] is True
    assert view["epoch"] == spool.epoch
    assert [part["records"] for part in view["parts"]] == [3]
    _, text = await ask(tmp_path, "quarantine", "--json")
    (entry,) = lines(text)
    assert (entry["offset"], entry["reason"]) == (3, "unknown-device")
    assert entry["record"]["values"] == [3.0, 4.0, 5.0]
    code, text = await ask(tmp_path, "retry", str(entry["id"]), "--json")
    assert (code, json.loads(text)) == (0, {"retried": [4]})
    reader = await spool.reader("central")
    records = await reader.read(1, 10, 1 << 30)  # type: ignore[arg-type]
    assert [record.offset for record in records] == [2, 4]
    assert makers.same(records[1].item, makers.batch(3, 3))
    assert reader.state().quarantined == 0
    counters = await spool.counters()
    assert counters.spooled.records == 3
    assert counters.readers["central"].spooled.records == 3
    await spool.close()


async def test_a_stopped_spool_shows_and_puts_back(tmp_path: Path) -> None:
    await (await open_with_refused(tmp_path)).close()
    code, text = await ask(tmp_path, "show", "1", "2", "--json")
    shown = lines(text)
    assert code == 0
    assert [each["kind"] for each in shown] == ["samples", "usage"]
    code, text = await ask(tmp_path, "retry", "1", "--json")
    assert (code, json.loads(text)) == (0, {"retried": [4]})
    code, _ = await ask(tmp_path, "retry", "1")
    assert code == 2
    code, text = await ask(tmp_path, "export", "-")
    assert [each["offset"] for each in lines(text)] == [1, 2, 3, 4]
    for language in ("ko", "en"):
        for command in ("ls", "quarantine"):
            code, text = await ask(tmp_path, command, "--lang", language)
            assert code == 0
            assert text


async def test_no_spool_is_an_error_and_not_a_trace(tmp_path: Path) -> None:
    code, text = await ask(tmp_path, "ls")
    assert code == 1
    assert "no-spool" in text
