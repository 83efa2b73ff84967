"""Claims about the forwarder: nothing lost, nothing settled that was not written, live first."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from gateway.core.clock import SystemClock
from gateway.core.errors import SinkUnavailable
from gateway.core.records import Answer, Record, Refusal, answer_for
from gateway.core.types import Offset
from gateway.flow.forward import Forwarder
from gateway.ops.health import SinkHealth, SinkState
from tests.unit.flow.forward_parts import EPOCH, QUICK, HeldSink, MemorySpool, ToldSink, forwarding


def shows(health: SinkHealth, state: SinkState) -> bool:
    return health.state is state


async def test_every_record_is_written_once_in_order() -> None:
    spool, sink = MemorySpool(), ToldSink()
    spool.add(35)
    async with forwarding(spool, sink):
        await spool.drained()
        spool.add(5)
        await spool.drained()
    assert sink.arrived == list(range(1, 41))


@pytest.mark.invariant("I4")
async def test_what_is_neither_accepted_nor_refused_is_sent_again() -> None:
    def without_sevens(records: Sequence[Record]) -> Answer:
        asked = [record.offset for record in records]
        if len(sink.writes) > 1:
            return answer_for(records)
        return Answer(tuple((o, o) for o in asked if o != 7))

    spool, sink = MemorySpool(), ToldSink(without_sevens)
    spool.add(10)
    async with forwarding(spool, sink):
        await spool.drained()
    assert sink.writes == [list(range(1, 11)), [7]]


@pytest.mark.invariant("I4")
async def test_a_refused_record_is_quarantined_and_its_neighbours_go_on() -> None:
    def without_four(records: Sequence[Record]) -> Answer:
        bad = [Refusal(r.offset, "unknown-device") for r in records if r.offset == 4]
        return answer_for(records, bad)

    spool, sink = MemorySpool(), ToldSink(without_four)
    spool.add(9)
    async with forwarding(spool, sink):
        await spool.drained()
    assert spool.refused == [Refusal(Offset(4), "unknown-device")]
    assert sink.arrived == [1, 2, 3, 5, 6, 7, 8, 9]


@pytest.mark.invariant("I4")
async def test_an_answer_about_records_that_were_not_written_settles_nothing_of_them() -> None:
    def boastful(records: Sequence[Record]) -> Answer:
        first = records[0].offset
        return Answer(((first, 10**18),), (Refusal(Offset(10**6), "what?"),))

    spool, sink = MemorySpool(), ToldSink(boastful)
    spool.add(10)
    async with forwarding(spool, sink):
        await spool.drained()
        assert spool.cursor.position == 11
        assert spool.refused == []
        spool.add(1)
        await spool.drained()
    assert sink.arrived == list(range(1, 12))


async def test_a_destination_that_never_decides_is_not_hammered() -> None:
    spool, sink = MemorySpool(), ToldSink(lambda records: Answer())
    spool.add(3)
    async with forwarding(spool, sink, replace(QUICK, first_s=3600.0, cap_s=3600.0)):
        await asyncio.sleep(0.05)
    assert sink.writes == [[1, 2, 3]]


async def test_an_outage_is_waited_out_and_shown() -> None:
    spool, sink = MemorySpool(), ToldSink()
    sink.down = True
    spool.add(3)
    async with forwarding(spool, sink) as health:
        await sink.tried(4)
        assert shows(health, SinkState.RETRYING)
        assert health.tries >= 3
        sink.down = False
        await spool.drained()
        await asyncio.sleep(0)
        assert shows(health, SinkState.GOOD)
        assert health.tries == 0
    assert sink.arrived == [1, 2, 3]


async def test_a_rejected_login_holds_the_data_and_goes_on_by_itself() -> None:
    def closed(records: Sequence[Record]) -> Answer:
        if len(sink.writes) < 4:
            raise SinkUnavailable("http-401", hold=True)
        return answer_for(records)

    spool, sink = MemorySpool(), ToldSink(closed)
    spool.add(3)
    async with forwarding(spool, sink) as health:
        await sink.tried(2)
        assert shows(health, SinkState.HOLD)
        await spool.drained()
    assert sink.arrived == [1, 2, 3]


async def test_live_data_arrives_while_the_backlog_is_pending_and_lanes_merge_after() -> None:
    spool, sink = MemorySpool(), HeldSink(range(10, 500))
    spool.add(500, age_s=60)
    async with forwarding(spool, sink) as health:
        await sink.received([500])
        spool.add(20)
        await sink.received(range(501, 521))
        assert spool.state().pending > 0
        assert shows(health, SinkState.CATCHING_UP)
        sink.go_on.set()
        await spool.drained()
        while not shows(health, SinkState.GOOD):
            await asyncio.sleep(0.001)
    assert sink.arrived[0] == 500
    assert sorted(sink.arrived) == list(range(1, 521))
    backlog = [o for o in sink.arrived if o < 500]
    assert backlog == sorted(backlog)


async def test_while_a_destination_fails_only_one_lane_tries_at_a_time() -> None:
    spool = MemorySpool()
    spool.add(500, age_s=60)
    under_way: list[int] = []
    most = 0

    class Slow(ToldSink):
        async def write(self, epoch: str, records: Sequence[Record]) -> Answer:
            nonlocal most
            if self.down:
                under_way.append(1)
                most = max(most, len(under_way))
                await asyncio.sleep(0.002)
                under_way.pop()
            return await super().write(epoch, records)

    sink = Slow()
    async with forwarding(spool, sink, replace(QUICK, backlog_rate=2_000.0)):
        await sink.received([500, 1])
        sink.down = True
        spool.add(1)
        await sink.tried(4)
        most = 0
        await sink.tried(6)
        assert most == 1
        sink.down = False
        await spool.drained()


async def test_a_young_backlog_or_one_that_fits_one_write_is_sent_in_order() -> None:
    spool, sink = MemorySpool(), ToldSink()
    spool.add(300)
    async with forwarding(spool, sink):
        await spool.drained()
    assert sink.arrived == list(range(1, 301))
    spool, sink = MemorySpool(), ToldSink()
    spool.add(10, age_s=3600)
    async with forwarding(spool, sink):
        await spool.drained()
    assert sink.arrived == list(range(1, 11))


async def test_another_outage_during_catch_up_loses_and_repeats_nothing() -> None:
    spool, sink = MemorySpool(), HeldSink(range(100, 300))
    spool.add(300, age_s=60)
    async with forwarding(spool, sink):
        await sink.received([300, 1])
        sink.down = True
        spool.add(200, age_s=30)
        await sink.tried(3)
        spool.add(1)
        sink.down = False
        await sink.received([501])
        assert spool.state().pending > 0
        sink.go_on.set()
        await spool.drained()
    assert sorted(sink.arrived) == list(range(1, 502))


async def test_records_given_up_between_read_and_settle_are_passed_over() -> None:
    def taken(records: Sequence[Record]) -> Answer:
        if len(sink.writes) == 1:
            spool.give_up(1, 5)
        return answer_for(records)

    spool, sink = MemorySpool(), ToldSink(taken)
    spool.add(30, age_s=60)
    async with forwarding(spool, sink):
        await spool.drained()
        spool.add(1)
        await spool.drained()
    assert set(sink.arrived) >= set(range(6, 32))


async def test_a_record_that_comes_while_an_empty_read_returns_is_not_passed_over() -> None:
    async def one_more(start: int, found: list[Record]) -> None:
        if not found and spool.last == 3:
            spool.add(1)

    spool, sink = MemorySpool(), ToldSink()
    spool.add(3)
    await spool.settle(Answer(((2, 3),)))
    spool.while_reading = one_more
    async with forwarding(spool, sink):
        await sink.received([1])
        await sink.received([4])
    assert sink.arrived == [1, 4]


async def test_a_jump_while_the_backlog_lane_finds_its_end_is_not_forgotten() -> None:
    async def outgrown(start: int, found: list[Record]) -> None:
        backlog_ended = start > 1 and all(record.offset >= 100 for record in found)
        if spool.last == 100 and 100 in sink.arrived and backlog_ended:
            spool.add(100, age_s=60)
            await sink.received([200])

    spool, sink = MemorySpool(), ToldSink()
    spool.add(100, age_s=60)
    spool.while_reading = outgrown
    async with forwarding(spool, sink):
        await sink.received(range(1, 201))
        await spool.drained()
    assert sorted(sink.arrived) == list(range(1, 201))


@pytest.mark.invariant("I5")
async def test_a_cursor_that_cannot_be_written_is_tried_until_it_can() -> None:
    spool, sink = MemorySpool(), ToldSink()
    spool.settle_failures = 1
    spool.add(3)
    async with forwarding(spool, sink):
        await spool.drained()
    assert sink.arrived == [1, 2, 3]


@pytest.mark.invariant("I8")
async def test_a_failing_destination_does_not_stop_its_neighbour() -> None:
    bad_spool, bad = MemorySpool(), ToldSink()
    good_spool, good = MemorySpool(), ToldSink()
    bad.down = True
    bad_spool.add(20)
    good_spool.add(20)
    async with forwarding(bad_spool, bad), forwarding(good_spool, good):
        await good_spool.drained()
        assert bad_spool.cursor.position == 1


async def test_the_backlog_keeps_to_its_rate() -> None:
    spool, sink = MemorySpool(), ToldSink()
    spool.add(200, age_s=60, samples=1_000)
    async with forwarding(spool, sink, replace(QUICK, backlog_rate=10_000.0)):
        await sink.received([200])
        await asyncio.sleep(0.2)
        sent = sum(1 for o in sink.arrived if o < 200)
    # Two writes of 10 records at most began within 0.2 s: the first at once, the next after 1 s.
    assert sent <= 20


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.invariant("I5")
async def test_any_mix_of_outages_partial_answers_and_restarts_delivers_everything(
    seed: int,
) -> None:
    draw = random.Random(seed)

    def moody(records: Sequence[Record]) -> Answer:
        mood = draw.random()
        if mood < 0.25:
            raise SinkUnavailable("http-500")
        if mood < 0.5:
            some = [r for r in records if draw.random() < 0.6]
            return Answer(tuple((r.offset, r.offset) for r in some))
        if mood < 0.55:
            return answer_for(records, [Refusal(records[0].offset, "poison")])
        return answer_for(records)

    spool, sink = MemorySpool(), ToldSink(moody)
    spool.add(80, age_s=100)
    for _ in range(4):
        async with forwarding(spool, sink):
            for _ in range(10):
                spool.add(draw.randrange(12), age_s=draw.choice([0, 50]))
                await asyncio.sleep(0.001)
    sink.judge = answer_for
    async with forwarding(spool, sink):
        await spool.drained()
    refused = {refusal.offset for refusal in spool.refused}
    assert set(sink.arrived) | refused == set(range(1, spool.last + 1))


async def test_what_was_sent_without_an_answer_stays_in_hand_and_the_very_same_is_sent_again() -> (
    None
):
    def lost_twice(records: Sequence[Record]) -> Answer:
        in_hand.append(set(spool.in_hand))
        if len(sink.writes) < 3:
            spool.add(2)
            raise SinkUnavailable("timeout")
        return answer_for(records)

    in_hand: list[set[int]] = []
    spool, sink = MemorySpool(), ToldSink(lost_twice)
    spool.add(5)
    async with forwarding(spool, sink):
        await spool.drained()
        await asyncio.sleep(0)
    assert sink.writes[:3] == [[1, 2, 3, 4, 5]] * 3
    assert in_hand[:3] == [{1, 2, 3, 4, 5}] * 3
    assert spool.in_hand == set()


async def test_nothing_stays_in_hand_that_the_destination_answered_for() -> None:
    spool, sink = MemorySpool(), ToldSink(lambda records: Answer(((1, 2),)))
    spool.add(4)
    async with forwarding(spool, sink, replace(QUICK, first_s=3600.0, cap_s=3600.0)):
        await sink.received([1, 2])
        while len(sink.writes) < 2:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        assert spool.in_hand == set()


async def test_live_data_goes_on_while_what_was_not_answered_is_sent_again_beside_it() -> None:
    def poison(records: Sequence[Record]) -> Answer:
        most.append(len(spool.in_hand))
        if any(record.offset == 3 for record in records):
            raise SinkUnavailable("http-500")
        return answer_for(records)

    most: list[int] = []
    spool, sink = MemorySpool(), ToldSink(poison)
    spool.add(30, age_s=60)
    async with forwarding(spool, sink):
        await sink.received([30])
        for _ in range(5):
            spool.add(20, age_s=60)
            await sink.received([spool.last])
    assert spool.in_hand == set(range(1, 11)), "handed over to the backlog, and tried again"
    assert max(most) <= 3 * QUICK.records


async def test_what_was_jumped_over_is_not_in_hand() -> None:
    spool, sink = MemorySpool(), ToldSink()
    spool.add(300, age_s=60)
    async with forwarding(spool, sink, replace(QUICK, backlog_rate=100.0)):
        await sink.received([300])
        assert len(spool.in_hand) <= 2 * QUICK.records


async def test_a_forwarder_started_again_after_a_bug_sends_what_it_left_open_first() -> None:
    def broken_once(records: Sequence[Record]) -> Answer:
        if len(sink.writes) == 3:
            raise KeyError("bug")
        return answer_for(records)

    spool, sink = MemorySpool(), ToldSink(broken_once)
    spool.add(25, age_s=60)
    health = SinkHealth(sink.name, "told")
    forwarder = Forwarder(spool, sink, health, SystemClock(), QUICK, head=spool.head, epoch=EPOCH)
    with pytest.raises(ExceptionGroup):
        await forwarder.run()
    left = sink.writes[-1]
    spool.add(20)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(forwarder.run())
        async with asyncio.timeout(10):
            await spool.drained()
        task.cancel()
    assert left in sink.writes[3:5]
    assert sorted(sink.arrived) == list(range(1, 46))
