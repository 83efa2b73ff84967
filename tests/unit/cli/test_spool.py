"""What `gateway spool` tells about a spool that some destination refused a record of."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.core.clock import SystemClock
from gateway.core.records import Answer, Refusal
from gateway.core.types import Offset
from gateway.spool.log import SqliteSpool
from tests.unit.spool import makers


async def _made(data: Path) -> None:
    """Leave a spool of four records: one delivered, one refused, two that wait."""
    spool = await SqliteSpool.open(
        data / "spool", quota_bytes=10_000_000, clock=SystemClock(), commit_window_s=0.001
    )
    reader = await spool.reader("central")
    await spool.append([makers.batch(0, 3), makers.usage(), makers.batch(3, 3), makers.usage()])
    await reader.settle(Answer(((1, 1),), (Refusal(Offset(3), "unknown-device"),)))
    await spool.close()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    asyncio.run(_made(folder))
    return folder


def says(data: Path, *words: str) -> Any:
    return CliRunner().invoke(app, ["spool", *words, "--data", str(data)])


def test_what_waits_is_counted_without_what_was_refused(data: Path) -> None:
    (reader,) = json.loads(says(data, "ls", "--json").stdout)["readers"]
    assert (reader["waiting"], reader["delivered"], reader["quarantined"]) == (2, 1, 1)


@pytest.mark.parametrize(("lang", "title"), [("ko", "대기"), ("en", "WAITING")])
def test_the_list_shows_what_waits_and_the_command_that_helps(
    data: Path, lang: str, title: str
) -> None:
    result = says(data, "ls", "--lang", lang)
    assert title in result.stdout
    assert ["central", "2", "1", "1", "0", "#2"] in [each.split() for each in _lines(result)]
    assert "gateway spool quarantine" in result.stderr


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_quarantine_names_the_reason_and_how_to_send_again(data: Path, lang: str) -> None:
    result = says(data, "quarantine", "--lang", lang)
    assert "unknown-device" in result.stdout
    assert "gateway spool retry 1" in result.stderr


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_an_id_or_offset_that_is_not_there_is_told(data: Path, lang: str) -> None:
    for words, said in ((("retry", "77"), "77"), (("show", "9"), "1-4")):
        result = says(data, *words, "--lang", lang)
        assert (result.exit_code, said in result.stderr) == (2, True)


def test_export_counts_what_it_wrote(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "all.jsonl"
    result = says(data, "export", str(target), "--lang", "en")
    assert "4 records" in result.stderr
    assert [json.loads(each)["offset"] for each in target.read_text().splitlines()] == [1, 2, 3, 4]
    assert says(data, "export", str(tmp_path / "no" / "x")).exit_code == 2


def _lines(result: Any) -> list[str]:
    text: str = result.stdout
    return text.splitlines()
