"""Proves a device's tags against its broker, for `gateway check --live`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, assert_never

from adapters.mqtt.config import MqttSource
from adapters.mqtt.connect import CLOSE_S, VERSION_NAMES, as_check, open_connection
from adapters.mqtt.connection import Connection
from adapters.mqtt.decode import Decoder, Delivery
from adapters.mqtt.reasons import FAILURE, SUBSCRIPTION_REFUSED, reason_name
from adapters.mqtt.subscriptions import filters_of
from gateway.core.clock import Clock
from gateway.core.errors import SourceUnavailable
from gateway.core.probing import LiveResult
from gateway.core.records import Batch
from gateway.ops.health import DeviceHealth

WAIT_S = 3.0
SEEN_MAX = 1_000
"""Batches and refusals remembered; a busy `#` may send any number while one tag stays quiet."""


class Outcome(StrEnum):
    """What the broker showed of one tag in the time given."""

    RECEIVED = "received"
    NOT_YET = "not-yet"
    ODD = "odd"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class ProbedItem:
    """One tag; `value` is the newest one seen.

    Where something is odd `reason` says what: a path that is not there, a message or a time that
    cannot be read. It may be odd and have a value. `detail` is what only this case has.
    """

    index: int
    name: str
    topic: str
    outcome: Outcome
    value: Any = None
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """`rejected` are (topic, reason) of messages that could not be read."""

    version: str
    security: str
    items: tuple[ProbedItem, ...]
    rejected: tuple[tuple[str, str], ...] = ()


async def probe(source: MqttSource, clock: Clock, wait_s: float = WAIT_S) -> ProbeAnswer:
    """Connect beside a gateway that may be running, subscribe, and wait for a first value of each.

    Subscribes with QoS 0 under its own client id and leaves no session. Ends early once every tag
    has a value and nothing odd was seen.

    Raises:
        SourceUnavailable, SourceRejected: there is no connection to speak of.
    Cancel: closes the connection.
    """
    connection, _ = await open_connection(source, as_check(source), clock)
    try:
        return await _watch(source, connection, wait_s)
    finally:
        await connection.close(CLOSE_S)


async def look(source: MqttSource, clock: Clock) -> LiveResult:
    """Say what `probe` found in the words of `gateway check --live`.

    Raises:
        SourceUnavailable, SourceRejected: there is no connection to speak of.
    Cancel: closes the connection.
    """
    result = LiveResult()
    answer = await probe(source, clock)
    for item in answer.items:
        match item.outcome:
            case Outcome.RECEIVED:
                result.good[item.name] = str(item.value)
            case Outcome.NOT_YET:
                result.waiting[item.name] = item.topic
            case Outcome.ODD | Outcome.DENIED:
                topic = "" if item.topic in item.detail else item.topic
                facts = " ".join(part for part in (topic, item.detail) if part)
                result.tag_bad(item.name, item.reason, facts)
            case _:
                assert_never(item.outcome)
    return result


async def _watch(source: MqttSource, connection: Connection, wait_s: float) -> ProbeAnswer:
    try:
        async with asyncio.timeout(source.connect_timeout_s):
            codes = await connection.subscribe(dict.fromkeys(filters_of(source), 0))
    except TimeoutError as error:
        raise SourceUnavailable("timeout", "SUBSCRIBE") from error
    health = DeviceHealth(source.device, len(source.items))
    security, version = connection.cipher, VERSION_NAMES[connection.hello.version]
    seen = await _collect(source, connection, health, wait_s)
    values = {
        index: value
        for batch in seen
        if isinstance(batch, Batch)
        for index, value in zip(batch.signals.tolist(), list(batch.values), strict=True)
    }
    rejected = tuple((item.source, item.reason) for item in seen if not isinstance(item, Batch))
    items = tuple(
        _probed(source, place, codes, values, health) for place in range(len(source.items))
    )
    return ProbeAnswer(version, security, items, rejected)


async def _collect(
    source: MqttSource, connection: Connection, health: DeviceHealth, wait_s: float
) -> Sequence[Delivery]:
    decoder = Decoder(source, health)
    seen: list[Delivery] = []
    missing = {item.index for item in source.items}
    try:
        async with asyncio.timeout(wait_s):
            while (missing or health.bad) and connection.error is None:
                connection.wake.clear()
                if not connection.reads:
                    await connection.wake.wait()
                    continue
                reads = connection.take()
                newest = decoder.decode(reads)
                connection.settle(reads)
                for item in newest:
                    if isinstance(item, Batch):
                        missing.difference_update(item.signals.tolist())
                seen = [*seen, *newest][-SEEN_MAX:]
    except TimeoutError:
        pass
    return seen


def _probed(
    source: MqttSource,
    place: int,
    codes: dict[str, int],
    values: dict[int, Any],
    health: DeviceHealth,
) -> ProbedItem:
    item = source.items[place]
    name = source.plan.signals[item.index].name
    code = codes[item.topic]
    if code >= FAILURE:
        detail = reason_name(code)
        return ProbedItem(
            item.index, name, item.topic, Outcome.DENIED, None, SUBSCRIPTION_REFUSED, detail
        )
    bad = health.bad.get(name)
    value = values.get(item.index)
    if bad is not None:
        return ProbedItem(item.index, name, item.topic, Outcome.ODD, value, bad.reason, bad.detail)
    outcome = Outcome.RECEIVED if item.index in values else Outcome.NOT_YET
    return ProbedItem(item.index, name, item.topic, outcome, value)
