"""`gateway demo` where nobody can press a key."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import demo
from gateway.cli.main import app


@pytest.mark.parametrize(
    ("words", "seconds", "said"),
    [(["demo"], 60.0, "60s by itself"), (["demo", "--for", "2m"], 120.0, "")],
)
def test_without_a_terminal_it_runs_for_a_minute_and_says_so(
    words: list[str], seconds: float, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    async def run(folder: Path, seed: int, for_s: float | None, *_: Any, **__: Any) -> Any:
        asked.append(for_s)
        return SimpleNamespace(examples=(), unexplained=0, duplicates=0, wrong=0, delivered=1)

    monkeypatch.setattr(demo, "_run", run)
    done = CliRunner().invoke(app, words, env={"GATEWAY_LANG": "en"})
    assert (done.exit_code, asked) == (0, [seconds])
    assert said in done.stderr
