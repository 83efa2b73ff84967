"""The commands that people type, against a served gateway."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from gateway.api.users import Role, parse_users
from gateway.app.kinds import KINDS
from gateway.cli import aas, screen, users
from gateway.cli.client import Client, ServiceRefused, ServiceUnreachable
from gateway.cli.ping import ping
from gateway.cli.status import status
from gateway.cli.tail import tail
from gateway.cli.top import top
from gateway.cli.trace import trace
from gateway.core.records import Answer
from gateway.ops.health import DeviceState, SinkState
from tests.integration.api_parts import Running, served
from tests.unit.aas.parts import batch


def command(function: Any) -> typer.Typer:
    app = typer.Typer()
    app.command()(function)
    return app


async def run(app: typer.Typer, *arguments: str) -> Result:
    """Run a command in a thread, because the service lives in this loop."""
    runner = CliRunner()
    return await asyncio.to_thread(runner.invoke, app, list(arguments))


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with served(tmp_path) as made:
        table = made.models[0].table
        now = made.board.clock.now()
        await made.spool.append(
            [
                batch(table, [0, 5], np.array([179.9, 12.5]), at=now, raw=np.array([1799, 12.5])),
                batch(table, [2], ["run"], at=now),
            ]
        )
        yield made


async def test_status_shows_everything_and_the_next_command_in_both_languages(
    running: Running,
) -> None:
    data = ["--data", str(running.data)]
    english = await run(command(status), *data, "--lang", "en")
    assert english.exit_code == 0
    assert "press-01   good    6/6" in english.output
    assert "central   good" in english.output
    assert "All fine." in english.output
    health, now = running.board.health, running.board.clock.now()
    health.devices["press-02"].change(DeviceState.LOST, now, "BadTimeout")
    health.devices["press-02"].next_try_s = 4.0
    health.sinks["central"].change(SinkState.RETRYING, now, "connection refused")
    korean = await run(command(status), *data, "--lang", "ko", "--exit-code")
    assert korean.exit_code == 1
    assert "끊김" in korean.output
    assert "BadTimeout, 4.0 초 후 재시도" in korean.output
    assert "설비 1대를 확인하세요:" in korean.output
    assert "gateway spool ls" in korean.output


async def test_status_for_programs_is_one_json_object(running: Running) -> None:
    result = await run(command(status), "--data", str(running.data), "--json")
    content = json.loads(result.output)
    assert content["gateway"] == "edge-07"
    assert content["accounts"]["balanced"] is True


async def test_names_from_machines_cannot_move_the_cursor(running: Running) -> None:
    now = running.board.clock.now()
    running.board.health.devices["press-01"].change(DeviceState.LOST, now, "\x1b[2Jgone\n!")
    result = await run(command(status), "--data", str(running.data), "--lang", "en")
    assert "\x1b" not in result.output
    assert "\\x1b[2Jgone\\n!" in result.output


async def test_ping_ends_with_0_or_3(running: Running, tmp_path: Path) -> None:
    alive = await run(command(ping), "--data", str(running.data))
    assert alive.exit_code == 0
    nowhere = await run(command(ping), "--data", str(tmp_path / "nothing"))
    assert nowhere.exit_code == 3
    (tmp_path / "old").mkdir()
    old = {"pid": 1, "url": "http://127.0.0.1:9", "token": "x"}
    (tmp_path / "old" / "run.json").write_text(json.dumps(old))
    assert (await run(command(ping), "--data", str(tmp_path / "old"))).exit_code == 3


async def test_tail_shows_values_with_units_and_only_what_is_asked_for(running: Running) -> None:
    result = await run(
        command(tail),
        "press-01/*온도*",
        "--data",
        str(running.data),
        "--count",
        "1",
        "--lang",
        "en",
    )
    assert result.exit_code == 0
    (line,) = result.output.splitlines()
    assert "press-01/금형온도_하" in line
    assert "179.9 degC" in line
    assert line.endswith("good")


async def test_tail_follows_changes_with_their_difference(running: Running) -> None:
    table = running.models[0].table
    watching = run(
        command(tail), "*Power", "--data", str(running.data), "--changes", "--count", "2",
        "--lang", "en",
    )  # fmt: skip

    async def change() -> None:
        while True:
            for value in (12.5, 12.5, 13.0):
                at = running.board.clock.now()
                await running.spool.append([batch(table, [5], np.array([value]), at=at)])
                await asyncio.sleep(0.6)

    async with asyncio.TaskGroup() as group:
        changing = group.create_task(change())
        result = await watching
        changing.cancel()
    first, second = result.output.splitlines()
    assert "12.5 kW" in first
    assert second.endswith("+0.5")


async def test_trace_numbers_the_steps_from_machine_to_destination(running: Running) -> None:
    data = ["--data", str(running.data)]
    result = await run(command(trace), "press-01/금형온도_하", *data, "--lang", "en")
    assert result.exit_code == 0
    assert "1 wire" in result.output
    assert "1799 -> 179.9 degC" in result.output
    assert "OperationalData.Mold.TemperatureLower   xs:double" in result.output
    assert "central    waits" in result.output
    await running.reader.settle(Answer(((1, 2),)))
    again = await run(command(trace), "press-01/Mold.TemperatureLower", *data, "--lang", "ko")
    assert "central    완료" in again.output
    silent = await run(command(trace), "press-02/State", *data, "--lang", "en")
    assert "no value has come yet (good)" in silent.output
    assert (await run(command(trace), "press-01/nothing", *data)).exit_code == 2
    near = await run(command(trace), "press-01/금형온도_허", *data, "--lang", "en")
    assert "Did you mean press-01/금형온도_하" in near.stderr
    assert (await run(command(trace), "press-01", *data)).exit_code == 2


@pytest.mark.parametrize(("lang", "quality"), [("en", "good"), ("ko", "정상")])
async def test_top_draws_devices_sinks_and_values(
    running: Running, lang: str, quality: str
) -> None:
    result = await run(command(top), "--data", str(running.data), "--once", "--lang", lang)
    assert result.exit_code == 0
    for text in ("press-01", "central", "179.9", "run", quality):
        assert text in result.output


async def test_without_a_service_a_sentence_says_so_and_the_exit_code_is_3(tmp_path: Path) -> None:
    for function, arguments in ((status, []), (tail, []), (trace, ["a/b"]), (top, [])):
        result = await run(command(function), *arguments, "--data", str(tmp_path), "--lang", "ko")
        assert result.exit_code == 3
        assert "실행 중인 게이트웨이를 찾지 못했습니다" in result.stderr


async def test_the_client_tells_refused_from_unreachable(running: Running) -> None:
    client = Client(running.server.url, "wrong")
    assert await asyncio.to_thread(client.get, "/healthz") == {"status": "ok"}
    known = Client.of(running.data)
    with pytest.raises(ServiceRefused) as caught:
        await asyncio.to_thread(known.get, "/api/trace")
    assert caught.value.status == 400
    with pytest.raises(ServiceUnreachable):
        await asyncio.to_thread(Client("http://127.0.0.1:9", "x").get, "/healthz")


def test_users_are_added_listed_and_removed_without_a_password_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config" / "users.yaml"
    where = ["--file", str(file)]
    runner = CliRunner()
    secret = "a long password"
    typed = runner.invoke(
        users.app, ["add", "kim", "--role", "operator", *where], input=f"{secret}\n{secret}\n"
    )
    assert typed.exit_code == 0, typed.output
    made = runner.invoke(users.app, ["add", "mes", "--token", *where])
    assert "Bearer mes." in made.output
    text = file.read_text()
    assert secret not in text
    assert made.output.split("Bearer mes.")[1].split()[0] not in text
    assert file.stat().st_mode & 0o777 == 0o600
    known = {user.name: user.role for user in parse_users(text)}
    assert known == {"kim": Role.OPERATOR, "mes": Role.VIEWER}
    listed = runner.invoke(users.app, ["ls", *where]).output
    assert "kim" in listed
    assert "argon2" not in listed
    assert runner.invoke(users.app, ["add", "kim", "--token", *where]).exit_code == 2
    assert runner.invoke(users.app, ["add", "KIM", "--token", *where]).exit_code == 2
    assert runner.invoke(users.app, ["rm", "kim", *where]).exit_code == 0
    assert runner.invoke(users.app, ["rm", "kim", *where]).exit_code == 2
    assert [user.name for user in parse_users(file.read_text())] == ["mes"]


DEVICE = """
version: 1
device: press-01
label: {{ ko: 프레스 1호기, en: Press 1 }}
connect: opc.tcp://127.0.0.1:4840
asset: {{ maker: {{ ko: 한일프레스, en: Hanil Press }}, model: HP-300 }}
tags:
  - name: 금형온도_하
    node: nsu=urn:hanil:press;s=Press1.Mold.TempLower
    unit: degC
    aas: OperationalData.Mold.TemperatureLower
  - 가동: nsu=urn:hanil:press;s=Press1.Run
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    (folder / "devices").mkdir(parents=True)
    (folder / "gateway.yaml").write_text(
        "version: 1\ngateway:\n  id: edge-07\n  site: { ko: 공장, en: Plant }\n"
        "  id_base: https://hanil.example/ids\ndevices: devices/*.yaml\n"
    )
    (folder / "devices" / "press.yaml").write_text(DEVICE.format())
    return folder


