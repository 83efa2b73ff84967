"""Against real InfluxDB servers: poison lines, logins, what is created, and what others read."""

from __future__ import annotations

import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient

from gateway.core.clock import SystemClock
from gateway.core.errors import SinkUnavailable
from gateway.core.records import Batch, Record
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import Offset, UnixNs
from gateway.history.config import HistoryConfig
from gateway.history.influx import InfluxStore
from gateway.history.interface import Rows, Series
from tests.services import influxdb as services

pytestmark = pytest.mark.service
S = 10**9


def plan_of(*types: str | None) -> PlanTable:
    return PlanTable(
        "press-01",
        tuple(
            Signal(
                index=index,
                device="press-01",
                name=f"tag{index}",
                source=f"ns=2;s=t{index}",
                aas="urn:a",
                asset="urn:b",
                submodel="urn:c",
                submodel_id_short="OperationalData",
                submodel_semantic_id="urn:d",
                element=f"Tag{index}",
                value_type=value_type,
            )
            for index, value_type in enumerate(types)
        ),
    )


def record(
    offset: int, plan: PlanTable, signals: list[int], times: list[int], values: object
) -> Record:
    column = values if isinstance(values, np.ndarray) else list(values)  # type: ignore[call-overload]
    item = Batch(
        plan, np.array(signals, np.int32), np.array(times, np.int64), column, UnixNs(max(times))
    )
    return Record(Offset(offset), item)


@pytest.fixture(scope="module")
def server_1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[services.InfluxProcess]:
    with services.influx_1(tmp_path_factory.mktemp("influx1")) as server:
        yield server


@pytest.fixture(scope="module")
def server_2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[services.InfluxProcess]:
    with services.influx_2(tmp_path_factory.mktemp("influx2")) as server:
        yield server


def config_1(server: services.InfluxProcess, name: str) -> HistoryConfig:
    return HistoryConfig(
        kind="influxdb",
        url=server.url,
        version=1,
        database=name,
        user=services.USER,
        password=services.PASSWORD,
        keep_s=30 * 86_400.0,
    )


def config_2(server: services.InfluxProcess, name: str) -> HistoryConfig:
    return HistoryConfig(
        kind="influxdb",
        url=server.url,
        version=2,
        org=services.ORG,
        bucket=name,
        token=services.TOKEN,
        keep_s=30 * 86_400.0,
    )


@pytest.fixture(params=[1, 2])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> HistoryConfig:
    name = f"poison-{tmp_path.name[-30:]}"
    if request.param == 1:
        return config_1(request.getfixturevalue("server_1"), name)
    return config_2(request.getfixturevalue("server_2"), name)


@pytest.fixture
async def history(config: HistoryConfig) -> AsyncIterator[InfluxStore]:
    opened = InfluxStore(config, SystemClock())
    yield opened
    await opened.close()


async def rows_of(history: InfluxStore, signal: int) -> Rows:
    series = Series("press-01", "OperationalData", f"Tag{signal}")
    return await history.query(series, UnixNs(0), UnixNs(2**62), limit=10_000)


def now_ns() -> int:
    return SystemClock().now() // S * S


async def test_a_conflict_of_types_refuses_its_record_and_writes_every_neighbour(
    history: InfluxStore,
) -> None:
    at = now_ns()
    before, after = plan_of("xs:double", "xs:double"), plan_of("xs:double", "xs:string")
    await history.append([record(1, before, [0, 1], [at, at], np.array([1.0, 1.0]))])
    times = [at + 1 + n for n in range(1000)]
    good = record(2, after, [0] * 1000, times, np.arange(1000.0))
    mixed = record(3, after, [0, 1, 0], [at + 2000, at + 2001, at + 2002], [7.0, "stop", 9.0])
    last = record(4, after, [0], [at + 3000], np.array([5.0]))
    answer = await history.append([good, mixed, last])
    assert answer.accepted == ((2, 2), (4, 4))
    assert [refusal.offset for refusal in answer.refused] == [3]
    reason = answer.refused[0].reason
    assert "1 of 3 lines refused" in reason
    assert "field type conflict" in reason
    assert "Tag1" in reason
    rows = await rows_of(history, 0)
    assert rows.values == [1.0, *np.arange(1000.0).tolist(), 7.0, 9.0, 5.0]
    assert (await rows_of(history, 1)).values == [1.0]


