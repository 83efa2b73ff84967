"""The press line answers as a real server does, and fails exactly as ordered."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua.client.client import Client
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from simulators.certificate import ensure_certificate
from simulators.control import BadRequest
from simulators.groups import Group
from simulators.opcua_library import ua
from simulators.opcua_line import NAMESPACE, PLAIN_FIRST, PressLine
from simulators.opcua_press import Faults, PressServer, parse
from simulators.opcua_server import OVERFLOW_BITS
from simulators.opcua_values import NODE_ID_UNKNOWN, WAITING_FOR_INITIAL_DATA
from simulators.truth import TruthLog, encode
from tests.ports import free_port

pytestmark = pytest.mark.slow  # each test starts a server
WAIT_S = 60.0
logging.getLogger("asyncua").setLevel(logging.CRITICAL)


class Plant:
    """A press line that ticks only when the test says so."""

    def __init__(self, folder: Path, security: str, **line: Any) -> None:
        options = parse(
            [
                *("--port", str(free_port()), "--security", security),
                *("--certificates", str(folder / "own")),
            ]
        )
        self.truth = folder / "truth.jsonl"
        self.line = PressLine(signals=6, plain=True, seed=1, **line)
        self.line.log = TruthLog(self.truth, "opcua", self.line.names())
        self.press = PressServer(options, self.line)
        self.faults = Faults(self.press)
        self.url = f"opc.tcp://127.0.0.1:{options.port}"
        self.got: list[Any] = []

    async def stop(self) -> None:
        await self.press.stop()
        if self.line.log is not None:
            self.line.log.close()

    def truth_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.truth.read_text().splitlines() if line]

    async def subscribe(
        self, client: Client, numbers: list[int], queue: int = 100
    ) -> tuple[Any, list[Any]]:
        """Subscribe on the client's low level; notifications come into `got`."""
        index = await client.get_namespace_index(NAMESPACE)
        parameters = ua.CreateSubscriptionParameters()
        parameters.RequestedPublishingInterval = 50
        parameters.RequestedLifetimeCount = 1000
        parameters.RequestedMaxKeepAliveCount = 10
        parameters.PublishingEnabled = True
        session = client.uaclient.session
        result = await session.create_subscription(parameters, self._notified)
        wanted = ua.CreateMonitoredItemsParameters()
        wanted.SubscriptionId = result.SubscriptionId
        wanted.ItemsToCreate = [self._item(number, index, queue) for number in numbers]
        return result, await session.create_monitored_items(wanted)

    def _item(self, number: int, index: int, queue: int) -> Any:
        item = ua.MonitoredItemCreateRequest()
        item.ItemToMonitor.NodeId = ua.NodeId(self.line.variables[number].identifier, index)
        item.ItemToMonitor.AttributeId = ua.AttributeIds.Value
        item.MonitoringMode = ua.MonitoringMode.Reporting
        item.RequestedParameters.ClientHandle = number
        item.RequestedParameters.SamplingInterval = 50
        item.RequestedParameters.QueueSize = queue
        item.RequestedParameters.DiscardOldest = True
        return item

    async def _notified(self, result: Any) -> None:
        for data in result.NotificationMessage.NotificationData or ():
            for item in data.MonitoredItems:
                self.got.append((item.ClientHandle, item.Value))

    def values(self, number: int) -> list[Any]:
        return [value.Value.Value for handle, value in self.got if handle == number]

    def statuses(self, number: int) -> list[int]:
        return [value.StatusCode.value for handle, value in self.got if handle == number]

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not done():
                await asyncio.sleep(0.02)


@pytest.fixture
async def plant(tmp_path: Path) -> AsyncIterator[Plant]:
    made = Plant(tmp_path, "none")
    await made.press.start()
    yield made
    await made.stop()


@pytest.fixture
async def client(plant: Plant) -> AsyncIterator[Client]:
    async with Client(plant.url) as connected:
        yield connected


