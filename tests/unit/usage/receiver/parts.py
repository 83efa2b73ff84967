"""The endpoints with a fake behind them."""

from __future__ import annotations

from typing import Any

from gateway.usage.config import ReceiverConfig
from gateway.usage.receiver.endpoints import Endpoints, Relay
from gateway.usage.receiver.health import ReceiverHealth
from gateway.usage.receiver.replies import Reply
from tests.unit.usage.receiver.styles import ORIGIN
from tests.unit.usage.receiver.support import FakeIntake, FixedClock, result_of

SIX, DO, XML = "/apisvc/sendLogData.json", "/apisvc/sendLogDataJSON.do", "/apisvc/sendLogDataXML.do"
PEER = "192.168.0.77"


class Parts:
    """The endpoints with a fake behind them."""

    def __init__(self, relay: Relay | None = None, **config: Any) -> None:
        self.intake = FakeIntake()
        self.health = ReceiverHealth()
        made = ReceiverConfig("127.0.0.1:0", origins=(ORIGIN,), **config)
        self.endpoints = Endpoints(made, self.intake, FixedClock(), self.health, relay)

    async def ask(self, request: Any) -> Reply:
        return await self.endpoints.answer(request, PEER)

    async def result(self, request: Any) -> dict[str, str]:
        reply = await self.ask(request)
        assert reply.status == 200
        return result_of(reply.body)
