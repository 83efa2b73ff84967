"""Monitored items: what is wanted, what the server has, and each one's own retry.

The list of what is wanted lives here, not in the library: an item that the server refuses is tried
again for as long as the connection lives, and its neighbours never notice (I8).

Source: OPC UA Part 4 §5.13 (MonitoredItem services).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.opcua.address import AddressError, browse_path, is_path, node_id
from adapters.opcua.config import OpcUaItem, OpcUaSource
from adapters.opcua.library import ua
from adapters.opcua.link import Link
from adapters.opcua.router import HANDLES
from adapters.opcua.slices import in_slices
from gateway.core.clock import Clock
from gateway.ops.events import opcua as events
from gateway.ops.health import DeviceHealth

RETRY_FIRST_S, RETRY_MAX_S = 1.0, 30.0
QUEUE_MAX = 10_000
"""No server is asked to keep more than this for one item."""
HISTORY_READ = 0x04
"""Bit of AccessLevel. Source: OPC UA Part 3 §8.57."""
_Slice = Sequence["ItemState"]


@dataclass(slots=True, eq=False)
class ItemState:
    """One wanted item. `monitored` is the server's number once it exists."""

    item: OpcUaItem
    handle: int
    name: str
    node: Any = None
    data_type: str = ""
    history: bool = False
    monitored: int | None = None
    reason: str = ""
    tries: int = 0
    next_try: float = 0.0
    wanted: bool = True

    @property
    def key(self) -> tuple[str, float, int | None]:
        return self.item.address, self.item.sampling_s, self.item.queue


