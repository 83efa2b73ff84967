"""`gateway usage` on a ledger, with and without a running service, in both languages."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import apsw
import openpyxl
import pytest
from typer.testing import CliRunner

from gateway.cli import screen, usage_view
from gateway.cli.main import app
from gateway.cli.screen import width
from gateway.cli.usage_texts import PROBLEMS, TEXTS
from gateway.usage.ledger.verify import verify
from gateway.usage.model import State
from tests.unit.usage.ledger import makers

KEYS = ["id", "logDt", "useSe", "sysUser", "conectIp", "dataUsgqty", "state", "intake"]
WIDE = 80


async def ask(folder: Path, *words: str, **options: Any) -> tuple[int, str]:
    command = ["usage", *words]
    if words[0] not in {"explain", "--help"}:
        command += ["--data", str(folder)]
    result = await asyncio.to_thread(CliRunner().invoke, app, command, **options)
    return result.exit_code, result.output


async def data_with_ledger(folder: Path, events: int = 30) -> list[str]:
    return await makers.filled(folder / "usage", events)


def test_both_languages_say_the_same_things_with_the_same_facts() -> None:
    import string

    for texts in (TEXTS, PROBLEMS):
        assert set(texts["en"]) == set(texts["ko"])
        for key, english in texts["en"].items():
            named = [
                {name for _, name, _, _ in string.Formatter().parse(text) if name}
                for text in (english, texts["ko"][key])
            ]
            assert named[0] == named[1], key


async def test_ls_prints_one_event_a_line_in_the_order_of_the_ledger(tmp_path: Path) -> None:
    ids = await data_with_ledger(tmp_path)
    code, text = await ask(tmp_path, "ls", "--json")
    events = [json.loads(line) for line in text.splitlines()]
    assert code == 0
    assert [list(each)[: len(KEYS)] for each in events] == [KEYS] * 33
    assert [each["id"] for each in events[:30]] == ids
    assert events[0] == {
        "id": ids[0], "logDt": "2026-11-26 09:00:00.000", "useSe": "DO6001", "sysUser": "u-0000",
        "conectIp": "192.168.0.7", "dataUsgqty": 0, "state": "delivered", "intake": "receiver",
        "delivery": "mes", "code": "AP1002",
    }  # fmt: skip
    assert (events[7]["sysUser"], events[7]["state"]) == (None, "quarantined")
    code, text = await ask(tmp_path, "ls", "--json", "--state", "sampled_out")
    assert [json.loads(line)["id"] for line in text.splitlines()] == ids[1:6]
    code, text = await ask(tmp_path, "ls", "--json", "--day", "2026-11-25")
    assert (code, text) == (0, "")


async def test_the_name_in_an_unfit_event_is_shown_to_nobody(tmp_path: Path) -> None:
    await data_with_ledger(tmp_path)
    _, text = await ask(tmp_path, "ls", "--json", "--state", "quarantined")
    unfit = [json.loads(line) for line in text.splitlines()][-1]
    assert (unfit["code"], unfit["sysUser"]) == ("AP1015", None)
    assert "kim." not in text


async def test_ls_works_beside_the_running_service(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path / "usage")
    await ledger.append([("mes", makers.event(number)) for number in range(3)])
    code, text = await ask(tmp_path, "ls", "--json")
    assert (code, len(text.splitlines())) == (0, 3)
    code, text = await ask(tmp_path, "status", "--json")
    assert json.loads(text)["running"]
    assert (await ask(tmp_path, "verify"))[0] == 0
    await ledger.close()


async def test_status_never_counts_an_accepted_event_as_stored(tmp_path: Path) -> None:
    await data_with_ledger(tmp_path)
    content = await status_at(tmp_path, makers.StillClock())
    mes = {each["delivery"]: each for each in content["deliveries"]}["mes"]
    assert (mes["storedByService"], mes["windows"]) == (1, 144)
    assert (mes["requests"], mes["requestsMax"], mes["acceptedByGateway"]) == (2, 5_000, 31)
    assert mes["waiting"] == {"DO6001": 23}
    assert mes["oldest"] == "2026-11-26 09:00:06.000"
    assert mes["lastReceipt"]["code"] == "AP1029"
    assert mes["lastStored"] == "2026-11-26 10:00:00.500"
    assert mes["nextWindow"] == "2026-11-26 10:10:06.000"
    clock = makers.StillClock("2026-11-27")
    mes = {each["delivery"]: each for each in (await status_at(tmp_path, clock))["deliveries"]}[
        "mes"
    ]
    assert (mes["storedByService"], mes["nextWindow"]) == (0, None)
    assert mes["yesterday"] == {
        "day": "2026-11-26", "storedByService": 1, "requests": 2, "acceptedByGateway": 31,
    }  # fmt: skip


async def status_at(folder: Path, clock: makers.StillClock) -> dict[str, Any]:
    from gateway.usage.ledger.read import looking

    with looking(folder / "usage") as view:
        return usage_view.status_as_json(view, clock.now())


async def test_receipts_show_code_and_text_of_each_answer(tmp_path: Path) -> None:
    ids = await data_with_ledger(tmp_path)
    code, text = await ask(tmp_path, "receipts", "--json")
    found = [json.loads(line) for line in text.splitlines()]
    assert code == 0
    assert [(each["id"], each["code"]) for each in found] == [
        (ids[0], "AP1002"), (ids[6], "AP1029"),
    ]  # fmt: skip
    code, text = await ask(tmp_path, "receipts", ids[6], "--json")
    assert [json.loads(line)["text"] for line in text.splitlines()] == ["text of AP1029"]
    assert (await ask(tmp_path, "receipts", "nobody-1"))[0] == 2


async def test_verify_ends_with_1_and_names_the_row(tmp_path: Path) -> None:
    await data_with_ledger(tmp_path)
    code, text = await ask(tmp_path, "verify", "--json")
    assert (code, json.loads(text)["ok"]) == (0, True)
    connection = apsw.Connection(str(tmp_path / "usage/ledger.db"))
    connection.execute("UPDATE chain SET body=x'7b7d' WHERE seq=17")
    connection.close()
    code, text = await ask(tmp_path, "verify", "--json")
    assert code == 1
    assert json.loads(text)["problems"][0]["row"] == 17
    for language, word in (("en", "row 17: its content was changed"), ("ko", "17행: 내용이")):
        code, text = await ask(tmp_path, "verify", "--lang", language)
        assert code == 1
        assert word in text


def test_every_problem_has_words_in_both_languages() -> None:
    import ast
    import inspect

    from gateway.usage.ledger import verify as module

    said = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add":
            first, second = node.args[:2] if len(node.args) > 1 else (None, None)
            if isinstance(first, ast.Constant) and isinstance(second, ast.Constant):
                said.add(f"{first.value!s} {second.value!s}")
    assert len(said) > 10
    assert said == set(PROBLEMS["en"])


@pytest.mark.slow
async def test_who_and_erase_without_and_beside_the_service(tmp_path: Path) -> None:
    await data_with_ledger(tmp_path)
    code, text = await ask(tmp_path, "who", "u-0003", "--json")
    assert (code, json.loads(text)["person"]) == (0, "kim.3")
    assert (await ask(tmp_path, "erase", "--person", "u-0003"))[0] == 2
    assert (await ask(tmp_path, "erase", "--yes"))[0] == 2
    code, text = await ask(tmp_path, "erase", "--person", "u-0003", "--yes", "--json")
    assert (code, json.loads(text)) == (0, {"erased": 1})
    assert (await ask(tmp_path, "who", "u-0003"))[0] == 2
    ledger = await makers.opened(tmp_path / "usage")
    code, text = await ask(tmp_path, "erase", "--person", "u-0004", "--yes", "--json")
    assert (code, json.loads(text)) == (0, {"erased": 1})
    assert await ledger.person("u-0004") is None
    assert list((tmp_path / "usage/requests").iterdir()) == []
    code, text = await ask(tmp_path, "erase", "--before", "2030-01-01", "--yes", "--json")
    assert json.loads(text)["erased"] > 20
    await ledger.close()
    assert verify(tmp_path / "usage").problems == []


async def test_export_writes_what_was_asked(tmp_path: Path) -> None:
    await data_with_ledger(tmp_path)
    out = tmp_path / "감사.xlsx"
    code, _ = await ask(tmp_path, "export", str(out), "--month", "2026-11")
    assert code == 0
    assert openpyxl.load_workbook(out).sheetnames[0] == "요약"
    code, text = await ask(
        tmp_path, "export", str(tmp_path / "m.csv"), "--month", "2026-11", "--format", "csv"
    )
    assert code == 0
    assert text.count(".csv") == 3
    assert (await ask(tmp_path, "export", str(out), "--month", "2026-11-26"))[0] == 2
    assert (await ask(tmp_path, "export", str(out), "--format", "pdf"))[0] == 2
    nowhere = tmp_path / "nowhere/x.xlsx"
    assert (await ask(tmp_path, "export", str(nowhere), "--month", "2026-11"))[0] == 2


@dataclass
class Words:
    what: str
    why: str
    fix: str


SAID = {"ko": Words("간격", "이유", "할 일"), "en": Words("early", "", "wait")}


@dataclass
class Explanation:
    code: str
    subject: str = "result"
    action: str = "wait"
    words: dict[str, Words] = field(
        default_factory=lambda: {
            "ko": Words("간격", "이유", "할 일"),
            "en": Words("early", "", "wait"),
        }
    )


async def test_explain_says_what_the_tables_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules: Any = ModuleType("gateway.usage.rules.explain")
    rules.explain = lambda code: Explanation(code) if code == "AP1029" else None
    rules.explainable = lambda: ["AP1029", "AP1002"]
    monkeypatch.setitem(sys.modules, "gateway.usage.rules.explain", rules)
    code, text = await ask(tmp_path, "explain", "AP1029", "--lang", "en")
    assert (code, text.splitlines()) == (0, ["AP1029  early", "  do  wait"])
    code, text = await ask(tmp_path, "explain", "AP1029", "--json")
    assert json.loads(text)["ko"]["what"] == "간격"
    code, text = await ask(tmp_path, "explain", "AP102", "--lang", "en")
    assert (code, "AP1029" in text) == (2, True)


async def test_wrong_words_and_missing_ledgers_are_said_in_a_sentence(tmp_path: Path) -> None:
    code, text = await ask(tmp_path, "ls", "--lang", "ko")
    assert (code, "원장이 없습니다" in text) == (1, True)
    code, text = await ask(tmp_path / "nowhere", "ls")
    assert code == 2
    await data_with_ledger(tmp_path)
    code, text = await ask(tmp_path, "ls", "--state", "deliverd", "--lang", "en")
    assert (code, "Did you mean delivered" in text) == (2, True)
    assert (await ask(tmp_path, "ls", "--day", "26.11.2026"))[0] == 2
    (tmp_path / "usage/ledger.db").write_bytes(b"nothing like a database" * 400)
    for command in ("ls", "status", "receipts"):
        code, text = await ask(tmp_path, command, "--lang", "en")
        assert (code, "damaged" in text) == (1, True)
    code, text = await ask(tmp_path, "verify", "--lang", "ko")
    assert (code, "온전하지 않습니다" in text) == (1, True)


@pytest.mark.parametrize("language", ["ko", "en"])
async def test_what_people_see_fits_80_columns(
    tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_view, "columns", lambda: WIDE)
    assert screen.columns() is None  # else the patch above would not matter
    await data_with_ledger(tmp_path, events=100)
    ledger = await makers.opened(tmp_path / "usage")
    event = makers.event(7)
    long = type(event)(event.at, event.log_dt, "DO6999", "p" * 60, "10.0.0.1", 9, event.raw)
    (taken,) = await ledger.append([("mes", long)])
    await ledger.move([makers.moved(taken.id, State.DELIVERED_PRESUMED, "AP1029", 7)])
    await ledger.close()
    for words in (("ls",), ("status",), ("receipts",), ("verify",), ("who", "u-0003"), ("--help",)):
        code, text = await ask(tmp_path, *words, env={"COLUMNS": "80", "GATEWAY_LANG": language})
        assert code == 0, text
        lines = [line for line in text.splitlines() if str(tmp_path) not in line]
        assert max(map(width, lines)) <= WIDE, text
