"""A kind of platform that there is not goes the whole way: keys, checks, plan, sink, backlog."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest

from gateway.app.destinations import Destinations
from gateway.app.kinds import KINDS
from gateway.config.findings import ConfigError
from gateway.config.plan import load_plan
from gateway.config.schema import schemas
from gateway.core.assets import LocalName
from gateway.core.clock import SystemClock
from gateway.core.config import PlatformKeys
from gateway.core.destination_kinds import SinkContext, SinkKind
from gateway.core.kinds import Kinds, Problem
from gateway.core.records import Answer, Record, answer_for
from gateway.core.types import UnixNs
from gateway.ops.health import Health
from gateway.spool.log import SqliteSpool
from tests.unit.exchange.parts import ROOM, folder

ENTRY = "platform: [{ name: far, kind: pigeon, loft: Seoul, backlog_rate: 500 }]\n"


class Pigeon(PlatformKeys):
    """What only a platform by pigeon has."""

    kind: Literal["pigeon"]
    loft: str
    feed: int = 3


@dataclass(slots=True)
class PigeonSink:
    """Takes everything."""

    context: SinkContext[Pigeon]
    name: str = "far"
    taken: list[Record] = field(default_factory=list)

    async def write(self, _epoch: str, records: Sequence[Record]) -> Answer:
        self.taken += records
        return answer_for(records)

    async def close(self) -> None: ...


def problems(keys: Pigeon, _folder: Path) -> Iterator[Problem]:
    if keys.feed < 1:
        yield Problem("E1304", ("feed",), {"path": "corn"})


def with_pigeons(made: list[PigeonSink]) -> Kinds:
    def make(context: SinkContext[Pigeon]) -> PigeonSink:
        made.append(PigeonSink(context))
        return made[-1]

    kind = SinkKind(
        name="pigeon",
        title=LocalName("비둘기", "Pigeon"),
        keys=Pigeon,
        problems=problems,
        make=make,
        interval_s=0.1,
        advice=Path("advice.toml"),
    )
    return replace(KINDS, sinks=(*KINDS.sinks, kind))


def config(path: Path, entry: str = ENTRY) -> Path:
    made = folder(path, env_room=ROOM)
    with (made / "gateway.yaml").open("a") as file:
        file.write(entry)
    return made


async def test_it_is_read_planned_and_written_to(tmp_path: Path) -> None:
    made: list[PigeonSink] = []
    kinds = with_pigeons(made)
    plan = load_plan(config(tmp_path / "config"), tmp_path, {}, kinds)
    (keys,) = plan.settings.platform
    assert isinstance(keys, Pigeon)
    assert (keys.name, keys.loft, keys.feed, keys.backlog_rate) == ("far", "Seoul", 3, 500)
    clock, health = SystemClock(), Health(UnixNs(0))
    spool = await SqliteSpool.open(tmp_path / "spool", quota_bytes=1 << 24, clock=clock)
    try:
        async with asyncio.TaskGroup() as group:
            destinations = Destinations(spool, health, clock, group, kinds)
            await destinations.start(plan.settings, plan.folder, tmp_path)
            await destinations.stop()
    finally:
        await spool.close()
    (sink,) = made
    assert (sink.context.keys, sink.context.gateway) == (keys, "edge-07")
    assert health.sinks["far"].kind == "pigeon"


@pytest.mark.parametrize(
    ("entry", "code", "line", "column"),
    [
        ("platform: [{ name: far, kind: pigeon, loft: Seoul, feed: 0 }]\n", "E1304", 4, 58),
        ("platform: [{ name: far, kind: pigeon, lofd: Seoul }]\n", "E1101", 4, 39),
        ("platform: [{ name: far, kind: pidgeon, loft: Seoul }]\n", "E1106", 4, 31),
        ("platform: [{ name: far, kind: kafka, loft: Seoul }]\n", "E1110", 4, 31),
    ],
)
def test_a_mistake_in_its_keys_has_its_place(
    entry: str, code: str, line: int, column: int, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as wrong:
        load_plan(config(tmp_path, entry), tmp_path, {}, with_pigeons([]))
    (finding,) = [each for each in wrong.value.findings if each.code == code]
    assert finding.span is not None
    assert (finding.span.line, finding.span.column) == (line, column)


def test_editors_know_its_keys() -> None:
    schema = schemas(with_pigeons([]))["gateway"]
    assert "loft" in schema["$defs"]["Pigeon"]["properties"]
    assert "loft" not in str(schemas(KINDS)["gateway"])