async def test_every_value_arrives_with_its_time_and_is_in_the_log_first(
    plant: Plant, client: Client
) -> None:
    plant.line.tick(0.1)
    await plant.subscribe(client, [0, 1, 2])
    for _ in range(5):
        plant.line.tick(0.1)
    await plant.until(lambda: len(plant.values(2)) == 6)
    assert plant.values(0) == [encode(0, counter, "Double") for counter in range(1, 7)]
    assert plant.values(1) == [encode(1, counter, "Int64") for counter in range(1, 7)]
    assert plant.values(2) == [encode(2, counter, "String") for counter in range(1, 7)]
    said = [line["time"] for line in plant.truth_lines() if "runs" in line]
    arrived = [value.SourceTimestamp for handle, value in plant.got if handle == 1]
    assert [round(moment.timestamp() * 1e6) for moment in arrived] == [t // 1000 for t in said]


async def test_plain_points_are_logged_with_the_value_that_goes_out(
    plant: Plant, client: Client
) -> None:
    plant.line.tick(0.1)
    numbers = list(plant.line.variables)[6:]
    await plant.subscribe(client, numbers)
    for _ in range(10):
        plant.line.tick(0.5)
    said: dict[int, list[Any]] = {}
    for line in plant.truth_lines():
        for number, value in line.get("values", ()):
            said.setdefault(number, []).append(value)
    await plant.until(lambda: len(plant.got) == sum(map(len, said.values())))
    assert {number: plant.values(number) for number in numbers} == said
    assert min(said) == PLAIN_FIRST


async def test_the_overflow_bits_stand_on_the_oldest_value_left(
    plant: Plant, client: Client
) -> None:
    plant.line.tick(0.1)
    await plant.subscribe(client, [1], queue=4)
    await plant.until(lambda: len(plant.got) == 1)
    plant.got.clear()
    await plant.faults.order({"mode": "overflow", "burst": 10})
    await plant.until(lambda: len(plant.got) == 4)
    assert plant.values(1) == [encode(1, counter, "Int64") for counter in range(8, 12)]
    assert plant.statuses(1) == [OVERFLOW_BITS, 0, 0, 0]


async def test_queue_size_0_means_1(plant: Plant, client: Client) -> None:
    plant.line.tick(0.1)
    _, items = await plant.subscribe(client, [1], queue=0)
    assert items[0].RevisedQueueSize == 1
    await plant.until(lambda: len(plant.got) == 1)
    await plant.faults.order({"mode": "overflow", "burst": 10})
    await plant.until(lambda: len(plant.got) == 2)
    assert plant.statuses(1) == [0, 0], "a queue of one has no overflow bit"


async def test_republish_of_an_unknown_message_is_refused(plant: Plant, client: Client) -> None:
    result, _ = await plant.subscribe(client, [1])
    with pytest.raises(ua.uaerrors.BadMessageNotAvailable):
        await client.uaclient.session.republish(result.SubscriptionId, 999)
    with pytest.raises(ua.uaerrors.BadSubscriptionIdInvalid):
        await client.uaclient.session.republish(9999, 1)


async def test_a_skipped_message_can_be_republished_until_acknowledged(
    plant: Plant, client: Client
) -> None:
    plant.line.tick(0.1)
    result, _ = await plant.subscribe(client, [1])
    await plant.until(lambda: len(plant.got) == 1)
    plant.press.faults.skip_messages = 1
    plant.line.tick(0.1)
    await plant.until(lambda: plant.press.faults.skip_messages == 0)
    for _ in range(2):
        message = await client.uaclient.session.republish(result.SubscriptionId, 2)
        [item] = message.NotificationData[0].MonitoredItems
        assert item.Value.Value.Value == encode(1, 2, "Int64")


async def test_a_removed_node_says_so_once_and_may_come_back(plant: Plant, client: Client) -> None:
    plant.line.tick(0.1)
    await plant.subscribe(client, [1, 2])
    await plant.until(lambda: len(plant.got) == 2)
    await plant.faults.order({"mode": "remove", "signals": [1]})
    plant.line.tick(0.1)
    await plant.until(lambda: len(plant.got) == 4)
    assert plant.statuses(1) == [0, NODE_ID_UNKNOWN]
    assert plant.truth_lines()[-1]["runs"] == [[0, 0], [2, 5]]
    index = await client.get_namespace_index(NAMESPACE)
    with pytest.raises(ua.uaerrors.BadNodeIdUnknown):
        await client.get_node(ua.NodeId("Truth.0001", index)).read_value()
    await plant.faults.order({"mode": "add", "signals": [1]})
    plant.line.tick(0.1)
    value = await client.get_node(ua.NodeId("Truth.0001", index)).read_value()
    assert value == encode(1, 3, "Int64")


async def test_bad_quality_has_no_value_and_is_logged(plant: Plant, client: Client) -> None:
    plant.line.tick(0.1)
    await plant.subscribe(client, [1])
    await plant.until(lambda: len(plant.got) == 1)
    order = {"mode": "bad", "signals": [1], "for": 0.3, "status": 0x80890000}
    async with asyncio.TaskGroup() as group:
        group.create_task(plant.faults.order(order))
        await asyncio.sleep(0.1)
        plant.line.tick(0.1)
    await plant.until(lambda: len(plant.got) == 2)
    assert plant.values(1)[1] is None
    assert plant.statuses(1)[1] == 0x80890000
    assert plant.truth_lines()[-1]["status"] == 0x80890000


async def test_a_restart_moves_the_namespaces_and_the_counters_go_on(plant: Plant) -> None:
    plant.line.tick(0.1)
    async with Client(plant.url) as before:
        first = await before.get_namespace_index(NAMESPACE)
    await plant.faults.order({"mode": "restart", "down": 0, "shift": 3, "abrupt": True})
    async with Client(plant.url) as after:
        index = await after.get_namespace_index(NAMESPACE)
        assert index == first + 3
        node = after.get_node(ua.NodeId("Truth.0001", index))
        waiting: Any = await node.read_data_value(raise_on_bad_status=False)
        assert waiting.StatusCode.value == WAITING_FOR_INITIAL_DATA
        plant.line.tick(0.1)
        assert await node.read_value() == encode(1, 2, "Int64")


async def test_nodes_may_come_later_than_the_server(plant: Plant) -> None:
    async with asyncio.TaskGroup() as group:
        order = {"mode": "restart", "down": 0, "late": 1.0}
        group.create_task(plant.faults.order(order))
        await plant.until(lambda: plant.press.server is not None and plant.press.starts == 2)
        async with Client(plant.url) as client:
            index = await client.get_namespace_index(NAMESPACE)
            node = client.get_node(ua.NodeId("Truth.0001", index))
            with pytest.raises(ua.uaerrors.BadNodeIdUnknown):
                await node.read_value()
    plant.line.tick(0.1)
    async with Client(plant.url) as client:
        assert await client.get_node(ua.NodeId("Truth.0001", index)).read_value()


async def test_nobody_may_write_not_even_admin(plant: Plant) -> None:
    plant.line.tick(0.1)
    async with Client(plant.url) as client:
        index = await client.get_namespace_index(NAMESPACE)
        node = client.get_node(ua.NodeId("Truth.0001", index))
        with pytest.raises(ua.UaStatusCodeError):
            await node.write_value(1, ua.VariantType.Int64)
        with pytest.raises(ua.UaStatusCodeError):
            await client.nodes.objects.add_object(index, "Intruder")
    admin = Client(plant.url)
    admin.set_user("admin")
    admin.set_password("x")
    with pytest.raises(ua.uaerrors.BadUserAccessDenied):
        await admin.connect()


async def test_an_order_that_is_not_known_is_refused(plant: Plant) -> None:
    with pytest.raises(BadRequest, match="restart"):
        await plant.faults.order({"mode": "explode"})
    with pytest.raises(BadRequest, match="signals"):
        await plant.faults.order({"mode": "remove", "signals": [77]})


async def test_the_secured_endpoint_works_and_the_open_one_is_not_there(tmp_path: Path) -> None:
    made = Plant(tmp_path, "secure")
    await made.press.start()
    certificate, key = ensure_certificate(tmp_path / "mine", "client", "urn:test:client")
    try:
        with pytest.raises((ua.UaError, ConnectionError, TimeoutError)):
            async with Client(made.url, timeout=2):
                pass
        client = Client(made.url)
        client.application_uri = "urn:test:client"
        await client.set_security(SecurityPolicyBasic256Sha256, certificate, key)
        async with client:
            assert NAMESPACE in await client.get_namespace_array()
    finally:
        await made.stop()


def test_an_open_endpoint_stays_on_loopback(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse(["--host", "0.0.0.0"]).security == "secure"
    with pytest.raises(SystemExit):
        parse(["--host", "0.0.0.0", "--security", "none"])
    assert "127.0.0.1" in capsys.readouterr().err


def test_counters_go_on_after_the_simulator_itself_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    with TruthLog(path, "opcua", {0: "a"}) as log:
        log.write({"time": 1, "counter": 41, "runs": [[0, 0]]})
    with path.open("ab") as file:
        file.write(b'{"time": 2, "coun')
    with TruthLog(path, "opcua", {0: "a"}) as again:
        assert again.counter == 41
    whole = [line for line in path.read_bytes().splitlines() if line]
    assert json.loads(whole[-1])["log"] == 1


def test_the_same_seed_gives_the_same_machines() -> None:
    def course(seed: int) -> list[list[tuple[int, Any]]]:
        line = PressLine(signals=0, plain=True, seed=seed)
        server_less = [machine for machine, _ in line._machines]
        return [[(0, value) for _, value in m.step(0.5)] for _ in range(20) for m in server_less]

    assert course(7) == course(7)
    assert course(7) != course(8)


async def test_claimed_times_go_out_and_true_ones_into_the_log(tmp_path: Path) -> None:
    groups = [Group(0, 0, "ahead"), Group(1, 1, "frozen"), Group(2, 2, "none"), Group(3, 3, "1601")]
    made = Plant(tmp_path, "none", groups=groups)
    await made.press.start()
    async with Client(made.url) as connected:
        made.line.tick(0.1)
        await made.subscribe(connected, [0, 1, 2, 3, 4])
        made.line.tick(0.1)
        await made.until(lambda: all(len(made.values(number)) == 2 for number in range(5)))
    await made.stop()
    lines = {line["runs"][0][0]: line for line in made.truth_lines() if "runs" in line}
    hours = {number: (line["claimed"] - line["time"]) / 3.6e12 for number, line in lines.items()
             if line.get("claimed") is not None}  # fmt: skip
    assert hours[0] == 5
    assert lines[2]["claimed"] is None
    assert "claimed" not in lines[4]
    said = {number: [value.SourceTimestamp for handle, value in made.got if handle == number]
            for number in range(5)}  # fmt: skip
    assert len(set(said[1])) == 1
    never = datetime(1601, 1, 1, tzinfo=UTC)
    assert said[2] == [never, never], "0 on the wire, which is no time"
    assert all(never < moment < never + timedelta(minutes=1) for moment in said[3])


async def test_a_server_may_have_a_clock_of_its_own(tmp_path: Path) -> None:
    made = Plant(tmp_path, "none", server_clock="2105")
    await made.press.start()
    async with Client(made.url) as connected:
        node = connected.get_node(ua.ObjectIds.Server_ServerStatus_CurrentTime)
        assert (await node.read_value()).year == 2105
        await made.subscribe(connected, [0])
        made.line.tick(0.1)
        await made.until(lambda: len(made.values(0)) == 2)
    await made.stop()
    value = made.got[-1][1]
    assert value.ServerTimestamp.year == 2105
    assert value.SourceTimestamp.year < 2105


async def test_a_server_that_forgets_keeps_its_values_and_no_session(
    plant: Plant, client: Client
) -> None:
    plant.line.tick(0.1)
    await plant.subscribe(client, [0])
    await plant.faults.order({"mode": "forget"})
    assert not plant.press.server.iserver.subscription_service.subscriptions
    async with Client(plant.url) as again:
        plant.got.clear()
        await plant.subscribe(again, [0])
        await plant.until(lambda: plant.values(0) == [encode(0, 1, "Double")])
