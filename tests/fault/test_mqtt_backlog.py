"""What a broker kept while the gateway was away comes before the answer to SUBSCRIBE."""

from __future__ import annotations

import json

import pytest

from simulators.mqtt_broker import Broker
from simulators.mqtt_codec import Message
from simulators.mqtt_session import Session
from tests.unit.mqtt.support import running, source_of

NAME = "gateway-cell"


@pytest.mark.parametrize(("version", "again"), [(4, []), (5, ["a"])])
async def test_more_than_may_wait_before_the_subscription_is_answered_is_read_all_the_same(
    version: int, again: list[str]
) -> None:
    """A 3.1.1 broker knows no Receive Maximum; with 5 one may send everything twice."""
    count = 900
    async with Broker() as broker:
        broker.memory.again = again
        broker.memory.sessions[NAME] = Session(NAME, 3600, {"a": 1})
        for number in range(count):
            payload = json.dumps({"v": number, "more": "x" * 100})
            broker.memory.route(Message("a", payload.encode(), 1))
        source = source_of({"v": ("a", "$.v")}, port=broker.port, version=version, client_id=NAME)
        async with running(source) as run:
            await run.until(lambda: len(set(run.intake.values)) == count)
            await run.until(lambda: not broker.memory.sessions[NAME].inflight)
