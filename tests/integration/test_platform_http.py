"""Claims about what the HTTP sink sends, and what it keeps to itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest

from gateway.core.records import Audit, Gap, GapReason, Item, Rejected, Usage, answer_for
from gateway.core.types import UnixNs
from tests.integration.platform_parts import (
    EPOCH,
    PlatformProcess,
    http_sink,
    numbers,
    records,
    running_platform,
    samples,
    table,
)

PLAN = table("press-01", "xs:double", "xs:string")
AT = UnixNs(1795439647800000000)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    with running_platform(tmp_path_factory.mktemp("platform")) as running:
        yield running


@pytest.fixture
async def platform(process: PlatformProcess) -> AsyncIterator[PlatformProcess]:
    async with process.fresh() as running:
        yield running


def one_of_each() -> list[Item]:
    return [
        numbers(PLAN),
        Gap("press-01", AT, AT, GapReason.DISCONNECTED, PLAN, (0,), 3),
        Usage(AT, "MES", "login", "p:1", "10.0.0.1", 0, "l"),
        Gap("press-01", AT, AT, GapReason.QUOTA, PLAN, reader="history"),
        Gap("press-01", AT, AT, GapReason.QUOTA, PLAN, reader="central"),
        Rejected("press-01", AT, "no JSON", "topic", b"{", 1),
        Audit(AT, "operator", "trust accepted"),
    ]


@pytest.mark.parametrize(
    ("send", "arrives"),
    [
        ({"samples", "gaps", "usage"}, [1, 2, 3, 5]),
        ({"samples"}, [1]),
        ({"gaps"}, [2, 5]),
        ({"usage"}, [3]),
        (set(), []),
    ],
)
async def test_only_what_is_configured_and_meant_for_this_platform_is_sent(
    platform: PlatformProcess, send: set[str], arrives: list[int]
) -> None:
    written = records(one_of_each())
    async with http_sink(platform.url, send=frozenset(send)) as sink:
        assert await sink.write(EPOCH, written) == answer_for(written)
    assert await platform.offsets() == arrives


@pytest.mark.parametrize("compression", ["zstd", "gzip", "none"])
async def test_a_write_larger_than_one_request_arrives_complete(
    platform: PlatformProcess, compression: str
) -> None:
    noise = np.random.default_rng(3)
    written = records([samples(PLAN, noise.random(40_000)) for _ in range(8)])
    async with http_sink(platform.url, compression=compression) as sink:
        assert await sink.write(EPOCH, written) == answer_for(written)
    summary = await platform.get("summary")
    assert summary["samples"] == 320_000
    assert summary["requests"] > 1


async def test_a_record_too_large_for_any_request_is_refused_alone(
    platform: PlatformProcess,
) -> None:
    written = records([numbers(PLAN), samples(PLAN, ["x" * 9_000_000], signals=[1]), numbers(PLAN)])
    async with http_sink(platform.url) as sink:
        answer = await sink.write(EPOCH, written)
    assert answer.accepted == ((1, 1), (3, 3))
    assert answer.refused[0].reason.startswith("too-large")


@pytest.mark.invariant("I2")
async def test_a_value_comes_back_as_the_machine_said_it(platform: PlatformProcess) -> None:
    plan = table("press-01", "xs:double", "xs:float", "xs:unsignedLong", "xs:integer", None)
    status = np.array([0, 0x80000000, 0x40000000], dtype=np.uint32)
    items: list[Item] = [
        samples(plan, np.array([-0.0, 9.0, np.inf]), status=status),
        samples(plan, np.array([0.1], dtype=np.float32), signals=[1]),
        samples(plan, np.array([2**64 - 1], dtype=np.uint64), signals=[2]),
        samples(plan, [-(2**100)], signals=[3]),
        samples(plan, [{"@type": "P", "데이터": b"\x00"}], signals=[4], raw=[b"\x07"]),
    ]
    async with http_sink(platform.url) as sink:
        written = records(items)
        assert await sink.write(EPOCH, written) == answer_for(written)
    rows = (await platform.get("samples"))["rows"]
    assert [row["value"] for row in rows] == [
        0.0, None, "Infinity", 0.1, 2**64 - 1, -(2**100), {"@type": "P", "데이터": {"b64": "AA=="}},
    ]  # fmt: skip
    assert [row["status"] for row in rows][:3] == status.tolist()
    assert rows[-1]["raw"] == {"b64": "Bw=="}


async def test_a_plan_is_sent_once_and_a_changed_plan_again(platform: PlatformProcess) -> None:
    retyped = PLAN.with_types({0: "xs:float"})
    async with http_sink(platform.url, site={"ko": "한일프레스 2공장"}) as sink:
        for first, plan in enumerate((PLAN, PLAN, retyped), start=1):
            await sink.write(EPOCH, records([numbers(plan)], first))
    assert (await platform.get("summary"))["plans"] == 2
    kept = await platform.get(f"plans/{retyped.digest}")
    assert kept["site"] == {"ko": "한일프레스 2공장"}
    assert kept["signals"] == retyped.signals_json()
