from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.api import usage
from gateway.app.advice import book
from gateway.cli.status import screen
from gateway.core.errors import SpoolFull
from gateway.core.records import Answer, Item, Refusal, Usage
from gateway.core.status import GatewayStatus, record_of
from gateway.core.texts import LANGUAGES
from gateway.core.types import BAD, Offset, UnixNs
from gateway.ops.advice import Advice
from gateway.ops.health import DeviceState, SinkState, SpoolCondition, SpoolState
from tests.integration.api_parts import Running, served
from tests.unit.aas.parts import batch

EVENT = {"solution": "MES", "event": "login", "user": "p:3f9a", "address": "192.168.0.12"}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with served(tmp_path) as made:
        yield made


async def post(running: Running, content: Any, **more: Any) -> Any:
    headers = {"content-type": "application/json", **more.pop("headers", {})}
    url = f"{running.server.url}/usage"
    return await running.client.post(url, content=json.dumps(content), headers=headers, **more)


async def stored(running: Running) -> list[Usage]:
    found = await running.reader.read(Offset(1), 10_000, 10_000_000)
    return [record.item for record in found if isinstance(record.item, Usage)]


async def test_a_usage_event_is_in_the_spool_when_it_is_answered(running: Running) -> None:
    answer = await post(running, EVENT)
    assert answer.status_code == 201
    (event,) = await stored(running)
    assert (event.solution, event.event, event.user) == ("MES", "login", "p:3f9a")
    assert answer.json()["ledger"] == [event.ledger]


async def test_many_events_come_in_one_request_in_their_order(running: Running) -> None:
    events = [{**EVENT, "event": f"query-{number}"} for number in range(50)]
    assert (await post(running, events)).json()["accepted"] == 50
    assert [each.event for each in await stored(running)] == [e["event"] for e in events]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (1_795_439_651_000_000_000, 1_795_439_651_000_000_000),
        ("2026-11-24T11:00:00+09:00", 1_795_485_600_000_000_000),
        ("2026-11-24T02:00:00.123456Z", 1_795_485_600_123_456_000),
    ],
)
async def test_the_time_of_an_event_is_kept_exactly(
    running: Running, given: Any, expected: int
) -> None:
    assert (await post(running, {**EVENT, "at": given})).status_code == 201
    assert [each.at for each in await stored(running)] == [expected]


WRONG: tuple[Any, ...] = (
    {},
    [],
    {"solution": "MES"},
    {**EVENT, "solution": ""},
    {**EVENT, "solution": "x" * 201},
    {**EVENT, "bytes": -1},
    {**EVENT, "at": "2026-11-24T11:00:00"},
    {**EVENT, "at": -1},
    {**EVENT, "password": "x"},
    {**EVENT, "extra": {str(number): 1 for number in range(33)}},
    {**EVENT, "extra": {"deep": {"a": 1}}},
    [EVENT, {**EVENT, "event": 7}],
    [EVENT] * 1001,
    "text",
    None,
)


async def test_a_wrong_event_is_refused_whole_and_nothing_is_stored(running: Running) -> None:
    for content in WRONG:
        answer = await post(running, content)
        assert answer.status_code == 422, content
        assert set(answer.json()) == {"messages"}
    assert running.spool.head() == 0


async def test_the_same_key_stores_once(running: Running) -> None:
    key = {"idempotency-key": "order-1"}
    first, second = await post(running, EVENT, headers=key), await post(running, EVENT, headers=key)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert len(await stored(running)) == 1


async def test_when_the_disk_refuses_the_sender_is_told_to_try_again(tmp_path: Path) -> None:
    async def full(_: Sequence[Item]) -> Offset:
        raise SpoolFull("quota")

    async with served(tmp_path, change={"append": full}) as running:
        answer = await post(running, EVENT)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0


