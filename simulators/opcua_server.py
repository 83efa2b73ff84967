"""asyncua's server with the behaviour of a real one where the library's would hide or make faults.

- A missing sequence number is refused with BadMessageNotAvailable; the library answers it with an
  empty message. A republished message stays available until it is acknowledged.
- Queue size 0 means 1 (OPC UA Part 4, 5.13.1.5); the library takes the largest. An overflow sets
  the overflow bits on the oldest value that is left (5.13.1.5, 7.39.1).
- A session without a subscription gets BadNoSubscription even when others have some; a transferred
  subscription takes its publish requests from its new owner.
- Notifications are encoded from prepared bytes: thousands of values a second cost little.
- The server's time is the time of reading, by a clock of its own that may be any (clocks.py).
- Nobody is an administrator, so nothing can be written or added from outside.

asyncua is changed by subclassing only.
"""

from __future__ import annotations

import asyncio
import dataclasses
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.address_space import AttributeValue, NodeData
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession
from asyncua.server.internal_subscription import InternalSubscription
from asyncua.server.monitored_item_service import MonitoredItemService
from asyncua.server.subscription_service import SubscriptionService
from asyncua.server.user_managers import UserManager
from asyncua.ua.ua_binary import variant_to_binary

from simulators.clocks import Reading, clock
from simulators.opcua_library import Server, ua
from simulators.opcua_values import EPOCH, Sample, ticks_of

OVERFLOW_BITS = 0x0480
"""InfoType DataValue and Overflow. Source: OPC UA Part 4, 7.39.1."""
DATA_CHANGE_ENCODING = ua.NodeId(ua.ObjectIds.DataChangeNotification_Encoding_DefaultBinary)
ITEMS_PER_CALL_MAX = 1000
UNACKNOWLEDGED_MAX = 500
QUEUE_MAX = 10_000
CURRENT_TIME = ua.NodeId(ua.ObjectIds.Server_ServerStatus_CurrentTime)
_NO_DIAGNOSTICS = struct.pack("<i", -1)


