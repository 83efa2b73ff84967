"""Claims about the reference platform itself: it must not be kinder than a real one."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from simulators.platform_rules import digest_of
from tests.integration.platform_parts import (
    EPOCH,
    GATEWAY,
    TOKEN,
    PlatformProcess,
    running_platform,
    table,
)

PLAN = table("press-01", "xs:double", "xs:int", "xs:boolean", "xs:string", "xs:unsignedLong", None)
AT = 1795439647800000000
BASE = f"/v1/gateways/{GATEWAY}"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    with running_platform(tmp_path_factory.mktemp("platform")) as running:
        yield running


@pytest.fixture
async def platform(process: PlatformProcess) -> AsyncIterator[PlatformProcess]:
    async with process.fresh() as running:
        await put_plan(running)
        yield running


async def ask(
    platform: PlatformProcess, method: str, path: str, body: Any, **headers: str
) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Authorization": f"Bearer {TOKEN}", **headers}
    async with platform.session.request(
        method, platform.url + path, data=data, headers=sent
    ) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if text.startswith(("{", "[")) else text


async def put_plan(platform: PlatformProcess) -> None:
    signals = PLAN.signals_json()
    status, _ = await ask(
        platform, "PUT", f"{BASE}/plans/{digest_of(signals)}", {"signals": signals}
    )
    assert status in (201, 204)


async def send(platform: PlatformProcess, *records: dict[str, Any]) -> tuple[int, Any]:
    first, last = records[0]["offset"], records[-1]["offset"]
    body = {"epoch": EPOCH, "first": first, "last": last, "records": records}
    key = {"Idempotency-Key": f"{EPOCH}:{first}-{last}"}
    return await ask(platform, "POST", f"{BASE}/records", body, **key)


def record(value: Any = 1.5, signal: int = 0, offset: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "offset": offset, "kind": "samples", "plan": PLAN.digest, "received": AT,
        "signals": [signal], "times": [AT], "values": [value], "status": [0], **more,
    }  # fmt: skip


async def test_the_digest_of_a_plan_is_checked_by_its_own_rules(platform: PlatformProcess) -> None:
    signals = PLAN.signals_json()
    assert digest_of(signals) == PLAN.digest
    wrong = "sha256-" + "0" * 64
    status, text = await ask(platform, "PUT", f"{BASE}/plans/{wrong}", {"signals": signals})
    assert (status, "digest" in text) == (422, True)


@pytest.mark.parametrize(
    ("value", "signal"),
    [
        (1.5, 0), (1, 0), ("NaN", 0), ("-Infinity", 0), (None, 0), (-5, 1), (True, 2),
        ("가동", 3), ({"@type": "P"}, 3), ([1], 3), (2**64 - 1, 4), (2**90, 5), ({"b64": ""}, 5),
    ],
)  # fmt: skip
async def test_values_that_fit_their_type_come_back_as_they_were(
    platform: PlatformProcess, value: Any, signal: int
) -> None:
    status, answer = await send(platform, record(value, signal))
    assert (status, answer["accepted"], answer["refused"]) == (200, [[1, 1]], [])
    row = (await platform.get("samples"))["rows"][0]
    assert row["value"] == value
    assert type(row["value"]) is type(value)


@pytest.mark.parametrize(
    "bad",
    [
        record("1.5", 0), record(True, 0), record("nan", 0), record(1.0, 1), record(2**31, 1),
        record(True, 1), record(1, 2), record(5, 3), record(-1, 4), record(2**64, 4),
        record(signal=6), record(signal=-1), record(status=[2**32]), record(status=[0.0]),
        record(status=[0x80000000]), record(times=[AT, AT]), record(values=[]), record(raw=[]),
        record(times=["now"]), record(received=None), record(kind="other"),
        {"offset": 1, "kind": "gap", "device": "nobody", "signals": [0], "from": 1, "to": 2,
         "reason": "quota", "count": None},
        {"offset": 1, "kind": "gap", "device": "press-01", "signals": [0], "from": 3, "to": 2,
         "reason": "quota", "count": None},
        {"offset": 1, "kind": "gap", "device": "press-01", "signals": [0], "from": 1, "to": 2,
         "reason": "holiday", "count": None},
        {"offset": 1, "kind": "gap", "device": "press-01", "signals": [0], "from": 1, "to": 2,
         "reason": "quota"},
        {"offset": 1, "kind": "usage", "at": AT, "solution": "MES"},
    ],
)  # fmt: skip
async def test_a_wrong_record_is_refused_with_a_reason_and_its_neighbour_taken(
    platform: PlatformProcess, bad: dict[str, Any]
) -> None:
    status, answer = await send(platform, bad, record(offset=2))
    assert status == 200
    assert answer["accepted"] == [[2, 2]]
    assert answer["refused"][0]["offset"] == 1
    assert answer["refused"][0]["reason"]


async def test_a_request_of_the_wrong_shape_is_an_error_as_a_whole(
    platform: PlatformProcess,
) -> None:
    key = {"Idempotency-Key": f"{EPOCH}:1-2"}
    for body in (
        {"epoch": EPOCH, "first": 1, "last": 2, "records": []},
        {"epoch": "", "first": 1, "last": 2, "records": [record()]},
        {"epoch": EPOCH, "first": 1, "last": 3, "records": [record(), record(offset=2)]},
        {"epoch": EPOCH, "first": 2, "last": 1, "records": [record(offset=2), record()]},
        [1],
        b"{",
        b"",
    ):
        status, _ = await ask(platform, "POST", f"{BASE}/records", body, **key)
        assert status == 400
    assert (await send(platform, record(plan="sha256-x")))[0] == 409
    status, _ = await ask(
        platform, "POST", f"{BASE}/records",
        gzip.compress(b" " * 9_000_000), **{"Content-Encoding": "gzip"},
    )  # fmt: skip
    assert status == 413


async def test_a_duplicate_is_answered_as_accepted_and_another_content_is_counted(
    platform: PlatformProcess,
) -> None:
    await send(platform, record(1.0))
    await put_plan(platform)
    assert (await send(platform, record(1.0)))[1]["accepted"] == [[1, 1]]
    await send(platform, record(2.0))
    summary = await platform.get("summary")
    assert (summary["records"], summary["duplicates"], summary["conflicts"]) == (1, 2, 1)
    assert (await platform.get("samples"))["rows"][0]["value"] == 1.0


async def test_what_was_answered_survives_a_kill(platform: PlatformProcess) -> None:
    await send(platform, record(1.0))
    before = await platform.get("records")
    platform.kill()
    platform.start()
    assert await platform.get("records") == before
    assert before["plans"][PLAN.digest]["signals"] == PLAN.signals_json()
    assert (await send(platform, record(1.0, offset=2)))[0] == 200


async def test_nothing_is_read_or_written_without_the_token(platform: PlatformProcess) -> None:
    for method, path in (("GET", "/summary"), ("POST", "/records"), ("PUT", "/plans/x")):
        status, _ = await ask(platform, method, BASE + path, {}, Authorization="Bearer x")
        assert status == 401


async def test_samples_are_found_by_device_name_and_time_in_offset_order(
    platform: PlatformProcess,
) -> None:
    await send(platform, record(5.0, offset=5, times=[AT + 5]))
    await send(platform, record(3.0, offset=3, times=[AT + 3]), record(7, 1, offset=4))
    name = PLAN.signals[0].name
    rows = (await platform.get("samples", device="press-01", name=name))["rows"]
    assert [row["offset"] for row in rows] == [3, 5]
    query = {"device": "press-01", "from": AT + 4, "to": AT + 5}
    assert [row["offset"] for row in (await platform.get("samples", **query))["rows"]] == [5]
    assert (await platform.get("samples", device="cnc-02"))["rows"] == []
