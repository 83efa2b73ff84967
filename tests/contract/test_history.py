"""One suite for every history store: the embedded one and real InfluxDB servers."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from gateway.core.clock import SystemClock
from gateway.core.errors import SinkUnavailable
from gateway.core.records import Answer, Batch, Gap, GapReason, Record
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import BAD_TYPE_MISMATCH, UNCERTAIN_OUT_OF_RANGE, Offset, UnixNs
from gateway.history.config import HistoryConfig
from gateway.history.embedded import EmbeddedStore
from gateway.history.influx import InfluxStore
from gateway.history.interface import Aggregate, Bucket, History, Rows, Series
from gateway.history.sink import HistorySink
from tests.services import influxdb as services

S = 10**9
DAY = 86_400 * S
EPOCH = "0d8f2c0e-6f0c-4a70-9a57-6f8f9a1f5b11"
TYPES = ("xs:double", "xs:long", "xs:boolean", "xs:string", "xs:unsignedLong", None)
DOUBLE, LONG, BOOLEAN, STRING, UNSIGNED, OPEN = range(6)
NAMES = itertools.count(1)


def now_ns() -> int:
    return SystemClock().now() // S * S


def plan_of(device: str = "press-01") -> PlanTable:
    return PlanTable(
        device,
        tuple(
            Signal(
                index=index,
                device=device,
                name=f"태그{index}",
                source=f"ns=2;s=t{index}",
                aas="urn:a",
                asset="urn:b",
                submodel="urn:c",
                submodel_id_short="OperationalData",
                submodel_semantic_id="urn:d",
                element=f"Mold.Tag{index}",
                value_type=value_type,
            )
            for index, value_type in enumerate(TYPES)
        ),
    )


PLAN = plan_of()


def series(signal: int, plan: PlanTable = PLAN) -> Series:
    return Series.of(plan.signals[signal])


def batch(signal: int, times: Sequence[int], values: object, status: object = None) -> Batch:
    column = values if isinstance(values, np.ndarray) else list(values)  # type: ignore[call-overload]
    return Batch(
        PLAN,
        np.full(len(times), signal, np.int32),
        np.array(times, np.int64),
        column,
        UnixNs(max(times)),
        None if status is None else np.array(status, np.uint32),
    )


def record(offset: int, item: Batch | Gap) -> Record:
    return Record(Offset(offset), item)


def accepted(answer: Answer) -> list[int]:
    return [n for first, last in answer.accepted for n in range(first, last + 1)]


@dataclass
class Store:
    """A store and how to take it down and bring it back."""

    config: HistoryConfig
    folder: Path
    server: services.InfluxProcess | None = None

    def open(self) -> History:
        if self.config.kind == "embedded":
            return EmbeddedStore(self.config, self.folder, SystemClock())
        return InfluxStore(self.config, SystemClock())


@pytest.fixture(scope="module")
def influx1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[services.InfluxProcess]:
    with services.influx_1(tmp_path_factory.mktemp("influx1")) as server:
        yield server


@pytest.fixture(scope="module")
def influx2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[services.InfluxProcess]:
    with services.influx_2(tmp_path_factory.mktemp("influx2")) as server:
        yield server


KINDS = [
    "embedded",
    pytest.param("influx1", marks=pytest.mark.service),
    pytest.param("influx1-mos", marks=pytest.mark.service),
    pytest.param("influx2", marks=pytest.mark.service),
    pytest.param("influx2-mos", marks=pytest.mark.service),
]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    kind, _, layout = str(request.param).partition("-")
    if kind == "embedded":
        return Store(HistoryConfig(), tmp_path / "history")
    server: services.InfluxProcess = request.getfixturevalue(kind)
    name = f"db{next(NAMES)}"
    config = HistoryConfig(
        kind="influxdb",
        url=server.url,
        keep_s=30 * 86_400.0,
        layout=layout or "submodel",  # type: ignore[arg-type]
    )
    if kind == "influx1":
        config = replace(config, version=1, database=name)
        config = replace(config, user=services.USER, password=services.PASSWORD)
    else:
        config = replace(config, version=2, org=services.ORG, bucket=name, token=services.TOKEN)
    return Store(config, tmp_path, server)


@pytest.fixture
async def history(store: Store) -> AsyncIterator[History]:
    opened = store.open()
    yield opened
    await opened.close()


async def everything(history: History, signal: int = DOUBLE) -> Rows:
    return await history.query(series(signal), UnixNs(0), UnixNs(2**62), limit=1000)


async def test_values_come_back_with_the_type_their_signal_has(history: History) -> None:
    at = now_ns()
    times = [at, at + 1, at + 2]
    doubles, longs = np.array([20.0, -0.1, 1e22]), np.array([20, -5, 2**63 - 1])
    answer = await history.append(
        [
            record(1, batch(DOUBLE, times, doubles)),
            record(2, batch(LONG, times, longs)),
            record(3, batch(BOOLEAN, times, np.array([True, False, True]))),
            record(4, batch(STRING, times, ["운전", 'a "quoted" \\ one', "x,y=z 1"])),
            record(5, batch(UNSIGNED, times, np.array([0, 1, 2**64 - 1], np.uint64))),
            record(6, batch(OPEN, times, np.array([1, 2, 3], np.int16))),
            record(7, Gap("press-01", UnixNs(at), UnixNs(at), GapReason.OVERFLOW)),
        ],
        epoch=EPOCH,
    )
    assert accepted(answer) == [1, 2, 3, 4, 5, 6, 7]
    found = [(await everything(history, signal)) for signal in range(6)]
    assert [rows.times for rows in found] == [times] * 6
    assert [rows.values for rows in found] == [
        doubles.tolist(),
        longs.tolist(),
        [True, False, True],
        ["운전", 'a "quoted" \\ one', "x,y=z 1"],
        [0, 1, 2**64 - 1],
        [1, 2, 3],
    ]
    kinds = [{type(value) for value in rows.values} for rows in found]
    assert kinds == [{float}, {int}, {bool}, {str}, {int}, {int}]
    assert await history.series() == sorted(series(signal) for signal in range(6))


async def test_nan_and_infinities_come_back_as_such(history: History) -> None:
    at = now_ns()
    values = np.array([1.5, math.nan, math.inf, -math.inf])
    await history.append([record(1, batch(DOUBLE, [at, at + 1, at + 2, at + 3], values))])
    rows = await everything(history)
    assert [repr(value) for value in rows.values] == ["1.5", "nan", "inf", "-inf"]
    assert rows.status == [0, 0, 0, 0]


@pytest.mark.invariant("I7")
async def test_appending_twice_changes_nothing(history: History) -> None:
    at = now_ns()
    records = [
        record(1, batch(DOUBLE, [at, at + 1], np.array([1.0, 2.0]))),
        record(2, batch(STRING, [at], ["run"])),
    ]
    first = await history.append(records, epoch=EPOCH)
    before = await everything(history), await everything(history, STRING)
    again = await history.append(records, epoch=EPOCH)
    assert again == first
    assert (await everything(history), await everything(history, STRING)) == before


async def test_of_one_series_and_instant_the_last_offset_stays(history: History) -> None:
    at = now_ns()
    await history.append([record(1, batch(DOUBLE, [at, at], np.array([1.0, 2.0])))], epoch=EPOCH)
    assert (await everything(history)).values == [2.0]
    await history.append([record(2, batch(DOUBLE, [at], np.array([3.0])))], epoch=EPOCH)
    assert (await everything(history)).values == [3.0]


async def test_a_bad_sample_never_takes_the_place_of_a_good_one(history: History) -> None:
    at = now_ns()
    await history.append([record(1, batch(DOUBLE, [at], np.array([21.5])))])
    status = [BAD_TYPE_MISMATCH, UNCERTAIN_OUT_OF_RANGE, BAD_TYPE_MISMATCH]
    later = batch(DOUBLE, [at, at + 1, at + 2], np.array([0.0, 300.0, 0.0]), status)
    await history.append([record(2, later)])
    rows = await everything(history)
    assert list(zip(rows.times, rows.values, rows.status, strict=True)) == [
        (at, 21.5, 0),
        (at, None, BAD_TYPE_MISMATCH),
        (at + 1, 300.0, UNCERTAIN_OUT_OF_RANGE),
        (at + 2, None, BAD_TYPE_MISMATCH),
    ]
    bucket = Bucket(DAY, Aggregate.COUNT)
    count = await history.query(series(DOUBLE), UnixNs(0), UnixNs(2**62), limit=9, bucket=bucket)
    assert sum(value for value in count.values if isinstance(value, int)) == 2


@pytest.mark.parametrize(
    ("aggregate", "first", "second"),
    [
        (Aggregate.MEAN, 1.5, 5.0),
        (Aggregate.MIN, 0.0, 5.0),
        (Aggregate.MAX, 3.0, 5.0),
        (Aggregate.LAST, 3.0, 5.0),
        (Aggregate.COUNT, 4, 1),
    ],
)
async def test_buckets_reduce(
    history: History, aggregate: Aggregate, first: float, second: float
) -> None:
    start = now_ns() // (60 * S) * 60 * S
    times = [start + second * S for second in (0, 10, 20, 59, 180)]
    await history.append([record(1, batch(DOUBLE, times, np.array([0.0, 1.0, 2.0, 3.0, 5.0])))])
    rows = await history.query(
        series(DOUBLE),
        UnixNs(start),
        UnixNs(start + 600 * S),
        limit=100,
        bucket=Bucket(60 * S, aggregate),
    )
    assert rows.times == [start, start + 180 * S]
    assert rows.values == [first, second]
    assert {type(value) for value in rows.values} == {int if aggregate == "count" else float}


async def test_words_have_a_last_and_a_count_and_no_mean(history: History) -> None:
    at = now_ns() // DAY * DAY
    await history.append([record(1, batch(STRING, [at, at + 1], ["stop", "run"]))])
    found = {}
    for aggregate in (Aggregate.LAST, Aggregate.COUNT, Aggregate.MEAN):
        bucket = Bucket(DAY, aggregate)
        rows = await history.query(
            series(STRING), UnixNs(at), UnixNs(at + DAY), limit=9, bucket=bucket
        )
        found[aggregate] = rows.values
    assert found == {"last": ["run"], "count": [2], "mean": []}


async def test_pages_follow_one_another_without_hole_or_double(history: History) -> None:
    at = now_ns()
    times = [at + n * S for n in range(25)]
    status = [0] * 25
    await history.append([record(1, batch(LONG, times, np.arange(25), status))])
    bad = batch(LONG, times[::3], np.zeros(9, int), [BAD_TYPE_MISMATCH] * 9)
    await history.append([record(2, bad)])
    start: UnixNs | None = UnixNs(at)
    seen: list[tuple[int, object]] = []
    while start is not None:
        rows = await history.query(series(LONG), start, UnixNs(at + 100 * S), limit=5)
        assert 0 < len(rows) <= 5
        seen += zip(rows.times, rows.values, strict=True)
        start = rows.next_start
    assert len(seen) == len(set(seen)) == 34
    assert [value for _, value in seen if value is not None] == list(range(25))


async def test_end_is_exclusive_and_other_series_stay_out(history: History) -> None:
    at = now_ns()
    other = plan_of("press-02")
    mine = batch(DOUBLE, [at, at + S], np.array([1.0, 2.0]))
    theirs = replace(mine, plan=other, values=np.array([8.0, 9.0]))
    await history.append([record(1, mine), record(2, theirs)])
    rows = await history.query(series(DOUBLE), UnixNs(at), UnixNs(at + S), limit=10)
    assert rows.values == [1.0]
    assert (await everything(history)).values == [1.0, 2.0]
    assert {one.asset for one in await history.series()} == {"press-01", "press-02"}


async def test_what_was_appended_is_there_after_opening_again(
    store: Store, history: History
) -> None:
    at = now_ns()
    await history.append([record(1, batch(DOUBLE, [at], np.array([7.0])))])
    again = store.open()
    try:
        assert (await everything(again)).values == [7.0]
    finally:
        await again.close()


async def test_export_gives_batches_that_can_be_sent_again(history: History) -> None:
    at = now_ns()
    times = [at + n * S for n in range(50)]
    status = [0] * 49 + [BAD_TYPE_MISMATCH]
    await history.append(
        [
            record(1, batch(DOUBLE, times, np.arange(50) / 4, status)),
            record(2, batch(STRING, times, [f"s{n}" for n in range(50)])),
        ]
    )
    start: UnixNs | None = UnixNs(at)
    seen = set()
    pages = 0
    while start is not None:
        page = await history.export(PLAN, start, UnixNs(at + 50 * S), limit=30)
        pages += 1
        for one in page.batches:
            values = one.values if isinstance(one.values, list) else one.values.tolist()
            bad = [False] * len(one) if one.status is None else (one.status != 0).tolist()
            for signal, time, value, is_bad in zip(
                one.signals, one.times, values, bad, strict=True
            ):
                seen.add((int(signal), int(time), None if is_bad else value))
        start = page.next_start
    assert pages > 2
    wanted: set[tuple[int, int, object]] = {
        (DOUBLE, time, n / 4) for n, time in enumerate(times[:-1])
    }
    wanted |= {(DOUBLE, times[-1], None)}
    wanted |= {(STRING, time, f"s{n}") for n, time in enumerate(times)}
    assert seen == wanted


async def test_the_sink_answers_for_every_record(history: History) -> None:
    sink = HistorySink("history", history)
    at = now_ns()
    answer = await sink.write(EPOCH, [record(5, batch(DOUBLE, [at], np.array([1.0])))])
    assert answer.accepted == ((5, 5),)
    health = await history.health()
    assert health.ready


async def test_an_empty_store_answers_with_nothing(history: History) -> None:
    assert await history.series() == []
    assert len(await everything(history)) == 0
    assert (await history.export(PLAN, UnixNs(0), UnixNs(DAY), limit=10)).batches == ()


async def test_a_killed_store_takes_again_what_it_missed(store: Store, history: History) -> None:
    if store.server is None:
        pytest.skip("the embedded store dies with the gateway: tests/unit/history kills it")
    at = now_ns()
    records = [record(n, batch(DOUBLE, [at + n], np.array([float(n)]))) for n in range(1, 6)]
    await history.append(records[:2])
    store.server.kill()
    with pytest.raises(SinkUnavailable):
        await history.append(records[2:])
    assert not (await history.health()).ready
    store.server.start()
    assert accepted(await history.append(records[2:])) == [3, 4, 5]
    assert (await everything(history)).values == [1.0, 2.0, 3.0, 4.0, 5.0]
    with contextlib.suppress(SinkUnavailable):
        assert (await history.health()).ready