@dataclass(slots=True)
class ServerFaults:
    """What the server does wrong at present."""

    publish_delay_s: float = 0.0
    skip_messages: int = 0
    """So many notifications are numbered but never sent."""
    forget_messages: bool = False
    """Notifications cannot be republished."""
    coarse_clock: bool = False
    """The server's time moves once a second, and answers carry the time of the last write."""
    clock: Reading = clock("right", 0)
    """What the server says that the time is."""

    def now(self) -> datetime:
        """Give the server's time."""
        said = self.clock(time.time_ns()) or 0
        return EPOCH + timedelta(microseconds=said // 1000)


class SimItems(MonitoredItemService):
    """Queues plain tuples; what passes the filter is decided on encoded bytes."""

    def __init__(self, isub: SimSubscription, aspace: Any) -> None:
        super().__init__(isub, aspace)
        self._last: dict[int, Sample] = {}

    async def datachange_callback(self, handle: int, value: Any, error: Any = None) -> None:
        """Take a value that the library wrote, such as the server's own status."""
        if error is None:
            self.push(handle, sample_of(value))

    def push(self, handle: int, sample: Sample) -> None:
        """Queue a value for the item with this callback handle."""
        number = self._monitored_datachange[handle]
        item = self._monitored_items[number]
        if item.mode == ua.MonitoringMode.Disabled:
            return
        last = self._last.get(number)
        if last is not None and not _passes(item.filter, last, sample):
            return
        self._last[number] = sample
        waiting: dict[int, list[Any]] = self.isub._triggered_datachanges  # noqa: SLF001 - the library has no accessor
        queue = waiting.setdefault(number, [])
        queue.append((item.client_handle, sample, 0))
        if len(queue) > item.queue_size:
            del queue[0]
            if item.queue_size > 1:
                client, oldest, _ = queue[0]
                queue[0] = (client, oldest, OVERFLOW_BITS)

    def _revise_queue_size(self, requested: int) -> int:
        return max(1, min(int(requested), self.isub.max_queue_size))

    def _make_monitored_item_common(self, params: Any) -> tuple[Any, Any]:
        result, data = super()._make_monitored_item_common(params)
        wanted = params.RequestedParameters.SamplingInterval
        if wanted >= 0:
            result.RevisedSamplingInterval = wanted
        return result, data


def _passes(rule: Any, last: Sample, now: Sample) -> bool:
    trigger = rule.Trigger if rule else ua.DataChangeTrigger.StatusValue
    if last.status != now.status:
        return True
    if trigger == ua.DataChangeTrigger.Status:
        return False
    if trigger == ua.DataChangeTrigger.StatusValueTimestamp and last.source != now.source:
        return True
    if last.variant == now.variant:
        return False
    if rule and rule.DeadbandType == ua.DeadbandType.Absolute:
        numbers = isinstance(last.value, int | float) and isinstance(now.value, int | float)
        return not numbers or bool(abs(now.value - last.value) > rule.DeadbandValue)
    return True


def sample_of(value: Any) -> Sample:
    """Give a library value in the queue's form."""
    source = value.SourceTimestamp
    server = value.ServerTimestamp or source
    return Sample(
        variant_to_binary(value.Value),
        value.StatusCode.value if value.StatusCode else 0,
        ticks_of(source),
        ticks_of(server),
        value.Value.Value if value.Value else None,
    )


class SimSubscription(InternalSubscription):
    """Encodes its queue in one go and can misbehave on order."""

    def __init__(self, *args: Any, faults: ServerFaults, **options: Any) -> None:
        super().__init__(*args, **options)
        self.monitored_item_srv = SimItems(self, self.monitored_item_srv.aspace)
        self._faults = faults

    async def publish_results(self, requestdata: Any = None) -> bool:
        if self._faults.publish_delay_s:
            await asyncio.sleep(self._faults.publish_delay_s)
        return bool(await super().publish_results(requestdata))

    def _pop_publish_result(self) -> Any:
        while self._faults.skip_messages > 0 and self._triggered_datachanges:
            self._faults.skip_messages -= 1
            super()._pop_publish_result()
        result = super()._pop_publish_result()
        result.NotificationMessage.PublishTime = self._faults.now()
        if self._faults.forget_messages:
            self._not_acknowledged_results.clear()
            result.AvailableSequenceNumbers = []
        return result

    def _pop_triggered_datachanges(self, result: Any) -> None:
        if not self._triggered_datachanges:
            return
        queues: Any = self._triggered_datachanges.values()
        parts = [
            struct.pack("<I", client) + sample.encoded(extra)
            for queue in queues
            for client, sample, extra in queue
        ]
        self._triggered_datachanges = {}
        body = struct.pack("<i", len(parts)) + b"".join(parts) + _NO_DIAGNOSTICS
        result.NotificationMessage.NotificationData.append(
            ua.ExtensionObject(TypeId=DATA_CHANGE_ENCODING, Body=body)
        )

    def acknowledge(self, number: int) -> int:
        """Forget a message; gives the status code."""
        known = self._not_acknowledged_results.pop(number, None)
        return 0 if known else int(ua.StatusCodes.BadSequenceNumberUnknown)

    def republish(self, nb: int) -> Any:
        result = self._not_acknowledged_results.get(nb)
        if result is None:
            raise ServiceError(ua.StatusCodes.BadMessageNotAvailable)
        return result.NotificationMessage


class SimSubscriptions(SubscriptionService):
    """Makes SimSubscriptions and answers acknowledgements, Republish and Transfer as specified."""

    def __init__(self, aspace: Any, iserver: Any, faults: ServerFaults) -> None:
        super().__init__(aspace, iserver)
        self.faults = faults

    async def create_subscription(
        self,
        params: Any,
        callback: Callable[..., Any],
        session_id: Any,
        request_callback: Callable[..., Any] | None = None,
    ) -> Any:
        self._sub_id_counter += 1
        result = ua.CreateSubscriptionResult()
        result.SubscriptionId = number = self._sub_id_counter
        result.RevisedPublishingInterval = params.RequestedPublishingInterval
        result.RevisedLifetimeCount = self._clamp_lifetime_count(params.RequestedLifetimeCount)
        result.RevisedMaxKeepAliveCount = self._clamp_keep_alive_count(
            params.RequestedMaxKeepAliveCount
        )
        subscription = SimSubscription(
            result,
            self.aspace,
            callback,
            session_id,
            request_callback=request_callback,
            delete_callback=lambda: self.subscriptions.pop(number, None),
            no_acks_limit=UNACKNOWLEDGED_MAX,
            max_queue_size=QUEUE_MAX,
            publishing_enabled=params.PublishingEnabled,
            faults=self.faults,
        )
        await subscription.start()
        self.subscriptions[number] = subscription
        return result

    async def create_monitored_items(self, params: Any) -> Any:
        if len(params.ItemsToCreate) > ITEMS_PER_CALL_MAX:
            raise ServiceError(ua.StatusCodes.BadTooManyOperations)
        return await super().create_monitored_items(params)

    def publish(self, acks: Iterable[Any]) -> tuple[int, list[Any]]:
        results = []
        for ack in acks:
            owner: Any = self.subscriptions.get(ack.SubscriptionId)
            code = int(ua.StatusCodes.BadSubscriptionIdInvalid)
            if owner is not None:
                code = owner.acknowledge(ack.SequenceNumber)
            results.append(ua.StatusCode(code))
        return len(self.subscriptions), results

    def republish(self, params: Any) -> Any:
        owner = self.subscriptions.get(params.SubscriptionId)
        if owner is None:
            raise ServiceError(ua.StatusCodes.BadSubscriptionIdInvalid)
        return owner.republish(params.RetransmitSequenceNumber)

    async def transfer_subscriptions(
        self, params: Any, session_id: Any, callback: Callable[..., Any]
    ) -> Any:
        results = await super().transfer_subscriptions(params, session_id, callback)
        processor = getattr(callback, "__self__", None)
        for number in params.SubscriptionIds:
            moved = self.subscriptions.get(int(number))
            if moved is not None and processor is not None:
                moved.pub_request_callback = processor.get_publish_request
        return results


class SimSession(InternalSession):
    """Counts its own subscriptions, not everybody's; tells the time to the moment it is asked.

    The library writes CurrentTime once a second and answers with the time of writing.
    """

    async def read(self, params: Any) -> list[Any]:
        results = await super().read(params)
        faults = getattr(self.iserver, "faults", ServerFaults())
        if faults.coarse_clock:
            return results
        now = faults.now()
        return [_stamped(w, r, now) for w, r in zip(params.NodesToRead, results, strict=True)]

    def publish(self, acks: Iterable[Any] | None = None) -> tuple[int, list[Any]]:
        subscriptions = self.subscription_service.subscriptions.values()
        own = sum(sub.session_id == self.session_id for sub in subscriptions)
        if not own:
            raise ServiceError(ua.StatusCodes.BadNoSubscription)
        return own, self.subscription_service.publish(acks or [])[1]


def _stamped(wanted: Any, result: Any, now: datetime) -> Any:
    if wanted.AttributeId != ua.AttributeIds.Value:
        return result
    if wanted.NodeId == CURRENT_TIME:
        return ua.DataValue(ua.Variant(now), SourceTimestamp=now, ServerTimestamp=now)
    return dataclasses.replace(result, ServerTimestamp=now)


class NoAdministrators(UserManager):
    """Everyone may read; a name and a password, where given, must be the configured ones."""

    def __init__(self, user: str | None = None, password: str | None = None) -> None:
        self._wanted = (user, password)

    def get_user(
        self,
        iserver: Any,  # noqa: ARG002 - the interface has it
        username: str | None = None,
        password: str | None = None,
        certificate: Any = None,  # noqa: ARG002 - the interface has it
    ) -> User | None:
        needed = self._wanted[0] is not None
        if (needed or username is not None) and (username, password) != self._wanted:
            return None
        return User(role=UserRole.User)


_STANDARD_NODES: dict[Any, NodeData] = {}


def _copied(nodes: Mapping[Any, NodeData]) -> dict[Any, NodeData]:
    """Copy nodes as deep as they change: values, callbacks and the list of references."""
    copies = {}
    for name, node in nodes.items():
        copies[name] = copy = NodeData(node.nodeid)
        copy.attributes = {
            key: AttributeValue(one.value)
            for key, one in node.attributes.items()
            if one.value is not None
        }
        copy.references = list(node.references)
        copy.call = node.call
    return copies


class SimInternalServer(InternalServer):
    """The library's inner server with the services above."""

    def __init__(self, faults: ServerFaults, users: NoAdministrators) -> None:
        super().__init__(user_manager=users)
        self.faults = faults
        self.allow_remote_admin = False
        self.max_connections = 50
        self.max_subscriptions = 100
        self.subscription_service = SimSubscriptions(self.aspace, self, faults)
        self.isession.subscription_service = self.subscription_service

    async def load_standard_address_space(self, shelffile: Any = None) -> None:
        """Copy the standard nodes; making them takes the library a second, which is done once."""
        if not _STANDARD_NODES:
            await super().load_standard_address_space(shelffile)
            _STANDARD_NODES.update(_copied(self.aspace._nodes))  # noqa: SLF001 - the library has no accessor
        else:
            self.aspace._nodes = _copied(_STANDARD_NODES)  # noqa: SLF001 - the library has no accessor

    def create_session(
        self, name: str, user: User | None = None, external: bool = False
    ) -> InternalSession:
        who = user or User(role=UserRole.Anonymous)
        return SimSession(
            self, self.aspace, self.subscription_service, name, user=who, external=external
        )


async def make_server(faults: ServerFaults, users: NoAdministrators, uri: str) -> Any:
    """Give a server with the standard address space and our namespace limits; not started yet."""
    server = Server(iserver=SimInternalServer(faults, users))
    await server.init()
    await server.set_application_uri(uri)
    server.set_server_name("Press line simulator")
    limit = server.get_node(
        ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall
    )
    await limit.write_value(ua.Variant(ITEMS_PER_CALL_MAX, ua.VariantType.UInt32))
    return server


async def stop_cleanly(server: Any) -> None:
    """Close every connection; the server's own clock is not waited for."""
    ticking, server.iserver.time_task = server.iserver.time_task, None
    if ticking is not None:
        ticking.cancel()
    await server.stop()


async def forget_sessions(server: Any) -> None:
    """Reset every connection, and know neither sessions nor subscriptions any more."""
    for transport in list(server.iserver.asyncio_transports):
        transport.abort()
    subscriptions = server.iserver.subscription_service.subscriptions
    for subscription in list(subscriptions.values()):
        await subscription.stop()
    subscriptions.clear()
    server.iserver._external_sessions.clear()  # noqa: SLF001 - the library has no accessor


async def stop_abruptly(server: Any) -> None:
    """Do what a power cut looks like from outside: every connection is reset, nobody says why."""
    await forget_sessions(server)
    await stop_cleanly(server)
