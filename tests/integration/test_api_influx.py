"""History through the query route, as the two AAS viewers ask for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.api.ports import QUERY_PATH
from gateway.core.errors import SinkUnavailable
from gateway.core.signals import Signal
from gateway.core.types import Value
from tests.integration.api_parts import served
from tests.integration.test_api_guard import CANARY, USERS

FLUX = {"content-type": "application/vnd.flux", "accept": "application/csv"}
QUERY = (
    'from(bucket: "press-01")\n  |> range(start: 2025-11-24T15:00:00Z, stop: 2025-11-24T16:00:00Z)'
    '\n  |> filter(fn: (r) => r["_field"] == "Power")'
    "\n  |> aggregateWindow(every: 10s, fn: mean, createEmpty: false)"
)
START = 1_763_996_400_000_000_000


@dataclass
class Rows:
    times: list[int] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    next_start: int | None = None


class Store:
    def __init__(self) -> None:
        self.asked: list[tuple[str, int, str]] = []
        self.away = False
        self.endless = False

    async def __call__(
        self, signal: Signal, start: int, end: int, *, limit: int, every: int, aggregate: str
    ) -> Rows:
        if self.away:
            raise SinkUnavailable("refused", "no connection")
        self.asked.append((signal.element, every, aggregate))
        times = [start, start + 10_000_000_000]
        return Rows(times, [7.5, None], start + 1 if self.endless else None)


async def ask(gateway: Any, text: str = QUERY, **more: Any) -> Any:
    url = gateway.server.url + QUERY_PATH + "?org=edge-07"
    return await gateway.client.post(url, content=text, headers={**FLUX, **more})


async def test_basyx_web_ui_gets_plain_csv_whose_last_column_is_the_variable(
    tmp_path: Path,
) -> None:
    store = Store()
    async with served(tmp_path, change={"history": store}) as gateway:
        answer = await ask(gateway, authorization="Token undefined")
    assert answer.status_code == 200, answer.text
    lines = answer.text.split("\r\n")
    assert lines[0] == ",result,table,_start,_stop,_time,_value,_measurement,_field"
    cells = lines[1].split(",")
    assert cells[5:] == ["2025-11-24T15:00:10Z", "7.5", "OperationalData", "Power"]
    assert lines[2:] == [""]
    assert store.asked == [("Power", 10_000_000_000, "mean")]


async def test_mnestix_gets_annotations_with_the_json_body_of_the_influx_client(
    tmp_path: Path,
) -> None:
    body = {
        "query": QUERY, "type": "flux",
        "dialect": {"header": True, "delimiter": ",", "quoteChar": '"', "commentPrefix": "#",
                    "annotations": ["datatype", "group", "default"]},
    }  # fmt: skip
    async with served(tmp_path, change={"history": Store()}) as gateway:
        url = gateway.server.url + QUERY_PATH
        answer = await gateway.client.post(url, json=body)
    lines = answer.text.split("\r\n")
    assert lines[0].startswith("#datatype,string,long,dateTime:RFC3339")
    assert [line.partition(",")[0] for line in lines[:3]] == ["#datatype", "#group", "#default"]
    assert lines[0].split(",")[6] == "double"
    assert {len(line.split(",")) for line in lines if line} == {9}


async def test_without_a_filter_all_numbers_come_each_in_a_table_of_its_own(
    tmp_path: Path,
) -> None:
    text = 'from(bucket: "press-01") |> range(start: -1h)'
    async with served(tmp_path, change={"history": Store()}) as gateway:
        answer = await ask(gateway, text)
    rows = [line.split(",") for line in answer.text.split("\r\n")[1:] if line]
    assert [(row[2], row[-1]) for row in rows] == [
        ("0", "TemperatureLower"), ("1", "TemperatureUpper"), ("2", "Count"), ("3", "Power"),
    ]  # fmt: skip


async def test_a_text_is_asked_for_its_last_value_because_it_has_no_mean(tmp_path: Path) -> None:
    store = Store()
    async with served(tmp_path, change={"history": store}) as gateway:
        answer = await ask(gateway, QUERY.replace("Power", "State"))
    assert answer.status_code == 200
    assert store.asked == [("State", 10_000_000_000, "last")]


async def test_errors_have_the_shape_that_clients_of_influxdb_read(tmp_path: Path) -> None:
    store = Store()
    async with served(tmp_path, change={"history": store}) as gateway:
        unknown = await ask(gateway, QUERY.replace("press-01", "lathe"))
        refused = await ask(gateway, QUERY + ' |> to(bucket: "x")')
        store.endless = True
        endless = await ask(gateway)
        store.away = True
        away = await ask(gateway)
    assert [each.status_code for each in (unknown, refused, endless, away)] == [404, 400, 400, 503]
    assert all(set(each.json()) == {"code", "message"} for each in (unknown, refused, away))
    assert "to(bucket" in refused.json()["message"]


async def test_a_viewer_may_ask_with_an_influx_token_and_nobody_without_a_login(
    tmp_path: Path,
) -> None:
    async with served(tmp_path, USERS, change={"history": Store()}) as gateway:
        nobody = await ask(gateway)
        viewer = await ask(gateway, authorization=f"Token viewer.{CANARY}")
    assert (nobody.status_code, viewer.status_code) == (401, 200)
