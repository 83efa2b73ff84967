"""The adapter against node-opcua: types, addresses, items, reload, security is in its own file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from adapters.opcua.config import OpcUaItem
from adapters.opcua.probe import probe
from tests.ports import free_port
from tests.services.node_opcua import URI, NodeServer, node_server
from tests.services.opcua_peer import Recorder, plan, proxy_to, running, source

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]

TYPED: list[list[Any]] = [
    ["Bool", "Boolean", True],
    ["SByte", "SByte", -5],
    ["Byte", "Byte", 250],
    ["Int16", "Int16", -30000],
    ["UInt16", "UInt16", 60000],
    ["Int32", "Int32", -2000000000],
    ["UInt32", "UInt32", 4000000000],
    ["Int64", "Int64", "-9007199254740993"],
    ["UInt64", "UInt64", "18446744073709551615"],
    ["Float", "Float", 1.5],
    ["Double", "Double", 3.25],
    ["Text", "String", "가동 중"],
    ["Time", "DateTime", "2026-01-02T03:04:05.678Z"],
    ["Guid", "Guid", "72962B91-FA75-4AE6-8D28-B404DC7DAF63"],
    ["Bytes", "ByteString", "00ff10"],
    ["Local", "LocalizedText", "금형"],
    ["Doubles", "Double", [1.0, 2.5, -3.0]],
    ["Texts", "String", ["a", "b"]],
    ["Point", "Point", {"X": 1.5, "Y": -2.0}],
    [
        "Shot",
        "Shot",
        {
            "Name": "첫 번째",
            "Where": {"X": 1.0, "Y": 2.0},
            "Curve": [0.5, 1.5],
            "State": 1,
            "Raw": "0102",
            "Count": 7,
        },
    ],
]
WANTED: dict[str, tuple[Any, str | None]] = {
    "Bool": (True, "bool"),
    "SByte": (-5, "int8"),
    "Byte": (250, "uint8"),
    "Int16": (-30000, "int16"),
    "UInt16": (60000, "uint16"),
    "Int32": (-2000000000, "int32"),
    "UInt32": (4000000000, "uint32"),
    "Int64": (-9007199254740993, "int64"),
    "UInt64": (18446744073709551615, "uint64"),
    "Float": (1.5, "float32"),
    "Double": (3.25, "float64"),
    "Text": ("가동 중", None),
    "Time": ("2026-01-02T03:04:05.678Z", None),
    "Guid": ("72962b91-fa75-4ae6-8d28-b404dc7daf63", None),
    "Bytes": (b"\x00\xff\x10", None),
    "Local": ("금형", None),
    "Doubles": ([1.0, 2.5, -3.0], None),
    "Texts": (["a", "b"], None),
    "Point": ({"@type": "Point", "X": 1.5, "Y": -2.0}, None),
    "Shot": (
        {
            "@type": "Shot",
            "Name": "첫 번째",
            "Where": {"@type": "Point", "X": 1.0, "Y": 2.0},
            "Curve": [0.5, 1.5],
            "State": 1,
            "Raw": {"b64": "AQI="},
            "Count": 7,
        },
        None,
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NodeServer]:
    """One server for the file; each test looks at nodes and ticks of its own."""
    more = [["T", "Double", 1.0], ["Gone", "Double", 2.0]]
    folder = tmp_path_factory.mktemp("node")
    async with node_server(folder, count=1000, typed=[*TYPED, *more], types=True) as made:
        yield made


async def test_every_type_arrives_as_what_it_is(server: NodeServer, tmp_path: Path) -> None:
    names = [name for name, _, _ in TYPED]
    async with (
        running(source(server.url, tmp_path, names)) as run,
    ):
        await run.until(lambda: all(run.intake.samples(name) for name in names))
        for name, (value, dtype) in WANTED.items():
            got = run.intake.values(name)[-1]
            assert got == value, name
            if dtype is not None:
                assert isinstance(got, np.generic)
                assert got.dtype.name == dtype, name


async def test_bad_has_no_value_and_uncertain_keeps_it(server: NodeServer, tmp_path: Path) -> None:
    async with (
        running(source(server.url, tmp_path, ["T"])) as run,
    ):
        await run.until(lambda: run.intake.values("T") == [1.0])
        for value, bad in ((2.0, "UncertainLastUsableValue"), (3.0, "BadSensorFailure"), (4.0, "")):
            seen = len(run.intake.samples("T"))
            await server.ask("set", name="T", value=value, bad=bad)
            await run.until(lambda seen=seen: len(run.intake.samples("T")) > seen)  # type: ignore[misc]
        statuses = [status for _, _, status in run.intake.samples("T")]
        assert statuses == [0, 0x40900000, 0x808C0000, 0]
        assert run.intake.values("T")[3] == 4.0


@pytest.mark.invariant("I1")
async def test_an_acknowledgement_leaves_only_after_the_values_are_durable(
    server: NodeServer, tmp_path: Path
) -> None:
    intake = Recorder()
    async with (
        proxy_to(server.port) as proxy,
        running(source(proxy.url, tmp_path, ["D0", "D1"]), intake) as run,
    ):
        await run.until(lambda: intake.count() == 2)
        await run.until(lambda: proxy.acknowledged() == [1])
        intake.gate.clear()
        for _ in range(5):
            await server.ask("beat")
            await asyncio.sleep(0.15)
        await run.until(lambda: intake.waiting >= 3)
        # The stream went on although the disk did not, and nothing of it was acknowledged.
        assert proxy.acknowledged() == [1]
        held = (await server.ask("state"))["subscriptions"][0]["unacknowledged"]
        assert len(held) >= 3
        intake.gate.set()
        await run.until(lambda: len(proxy.acknowledged()) >= len(held))
        first = intake.values("D1")[0]
        await run.until(lambda: intake.values("D1") == [first + n for n in range(6)])


@pytest.mark.invariant("I8")
async def test_one_bad_node_among_a_thousand_is_the_only_one_missing(
    server: NodeServer, tmp_path: Path
) -> None:
    names = [f"D{n}" for n in range(1000)]
    names[500] = "Nowhere"
    async with (
        running(source(server.url, tmp_path, names)) as run,
    ):
        await run.until(lambda: run.intake.count() >= 999)
        assert list(run.health.bad) == ["Nowhere"]
        assert run.health.bad["Nowhere"].reason == "BadNodeIdUnknown"
        assert run.health.state.value == "partly"
        await server.ask("add", name="Nowhere", value=5.0)
        await run.until(lambda: run.intake.values("Nowhere") == [5.0])
        assert not run.health.bad
        assert run.health.state.value == "good"
        (gap,) = run.intake.gaps
        assert gap.reason == "rejected-by-source"
        assert gap.signals == (500,)


async def test_a_node_that_goes_away_is_named_and_comes_back(
    server: NodeServer, tmp_path: Path
) -> None:
    async with (
        running(source(server.url, tmp_path, ["D0", "Gone"])) as run,
    ):
        await run.until(lambda: run.intake.count() >= 2)
        await server.ask("remove", name="Gone")
        await run.until(lambda: "Gone" in run.health.bad)
        await server.ask("add", name="Gone", type="Double", value=77.0)
        await run.until(lambda: 77.0 in run.intake.values("Gone"))
        await run.until(lambda: not run.health.bad)
        assert any(gap.signals == (1,) for gap in run.intake.gaps)


async def test_addresses_of_every_form_reach_their_node(server: NodeServer, tmp_path: Path) -> None:
    names = ["a", "b", "c", "d"]
    addresses = [
        f"nsu={URI};s=D0",
        f"/Objects/{server.index}:Line/D1",
        f"/Objects/nsu={URI}:Line/D2",
        f"ns={server.index};s=D3",
    ]
    async with (
        running(source(server.url, tmp_path, names, addresses=addresses)) as run,
    ):
        await run.until(lambda: run.intake.count() >= 4)
        assert [run.intake.values(name)[0] // 1e6 for name in names] == [0, 1, 2, 3]


async def test_elements_of_one_array_are_signals_of_their_own(
    server: NodeServer, tmp_path: Path
) -> None:
    names = ["First", "Last", "Beyond"]
    made = source(server.url, tmp_path, names, addresses=[f"nsu={URI};s=Doubles"] * 3)
    wanted = zip(made.items, (0, 2, 3), strict=True)
    items = tuple(replace(item, element=element) for item, element in wanted)
    async with running(replace(made, items=items)) as run:
        await run.until(lambda: run.intake.count() >= 3)
        assert run.intake.values("First") == [1.0]
        assert run.intake.values("Last") == [-3.0]
        assert run.intake.values("Beyond") == [None]


async def test_a_reload_touches_only_what_changed(server: NodeServer, tmp_path: Path) -> None:
    async with (
        running(source(server.url, tmp_path, ["D0", "D1", "D2"])) as run,
    ):
        await run.until(lambda: run.intake.count() == 3)
        names = ["D3", "D2", "D0"]
        items = tuple(OpcUaItem(i, f"nsu={URI};s={n}", 0.0, 1000) for i, n in enumerate(names))
        changed = replace(run.source, plan=plan(names), items=items)
        assert await run.adapter.apply(changed)
        await run.until(lambda: len(run.intake.values("D3")) == 1)
        tick = (await server.ask("beat"))["tick"]
        await run.until(lambda: run.intake.count() == 7)
        # D0 and D2 were not subscribed again: no second initial value; D1 is gone.
        assert run.intake.values("D0") == [tick - 1, tick]
        assert run.intake.values("D2") == [2e6 + tick - 1, 2e6 + tick]
        assert run.intake.values("D1") == [1e6 + tick - 1]
        assert run.health.connects == 1
        state = await server.ask("state")
        assert [entry["items"] for entry in state["subscriptions"]] == [3]
        assert not await run.adapter.apply(replace(changed, publishing_s=0.5))


async def test_a_server_that_takes_few_items_at_once_gets_them_in_pieces(tmp_path: Path) -> None:
    limits = {"maxMonitoredItemsPerCall": 7, "maxNodesPerRead": 9}
    names = [f"D{n}" for n in range(50)]
    async with (
        node_server(tmp_path, count=50, limits=limits) as server,
        running(source(server.url, tmp_path, names)) as run,
    ):
        await run.until(lambda: run.intake.count() == 50)
        assert not run.health.bad


async def test_a_stop_leaves_nothing_at_the_server(server: NodeServer, tmp_path: Path) -> None:
    async with running(source(server.url, tmp_path, ["D0"])) as run:
        await run.until(lambda: run.intake.count() == 1)
    state = await server.ask("state")
    assert state["subscriptions"] == []
    assert state["sessions"] == 0


async def test_a_probe_says_of_every_item_whether_it_can_be_collected(
    server: NodeServer, tmp_path: Path
) -> None:
    names = ["D0", "D11x", "D2"]
    found = await probe(source(server.url, tmp_path, names))
    assert [entry.status for entry in found] == ["good", "BadNodeIdUnknown", "good"]
    assert found[0].value_type == "Double"
    assert f"nsu={URI};s=D11" in found[1].nearest
    (down,) = await probe(source(f"opc.tcp://127.0.0.1:{free_port()}", tmp_path, names))
    assert (down.index, down.status) == (None, "unreachable")


@pytest.mark.slow
async def test_five_thousand_doubles_ten_times_a_second_are_all_collected(tmp_path: Path) -> None:
    count, ticks = 5000, 100
    names = [f"D{n}" for n in range(count)]
    async with (
        node_server(tmp_path, count=count) as server,
        running(source(server.url, tmp_path, names, queue=100)) as run,
    ):
        await run.until(lambda: run.intake.count() == count, 60)
        await server.ask("rate", ms=100)
        await asyncio.sleep(ticks / 10)
        tick = (await server.ask("rate", ms=0))["tick"]
        await run.until(lambda: run.intake.count() >= count * (tick + 1), 30)
        assert run.intake.count() == count * (tick + 1)
        assert not run.intake.gaps
        for place in (0, count // 2, count - 1):
            assert run.intake.values(f"D{place}") == [place * 1e6 + n for n in range(tick + 1)]
