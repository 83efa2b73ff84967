"""Messages as events."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.clock import SystemClock
from gateway.core.records import Batch, Gap, GapReason, Rejected
from gateway.core.types import UnixNs
from gateway.usage.config import Columns, MessageIntakeConfig
from gateway.usage.intakes.messages import MESSAGE_EVENTS_MAX, MessageIntake, MessageMapper, plan_of
from tests.unit.usage.intakes.parts import AT, MemoryIntake

TIMED = Columns({"logDt": "at", "sysUser": "user.id"}, {"useSe": "DO6001"})


def config(columns: Columns = TIMED) -> MessageIntakeConfig:
    return MessageIntakeConfig("line", "mqtt", "usage/#", columns, solution="MES")


def batch(*payloads: str) -> Batch:
    count = len(payloads)
    return Batch(
        plan_of(config()),
        np.zeros(count, np.int32),
        np.arange(count, dtype=np.int64),
        list(payloads),
        AT,
        received_time=True,
    )


def payload(at: str = "2026-11-26 09:00:00", user: str = "김철수") -> str:
    return json.dumps({"at": at, "user": {"id": user}}, ensure_ascii=False)


def test_an_object_is_one_event_and_an_array_is_many() -> None:
    mapper = MessageMapper(config())
    (one,) = mapper.raws(payload(), AT)
    assert one.fields == {
        "logDt": "2026-11-26 09:00:00", "sysUser": "김철수", "useSe": "DO6001",
    }  # fmt: skip
    assert (one.intake, one.solution, one.received) == ("mqtt:line", "MES", AT)
    two = mapper.raws(f"[{payload()},{payload(user='lee')}]", AT)
    assert [raw.fields["sysUser"] for raw in two] == ["김철수", "lee"]
    assert len({raw.source_id for raw in two}) == 2


def test_the_same_message_again_has_the_same_source_id() -> None:
    mapper = MessageMapper(config())
    first, again = mapper.raws(payload(), AT), mapper.raws(payload(), UnixNs(AT + 5))
    assert first[0].source_id == again[0].source_id != ""


def test_a_message_without_a_time_has_that_of_its_reception() -> None:
    mapper = MessageMapper(config(Columns({"sysUser": "u"})))
    (raw,) = mapper.raws('{"u":"kim"}', AT)
    assert raw.fields["logDt"] == "2026-11-23 22:14:07.817"
    assert raw.source_id == "", "two logins of one user are two events"


def test_what_cannot_be_read_is_an_event_without_fields() -> None:
    mapper = MessageMapper(config())
    for text in ("{", "3", '"x"', "{}", "[[]]", json.dumps([{}] * (MESSAGE_EVENTS_MAX + 1))):
        (raw,) = mapper.raws(text, AT)
        assert not raw.fields
        assert raw.extra["unreadable"]
    assert mapper.raws("[]", AT) == []


@settings(deadline=None)
@given(st.text(max_size=100))
def test_no_text_does_more_than_be_unfit(text: str) -> None:
    for raw in MessageMapper(config()).raws(text, AT):
        assert raw.source_id


async def test_one_bad_reading_stops_no_other() -> None:
    intake = MemoryIntake()
    usage = MessageIntake(config(), intake, SystemClock())
    refused = Rejected("line", AT, "not-utf-8", "usage/1", b"\xff\xfe", 2)
    gap = Gap("line", UnixNs(1), AT, GapReason.DISCONNECTED)
    await usage.deliver([gap, refused, batch("{", payload(), f"[3,{payload(user='lee')}]")])
    assert intake.users == ["김철수", "lee"]
    assert [raw.extra["head"] for raw in intake.unfit] == [r"\xff\xfe", "{", "3"]
    assert usage.last_received() == AT


async def test_it_returns_only_once_the_ledger_has_the_events() -> None:
    class Turn(SystemClock):
        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(0)

    intake: Any = MemoryIntake()
    intake.down = True
    usage = MessageIntake(config(), intake, Turn())
    task = asyncio.create_task(usage.deliver([batch(payload())]))
    while intake.calls < 3:
        await asyncio.sleep(0)
    assert not task.done()
    intake.down = False
    await task
    assert intake.users == ["김철수"]