def test_shells_are_listed_shown_and_exported_from_the_configuration(
    config: Path, tmp_path: Path
) -> None:
    runner = CliRunner()
    where = ["--config", str(config), "--data", str(tmp_path / "data"), "--lang", "en"]
    listed = runner.invoke(aas.app, ["ls", *where, "--json"])
    rows = json.loads(listed.output)
    assert [row["submodel"] for row in rows] == [
        "Nameplate",
        "TechnicalData",
        "OperationalData",
        "AssetInterfacesDescription",
        "AssetInterfacesMappingConfiguration",
        "OperationalDataQuality",
        "TimeSeries",
    ]
    assert rows[2]["elements"] == 2
    table = runner.invoke(aas.app, ["ls", *where]).output
    assert "press-01   Press01   OperationalData" in table
    submodel = runner.invoke(aas.app, ["get", "press-01/OperationalData", *where])
    assert json.loads(submodel.output)["submodelElements"][0]["idShort"] == "Mold"
    shell = runner.invoke(aas.app, ["get", "press-01", *where])
    assert json.loads(shell.output)["modelType"] == "AssetAdministrationShell"
    for form in ("json", "xml", "aasx"):
        target = tmp_path / f"press.{form}"
        written = runner.invoke(aas.app, ["export", str(target), *where])
        assert written.exit_code == 0, written.output
        assert target.stat().st_size > 1_000
    assert runner.invoke(aas.app, ["get", "press-09", *where]).exit_code == 2
    assert runner.invoke(aas.app, ["export", str(tmp_path / "x.txt"), *where]).exit_code == 2


