"""The KPI service takes three levels of entries, tells companies, lists, and has bad days."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simulators.kpi_service import SAMPLE_COMPANY, SAMPLE_KEY, KpiService
from tests.unit.simulators.usage_parts import Hand, ask, order, told

WAIT_S = 60.0
HEAD = {"kpiCertKey": SAMPLE_KEY, "ocrDttm": "20260302", "trsDttm": "20260302180000"}
WHICH = {"kpiFldCd": "P", "kpiDtlCd": "B", "kpiDtlNm": "생산량 증가"}
ENTRIES: dict[int, dict[str, Any]] = {
    1: {**HEAD, "systmOprYn": "Y"},
    2: {**HEAD, **WHICH, "achrt": "12.5"},
    3: {**HEAD, **WHICH, "msmtVl": 1200, "unt": "EA"},
}
RECEIVED = "2026-03-02 09:00:00.000"


@pytest.fixture
def kpi() -> KpiService:
    return KpiService(now=Hand())


@pytest.fixture
async def url(kpi: KpiService) -> AsyncIterator[str]:
    async with kpi.serving() as url:
        yield url


async def post(url: str, path: str, body: Any) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    kind = "application/json; charset=utf-8"
    status, text = await ask(url, "POST", path, data, **{"Content-Type": kind})
    return status, json.loads(text) if text[:1] in {b"{", b"["} else text


async def insert(url: str, level: int, *entries: Any, test: bool = False) -> tuple[int, Any]:
    path = f"/kpiLv{level}/kpiLv{level}Insert{'Tst' if test else ''}"
    return await post(url, path, {f"KPILEVEL{level}": list(entries)})


@pytest.mark.parametrize("level", [1, 2, 3])
async def test_each_level_is_kept_with_all_entries_of_its_array(
    kpi: KpiService, url: str, level: int
) -> None:
    second = {**ENTRIES[level], "ocrDttm": "20260303"}
    status, answer = await insert(url, level, ENTRIES[level], second)
    assert (status, list(answer)) == (200, ["okMsg"])
    as_text = {name: str(value) for name, value in ENTRIES[level].items()}
    assert kpi.stored[0] == {**as_text, "level": level, "received": RECEIVED}
    assert [row["ocrDttm"] for row in kpi.stored] == ["20260302", "20260303"]


@pytest.mark.parametrize("level", [1, 2, 3])
async def test_test_paths_check_and_do_not_count(kpi: KpiService, url: str, level: int) -> None:
    assert "okMsg" in (await insert(url, level, ENTRIES[level], test=True))[1]
    assert "errMsg" in (await insert(url, level, {}, test=True))[1]
    assert (len(kpi.stored), len(kpi.tests)) == (0, 1)
    assert [row["level"] for row in await told(url, "tests")] == [level]


@pytest.mark.parametrize(
    ("level", "change", "wrong"),
    [
        (1, {"kpiCertKey": "ffff-ffff-ffff-ffff"}, "인증키"),
        (1, {"kpiCertKey": "short"}, "kpiCertKey"),
        (1, {"ocrDttm": "20260302180000"}, "ocrDttm"),
        (1, {"ocrDttm": "2026-03-02"}, "ocrDttm"),
        (1, {"ocrDttm": "20260230"}, "ocrDttm"),
        (1, {"systmOprYn": True}, "systmOprYn"),
        (1, {"systmOprYn": "y"}, "systmOprYn"),
        (1, {"trsDttm": "20260302"}, "trsDttm"),
        (1, {"trsDttm": "20260302250000"}, "trsDttm"),
        (2, {"kpiFldCd": "X"}, "kpiFldCd"),
        (2, {"kpiDtlCd": "AB"}, "kpiDtlCd"),
        (2, {"kpiDtlNm": " "}, "kpiDtlNm"),
        (2, {"achrt": "12%"}, "achrt"),
        (2, {"achrt": "nan"}, "achrt"),
        (2, {"achrt": None}, "achrt"),
        (3, {"msmtVl": ""}, "msmtVl"),
        (3, {"msmtVl": [1]}, "msmtVl"),
        (3, {"unt": ""}, "unt"),
    ],
)
async def test_a_wrong_entry_is_named_and_refuses_the_whole_request(
    kpi: KpiService, url: str, level: int, change: dict[str, Any], wrong: str
) -> None:
    status, answer = await insert(url, level, ENTRIES[level], {**ENTRIES[level], **change})
    assert status == 200
    assert answer["errMsg"].startswith("[1]")
    assert wrong in answer["errMsg"]
    assert kpi.stored == []
    assert [row["result"] for row in await told(url, "requests")] == ["refused"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", {}, {"KPILEVEL1": []}, {"KPILEVEL1": {}}, {"KPILEVEL2": [1]},
             {"KPILEVEL1": ["x"]}, {"KPILEVEL1": [ENTRIES[1]] * 1_001}],
)  # fmt: skip
async def test_a_body_without_the_array_of_its_level_is_refused(
    kpi: KpiService, url: str, body: Any
) -> None:
    assert list((await post(url, "/kpiLv1/kpiLv1Insert", body))[1]) == ["errMsg"]
    assert kpi.stored == []


async def test_a_refusal_may_have_another_status(url: str, kpi: KpiService) -> None:
    kpi.refusal_status = 400
    assert (await insert(url, 1, {}))[0] == 400


async def test_a_key_tells_its_company_and_an_unknown_one_nobody(url: str) -> None:
    path = "/kpiLv1/certCheck"
    assert await post(url, path, {"schKpiCertKey": SAMPLE_KEY}) == (200, [{"coNm": SAMPLE_COMPANY}])
    assert await post(url, path, {"schKpiCertKey": "x"}) == (200, [])
    assert await post(url, path, {}) == (200, [])
    await order(url, "keys", key=SAMPLE_KEY)
    assert await post(url, path, {"schKpiCertKey": SAMPLE_KEY}) == (200, [])


@pytest.mark.parametrize("level", [1, 3])
async def test_lists_give_what_is_there_of_a_key_and_a_day(url: str, level: int) -> None:
    await insert(url, level, ENTRIES[level])
    await insert(url, level, ENTRIES[level], test=True)
    path = f"/kpiLv{level}/kpiLv{level}List"
    asked = {"schKpiCertKey": SAMPLE_KEY, "schOcrDttm": "20260302"}
    as_text = {name: str(value) for name, value in ENTRIES[level].items()}
    assert await post(url, path, asked) == (200, [as_text])
    for name, other in (("schKpiCertKey", "x"), ("schOcrDttm", "20260303")):
        assert await post(url, path, {**asked, name: other}) == (200, [])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/kpiLv1/kpiLv1Insert"),
        ("POST", "/kpiLv2/kpiLv3Insert"),
        ("POST", "/kpiLv2/kpiLv2List"),
        ("POST", "/kpiLv4/kpiLv4Insert"),
        ("POST", "/"),
    ],
)
async def test_other_paths_are_not_there(kpi: KpiService, url: str, method: str, path: str) -> None:
    assert (await ask(url, method, path, "{}"))[0] == 404
    assert kpi.kept.count == 0


@pytest.mark.parametrize(("mode", "stored"), [("reset", 0), ("drop-reply", 1)])
async def test_an_answer_may_be_lost_with_or_without_the_entry(
    kpi: KpiService, url: str, mode: str, stored: int
) -> None:
    await order(url, "fault", mode=mode, count=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await insert(url, 1, ENTRIES[1])
    assert len(kpi.stored) == stored
    assert "okMsg" in (await insert(url, 1, ENTRIES[1]))[1]


async def test_false_answers_come_on_wish(kpi: KpiService, url: str) -> None:
    wishes = [
        {"mode": "500", "count": 1},
        {"mode": "html", "count": 1, "stored": True},
        {"mode": "code", "code": "E", "text": "점검 중", "count": 1},
        {"mode": "code", "code": "E", "count": 1, "stored": True},
    ]
    await order(url, "fault", sequence=wishes)
    assert (await insert(url, 1, ENTRIES[1]))[0] == 500
    assert b"<html>" in (await insert(url, 1, ENTRIES[1]))[1]
    assert await insert(url, 1, ENTRIES[1]) == (200, {"errMsg": "점검 중"})
    assert await insert(url, 1, ENTRIES[1]) == (200, {"errMsg": "E"})
    rows = await told(url, "requests")
    assert [(row["result"], row["fault"]) for row in rows] == [
        ("", "500"), ("ok", "html"), ("refused", "code"), ("ok", "code"),
    ]  # fmt: skip
    assert (await told(url, "state"))["stored"] == len(kpi.stored) == 2


async def test_time_and_memory_are_ordered_over_http(url: str) -> None:
    await order(url, "clock", set="2026-05-01 18:00:00")
    await insert(url, 1, ENTRIES[1])
    assert [row["received"][:10] for row in await told(url, "stored")] == ["2026-05-01"]
    assert (await order(url, "reset"))["stored"] == 0
    assert (await ask(url, "POST", "/__sim__/keys", "{}"))[0] == 400


@pytest.mark.slow
def test_the_command_line_knows_the_kpi_service() -> None:
    code = "from gateway.cli.main import main; main()"
    command = [
        sys.executable, "-c", code, "sim", "kpi", "--port", "0",
        "--key", "aaaa-0000-0000-0001=가나공방", "--key", "aaaa-0000-0000-0002=다라공방",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        ready = json.loads(child.stdout.readline())
        assert (ready["ready"], ready["keys"]) == ("kpi", 2)
        assert ready["listening"] == f"http://127.0.0.1:{ready['port']}"
        child.terminate()
        assert child.wait(WAIT_S) == 0
