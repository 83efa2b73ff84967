"""InfluxDB 3.x by recorded exchanges: no package of it can be installed for a test.

Requests are compared to the byte; answers are those that the HTTP API's documentation shows for
InfluxDB 3 Core (write, v1 query and database endpoints).
"""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from gateway.core.clock import SystemClock
from gateway.core.errors import SinkUnavailable
from gateway.core.records import Batch, Record
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import BAD_TYPE_MISMATCH, Offset, UnixNs
from gateway.history.config import HistoryConfig
from gateway.history.influx import InfluxStore
from gateway.history.interface import Aggregate, Bucket, Series

T0 = 1_795_439_647_800_000_000
DAY = 86_400 * 10**9
SERIES = Series("press-01", "OperationalData", "Mold.Temp")
PREFIX = "OperationalData,asset=press-01,quality=good Mold.Temp"


@dataclass
class Exchange:
    """A request that must come next, and its answer."""

    method: str
    path: str
    query: dict[str, str]
    body: str = ""
    status: int = 200
    answer: str = ""
    headers: dict[str, str] = field(default_factory=dict)


LIST = Exchange(
    "GET",
    "/api/v3/configure/database",
    {"format": "json"},
    answer='[{"iox::database":"_internal"}]',
)
CREATE = Exchange(
    "POST",
    "/api/v3/configure/database",
    {},
    body=json.dumps({"db": "gateway", "retention_period": "2592000s"}),
)
SETUP = [LIST, CREATE]


def write(body: str, status: int = 204, answer: str = "", **headers: str) -> Exchange:
    query = {"bucket": "gateway", "precision": "ns"}
    return Exchange("POST", "/api/v2/write", query, body, status, answer, headers)


def ask(text: str, answer: dict[str, object]) -> Exchange:
    query = {"db": "gateway", "q": text, "epoch": "ns"}
    return Exchange("GET", "/query", query, answer=json.dumps(answer))


def series_answer(name: str, columns: list[str], values: list[list[object]]) -> dict[str, object]:
    series = {"name": name, "columns": columns, "values": values}
    return {"results": [{"statement_id": 0, "series": [series]}]}


