"""Every code of the table: what happens to the event, to the delivery, to a person's alarms."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gateway.usage.model import State
from tests.unit.usage.sender.bench import DAY, at_work, logins, made
from tests.unit.usage.sender.fakes import event_at, says
from tests.unit.usage.sender.virtual import running

RECORD = ("AP1004", "AP1012", "AP1014", "AP1015", "AP1017", "AP1019")
UNSEEN = (
    "AP1003", "AP1005", "AP1009", "AP1013", "AP1016", "AP1018", "AP1020", "AP1021", "AP1024",
    "AP1027", "AP9999", "ERR-7",
)  # fmt: skip


@pytest.mark.parametrize("code", ["AP1001", "AP1002"])
async def test_what_was_taken_is_delivered_and_the_interval_begins(code: str) -> None:
    bench = made()
    bench.service.always = says(code)
    await bench.add(*logins(2))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("09:10:00")
        assert bench.ledger.counts() == {State.DELIVERED: 1, State.QUEUED: 1}
        last = bench.ledger.entries["e00001"].moves[-1].attempt
        assert last is not None
        assert last.code == code
        assert last.answered == f"{DAY} 09:00:00.200"


@pytest.mark.parametrize("code", RECORD)
async def test_a_record_that_is_wrong_in_itself_is_quarantined_and_the_next_goes(code: str) -> None:
    bench = made()
    bench.service.script.append(says(code))
    await bench.add(*logins(2))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("09:01:00")
        assert bench.ledger.counts() == {State.QUARANTINED: 1, State.DELIVERED: 1}
        assert bench.alarms.now["U5012"]["answer"] == code


async def test_ap1010_is_tried_after_1_5_and_10_minutes_five_times() -> None:
    bench = made()
    bench.service.always = says("AP1010")
    await bench.add(*logins(1))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("12:00:00")
    times = [began for began, _, _ in bench.service.requests]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps == pytest.approx([60, 300, 600, 600], abs=1)
    assert bench.ledger.state() is State.QUARANTINED


@pytest.mark.parametrize("code", UNSEEN)
async def test_an_unknown_code_is_tried_three_times_then_kept_with_its_text(code: str) -> None:
    bench = made()
    bench.service.script.extend([says(code, "처음 보는 답")] * 3)
    await bench.add(*logins(1))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("10:00:00")
    assert bench.service.codes == [code] * 3
    assert bench.ledger.state() is State.QUARANTINED
    attempt = bench.ledger.entries["e00001"].moves[-1].attempt
    assert attempt is not None
    assert (attempt.code, attempt.text) == (code, "처음 보는 답")
    assert bench.alarms.now["U5009"]["answer"] == code
    assert "처음 보는 답" in bench.alarms.now["U5009"]["text"]


@pytest.mark.parametrize(("code", "alarm"), [("AP1011", "U5001"), ("AP1023", "U5003")])
async def test_a_refused_key_or_form_stops_for_good_with_an_alarm(code: str, alarm: str) -> None:
    bench = made()
    bench.service.always = says(code)
    await bench.add(*logins(3))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("20:00:00")
        assert bench.ledger.counts() == {State.BLOCKED: 3}
        assert alarm in bench.alarms.now
        assert bench.sender.status().state == "stopped"
        await bench.add(event_at(f"{DAY} 20:00:00"))
        await bench.until_clock("20:06:00")
        assert bench.ledger.state("e00004") is State.BLOCKED
        await bench.until_clock("2026-03-05 09:00:00")
        assert bench.ledger.counts() == {State.EXPIRED_MIDNIGHT: 4}
    assert len(bench.service.requests) == 1


async def test_ap1030_is_probed_once_a_day_and_goes_on_when_it_ended() -> None:
    bench = made()
    bench.service.always = says("AP1030")

    async def feed() -> None:
        for day in range(4, 8):
            await bench.until_clock(f"2026-03-0{day} 08:00:00")
            await bench.add(*[event_at(f"2026-03-0{day} 08:00:00") for _ in range(2)])

    await bench.add(*logins(3))
    async with running(bench.world, bench.sender.run, feed):
        await bench.until_clock("2026-03-06 20:00:00")
        assert bench.service.codes == ["AP1030"] * 4
        assert "U5002" in bench.alarms.now
        bench.service.always = None
        await bench.until_clock("2026-03-07 12:00:00")
        assert bench.ledger.counts()[State.DELIVERED] == 2
        assert "U5002" not in bench.alarms.now


@pytest.mark.parametrize(
    ("code", "amount"), [("AP1022", "0"), ("AP1026", "999999999")], ids=["blank", "too-large"]
)
async def test_a_wrong_amount_is_corrected_and_sent_once_more(code: str, amount: str) -> None:
    bench = made()
    bench.service.script.append(says(code))
    await bench.add(event_at(f"{DAY} 08:00:00", amount=55))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("09:05:00")
        assert [sent["dataUsgqty"] for sent in bench.service.sent] == ["55", amount]
        assert bench.ledger.state() is State.DELIVERED
    bench = made()
    bench.service.always = says(code)
    await bench.add(event_at(f"{DAY} 08:00:00", amount=55))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("09:30:00")
        assert len(bench.service.requests) == 2
        assert bench.ledger.state() is State.QUARANTINED


async def test_ap1025_tries_another_form_keeps_it_and_leaves_the_alarm() -> None:
    bench = made()
    bench.service.script.append(says("AP1025"))
    await bench.add(*logins(2))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("09:15:00")
    assert [variant for _, _, variant in bench.service.requests] == ["form", "json", "json"]
    assert bench.ledger.counts() == {State.DELIVERED: 2}
    assert bench.alarms.now["U5004"]["variant"] == "json"


async def test_ap1025_for_every_form_stops() -> None:
    bench = made()
    bench.service.always = says("AP1025")
    await bench.add(*logins(2))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("12:00:00")
    assert [variant for _, _, variant in bench.service.requests] == ["form", "json", "xml"]
    assert bench.ledger.counts() == {State.BLOCKED: 2}
    assert "U5004" in bench.alarms.now


async def test_ap1028_proves_the_connection_and_counts_for_nothing() -> None:
    test_event = event_at(f"{DAY} 08:30:00", use_se="DO6999")
    async with at_work(*logins(1), test_event) as bench:
        await bench.until_clock("09:05:00")
        assert bench.service.codes == ["AP1028"]
        assert bench.ledger.state("e00002") is State.TEST_OK
        assert bench.sender.status().stored == 0
        await bench.until_clock("09:11:00")
        assert bench.ledger.state() is State.DELIVERED


@pytest.mark.parametrize(
    ("code", "alarm"), [("AP1031", True), ("AP1032", False), ("AP1033", False)]
)
async def test_a_limit_of_the_day_stops_until_tomorrow(code: str, alarm: bool) -> None:
    bench = made()
    bench.service.script.append(says(code))
    await bench.add(*logins(3))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("23:00:00")
        assert bench.service.codes == [code]
        assert bench.sender.status().state == "full"
        assert ("U5005" in bench.alarms.now) is alarm
        await bench.until_clock("2026-03-04 00:01:00")
        await bench.add(event_at("2026-03-04 00:00:30"))
        await bench.until_clock("2026-03-04 00:02:00")
        assert bench.ledger.state("e00004") is State.DELIVERED
        assert bench.ledger.state("e00001") is State.EXPIRED_MIDNIGHT


async def test_a_run_of_refusals_slows_down() -> None:
    bench = made()
    bench.service.always = says("AP1014")
    await bench.add(*logins(300))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("12:00:00")
    assert 15 < len(bench.service.requests) < 30