async def test_a_line_that_the_server_cannot_read_is_found_among_thousands(
    history: InfluxStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now_ns()
    plan = plan_of("xs:double", "xs:string")
    await history.append([record(1, plan, [0], [at - 1], np.array([0.0]))])
    numbers = record(2, plan, [0] * 3000, [at + n for n in range(3000)], np.arange(3000.0))
    words = record(3, plan, [1] * 3, [at, at + 1, at + 2], ["one", "BROKEN", "three"])
    real = history._encoder.encode

    def broken(batch: Batch) -> object:
        lines = real(batch)
        lines.texts = [text.replace(b'"BROKEN"', b'"BROKEN') for text in lines.texts]
        return lines

    monkeypatch.setattr(history._encoder, "encode", broken)
    answer = await history.append([numbers, words])
    assert answer.accepted == ((2, 2),)
    assert [refusal.offset for refusal in answer.refused] == [3]
    assert "BROKEN" in answer.refused[0].reason
    assert len(await rows_of(history, 0)) == 3001
    assert (await rows_of(history, 1)).values == ["one", "three"]


async def test_a_value_that_does_not_fit_its_type_is_refused_before_the_wire(
    history: InfluxStore,
) -> None:
    at = now_ns()
    plan = plan_of("xs:int", "xs:boolean")
    whole = record(1, plan, [0, 0], [at, at + 1], np.array([3.0, 4.0]))
    part = record(2, plan, [0, 0], [at + 2, at + 3], np.array([5.0, 5.5]))
    answer = await history.append([whole, part])
    assert answer.accepted == ((1, 1),)
    assert "tag0" in answer.refused[0].reason
    assert "5.5 is not xs:int" in answer.refused[0].reason
    assert (await rows_of(history, 0)).values == [3, 4, 5]


async def test_a_wrong_login_holds_and_a_right_one_goes_on(config: HistoryConfig) -> None:
    at = now_ns()
    records = [record(1, plan_of("xs:double"), [0], [at], np.array([1.0]))]
    stranger = InfluxStore(replace(config, token="wrong", password="wrong"), SystemClock())
    with pytest.raises(SinkUnavailable) as caught:
        await stranger.append(records)
    assert caught.value.hold
    assert "wrong" not in str(caught.value)
    await stranger.close()
    known = InfluxStore(config, SystemClock())
    assert (await known.append(records)).accepted == ((1, 1),)
    await known.close()


async def test_an_organization_that_does_not_exist_holds(server_2: services.InfluxProcess) -> None:
    config = replace(config_2(server_2, "nobody"), org="nobody")
    history = InfluxStore(config, SystemClock())
    with pytest.raises(SinkUnavailable) as caught:
        await history.append([record(1, plan_of("xs:double"), [0], [now_ns()], np.array([1.0]))])
    assert caught.value.hold
    await history.close()


async def test_a_bucket_deleted_while_running_is_made_again(
    server_2: services.InfluxProcess,
) -> None:
    config = config_2(server_2, "vanishing")
    history = InfluxStore(config, SystemClock())
    at = now_ns()
    await history.append([record(1, plan_of("xs:double"), [0], [at], np.array([1.0]))])
    with InfluxDBClient(server_2.url, services.TOKEN, org=services.ORG) as client:
        api = client.buckets_api()
        api.delete_bucket(api.find_bucket_by_name("vanishing"))
    answer = await history.append([record(2, plan_of("xs:double"), [0], [at], np.array([2.0]))])
    assert answer.accepted == ((2, 2),)
    assert (await rows_of(history, 0)).values == [2.0]
    await history.close()


async def test_retention_is_set_where_the_store_is_made_here(
    server_1: services.InfluxProcess, server_2: services.InfluxProcess
) -> None:
    first, second = config_1(server_1, "kept"), config_2(server_2, "kept")
    named = replace(first, database="named", retention_policy="month")
    for config in (first, second, named):
        history = InfluxStore(config, SystemClock())
        at = now_ns()
        await history.append([record(1, plan_of("xs:double"), [0], [at], np.array([1.0]))])
        assert (await rows_of(history, 0)).values == [1.0]
        await history.close()
    with InfluxDBClient(server_2.url, services.TOKEN, org=services.ORG) as client:
        rules = client.buckets_api().find_bucket_by_name("kept").retention_rules
    assert [rule.every_seconds for rule in rules] == [30 * 86_400]
    assert "720h" in ask_1(server_1, "kept", "SHOW RETENTION POLICIES ON kept")
    assert '"month","720h' in ask_1(server_1, "named", "SHOW RETENTION POLICIES ON named")


async def test_samples_older_than_the_server_keeps_are_settled(config: HistoryConfig) -> None:
    history = InfluxStore(config, SystemClock())
    at = now_ns()
    old = at - 90 * 86_400 * S
    plan = plan_of("xs:double")
    answer = await history.append([record(1, plan, [0, 0], [old, at], np.array([1.0, 2.0]))])
    assert answer.accepted == ((1, 1),)
    assert (await rows_of(history, 0)).values == [2.0]
    await history.close()


def ask_1(server: services.InfluxProcess, database: str, text: str) -> str:
    query = {"db": database, "q": text, "u": services.USER, "p": services.PASSWORD}
    address = f"{server.url}/query?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return str(answer.read().decode())


async def test_influxdb_client_reads_what_was_written(server_2: services.InfluxProcess) -> None:
    config = config_2(server_2, "read-back")
    history = InfluxStore(config, SystemClock())
    at = now_ns()
    plan = plan_of("xs:double", "xs:long", "xs:boolean", "xs:string")
    values = [20.0, 20, True, 'say "hi"']
    await history.append([record(1, plan, [0, 1, 2, 3], [at] * 4, values)])
    await history.close()
    with InfluxDBClient(server_2.url, services.TOKEN, org=services.ORG) as client:
        tables = client.query_api().query('from(bucket: "read-back") |> range(start: -1h)')
    found = {row["_field"]: row for table in tables for row in table.records}
    assert [found[f"Tag{n}"]["_value"] for n in range(4)] == values
    assert [type(found[f"Tag{n}"]["_value"]) for n in range(4)] == [float, int, bool, str]
    assert {row["_measurement"] for row in found.values()} == {"OperationalData"}
    assert {(row["asset"], row["quality"]) for row in found.values()} == {("press-01", "good")}


async def test_the_mos_layout_is_the_documented_one(server_1: services.InfluxProcess) -> None:
    config = replace(config_1(server_1, "mos"), layout="mos")
    history = InfluxStore(config, SystemClock())
    at = now_ns()
    await history.append([record(1, plan_of("xs:double"), [0], [at], np.array([1.5]))])
    await history.close()
    text = ask_1(server_1, "mos", "SELECT * FROM mos")
    assert '"columns":["time","host","ns=2;s=Press01.OperationalData.Tag0"]' in text
    assert '"press-01",1.5' in text


async def test_any_text_comes_back_and_breaks_no_neighbour(history: InfluxStore) -> None:
    at = now_ns()
    words = [
        "one\ntwo",
        "tab\tand\r\n",
        "끝\\",
        '"',
        "#not a comment",
        "🙂",
        "",
        "a,b=c 1i",
        "last",
    ]
    plan = plan_of("xs:string")
    times = [at + n for n in range(len(words))]
    answer = await history.append([record(1, plan, [0] * len(words), times, words)])
    assert answer.refused == ()
    assert (await rows_of(history, 0)).values == words


async def test_many_conflicting_fields_are_told_apart_in_bounded_requests(
    history: InfluxStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now_ns()
    before, after = plan_of(*["xs:double"] * 60), plan_of(*["xs:string", "xs:double"] * 30)
    signals = list(range(60))
    await history.append([record(1, before, signals, [at] * 60, np.ones(60))])
    requests = 0
    real = history._server.write

    def counted(body: bytes) -> None:
        nonlocal requests
        requests += 1
        real(body)

    monkeypatch.setattr(history._server, "write", counted)
    values = [1.5 if signal % 2 else "x" for signal in signals]
    again = [record(n, after, signals, [at + n] * 60, values) for n in range(2, 40)]
    answer = await history.append(again)
    assert [refusal.offset for refusal in answer.refused] == list(range(2, 40))
    assert "30 of 60 lines refused" in answer.refused[0].reason
    assert requests <= 201
    for signal in (1, 31, 59):
        assert len(await rows_of(history, signal)) == 39