class Recorded:
    """Plays exchanges in order; anything else is a failure of the test."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.wrong: list[str] = []
        handler = type("Handler", (_Handler,), {"recorded": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    recorded: Recorded

    def _any(self) -> None:
        address = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(address.query))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        found = (self.command, address.path, query, body, self.headers["Authorization"])
        want = self.recorded.exchanges.pop(0) if self.recorded.exchanges else None
        wanted = want and (want.method, want.path, want.query, want.body, "Bearer apiv3_token")
        if want is None or found != wanted:
            self.recorded.wrong.append(f"came {found}, wanted {wanted}")
            self.send_error(501)
            return
        self.send_response(want.status)
        for name, value in want.headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(want.answer.encode())))
        self.end_headers()
        self.wfile.write(want.answer.encode())

    do_GET = do_POST = _any  # noqa: N815

    def log_message(self, *_arguments: object) -> None: ...


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    server = Recorded()
    yield server
    server.close()
    assert server.wrong == []
    assert server.exchanges == []


def history_of(recorded: Recorded) -> InfluxStore:
    config = HistoryConfig(
        kind="influxdb",
        url=recorded.url,
        version=3,
        bucket="gateway",
        token="apiv3_token",
        keep_s=30 * 86_400.0,
    )
    return InfluxStore(config, SystemClock())


def record(offset: int, times: list[int], values: list[float], bad: bool = False) -> Record:
    signal = Signal(
        0, "press-01", "금형온도", "ns=2;s=t", "urn:a", "urn:b", "urn:c", "OperationalData",
        "urn:d", "Mold.Temp", value_type="xs:double",
    )  # fmt: skip
    item = Batch(
        PlanTable("press-01", (signal,)),
        np.zeros(len(times), np.int32),
        np.array(times, np.int64),
        np.array(values),
        UnixNs(T0),
        np.full(len(times), BAD_TYPE_MISMATCH, np.uint32) if bad else None,
    )
    return Record(Offset(offset), item)


async def test_lines_are_written_and_the_database_is_made_first(recorded: Recorded) -> None:
    bad = "OperationalData,asset=press-01,quality=bad Mold.Temp#status=2155085824i"
    recorded.exchanges = [
        *SETUP,
        write(f"{PREFIX}=179.9 {T0}\n{PREFIX}=20.0 {T0 + 1}\n{bad} {T0 + 2}"),
    ]
    history = history_of(recorded)
    answer = await history.append(
        [record(1, [T0, T0 + 1], [179.9, 20.0]), record(2, [T0 + 2], [0.0], bad=True)]
    )
    assert answer.accepted == ((1, 2),)
    await history.close()


async def test_a_partial_write_is_bisected_and_the_poison_named(recorded: Recorded) -> None:
    detail = "invalid column type for column 'Mold.Temp', expected iox::column_type::field::float"
    refused = json.dumps(
        {
            "error": "partial write of line protocol occurred",
            "data": [{"original_line": "...", "line_number": 1, "error_message": detail}],
        }
    )
    lines = [f"{PREFIX}=1.0 {T0}", f"{PREFIX}=2.0 {T0 + 1}"]
    both = write("\n".join(lines), 400, refused)
    recorded.exchanges = [*SETUP, both, both]
    history = history_of(recorded)
    answer = await history.append([record(7, [T0, T0 + 1], [1.0, 2.0])])
    assert answer.accepted == ()
    assert detail[:40] in answer.refused[0].reason
    await history.close()


async def test_a_parse_error_costs_only_its_line(recorded: Recorded) -> None:
    refused = json.dumps(
        {
            "error": "partial write of line protocol occurred",
            "data": [{"original_line": "...", "line_number": 2, "error_message": "no fields"}],
        }
    )
    first, second = f"{PREFIX}=1.0 {T0}", f"{PREFIX}=2.0 {T0 + 1}"
    both = write(f"{first}\n{second}", 400, refused)
    recorded.exchanges = [*SETUP, both, both, write(first), write(second, 400, refused)]
    history = history_of(recorded)
    answer = await history.append([record(7, [T0], [1.0]), record(8, [T0 + 1], [2.0])])
    assert answer.accepted == ((7, 7),)
    assert [refusal.offset for refusal in answer.refused] == [8]
    await history.close()


async def test_a_busy_server_says_when_to_come_again(recorded: Recorded) -> None:
    recorded.exchanges = [*SETUP, write(f"{PREFIX}=1.0 {T0}", 429, "{}", Retry_After="17")]
    history = history_of(recorded)
    with pytest.raises(SinkUnavailable) as caught:
        await history.append([record(1, [T0], [1.0])])
    assert (caught.value.retry_after_s, caught.value.hold) == (17.0, False)
    await history.close()


async def test_a_200_is_no_receipt_for_a_write(recorded: Recorded) -> None:
    recorded.exchanges = [*SETUP, write(f"{PREFIX}=1.0 {T0}", 200, "<html>login</html>")]
    history = history_of(recorded)
    with pytest.raises(SinkUnavailable):
        await history.append([record(1, [T0], [1.0])])
    await history.close()


async def test_rows_and_buckets_come_back_typed(recorded: Recorded) -> None:
    types = ask(
        'SHOW FIELD KEYS FROM "OperationalData"',
        series_answer("OperationalData", ["fieldKey", "fieldType"], [["Mold.Temp", "float"]]),
    )
    where = f""" WHERE "asset" = 'press-01' AND time >= {T0} AND time < {T0 + DAY}"""
    columns = ["time", "Mold.Temp", "Mold.Temp#special", "Mold.Temp#status", "quality"]
    rows = ask(
        'SELECT "Mold.Temp", "Mold.Temp#special", "Mold.Temp#status", "quality"'
        f' FROM "OperationalData"{where} ORDER BY time ASC LIMIT 13',
        series_answer(
            "OperationalData",
            columns,
            [[T0, 20, None, None, "good"], [T0 + 1, None, None, BAD_TYPE_MISMATCH, "bad"]],
        ),
    )
    mean = ask(
        f'SELECT mean("Mold.Temp") FROM "OperationalData"{where}'
        f" GROUP BY time({DAY}ns) fill(none) LIMIT 11",
        series_answer("OperationalData", ["time", "mean"], [[T0 // DAY * DAY, 20]]),
    )
    recorded.exchanges = [*SETUP, types, rows, types, mean]
    history = history_of(recorded)
    start, end = UnixNs(T0), UnixNs(T0 + DAY)
    found = await history.query(SERIES, start, end, limit=10)
    assert found.values == [20.0, None]
    assert found.status == [0, BAD_TYPE_MISMATCH]
    bucket = Bucket(DAY, Aggregate.MEAN)
    reduced = await history.query(SERIES, start, end, limit=10, bucket=bucket)
    assert (reduced.values, type(reduced.values[0])) == ([20.0], float)
    await history.close()
