"""What messages show of each signal, and when that is over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from adapters.mqtt.decode import Decoder
from adapters.mqtt.framing import PacketReader, Read, Retained
from adapters.mqtt.notes import AGAIN_NS, QUIET_NS, RETAINED_NS, UNMATCHED_NS, printable
from gateway.core.records import Batch
from gateway.core.types import UNCERTAIN_LAST_USABLE, UnixNs
from gateway.ops.health import DeviceHealth, DeviceState
from tests.unit.mqtt.support import AT, source_of

SECOND = 10**9


class Seen:
    """A decoder that is given messages at times, in seconds from a beginning."""

    def __init__(self, health: DeviceHealth | None = None, **others: Any) -> None:
        self.source = source_of({"a": ("t", "$.a"), "b": ("u", "$.b"), "n": ("w", None)}, **others)
        self.health = health or DeviceHealth("cell", 3, DeviceState.GOOD)
        self.decoder = Decoder(self.source, self.health)

    def take(self, second: float, topic: str, payload: bytes) -> list[Batch]:
        at = UnixNs(AT + round(second * SECOND))
        items = self.decoder.decode([Read(at, [(topic.encode(), payload, b"")], 0)])
        return [item for item in items if isinstance(item, Batch)]

    @property
    def reasons(self) -> dict[str, str]:
        return {name: bad.reason for name, bad in self.health.bad.items()}


def test_an_unreadable_message_is_said_at_the_tags_of_its_topic_alone() -> None:
    seen = Seen()
    seen.take(0, "t", b"T=21.5")
    assert seen.reasons == {"a": "message-unreadable"}
    assert seen.health.bad["a"].detail == "t: payload-not-json, character 1"
    assert seen.health.state is DeviceState.PARTLY


def test_it_stays_said_while_bad_and_good_messages_come_by_turns() -> None:
    seen = Seen()
    for second in range(0, 60, 2):
        seen.take(second, "t", b"{")
        seen.take(second + 1, "t", b'{"a":1}')
        assert seen.reasons == {"a": "message-unreadable"}


def test_it_is_over_with_a_good_message_half_a_minute_after_the_last_bad_one() -> None:
    seen = Seen()
    seen.take(0, "t", b"{")
    seen.take(QUIET_NS / SECOND - 1, "t", b'{"a":1}')
    assert seen.reasons
    seen.take(QUIET_NS / SECOND + 1, "t", b'{"a":1}')
    assert not seen.reasons
    assert seen.health.state is DeviceState.GOOD


def test_a_new_connection_ends_what_the_one_before_it_noted() -> None:
    first = Seen()
    first.take(0, "t", b"{")
    first.take(0, "w", b"\xff")
    second = Seen(first.health)
    second.take(60, "t", b'{"a":1}')
    second.take(60, "w", b"5")
    assert not second.reasons


def test_thousands_of_unreadable_messages_are_written_down_once_a_second() -> None:
    seen = Seen()
    for n in range(1_000):
        seen.take(n / 1_000, "t", b"{")
    assert seen.health.bad["a"].tries == 1
    seen.take(AGAIN_NS / SECOND + 1, "t", b"{")
    assert seen.health.bad["a"].tries == 2


def test_a_time_that_cannot_be_read_is_said_with_its_text_and_heals() -> None:
    seen = Seen(time_json="$.ts", time_unit="iso")
    (batch,) = seen.take(
        0, "t", b'{"ts":"30.11.2026 20:55\\u0007 and more that is too long","a":1}'
    )
    assert batch.received_time
    bad = seen.health.bad["a"]
    assert (bad.reason, bad.detail) == (
        "time-unreadable",
        "30.11.2026 20:55· and more that is too l…",
    )
    (batch,) = seen.take(1, "t", b'{"ts":"2026-11-30T20:55:06Z","a":1}')
    assert not batch.received_time
    assert seen.reasons
    seen.take(40, "t", b'{"ts":"2026-11-30T20:55:06Z","a":1}')
    assert not seen.reasons


def test_a_time_in_too_small_a_unit_does_not_fit_and_is_said() -> None:
    seen = Seen(time_json="$.ts", time_unit="s")
    seen.take(0, "t", b'{"ts":1795439647817,"a":1}')
    assert seen.reasons == {"a": "time-unreadable"}


def test_a_message_without_its_time_is_said() -> None:
    seen = Seen(time_json="$.ts")
    seen.take(0, "t", b'{"a":1}')
    assert seen.reasons == {"a": "time-missing"}


def test_a_retained_message_is_uncertain_and_the_live_one_after_it_good() -> None:
    seen = Seen(time_json="$.ts")
    for topic, payload in (("t", b'{"ts":5,"a":1}'), ("t", b'{"a":1}'), ("w", b"5"), ("w", b"x")):
        (batch,) = seen.take(0, topic, Retained(payload))
        assert batch.status is not None
        assert batch.status.tolist() == [UNCERTAIN_LAST_USABLE]
        (batch,) = seen.take(1, topic, payload)
        assert batch.status is None


def test_retained_and_live_in_one_burst_are_told_apart() -> None:
    seen = Seen()
    messages = [
        (b"t", Retained(b'{"a":1}'), b""),
        (b"t", b'{"a":2}', b""),
        (b"u", b'{"b":true}', b""),
    ]
    numbers, flags = seen.decoder.decode([Read(AT, messages, 0)])
    assert isinstance(numbers, Batch)
    assert isinstance(flags, Batch)
    assert numbers.status is not None
    assert numbers.status.tolist() == [UNCERTAIN_LAST_USABLE, 0]
    assert flags.status is None


def test_a_retained_null_is_bad_and_stays_bad() -> None:
    (batch,) = Seen().take(0, "t", Retained(b'{"a":null}'))
    assert batch.status is not None
    assert batch.status.tolist() == [0x80000000]


def test_the_retain_flag_of_a_packet_reaches_the_decoder_and_no_other_flag_does() -> None:
    for first, retained in ((0x31, True), (0x30, False), (0x3B, True), (0x3A, False)):
        reader = PacketReader(5, 1_000)
        body = b"\x00\x01t" + (b"\x00\x07" if first & 0x06 else b"") + b"\x00" + b"5"
        reader.feed(bytes((first, len(body))) + body)
        ((_, payload, _),) = reader.messages
        assert isinstance(payload, Retained) is retained
        assert payload == b"5"


def test_a_tag_that_has_only_a_retained_value_says_so_after_a_minute() -> None:
    seen = Seen()
    seen.take(0, "t", Retained(b'{"a":1}'))
    seen.decoder.review(UnixNs(AT + RETAINED_NS // 2))
    assert not seen.reasons
    seen.decoder.review(UnixNs(AT + 2 * RETAINED_NS))
    assert seen.reasons == {"a": "retained-only"}
    seen.take(200, "t", b'{"a":1}')
    assert not seen.reasons
    seen.decoder.review(UnixNs(AT + 9 * RETAINED_NS))
    assert not seen.reasons


def test_a_seldom_tag_may_have_only_a_retained_value_also_after_a_reload() -> None:
    seen = Seen()
    seen.take(0, "t", Retained(b'{"a":1}'))
    seen.decoder.review(UnixNs(AT + 2 * RETAINED_NS))
    assert seen.reasons == {"a": "retained-only"}
    items = tuple(replace(item, seldom=True) for item in seen.source.items)
    reloaded = Decoder(replace(seen.source, items=items), seen.health)
    for later in (3, 9):
        reloaded.review(UnixNs(AT + later * RETAINED_NS))
        assert not seen.reasons


def test_a_topic_that_no_tag_names_is_said_and_forgotten_when_it_is_quiet() -> None:
    seen = Seen()
    seen.take(0, "other/topic", b"1")
    trouble = seen.health.troubles["topic-unmatched"]
    assert (trouble.detail, seen.health.state) == ("other/topic", DeviceState.PARTLY)
    seen.decoder.review(UnixNs(AT + UNMATCHED_NS // 2))
    assert seen.health.troubles
    seen.decoder.review(UnixNs(AT + 2 * UNMATCHED_NS))
    assert not seen.health.troubles


def test_a_text_of_a_machine_is_short_and_printable() -> None:
    assert printable("a\x1b[31m\n") == "a·[31m·"
    assert len(printable("x" * 1_000)) == 41
