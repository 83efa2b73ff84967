"""The MQTT adapter against a real mosquitto."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import replace

import pytest

from adapters.mqtt.backlog import UNREMEMBERED_NS
from adapters.mqtt.config import MqttItem
from adapters.mqtt.counters import RETAINED
from adapters.mqtt.probe import Outcome, probe
from gateway.core.clock import SystemClock
from gateway.core.errors import SourceRejected, SourceUnavailable
from gateway.core.records import GapReason
from gateway.ops.health import DeviceState
from tests.ports import free_port
from tests.services.mosquitto import Mosquitto, make_broker
from tests.unit.mqtt.support import (
    MemoryIntake,
    plan_of,
    published,
    rejected_of,
    running,
    samples_of,
    source_of,
)

__all__ = ["make_broker"]
pytestmark = pytest.mark.service
Make = Callable[..., Mosquitto]

FIRST, SECOND = 10_000_000_000, 20_000_000_000


def numbered(count: int, start: int = 0) -> list[tuple[str, bytes]]:
    return [("cell/1", b'{"n":%d}' % n) for n in range(start, start + count)]


@pytest.mark.parametrize("version", [5, 4])
async def test_every_message_arrives_once_and_in_order(make_broker: Make, version: int) -> None:
    broker = make_broker()
    source = source_of({"n": ("cell/1", "$.n")}, port=broker.port, version=version)
    async with running(source) as run:
        await published(broker.port, numbered(1_500))
        await run.until(lambda: len(run.intake.values) >= 1_500)
    assert run.intake.values == list(range(1_500))
    assert run.health.note.startswith("MQTT 5" if version == 5 else "MQTT 3.1.1")


async def test_wildcards_and_several_tags_of_a_topic(make_broker: Make) -> None:
    broker = make_broker()
    items = {
        "temp": ("plant/+/env", "$.t"),
        "hum": ("plant/+/env", "$.h"),
        "deep": ("plant/a/#", "$.t"),
        "exact": ("plant/b/env", "$.t"),
    }
    async with running(source_of(items, port=broker.port)) as run:
        await published(
            broker.port,
            [
                ("plant/a/env", '{"t":1,"h":2}'),
                ("plant/b/env", '{"t":3,"h":4}'),
                ("plant/a/x/y", '{"t":5}'),
                ("other", '{"t":6}'),
            ],
        )
        await run.until(lambda: len(run.intake.values) >= 7)
    found = {(name, value) for name, _, value in samples_of(run.intake.items)}
    assert found == {
        ("temp", 1), ("hum", 2), ("deep", 1), ("temp", 3), ("hum", 4), ("exact", 3), ("deep", 5),
    }  # fmt: skip


@pytest.mark.invariant("I8")
async def test_one_poison_message_among_neighbours(make_broker: Make) -> None:
    broker = make_broker()
    source = source_of({"n": ("cell/1", "$.n")}, port=broker.port, message_bytes_max=10_000)
    poison = [("cell/1", b"\xff{"), ("cell/1", b"x" * 200_000)]
    async with running(source) as run:
        await published(broker.port, [*numbered(5), *poison, *numbered(5, 5)])
        await run.until(lambda: len(run.intake.values) >= 10)
    assert run.intake.values == list(range(10))
    small, large = rejected_of(run.intake.items)
    assert (small.head, small.size, small.source) == (b"\xff{", 2, "cell/1")
    assert (large.head, large.size, large.reason) == (b"x" * 256, 200_000, "message-too-large")
    async with running(source) as again:  # both were acknowledged: they do not come back
        await published(broker.port, numbered(1, 10))
        await again.until(lambda: again.intake.values)
    assert again.intake.values == [10]
    assert not rejected_of(again.intake.items)


async def test_arrays_and_times_as_cells_send_them(make_broker: Make) -> None:
    broker = make_broker()
    items = {"temp": ("cell/1", "$.readings[*].temp"), "온도": ("cell/1", "$.readings[*]['온도']")}
    source = source_of(items, port=broker.port, time_json="$.readings[*].ts", time_unit="iso")
    readings = [{"ts": f"2026-11-24T10:00:0{n}.5+09:00", "temp": n, "온도": -n} for n in range(3)]
    async with running(source) as run:
        await published(broker.port, [("cell/1", json.dumps({"readings": readings}))])
        await run.until(lambda: run.intake.values)
    start = 1_795_482_000_500_000_000
    assert samples_of(run.intake.items) == [
        sample
        for n in range(3)
        for sample in (
            ("temp", start + n * 10**9, float(n)),
            ("온도", start + n * 10**9, -float(n)),
        )
    ]


async def test_retained_messages_arrive_once_for_a_session(make_broker: Make) -> None:
    broker = make_broker()
    source = source_of({"n": ("cell/1", "$.n")}, port=broker.port)
    before = RETAINED.labels("cell")._value.get()
    await published(broker.port, numbered(1), retain=True)
    async with running(source) as run:
        await run.until(lambda: run.intake.values)
    assert RETAINED.labels("cell")._value.get() == before + 1
    async with running(source) as again:
        await published(broker.port, numbered(1, 5))
        await again.until(lambda: again.intake.values)
    assert again.intake.values == [5]


async def test_what_was_published_while_the_gateway_was_away_arrives_without_a_gap(
    make_broker: Make,
) -> None:
    broker = make_broker()
    source = source_of({"n": ("cell/1", "$.n")}, port=broker.port)
    async with running(source):
        pass
    await published(broker.port, numbered(800))
    async with running(source, MemoryIntake(last=1)) as run:
        await run.until(lambda: len(run.intake.values) >= 800)
    assert run.intake.values == list(range(800))
    assert not run.intake.gaps
    assert run.health.note == "MQTT 5, session resumed"


async def test_a_session_the_broker_lost_is_a_gap_before_the_data(make_broker: Make) -> None:
    broker = make_broker()
    source = source_of({"n": ("cell/1", "$.n")}, port=broker.port)
    async with running(source, MemoryIntake(last=FIRST)) as run:
        await published(broker.port, numbered(1))
        await run.until(lambda: run.intake.values)
    gap, until_subscribed = run.intake.gaps
    assert run.intake.items[0] is gap
    assert until_subscribed.start == gap.end
    start = FIRST - UNREMEMBERED_NS
    assert (gap.device, gap.start, gap.reason) == ("cell", start, GapReason.GATEWAY_DOWN)
    assert gap.end > gap.start
    broker.kill()
    (broker.folder / "mosquitto.db").unlink(missing_ok=True)
    broker.start()
    async with running(source, MemoryIntake(last=SECOND), run.health) as again:
        await again.until(lambda: again.intake.gaps)
    gap = again.intake.gaps[0]
    assert (gap.start, gap.reason) == (SECOND - UNREMEMBERED_NS, GapReason.DISCONNECTED)


async def test_the_first_connection_ever_has_no_gap(make_broker: Make) -> None:
    broker = make_broker()
    async with running(source_of({"n": ("cell/1", "$.n")}, port=broker.port)) as run:
        await published(broker.port, numbered(1))
        await run.until(lambda: run.intake.values)
    assert not run.intake.gaps


async def test_tags_change_while_running_without_a_new_connection(make_broker: Make) -> None:
    broker = make_broker()
    source = source_of({"a": ("cell/a", "$.n"), "b": ("cell/b", "$.n")}, port=broker.port)
    async with running(source) as run:
        plan = plan_of(["b", "c"])
        items = (MqttItem(0, "cell/b", "$.n"), MqttItem(1, "cell/c", "$.n"))
        assert await run.adapter.apply(replace(source, plan=plan, items=items))
        await published(broker.port, [(f"cell/{name}", '{"n":1}') for name in "abc"])
        await run.until(lambda: len(run.intake.values) >= 2)
        assert {name for name, _, _ in samples_of(run.intake.items)} == {"b", "c"}
        assert run.health.connects == 1
        assert not await run.adapter.apply(replace(source, host="localhost"))


@pytest.mark.parametrize("version", [5, 4])
async def test_a_refused_filter_costs_only_its_own_tags(make_broker: Make, version: int) -> None:
    broker = make_broker(denied=["secret/#"])
    items = {"good": ("cell/1", "$.n"), "bad": ("secret/1", "$.n")}
    async with running(source_of(items, port=broker.port, version=version)) as run:
        assert run.health.state is DeviceState.PARTLY
        assert list(run.health.bad) == ["bad"]
        assert run.health.bad["bad"].reason == "subscription-refused"
        assert run.health.bad["bad"].detail.startswith("secret/1: ")
        await published(broker.port, numbered(3))
        await run.until(lambda: len(run.intake.values) >= 3)
        answer = await probe(source_of(items, port=broker.port), SystemClock(), wait_s=0.1)
        assert [item.outcome for item in answer.items] == [Outcome.NOT_YET, Outcome.DENIED]
        health = run.health
    broker.stop()
    broker.denied = []
    broker.start()
    async with running(source_of(items, port=broker.port, version=version), health=health):
        assert not health.bad


async def test_a_filter_that_ends_the_connection_is_an_error(make_broker: Make) -> None:
    broker = make_broker()
    with pytest.raises(SourceUnavailable):
        async with running(source_of({"n": ("cell/#/x", "$.n")}, port=broker.port)):
            pass


async def test_tls_with_verification_and_a_client_certificate(make_broker: Make) -> None:
    broker = make_broker(tls=True, extra=["per_listener_settings false"])
    folder = broker.folder
    source = source_of(
        {"n": ("cell/1", "$.n")}, port=broker.port, tls=True, ca=folder / "ca.pem",
        certificate=folder / "client.pem", key=folder / "client.key",
    )  # fmt: skip
    async with running(source) as run:
        assert run.health.security == "TLSv1.3"
    with pytest.raises(SourceRejected, match="certificate"):
        async with running(replace(source, ca=None)):
            pass
    with pytest.raises(SourceRejected, match="certificate-file"):
        async with running(replace(source, ca=folder / "nowhere.pem")):
            pass


async def test_tls_carries_large_bursts(make_broker: Make) -> None:
    broker = make_broker(tls=True)
    plain = source_of({"n": ("cell/1", "$.n")}, port=broker.port)
    source = replace(plain, tls=True, ca=broker.folder / "ca.pem")
    async with running(source):
        pass

    import paho.mqtt.client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.tls_set(str(broker.folder / "ca.pem"))
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    sent = [client.publish(topic, payload + b" " * 2_000, 1) for topic, payload in numbered(1_000)]
    sent[-1].wait_for_publish(20)
    client.disconnect()
    client.loop_stop()
    async with running(source) as run:
        await run.until(lambda: len(run.intake.values) >= 1_000)
    assert run.intake.values == list(range(1_000))


async def test_a_wrong_password_needs_a_person(make_broker: Make) -> None:
    broker = make_broker(users={"gateway": "right"})
    source = source_of({"n": ("cell/1", "$.n")}, port=broker.port, user="gateway", password="right")
    async with running(source):
        pass
    for version in (5, 4):
        with pytest.raises(SourceRejected) as refused:
            async with running(replace(source, password="wrong", version=version)):
                pass
        assert refused.value.reason in {"not-authorized", "bad-user-or-password"}
        assert "wrong" not in str(refused.value)


async def test_nobody_there_may_change_by_itself() -> None:
    with pytest.raises(SourceUnavailable, match="unreachable"):
        async with running(source_of({"n": ("cell/1", "$.n")}, port=free_port())):
            pass


async def test_a_silent_host_times_out() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        source = source_of({"n": ("cell/1", "$.n")}, port=port, connect_timeout_s=0.3)
        with pytest.raises(SourceUnavailable, match="timeout"):
            async with running(source):
                pass


async def test_a_probe_tells_each_tag_apart_and_disturbs_nobody(make_broker: Make) -> None:
    broker = make_broker()
    items = {"here": ("cell/1", "$.n"), "wrong": ("cell/1", "$.x"), "quiet": ("cell/2", "$.n")}
    source = source_of(items, port=broker.port)
    await published(broker.port, numbered(1), retain=True)
    async with running(source) as run:
        answer = await probe(source, SystemClock(), wait_s=0.5)
        assert run.error is None
        assert run.health.state is DeviceState.PARTLY
    found = {item.name: item.outcome for item in answer.items}
    assert found == {
        "here": Outcome.RECEIVED, "wrong": Outcome.ODD, "quiet": Outcome.NOT_YET,
    }  # fmt: skip
    assert [item.reason for item in answer.items] == ["", "path-missing", ""]
    assert answer.version == "5"
