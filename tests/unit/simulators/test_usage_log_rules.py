"""The log service refuses what the programme's own refuses, in its order and by its codes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from simulators.usage_log import SAMPLE_KEY, UsageLogService
from simulators.usage_log_rules import TEXTS, Content
from tests.unit.simulators.usage_parts import (
    E2,
    ENDED_KEY,
    OTHER_KEY,
    Hand,
    ask,
    order,
    record,
    send,
    service,
    told,
)


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def log(hand: Hand) -> UsageLogService:
    return service(hand)


@pytest.fixture
async def url(log: UsageLogService) -> AsyncIterator[str]:
    async with log.serving() as url:
        yield url


async def test_a_right_record_is_stored_as_it_came(
    hand: Hand, log: UsageLogService, url: str
) -> None:
    answer = await send(url, record(hand))
    assert answer == {
        "recptnDt": "2026-03-02 09:00:00.000",
        "recptnRsltCd": "AP1002",
        "recptnRslt": "데이터 이관 완료",
        "recptnRsltDtl": "",
    }
    kept = {
        "key": SAMPLE_KEY[-4:],
        "logDt": "2026-03-02 09:00:00.000",
        "useSe": "DO6001",
        "sysUser": "김철수",
        "conectIp": "192.168.0.7",
        "dataUsgqty": "1024",
        "recptnDt": "2026-03-02 09:00:00.000",
    }
    assert log.stored == [kept]
    assert await told(url, "stored") == [kept]


@pytest.mark.parametrize(
    ("change", "code", "detail"),
    [
        ({"crtfcKey": None}, "AP1011", "crtfcKey"),
        ({"crtfcKey": " "}, "AP1011", "crtfcKey"),
        ({"crtfcKey": "$5$API$unknown"}, "AP1011", "crtfcKey"),
        ({"crtfcKey": ENDED_KEY}, "AP1030", ""),
        ({"logDt": None}, "AP1012", "logDt"),
        ({"logDt": "2026-03-02 09:00:00"}, "AP1014", "logDt"),
        ({"logDt": "2026-03-02T09:00:00.000"}, "AP1014", "logDt"),
        ({"logDt": "2026-03-02 25:00:00.000"}, "AP1014", "logDt"),
        ({"logDt": "2026-03-01 23:59:59.999"}, "AP1014", "logDt"),
        ({"logDt": "2026-03-03 00:00:00.000"}, "AP1014", "logDt"),
        ({"useSe": ""}, "AP1015", "useSe"),
        ({"useSe": "x" * 201}, "AP1004", "useSe"),
        ({"sysUser": None}, "AP1017", "sysUser"),
        ({"sysUser": "가" * 61}, "AP1004", "sysUser"),
        ({"conectIp": " "}, "AP1019", "conectIp"),
        ({"conectIp": "2001:0db8:0000:0000:0000:ff00:0042:8329"}, "AP1004", "conectIp"),
        ({"dataUsgqty": ""}, "AP1022", "dataUsgqty"),
        ({"dataUsgqty": "1000000000"}, "AP1026", "dataUsgqty"),
        ({"dataUsgqty": "9" * 5000}, "AP1026", "dataUsgqty"),
        ({"dataUsgqty": "1 KB"}, "AP1010", "dataUsgqty"),
        ({"dataUsgqty": "-1"}, "AP1010", "dataUsgqty"),
        ({"useSe": "DO6999"}, "AP1028", ""),
    ],
)
async def test_what_is_wrong_has_its_code_and_is_not_stored(
    hand: Hand,
    log: UsageLogService,
    url: str,
    change: dict[str, str | None],
    code: str,
    detail: str,
) -> None:
    answer = await send(url, record(hand, **change))
    assert (answer["recptnRsltCd"], answer["recptnRsltDtl"]) == (code, detail)
    assert answer["recptnRslt"] == TEXTS[code]
    assert log.stored == []


@pytest.mark.parametrize(
    "change",
    [
        {"useSe": "접속"},
        {"useSe": "x" * 200},
        {"sysUser": "가" * 60},
        {"conectIp": "1" * 30},
        {"dataUsgqty": "0"},
        {"dataUsgqty": "999999999"},
        {"logDt": "2026-03-02 00:00:00.000"},
        {"logDt": "2026-03-02 23:59:59.999"},
    ],
)
async def test_what_just_fits_is_stored(hand: Hand, url: str, change: dict[str, str]) -> None:
    assert (await send(url, record(hand, **change)))["recptnRsltCd"] == "AP1002"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"crtfcKey": "", "logDt": ""}, "AP1011"),
        ({"crtfcKey": ENDED_KEY, "logDt": ""}, "AP1030"),
        ({"logDt": "x", "useSe": ""}, "AP1015"),
        ({"logDt": "x", "sysUser": "가" * 61}, "AP1014"),
        ({"sysUser": "가" * 61, "dataUsgqty": "1000000000"}, "AP1004"),
        ({"dataUsgqty": "1000000000", "logDt": "2026-03-01 09:00:00.000"}, "AP1026"),
        ({"useSe": "DO6999", "logDt": "2026-03-01 09:00:00.000"}, "AP1014"),
    ],
)
async def test_of_two_mistakes_the_first_in_the_order_of_checks_is_told(
    hand: Hand, url: str, change: dict[str, str], code: str
) -> None:
    assert (await send(url, record(hand, **change)))["recptnRsltCd"] == code


async def test_a_second_record_has_to_wait_ten_minutes_from_the_stored_one(
    hand: Hand, log: UsageLogService, url: str
) -> None:
    codes = []
    for wait_s in (0, 1, 598.999, 0.001, 599.999, 0.001):
        hand.pass_s(wait_s)
        codes.append((await send(url, record(hand)))["recptnRsltCd"])
    assert codes == ["AP1002", "AP1029", "AP1029", "AP1002", "AP1029", "AP1002"]
    assert len(log.stored) == 3


async def test_each_key_has_its_own_ten_minutes(hand: Hand, log: UsageLogService, url: str) -> None:
    for key in (SAMPLE_KEY, OTHER_KEY):
        assert (await send(url, record(hand, crtfcKey=key)))["recptnRsltCd"] == "AP1002"
    assert [row["key"] for row in log.stored] == [SAMPLE_KEY[-4:], OTHER_KEY[-4:]]


async def test_a_test_takes_no_turn_and_is_kept_apart(
    hand: Hand, log: UsageLogService, url: str
) -> None:
    codes = [
        (await send(url, record(hand, useSe=use)))["recptnRsltCd"]
        for use in ("DO6999", "DO6001", "DO6999")
    ]
    assert codes == ["AP1028", "AP1002", "AP1028"]
    assert [row["useSe"] for row in log.kept.tests] == ["DO6999", "DO6999"]


async def test_where_it_is_so_set_a_test_takes_a_turn(hand: Hand) -> None:
    async with service(hand, test_takes_turn=True).serving() as url:
        codes = [
            (await send(url, record(hand, useSe=use)))["recptnRsltCd"]
            for use in ("DO6999", "DO6999", "DO6001")
        ]
    assert codes == ["AP1028", "AP1029", "AP1029"]


async def test_a_day_holds_144_and_the_next_day_is_new() -> None:
    hand = Hand("2026-03-02 00:00:00")
    log = service(hand)
    async with log.serving() as url:
        for _ in range(144):
            assert (await send(url, record(hand)))["recptnRsltCd"] == "AP1002"
            hand.pass_s(600)
        hand.pass_s(-0.001)
        assert (await send(url, record(hand)))["recptnRsltCd"] == "AP1032"
        hand.pass_s(0.001)
        assert (await send(url, record(hand)))["recptnRsltCd"] == "AP1002"
    assert len(log.stored) == 145


async def test_the_5001st_request_of_a_day_is_refused_whatever_it_holds(hand: Hand) -> None:
    async with service(hand, requests_max=3).serving() as url:
        codes = []
        for change in ({}, {}, {"logDt": ""}, {"logDt": ""}, {"useSe": "DO6999"}):
            codes.append((await send(url, record(hand, **change)))["recptnRsltCd"])
        assert codes == ["AP1002", "AP1029", "AP1012", "AP1031", "AP1031"]
        other = await send(url, record(hand, crtfcKey=OTHER_KEY))
        assert other["recptnRsltCd"] == "AP1002"
        hand.pass_s(86_400)
        assert (await send(url, record(hand)))["recptnRsltCd"] == "AP1002"


async def test_the_built_in_limits_are_those_of_the_programme(log: UsageLogService) -> None:
    config = log.rules.config
    assert (config.interval_s, config.stored_max, config.requests_max) == (600, 144, 5000)


async def test_what_no_source_settles_is_a_setting(hand: Hand) -> None:
    async with service(hand, not_today="AP1010", not_a_number="AP1026").serving() as url:
        old = record(hand, logDt="2026-03-01 09:00:00.000")
        assert (await send(url, old))["recptnRsltCd"] == "AP1010"
        assert (await send(url, record(hand, dataUsgqty="x")))["recptnRsltCd"] == "AP1026"


async def test_a_key_may_end_and_begin_again(hand: Hand, url: str) -> None:
    await order(url, "keys", key=SAMPLE_KEY, status="ended")
    assert (await send(url, record(hand)))["recptnRsltCd"] == "AP1030"
    await order(url, "keys", key=SAMPLE_KEY, status="active")
    assert (await send(url, record(hand)))["recptnRsltCd"] == "AP1002"


async def test_without_known_keys_any_is_taken_where_it_is_so_set(hand: Hand) -> None:
    async with service(hand, any_key=True).serving() as url:
        stranger = record(hand, crtfcKey="$5$API$stranger")
        assert (await send(url, stranger))["recptnRsltCd"] == "AP1002"
        assert (await send(url, stranger))["recptnRsltCd"] == "AP1029"
        assert (await send(url, record(hand, crtfcKey="")))["recptnRsltCd"] == "AP1011"


async def test_a_clock_an_hour_off_moves_the_stamp_and_the_day_but_no_interval(
    hand: Hand, url: str
) -> None:
    hand.at += 14 * 3600 * 1_000_000_000 + 1_800 * 1_000_000_000  # 23:30
    today = record(hand)
    await order(url, "clock", shift_s=3600)
    answer = await send(url, today)
    assert (answer["recptnRsltCd"], answer["recptnDt"]) == ("AP1014", "2026-03-03 00:30:00.000")
    await order(url, "clock", shift_s=-3600)
    answer = await send(url, today)
    assert (answer["recptnRsltCd"], answer["recptnDt"]) == ("AP1002", "2026-03-02 22:30:00.000")
    await order(url, "clock", shift_s=0)
    hand.pass_s(600)
    assert (await send(url, record(hand)))["recptnRsltCd"] == "AP1002"


async def test_time_is_moved_over_http(url: str) -> None:
    at = Hand("2026-05-01 08:00:00.000")
    assert (await order(url, "clock", set="2026-05-01 08:00:00", rate=0))["now"][:10] == at_day(at)
    assert (await send(url, record(at)))["recptnRsltCd"] == "AP1002"
    assert (await send(url, record(at)))["recptnRsltCd"] == "AP1029"
    assert (await order(url, "clock", advance="600s"))["now"] == "2026-05-01 08:10:00.000"
    assert (await send(url, record(at)))["recptnRsltCd"] == "AP1002"


def at_day(hand: Hand) -> str:
    return record(hand)["logDt"][:10]


async def test_time_may_hurry() -> None:
    true = Hand()
    log = service(true)
    log.clock.hurry(3600)
    true.pass_s(1)
    assert log.state()["now"] == "2026-03-02 10:00:00.000"


@pytest.mark.parametrize(
    "wish",
    [
        {"set": "yesterday"}, {"advance": -1}, {"rate": -1}, {"rate": True}, {"shift_s": "x"},
        {"jump": 1}, {"set": "2026-03-02 09:00:00", "rate": None},
    ],
)  # fmt: skip
async def test_an_order_that_makes_no_sense_changes_nothing(
    hand: Hand, log: UsageLogService, url: str, wish: dict[str, object]
) -> None:
    status, text = await ask(url, "POST", "/__sim__/clock", json.dumps(wish))
    assert (status, "error" in json.loads(text)) == (400, True)
    assert log.clock.shown() == hand.at


async def test_state_tells_counts_of_the_day_and_shows_no_key(hand: Hand, url: str) -> None:
    for _ in range(2):
        await send(url, record(hand))
    await send(url, record(hand, useSe="DO6999"))
    state = await told(url, "state")
    assert state["keys"][0] == {
        "key": SAMPLE_KEY[-4:],
        "status": "active",
        "requests_today": 3,
        "stored_today": 1,
        "tests_today": 1,
        "last_stored": "2026-03-02 09:00:00.000",
        "codes": {"AP1002": 1, "AP1029": 1, "AP1028": 1},
    }
    _, text = await ask(url, "GET", "/__sim__/requests")
    assert SAMPLE_KEY not in text.decode()
    rows = await told(url, "requests?after=1&limit=1")
    assert [(row["n"], row["code"], row["path"]) for row in rows] == [(2, "AP1029", E2)]


async def test_a_reset_forgets_what_was_sent_and_keeps_the_keys(hand: Hand, url: str) -> None:
    await send(url, record(hand))
    assert (await order(url, "reset"))["stored"] == 0
    assert (await send(url, record(hand)))["recptnRsltCd"] == "AP1002"


def test_a_virtual_day_holds_144_however_often_is_sent() -> None:
    hand = Hand("2026-03-02 00:00:00")
    rules = service(hand).rules
    for _ in range(2_880):  # every thirty seconds
        rules.judge(Content("form", record(hand)), hand.at, hand.at)
        hand.pass_s(30)
    codes = rules.accounts[SAMPLE_KEY].codes
    assert codes == {"AP1002": 144, "AP1029": 2_880 - 144 - 19, "AP1032": 19}
