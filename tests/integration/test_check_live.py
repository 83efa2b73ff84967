"""`gateway check --live` proves every tag against a server that really runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.app.advice import book
from gateway.app.kinds import KINDS
from gateway.cli.check_live import show_live
from gateway.config.live import probe_device
from gateway.config.plan import load_plan
from gateway.core.clock import SystemClock
from gateway.core.probing import LiveProblem, LiveResult
from gateway.core.texts import Language
from tests.ports import free_port

NODES = """tags:
  - 금형온도_상: nsu=urn:simulator:press-line;s=Press1.Mold.TempUpper
  - 없는것: nsu=urn:simulator:press-line;s=Press1.Mold.TempUppr
  - 레시피: nsu=urn:simulator:press-line;s=Press1.Recipe
"""


@pytest.fixture
def press_line() -> Iterator[int]:
    port, control = free_port(), free_port()
    ports = ["--port", str(port), "--control-port", str(control)]
    command = [sys.executable, "-m", "simulators.opcua_press", *ports]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert json.loads(server.stdout.readline())["ready"] == "opcua"
            yield port
        finally:
            server.terminate()


def folder_for(tmp_path: Path, port: int) -> Path:
    (tmp_path / "devices").mkdir()
    (tmp_path / "gateway.yaml").write_text("gateway: { id: edge-07 }\n", "utf-8")
    (tmp_path / "devices" / "press-01.yaml").write_text(
        f"connect: opc.tcp://127.0.0.1:{port}\n"
        f"security: {{ mode: None, policy: None, unsafe: true }}\n{NODES}",
        "utf-8",
    )
    return tmp_path


async def test_each_tag_is_proven_and_a_wrong_one_named_with_its_nearest(
    tmp_path: Path, press_line: int
) -> None:
    plan = load_plan(folder_for(tmp_path, press_line), tmp_path / "data", {}, KINDS)
    result = await probe_device(plan.devices["press-01"], SystemClock())
    assert result.failure is None
    assert set(result.good) == {"금형온도_상", "레시피"}
    assert result.bad["없는것"].reason == "BadNodeIdUnknown"
    assert any("Press1.Mold.TempUpper" in near for near in result.bad["없는것"].near)
    assert not result.fine


async def test_a_server_that_is_away_is_a_failure_with_a_reason(tmp_path: Path) -> None:
    plan = load_plan(folder_for(tmp_path, 9), tmp_path / "data", {}, KINDS)
    result = await probe_device(plan.devices["press-01"], SystemClock())
    assert result.failure is not None
    assert result.failure.reason == "unreachable"
    assert not result.fine


def shown(tmp_path: Path, result: LiveResult, lang: Language, *, as_json: bool = False) -> int:
    plan = load_plan(folder_for(tmp_path, 9), tmp_path / "data", {}, KINDS)
    return show_live(plan, {"press-01": result}, lang, as_json=as_json)


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_what_would_not_be_collected_ends_with_1_and_says_what_to_do(
    tmp_path: Path, lang: Language, capsys: pytest.CaptureFixture[str]
) -> None:
    result = LiveResult(good={"레시피": "String", "없는것": "Double"})
    result.tag_bad("없는것", "BadNodeIdUnknown", near=["nsu=x;s=near"])
    assert shown(tmp_path, result, lang) == 1
    text = capsys.readouterr().out
    known = book("opcua").entries["BadNodeIdUnknown"]
    assert known.what[lang] in text
    assert known.fix[lang] in text
    assert "nsu=x;s=near" in text
    assert "없는것" not in result.good


def test_a_trouble_of_the_device_ends_with_1_although_every_tag_is_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = LiveResult(good={"레시피": "String"})
    result.trouble("time-ahead", "2105-01-01")
    result.trouble("time-ahead", "again")
    assert shown(tmp_path, result, "en") == 1
    assert capsys.readouterr().out.count("time-ahead") == 1


def test_who_only_waits_for_somebody_to_publish_is_fine(tmp_path: Path) -> None:
    assert shown(tmp_path, LiveResult(waiting={"Temp": "hall/env"}), "en") == 0


def test_a_device_that_was_not_reached_ends_with_3_and_no_password_leads_to_the_trust_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = LiveResult(failure=LiveProblem("login-refused", "BadUserAccessDenied"))
    assert shown(tmp_path, result, "ko") == 3
    text = capsys.readouterr().out
    assert "gateway trust" not in text
    assert book("opcua").entries["login-refused"].fix["ko"] in text


def test_programs_get_reasons_and_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = LiveResult()
    result.tag_bad("레시피", "BadTypeMismatch", "it is a text")
    assert shown(tmp_path, result, "en", as_json=True) == 1
    device = json.loads(capsys.readouterr().out)["devices"]["press-01"]
    (problem,) = device["problems"]
    assert (problem["reason"], problem["tags"]) == ("BadTypeMismatch", 1)
    assert set(problem["what"]) == {"ko", "en"}
    assert device["bad"] == {"레시피": "BadTypeMismatch   it is a text"}