class Items:
    """The items of one connection; all changes go through one task."""

    def __init__(self, link: Link, source: OpcUaSource, health: DeviceHealth, clock: Clock) -> None:
        self._link = link
        self._source = source
        self._health = health
        self._clock = clock
        self.subscription = 0
        self.states: list[ItemState] = _new_states(source.items, source)
        self._removed: list[int] = []

    def handles(self) -> Iterable[tuple[int, int]]:
        """Give client handle and signal index of every wanted item."""
        return ((state.handle, state.item.index) for state in self.states)

    def elements(self) -> Iterable[tuple[int, int]]:
        """Give signal index and array element of every wanted item that names one."""
        for state in self.states:
            if state.item.element is not None:
                yield state.item.index, state.item.element

    def adopt(self, states: list[ItemState]) -> None:
        """Go on with the items of a session that was taken up again."""
        self.states = states

    def by_handle(self, handle: int) -> ItemState | None:
        """Give the wanted item of a client handle."""
        return next((state for state in self.states if state.handle == handle), None)

    def replace(self, source: OpcUaSource) -> None:
        """Want other items from now on; those that stay keep their place at the server."""
        kept: dict[Any, list[ItemState]] = {}
        for state in self.states:
            kept.setdefault(state.key, []).append(state)
        fresh: list[OpcUaItem] = []
        states: list[ItemState] = []
        for item in source.items:
            same = kept.get((item.address, item.sampling_s, item.queue))
            if same:
                state = same.pop(0)
                self._rename(state, item, source)
                states.append(state)
            else:
                fresh.append(item)
        for gone in (state for rest in kept.values() for state in rest):
            self._health.signal_good(gone.name, self._clock.now())
            gone.wanted = False
            if gone.monitored is not None:
                self._removed.append(gone.monitored)
        self._source = source
        self.states = states + _new_states(fresh, source)

    def _rename(self, state: ItemState, item: OpcUaItem, source: OpcUaSource) -> None:
        name = source.plan.signals[item.index].name
        if name != state.name and state.reason:
            self._health.signal_good(state.name, self._clock.now())
            self._health.signal_bad(name, state.reason, self._clock.now())
        state.item, state.name = item, name

    def renew(self, state: ItemState, reason: str) -> None:
        """Make an item again whose node went away; its old place at the server is given up."""
        if state.monitored is None:
            return
        self._removed.append(state.monitored)
        state.monitored, state.node = None, None
        self._refused(state, reason)

    async def update(self) -> list[ItemState]:
        """Bring the server to what is wanted; give the items that exist since this call.

        Raises the library's errors when the connection or the subscription is at fault.
        """
        await self._delete()
        now = self._clock.monotonic()
        due = [s for s in self.states if s.monitored is None and s.next_try <= now]
        if not due:
            return []
        resolved = await self._resolve(due)
        await self._read_types(resolved)
        made: list[ItemState] = []
        resolved.sort(key=lambda state: state.data_type)
        await in_slices(
            resolved, self._link.limits.items, lambda part: self._create(part, made), self._refused
        )
        return made

    async def resolve_all(self) -> list[ItemState]:
        """Give the items whose address is a node, without subscribing to anything."""
        return await self._resolve(self.states)

    def next_due(self) -> float | None:
        """Give the monotonic time of the next retry, None when every item is active."""
        return min((s.next_try for s in self.states if s.monitored is None), default=None)

    def active(self) -> int:
        return sum(state.monitored is not None for state in self.states)

    async def _delete(self) -> None:
        """Give items back; one that the server cannot delete is left, its samples have no place."""
        removed, self._removed = self._removed, []
        await in_slices(removed, self._link.limits.items, self._delete_part, lambda *_: None)

    async def _delete_part(self, part: Sequence[int]) -> None:
        parameters = ua.DeleteMonitoredItemsParameters(
            SubscriptionId=self.subscription, MonitoredItemIds=list(part)
        )
        await self._link.client.uaclient.delete_monitored_items(parameters)

    async def _resolve(self, due: _Slice) -> list[ItemState]:
        """Give those whose address is a node now; the others are noted as refused."""
        paths: list[tuple[ItemState, Any]] = []
        for state in due:
            try:
                if is_path(state.item.address):
                    paths.append((state, browse_path(state.item.address, self._link.namespaces)))
                else:
                    state.node = node_id(state.item.address, self._link.namespaces)
            except AddressError as error:
                state.node = None
                self._refused(state, error.status)
        await in_slices(paths, self._link.limits.translate, self._translate, self._unresolved)
        return [state for state in due if state.node is not None]

    async def _translate(self, part: Sequence[tuple[ItemState, Any]]) -> None:
        client = self._link.client.uaclient
        results = await client.translate_browsepaths_to_nodeids([path for _, path in part])
        for (state, _), result in zip(part, results, strict=True):
            targets = [
                target.TargetId
                for target in result.Targets or ()
                if target.RemainingPathIndex == 0xFFFFFFFF
            ]
            if result.StatusCode.is_good() and targets:
                found = targets[0]
                state.node = ua.NodeId(found.Identifier, found.NamespaceIndex, found.NodeIdType)
            else:
                state.node = None
                bad = not result.StatusCode.is_good()
                self._refused(state, result.StatusCode.name if bad else "BadNoMatch")

    def _unresolved(self, path: tuple[ItemState, Any], reason: str) -> None:
        path[0].node = None
        self._refused(path[0], reason)

    async def _read_types(self, states: _Slice) -> None:
        size = max(self._link.limits.read // 3, 1)
        await in_slices(states, size, self._read_part, self._unread)

    async def _read_part(self, part: _Slice) -> None:
        wanted = (
            ua.AttributeIds.DataType,
            ua.AttributeIds.Historizing,
            ua.AttributeIds.UserAccessLevel,
        )
        parameters = ua.ReadParameters(
            NodesToRead=[
                ua.ReadValueId(NodeId=state.node, AttributeId=attribute)
                for state in part
                for attribute in wanted
            ]
        )
        answers = await self._link.client.uaclient.read(parameters)
        for place, state in enumerate(part):
            data_type, historizing, access = (
                _value(answer) for answer in answers[3 * place : 3 * place + 3]
            )
            state.data_type = data_type.to_string() if data_type is not None else "~"
            state.history = bool(historizing) and bool(int(access or 0) & HISTORY_READ)

    def _unread(self, state: ItemState, _reason: str) -> None:
        """Let the item be made all the same: its type only decides its place among the others."""
        state.data_type, state.history = "~", False

    async def _create(self, part: _Slice, made: list[ItemState]) -> None:
        parameters = ua.CreateMonitoredItemsParameters(
            SubscriptionId=self.subscription,
            TimestampsToReturn=ua.TimestampsToReturn.Both,
            ItemsToCreate=[self._request(state) for state in part],
        )
        results = await self._link.client.uaclient.create_monitored_items(parameters)
        for state, result in zip(part, results, strict=True):
            if result.StatusCode.is_good():
                state.monitored = int(result.MonitoredItemId)
                self._accepted(state)
                made.append(state)
                if not state.wanted:  # a reload came while the server was asked
                    self._removed.append(state.monitored)
            elif state.wanted:
                self._refused(state, result.StatusCode.name)

    def _request(self, state: ItemState) -> Any:
        return ua.MonitoredItemCreateRequest(
            ItemToMonitor=ua.ReadValueId(NodeId=state.node, AttributeId=ua.AttributeIds.Value),
            MonitoringMode=ua.MonitoringMode.Reporting,
            RequestedParameters=ua.MonitoringParameters(
                ClientHandle=state.handle,
                SamplingInterval=state.item.sampling_s * 1000.0,
                QueueSize=queue_size(state.item, self._source),
                DiscardOldest=True,
            ),
        )

    def _accepted(self, state: ItemState) -> None:
        if state.reason:
            self._health.signal_good(state.name, self._clock.now())
            events.item_accepted(self._source.device, state.name)
        state.reason, state.tries = "", 0

    def _refused(self, state: ItemState, reason: str) -> None:
        if reason != state.reason:
            events.item_refused(self._source.device, state.name, reason)
        state.reason = reason
        self._health.signal_bad(state.name, reason, self._clock.now())
        wait = min(RETRY_FIRST_S * 2**state.tries, RETRY_MAX_S)
        state.tries = min(state.tries + 1, 10)
        state.next_try = self._clock.monotonic() + wait


def queue_size(item: OpcUaItem, source: OpcUaSource) -> int:
    """Give how many samples the server shall keep, so that a stall costs none of them."""
    if item.queue is not None:
        return item.queue
    if item.sampling_s <= 0:
        return QUEUE_MAX
    return min(max(math.ceil(source.stall_tolerance_s / item.sampling_s), 1), QUEUE_MAX)


def _new_states(items: Sequence[OpcUaItem], source: OpcUaSource) -> list[ItemState]:
    first = HANDLES.take(len(items))
    return [
        ItemState(item, first + place, source.plan.signals[item.index].name)
        for place, item in enumerate(items)
    ]


def _value(answer: Any) -> Any:
    if answer.StatusCode is not None and not answer.StatusCode.is_good():
        return None
    return answer.Value.Value if answer.Value is not None else None
