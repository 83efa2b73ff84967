"""What a broker and its machines do in the field, against a real mosquitto."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.mqtt.backlog import UNREMEMBERED_NS
from adapters.mqtt.config import Hall, MqttItem, MqttSource
from adapters.mqtt.lookout import stranger
from adapters.mqtt.probe import Outcome, ProbedItem, probe
from gateway.core.clock import SystemClock
from gateway.core.errors import SourceError, SourceRejected, SourceUnavailable
from gateway.core.records import Batch
from gateway.core.types import UNCERTAIN_LAST_USABLE
from gateway.ops.health import DeviceState
from tests.services.mosquitto import Mosquitto, make_broker
from tests.unit.mqtt.support import MemoryIntake, plan_of, published, running, source_of

__all__ = ["make_broker"]
pytestmark = pytest.mark.service
Make = Callable[..., Mosquitto]
DAY_NS = 86_400 * 10**9


def statuses(intake: MemoryIntake) -> list[tuple[Any, int]]:
    """Give (value, status) in order."""
    found: list[tuple[Any, int]] = []
    for batch in intake.items:
        if isinstance(batch, Batch):
            status = [0] * len(batch) if batch.status is None else batch.status.tolist()
            found += zip(list(batch.values), status, strict=True)
    return found


@pytest.mark.parametrize("version", [5, 4])
async def test_a_retained_message_is_uncertain_the_live_one_good(
    make_broker: Make, version: int
) -> None:
    broker = make_broker()
    await published(broker.port, [("oven", b'{"t":850}')], retain=True)
    async with running(source_of({"t": ("oven", "$.t")}, port=broker.port, version=version)) as run:
        await run.until(lambda: run.intake.values)
        await published(broker.port, [("oven", b'{"t":851}')], retain=True)
        await run.until(lambda: len(run.intake.values) >= 1 and len(statuses(run.intake)) >= 2)
    assert statuses(run.intake) == [(850, UNCERTAIN_LAST_USABLE), (851, 0)]


async def test_a_time_far_ahead_hides_no_later_outage(make_broker: Make) -> None:
    broker = make_broker()
    source = source_of({"n": ("cell/1", "$.n")}, port=broker.port, time_json="$.ts")
    last = SystemClock().now()
    async with running(source, MemoryIntake(last=last)) as run:
        await published(broker.port, [("cell/1", b'{"ts":4260211200000,"n":1}')])
        await run.until(lambda: run.intake.values)
        health = run.health
    broker.kill()
    (broker.folder / "mosquitto.db").unlink(missing_ok=True)
    broker.start()
    async with running(source, MemoryIntake(last=last), health) as again:
        await again.until(lambda: again.intake.gaps)
    gap = again.intake.gaps[0]
    assert last - UNREMEMBERED_NS == gap.start < gap.end < last + DAY_NS


async def test_a_gap_never_runs_backwards_when_our_clock_was_set_back(make_broker: Make) -> None:
    broker = make_broker()
    ahead = SystemClock().now() + DAY_NS
    source = source_of({"n": ("cell/1", "$.n")}, port=broker.port)
    async with running(source, MemoryIntake(last=ahead)) as run:
        await run.until(lambda: run.intake.gaps)
    assert run.intake.gaps[0].start == run.intake.gaps[0].end < ahead


async def asked(source: MqttSource, *messages: tuple[str, bytes]) -> dict[str, ProbedItem]:
    """Probe while these messages are published again and again."""
    looking = asyncio.create_task(probe(source, SystemClock(), wait_s=1.5))
    while not looking.done():
        await published(source.port, messages)
        await asyncio.sleep(0.1)
    return {item.name: item for item in (await looking).items}


async def test_a_probe_shows_what_cannot_be_read(make_broker: Make) -> None:
    broker = make_broker()
    items = {"good": ("a", "$.n"), "json": ("b", "$.n"), "late": ("c", "$.n")}
    plain = source_of(items, port=broker.port, time_json="$.ts", time_unit="iso")
    found = await asked(
        plain,
        ("a", b'{"ts":"2026-11-30T20:55:06Z","n":1}'),
        ("b", b'{"n":1'),
        ("c", b'{"ts":"n/a","n":1}'),
    )
    assert found["good"].outcome is Outcome.RECEIVED
    assert (found["json"].outcome, found["json"].reason) == (Outcome.ODD, "message-unreadable")
    assert (found["late"].outcome, found["late"].reason) == (Outcome.ODD, "time-unreadable")
    assert "payload-not-json" in found["json"].detail
    assert found["late"].detail == "n/a"


def room(port: int, name: str, hall: Hall | None) -> MqttSource:
    source = source_of({"t": (f"hall/{name}/env", "$.t")}, port=port, client_id=f"gw-{name}")
    return replace(source, hall=hall)


async def test_a_device_of_the_hall_that_no_list_has_is_told_with_its_topic(
    make_broker: Make,
) -> None:
    broker = make_broker()
    hall = Hall(("hall/+/env",), frozenset({"r1", "r2"}))
    source = room(broker.port, "r1", hall)
    async with running(source) as run, running(room(broker.port, "r2", None)) as other:
        for _ in range(100):
            await published(broker.port, [(f"hall/r{n}/env", b'{"t":%d}' % n) for n in (1, 2, 3)])
            if run.health.troubles:
                break
        await run.until(lambda: run.intake.values and other.intake.values)
        trouble = run.health.troubles["device-not-listed"]
        assert (trouble.detail, run.health.state) == ("hall/r3/env", DeviceState.PARTLY)
        assert set(run.intake.values) == {1}
        assert set(other.intake.values) == {2}
        assert not other.health.troubles
        assert await run.adapter.apply(replace(source, hall=None))
        assert run.health.connects == 1


async def test_a_broker_that_does_not_let_us_look_out_costs_no_value(make_broker: Make) -> None:
    broker = make_broker(denied=["closed/#"])
    source = room(broker.port, "r1", Hall(("closed/+/env",), frozenset({"r1"})))
    async with running(source) as run:
        await run.until(lambda: "hall-unwatched" in run.health.troubles)
        await published(broker.port, [("hall/r1/env", b'{"t":1}')])
        await run.until(lambda: run.intake.values)
    assert run.health.troubles["hall-unwatched"].detail == "closed/+/env: not-authorized"


@pytest.mark.parametrize(
    ("topic", "is_one"),
    [
        ("hall/r3/env", True), ("hall/r1/env", False), ("hall/r1/door", False),
        ("hall/r3/door", True), ("hall/r3/other", False), ("hall/env", False),
        ("hall/r3/env/x", False),
        ("other/r3/env", False), ("hall//env", True), ("deep/r9/a/b", True), ("deep/r1/a", False),
    ],
)  # fmt: skip
def test_only_topics_of_the_hall_are_of_strangers(topic: str, is_one: bool) -> None:
    hall = Hall(("hall/+/env", "hall/+/door", "deep/+/#"), frozenset({"r1"}))
    assert stranger(topic, hall) is is_one


async def test_a_message_up_to_the_size_that_the_file_allows_is_read(make_broker: Make) -> None:
    broker = make_broker()
    large = b'{"n":1,"text":"' + b"x" * 3_000_000 + b'"}'
    items = {"n": ("cell/1", "$.n")}
    source = source_of(items, port=broker.port, message_bytes_max=4_000_000)
    async with running(source) as run:
        await published(broker.port, [("cell/1", large)])
        await run.until(lambda: run.intake.values)
    small = source_of(items, port=broker.port, client_id="small")
    async with running(small) as run:
        await published(broker.port, [("cell/1", large)])
        await run.until(lambda: run.health.bad)
    assert run.health.bad["n"].detail == (
        "cell/1: message-too-large, 3000017 > max_message 1000000"
    )


def made_out_to(folder: Path, name: str, days: int) -> None:
    """Replace the broker's certificate, signed by an authority of its own in `ca.pem`."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days), "-subj",
         f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
         "-keyout", str(folder / "broker.key"), "-out", str(folder / "broker.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "ca.pem").write_bytes((folder / "broker.pem").read_bytes())


async def reason_of(source: MqttSource) -> SourceError:
    with pytest.raises((SourceRejected, SourceUnavailable)) as refused:
        async with running(source):
            pass
    error: SourceError = refused.value
    return error


async def test_what_is_wrong_with_tls_has_a_reason_of_its_own(make_broker: Make) -> None:
    broker = make_broker(tls=True)
    plain = source_of({"n": ("cell/1", "$.n")}, port=broker.port)
    secured = replace(plain, tls=True, ca=broker.folder / "ca.pem")
    junk = broker.folder / "junk.pem"
    junk.write_text("no certificate")
    found = {
        "unknown": await reason_of(replace(secured, ca=None)),
        "missing": await reason_of(replace(secured, ca=broker.folder / "nowhere.pem")),
        "junk": await reason_of(replace(secured, ca=junk)),
        "no key": await reason_of(replace(secured, certificate=junk, key=junk)),
        "plain to tls": await reason_of(plain),
    }
    broker.stop()
    made_out_to(broker.folder, "broker.plant.example", 30)
    broker.start()
    found["name"] = await reason_of(secured)
    broker.stop()
    broker.tls = False
    broker.start()
    found["tls to plain"] = await reason_of(secured)
    assert {name: error.reason for name, error in found.items()} == {
        "unknown": "certificate-unknown-authority", "missing": "certificate-file-missing",
        "junk": "certificate-file", "no key": "certificate-file",
        "plain to tls": "no-answer-to-connect", "name": "tls-name",
        "tls to plain": "tls-handshake",
    }  # fmt: skip
    for error in found.values():
        assert not any(word in str(error) for word in ("_ssl.c", "SSL:", "[Errno", "verify failed"))


async def test_tags_that_share_a_topic_are_found_by_their_entry(make_broker: Make) -> None:
    broker = make_broker()
    items = (
        MqttItem(0, "iot", item="Line.P"),
        MqttItem(1, "iot", item="Line.S"),
    )
    plain = source_of({"P": ("iot", None), "S": ("iot", None)}, port=broker.port)
    source = replace(plain, items=items, plan=plan_of(["P", "S"]), format="kepware")
    async with running(source) as run:
        await published(
            broker.port,
            [("iot", b'{"timestamp":9,"values":[{"id":"Line.S","v":2,"q":true,"t":5}]}')],
        )
        await run.until(lambda: run.intake.values)
    assert run.intake.values == [2]
