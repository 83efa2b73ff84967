"""What `status` and `trace` tell of a device: every reason, the first one first, with its words."""

from __future__ import annotations

from gateway.app.advice import book
from gateway.core.types import UnixNs
from gateway.ops.advice import Advice
from gateway.ops.health import DeviceHealth, DeviceState, SinkHealth, SinkState
from gateway.ops.problems import NoAdvice, device_problems, sink_problems, tag_problems

NOW = UnixNs(1_700_000_000_000_000_000)


class Known:
    """The advice of this installation."""

    def of_device(self, device: str, reason: str) -> Advice | None:
        return book().advice_for(reason)

    def of_sink(self, reason: str) -> Advice | None:
        return book("sinks/http").advice_for(reason)

    of_spool = of_sink


def press() -> DeviceHealth:
    health = DeviceHealth("press-01", 10)
    health.connected(NOW)
    return health


def reasons(health: DeviceHealth) -> list[str]:
    return [each.reason for each in device_problems(health, Known())]


def test_what_touches_the_whole_device_comes_before_its_tags_and_most_tags_before_few() -> None:
    health = press()
    health.signal_bad("A", "path-missing", NOW)
    for name in ("B", "C", "D"):
        health.signal_bad(name, "no-value-yet", NOW)
    health.trouble("time-ahead", NOW)
    assert reasons(health) == ["time-ahead", "no-value-yet", "path-missing"]
    health.change(DeviceState.LOST, NOW, "timeout: press:4840", "timeout")
    assert reasons(health)[0] == "timeout"


def test_a_reason_is_told_once_with_how_many_tags_it_touches_and_the_first_names() -> None:
    health = press()
    for place in range(8):
        health.signal_bad(f"T{place}", "no-value-yet", NOW, detail=f"topic/{place}")
    (found,) = device_problems(health, Known())
    assert (found.tags, found.count) == (8, 8)
    assert found.names == ("T0", "T1", "T2", "T3", "T4")
    assert found.detail == "topic/0"
    assert found.command == "gateway trace press-01/T0"
    assert set(found.what) == set(found.fix) == {"ko", "en"}


def test_how_often_a_trouble_was_seen_is_told() -> None:
    health = press()
    for _ in range(3):
        health.trouble("time-ahead", NOW, "Temp: 2105-01-01 00:00:00 UTC")
    (found,) = device_problems(health, Known())
    assert (found.count, found.tags) == (3, 0)
    assert "2105" in found.detail


def test_a_trouble_whose_tags_are_bad_by_it_is_told_once() -> None:
    health = press()
    for name in ("A", "B"):
        health.signal_bad(name, "time-ahead", NOW)
    health.trouble("time-ahead", NOW, "A: 2105-01-01 00:00:00 UTC")
    (found,) = device_problems(health, Known())
    assert (found.tags, found.names) == (2, ("A", "B"))
    assert "2105" in found.detail


def test_a_reason_without_advice_has_a_command_that_shows_more() -> None:
    health = press()
    health.signal_bad("A", "a-new-reason", NOW)
    health.trouble("another", NOW)
    commands = [each.command for each in device_problems(health, NoAdvice())]
    assert commands == ["gateway check --live", "gateway trace press-01/A"]


def test_a_tag_has_its_own_problem_first_then_those_of_its_device_and_no_neighbours() -> None:
    health = press()
    health.signal_bad("A", "no-value-yet", NOW, "topic/a")
    health.signal_bad("B", "path-missing", NOW)
    health.trouble("time-ahead", NOW)
    found = tag_problems(health, "A", Known())
    assert [each.reason for each in found] == ["no-value-yet", "time-ahead"]
    assert [each.command for each in found] == ["gateway trace press-01/A"] * 2
    assert found[0].detail == "topic/a"
    assert [each.reason for each in tag_problems(health, "C", Known())] == ["time-ahead"]


def test_why_a_destination_takes_nothing_has_words_and_its_answer() -> None:
    sink = SinkHealth("central", "http")
    sink.change(SinkState.HOLD, NOW, "http-401: unknown token", "http-401")
    (found,) = sink_problems(sink, Known().of_sink)
    assert "token" in found.what["en"]
    assert "토큰" in found.what["ko"]
    assert found.detail == "unknown token"
    sink.change(SinkState.GOOD, NOW)
    assert sink_problems(sink, Known().of_sink) == []