async def test_an_export_takes_the_values_of_the_running_service(
    config: Path, tmp_path: Path
) -> None:
    import os

    from gateway.config.plan import load_plan

    data = tmp_path / "data"
    data.mkdir()
    model = load_plan(config, data, os.environ, KINDS).devices["press-01"].asset
    async with served(data, models=[model]) as running:
        typed = model.table.with_types({0: "xs:double", 1: "xs:boolean"})
        await running.spool.append([batch(typed, [0], np.array([179.9]))])
        target = tmp_path / "press.json"
        where = ["--config", str(config), "--data", str(data), "--lang", "en"]
        result = await run(aas.app, "export", str(target), *where)
        assert result.exit_code == 0, result.output
        assert "With values" in result.stderr
        values = await run(aas.app, "get", "press-01/OperationalData", "--value", *where)
    assert json.loads(values.output) == {"Mold": {"TemperatureLower": 179.9}}
    document = json.loads(target.read_text())
    operational = next(s for s in document["submodels"] if s["idShort"] == "OperationalData")
    lower = operational["submodelElements"][0]["value"][0]
    assert (lower["value"], lower["valueType"]) == ("179.9", "xs:double")


def test_commands_start_without_the_stacks_of_the_service() -> None:
    modules = ("aas", "client", "ping", "status", "tail", "top", "trace", "users")
    script = (
        f"import sys; [__import__('gateway.cli.'+name) for name in {modules!r}];"
        "heavy = {'asyncua', 'starlette', 'uvicorn', 'aiohttp', 'basyx', 'numpy',"
        " 'rich.live', 'argon2', 'httpx'}; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("seconds", "english", "korean"),
    [
        (None, "-", "-"), (0.4, "0.4 s", "0.4 초"), (59, "59 s", "59 초"),
        (3_600 * 4 + 61, "4 h 1 min", "4 시간 1 분"),
        (86_400 * 12 + 4 * 3_600, "12 d 4 h", "12 일 4 시간"),
        (86_400 * 2 + 5, "2 d", "2 일"),
    ],
)  # fmt: skip
def test_spans_are_said_in_their_two_biggest_units(
    seconds: float | None, english: str, korean: str
) -> None:
    assert screen.span(seconds, "en") == english
    assert screen.span(seconds, "ko") == korean


def test_columns_line_up_with_korean_letters() -> None:
    lines = screen.table(["설비", "STATE"], [["프레스 1호기", "good"], ["press-02", "lost"]])
    assert [screen.width(line[: line.index(word)]) for line, word in
            zip(lines, ("STATE", "good", "lost"), strict=True)] == [16, 16, 16]  # fmt: skip
