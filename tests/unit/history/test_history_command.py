"""`gateway history` reads the store's files without a service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.history import app
from gateway.core.types import BAD_TYPE_MISMATCH
from tests.unit.history.parts import S, batch, opened, put

RUN = CliRunner()
AT = 1_795_439_640 * S


@pytest.fixture
def data(tmp_path: Path) -> Path:
    writer = opened(tmp_path / "history", keep_s=10**9)
    put(writer, (1, batch([AT, AT + 30 * S, AT + 60 * S], [1.0, 2.0, 9.0])))
    put(writer, (2, batch([AT + 1], ["운전"], signals=[1])))
    put(writer, (3, batch([AT + 61 * S], [0.0], status=[BAD_TYPE_MISMATCH])))
    writer.close()
    return tmp_path


def run(data: Path, *words: str) -> tuple[int, str, str]:
    done = RUN.invoke(app, [*words, "--data", str(data)])
    return done.exit_code, done.stdout, done.stderr


def span(*more: str) -> list[str]:
    return ["--from", "2026-11-23T13:00:00+00:00", "--to", "2026-11-23T14:00:00+00:00", *more]


def test_ls_names_every_series(data: Path) -> None:
    code, out, _ = run(data, "ls")
    assert code == 0
    assert out.split() == ["press-01/OperationalData.Tag0", "press-01/OperationalData.Tag1"]


def test_query_shows_values_and_what_is_bad(data: Path) -> None:
    code, out, _ = run(data, "query", "Tag0", *span())
    assert code == 0
    assert [line.split()[1:] for line in out.splitlines()] == [
        ["1.0"],
        ["2.0"],
        ["9.0"],
        ["-", f"0x{BAD_TYPE_MISMATCH:08X}"],
    ]


def test_query_reduces_to_buckets_as_json(data: Path) -> None:
    words = span("--every", "1m", "--agg", "mean", "--json")
    code, out, _ = run(data, "query", "press-01/OperationalData.Tag0", *words)
    assert code == 0
    found = json.loads(out)
    assert [(row["time"], row["value"]) for row in found["rows"]] == [(AT, 1.5), (AT + 60 * S, 9.0)]


def test_a_page_says_that_there_is_more(data: Path) -> None:
    _, out, err = run(data, "query", "Tag0", *span("--limit", "3", "--lang", "en"))
    assert len(out.splitlines()) == 3
    assert "There is more" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["query", "press-01/OperationalData.Tag7", "--lang", "en"], "Did you mean"),
        (["query", "Tag0", "--from", "yesterday", "--lang", "ko"], "시각을 읽을 수 없습니다"),
        (["query", "Tag0", "--every", "1", "--lang", "en"], "Not a span"),
    ],
)
def test_a_mistake_is_told_with_the_way_out(data: Path, words: list[str], said: str) -> None:
    code, _, err = run(data, *words)
    assert code == 2
    assert said in err


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    code, _, err = run(tmp_path, "ls", "--lang", "en")
    assert code == 2
    assert "No history" in err
