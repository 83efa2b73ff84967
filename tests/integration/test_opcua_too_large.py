"""A server that may not send large messages: what does not fit costs only itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua as _ua
from asyncua.server.internal_subscription import InternalSubscription
from asyncua.server.server import Server
from asyncua.server.subscription_service import SubscriptionService
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua.ua_binary import struct_to_binary

from gateway.core.records import GapReason
from tests.ports import free_port
from tests.services.opcua_peer import running, source

ua: Any = _ua
URI = "urn:gateway-test:line"
LIMIT = 6_000


class Small:
    """How much the server sends in one message, and what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def on(self, patch: pytest.MonkeyPatch) -> None:
        create = SubscriptionService.create_subscription
        send: Any = UaProcessor.send_response
        asked = self.asked

        async def create_subscription(service: Any, params: Any, *rest: Any, **more: Any) -> Any:
            asked.append(params.MaxNotificationsPerPublish)
            return await create(service, params, *rest, **more)

        def pop(subscription: Any, result: Any) -> None:
            waiting = [e for queue in subscription._triggered_datachanges.values() for e in queue]
            if not waiting:
                return
            taken, left = waiting[: asked[-1]], waiting[asked[-1] :]
            subscription._triggered_datachanges = {0: left} if left else {}
            data = ua.DataChangeNotification()
            data.MonitoredItems = taken
            result.NotificationMessage.NotificationData.append(data)

        def send_response(processor: Any, handle: Any, head: Any, response: Any, *rest: Any) -> Any:
            large = isinstance(response, ua.PublishResponse | ua.ReadResponse)
            if large and len(struct_to_binary(response)) > LIMIT:
                response = ua.ServiceFault()
                code = ua.StatusCodes.BadResponseTooLarge
                response.ResponseHeader.ServiceResult = ua.StatusCode(code)
            return send(processor, handle, head, response, *rest)

        patch.setattr(SubscriptionService, "create_subscription", create_subscription)
        patch.setattr(InternalSubscription, "_pop_triggered_datachanges", pop)
        patch.setattr(UaProcessor, "send_response", send_response)


@asynccontextmanager
async def line(values: dict[str, Any]) -> AsyncIterator[str]:
    port = free_port()
    server = Server()
    await server.init()
    url = f"opc.tcp://127.0.0.1:{port}/"
    server.set_endpoint(url)
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(URI)
    for name, value in values.items():
        await server.nodes.objects.add_variable(ua.NodeId(name, index), name, value)
    async with server:
        yield url


async def test_a_value_that_fits_into_no_message_is_set_aside_and_its_neighbours_are_collected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Small()
    small.on(monkeypatch)
    values = {"A": 1.0, "Recipe": "x" * (LIMIT + 1), "B": 2.0}
    async with line(values) as url, running(source(url, tmp_path, list(values))) as run:
        await run.until(lambda: run.intake.values("A") == [1.0] and run.intake.values("B") == [2.0])
        await run.until(lambda: "Recipe" in run.health.bad)
        assert run.health.bad["Recipe"].reason == "value-too-large"
        assert run.health.state.value == "partly"
        assert list(run.health.bad) == ["Recipe"]
        assert run.errors[0].reason == "notification-too-large"
        assert small.asked == [10_000, 10_000]
        (gap,) = run.intake.gaps
        assert gap.reason is GapReason.REJECTED_BY_SOURCE
        assert "BadResponseTooLarge" in gap.detail


async def test_values_that_fit_alone_but_not_together_are_asked_for_in_smaller_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Small()
    small.on(monkeypatch)
    values = {f"T{number}": "y" * 700 for number in range(30)}
    async with line(values) as url, running(source(url, tmp_path, list(values))) as run:
        await run.until(lambda: all(run.intake.values(name) for name in values), timeout=30)
        assert not run.health.bad
        assert small.asked[-1] < small.asked[0]
        assert {error.reason for error in run.errors} == {"notification-too-large"}