async def test_nothing_is_answered_before_the_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I1: a disk that hangs gets no 2xx; the sender sends again."""
    monkeypatch.setattr(usage, "COMMIT_TIMEOUT_S", 0.2)
    committed = asyncio.Event()

    async def hanging(_: Sequence[Item]) -> Offset:
        await committed.wait()
        return Offset(1)

    async with served(tmp_path, change={"append": hanging}) as running:
        assert (await post(running, EVENT)).status_code == 503
        committed.set()
        assert (await post(running, EVENT)).status_code == 201


async def test_ready_follows_the_spool_while_live_does_not(running: Running) -> None:
    assert (await running.get("/readyz")).status_code == 200
    health = running.board.health
    health.spool.change(SpoolCondition(SpoolState.FULL, "disk-full", "/data"), UnixNs(1))
    answer = await running.get("/readyz")
    assert (answer.status_code, answer.json()["note"]) == (503, "disk-full: /data")
    assert (await running.get("/healthz")).status_code == 200


async def test_a_record_that_vanished_makes_status_say_that_the_accounts_are_not_balanced(
    running: Running,
) -> None:
    for _ in range(3):
        await running.store()
    assert (await running.get("/api/status")).json()["accounts"]["balanced"] is True
    ledger = running.spool._store.readers["central"]
    ledger.cursor.add(2, 2, forced=True)  # as if it had been settled, and nothing had become of it
    await running.store()
    async with asyncio.timeout(10):
        while (content := (await running.get("/api/status")).json())["accounts"]["balanced"]:
            await asyncio.sleep(0.05)
    assert content["healthy"] is False
    told = {"en": "accounts: not balanced (central)", "ko": "수지가 맞지 않습니다"}
    for lang in LANGUAGES:
        assert told[lang] in "\n".join(screen(record_of(GatewayStatus, content), lang))


async def test_status_tells_devices_sinks_spool_and_accounts(running: Running) -> None:
    await running.store()
    await running.store()
    await running.reader.settle(Answer(((1, 1),), (Refusal(Offset(2), "unknown-device"),)))
    await running.store()
    content = (await running.get("/api/status")).json()
    assert [each["device"] for each in content["devices"]] == ["press-01", "press-02"]
    assert content["devices"][0]["tags"] == {"good": 6, "total": 6}
    assert content["devices"][0]["label"] == {"ko": "프레스 1호기", "en": "Press 1"}
    (sink,) = content["sinks"]
    assert (sink["name"], sink["waiting"], sink["quarantined"]) == ("central", 1, 1)
    assert content["spool"]["head"] == 3
    (entry,) = content["accounts"]["readers"]
    counts = [entry[k] for k in ("spooled", "delivered", "pending", "quarantined", "expired")]
    assert counts == [3, 1, 1, 1, 0]
    assert content["healthy"] is True


async def test_status_is_not_healthy_when_something_needs_a_person(running: Running) -> None:
    health, now = running.board.health, running.board.clock.now()
    health.devices["press-01"].connected(now)
    health.devices["press-01"].signal_bad("State", "BadNodeIdUnknown", now)
    content = (await running.get("/api/status")).json()
    assert content["healthy"] is False
    (device,) = [each for each in content["devices"] if each["device"] == "press-01"]
    assert device["state"] == DeviceState.PARTLY
    assert device["tags"] == {"good": 5, "total": 6}
    assert device["bad"][0]["reason"] == "BadNodeIdUnknown"
    health.devices["press-01"].signal_good("State", now)
    health.config_note = "edit not taken: devices/a.yaml:3 E1203"
    assert (await running.get("/api/status")).json()["healthy"] is False
    health.config_note = ""
    health.sinks["central"].change(SinkState.HOLD, now, "401")
    assert (await running.get("/api/status")).json()["healthy"] is False


async def test_live_gives_what_changed_since_a_version(running: Running) -> None:
    table = running.models[0].table
    await running.spool.append([batch(table, [0, 5], np.array([1.0, np.inf]), status=[BAD, 0])])
    first = (await running.get("/api/live?device=press-01")).json()
    by_element = {row["element"]: row for row in first["rows"]}
    assert by_element["Mold.TemperatureLower"]["value"] is None
    assert by_element["Mold.TemperatureLower"]["quality"] == "bad"
    assert by_element["Power"]["value"] == "Infinity"
    await running.spool.append([batch(table, [3], np.array([7]))])
    later = (await running.get(f"/api/live?since={first['version']}")).json()
    assert [(row["name"], row["value"]) for row in later["rows"]] == [("Count", 7)]
    matched = (await running.get("/api/live?match=*/Mold.*")).json()
    assert [row["element"] for row in matched["rows"]] == ["Mold.TemperatureLower"]


async def test_live_gives_everything_in_pages(running: Running) -> None:
    table = running.models[0].table
    await running.spool.append([batch(table, range(6), [1.0, 2.0, "run", 3, True, 4.0])])
    names: list[str] = []
    cursor = ""
    while True:
        page = (await running.get(f"/api/live?limit=4&cursor={cursor}")).json()
        names += [row["name"] for row in page["rows"]]
        cursor = page.get("cursor", "")
        if not cursor:
            break
    assert sorted(names) == sorted(signal.name for signal in table.signals)


async def test_trace_follows_a_value_to_its_destination(running: Running) -> None:
    path = "/api/trace?device=press-01&name=금형온도_하"
    before = (await running.get(path)).json()
    assert (before["sample"], before["readers"]) == (None, [])
    await running.store(179.9)
    waiting = (await running.get(path)).json()
    assert waiting["sample"]["value"] == 179.9
    assert waiting["sample"]["offset"] == 1
    assert waiting["readers"] == [{"reader": "central", "done": False}]
    await running.reader.settle(Answer(((1, 1),)))
    assert (await running.get(path)).json()["readers"] == [{"reader": "central", "done": True}]
    assert (await running.get("/api/trace?device=press-01&name=x")).status_code == 404
    assert (await running.get("/api/trace")).status_code == 400


async def test_metrics_are_prometheus_text_with_the_readers(running: Running) -> None:
    await running.store()
    answer = await running.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = {each.name: each for each in text_string_to_metric_families(answer.text)}
    samples = {
        sample.name: sample.value
        for family in families.values()
        for sample in family.samples
        if sample.labels.get("reader") == "central"
    }
    assert samples["gateway_reader_pending_records"] == 1
    assert samples["gateway_reader_delivered_records"] == 0
    assert samples["gateway_reader_pending_samples"] == 1


async def test_a_bug_in_a_route_shows_nothing_of_itself(tmp_path: Path) -> None:
    def broken() -> Offset:
        raise RuntimeError("canary-internal")

    async with served(tmp_path, change={"head": broken}) as running:
        answer = await running.get("/api/status")
        assert answer.status_code == 500
        assert "canary-internal" not in answer.text
        assert set(answer.json()) == {"messages"}
        assert (await running.get("/healthz")).status_code == 200


class Known:
    """The advice of this installation, for OPC UA machines."""

    def of_device(self, device: str, reason: str) -> Advice | None:
        return book("opcua", "flow").advice_for(reason)

    def of_sink(self, reason: str) -> Advice | None:
        return book("sinks/http", "history").advice_for(reason)

    def of_spool(self, reason: str) -> Advice | None:
        return book("spool").advice_for(reason)


async def test_what_is_wrong_is_told_with_its_words_and_the_next_step(tmp_path: Path) -> None:
    async with served(tmp_path, change={"advice": Known()}) as running:
        health, now = running.board.health, running.board.clock.now()
        device, name = health.devices["press-01"], running.models[0].table.signals[0].name
        device.connected(now)
        device.signal_bad(name, "granted-less", now, "1 s x 1 where 100 ms x 100 was asked")
        device.trouble("time-ahead", now, f"{name}: 2105-01-01 00:00:00 UTC")
        away = health.devices["press-02"]
        away.change(DeviceState.NEEDS_PERSON, now, "login-refused: BadUserAccessDenied")
        away.reason = "login-refused"
        content = (await running.get("/api/status")).json()
        traced = (await running.get("/api/trace?device=press-01&name=" + quote(name))).json()
    first, second = content["devices"]
    assert (first["state"], first["tags"]["good"]) == ("partly", first["tags"]["total"] - 1)
    assert [each["reason"] for each in first["problems"]] == ["time-ahead", "granted-less"]
    assert first["troubles"][0]["count"] == 1
    assert first["bad"][0]["detail"] == "1 s x 1 where 100 ms x 100 was asked"
    assert second["tags"]["good"] == 0, "nothing comes of a device that is away"
    assert second["problems"][0]["detail"] == "BadUserAccessDenied"
    assert second["problems"][0]["command"] != "gateway trust ls"
    for problem in (*first["problems"], *second["problems"]):
        assert set(problem["what"]) == set(problem["fix"]) == {"ko", "en"}
    assert content["healthy"] is False
    assert traced["problem"] == "granted-less"
    assert [each["reason"] for each in traced["problems"]] == ["granted-less", "time-ahead"]
