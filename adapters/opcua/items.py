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

from adapters.opcua import events
from adapters.opcua.address import AddressError, browse_path, is_path, node_id
from adapters.opcua.config import OpcUaItem, OpcUaSource
from adapters.opcua.errors import status_name
from adapters.opcua.granted import GRANTED_LESS, Rate, lost_by
from adapters.opcua.handles import Handles
from adapters.opcua.library import ua
from adapters.opcua.link import Link
from adapters.opcua.qualities import Qualities
from adapters.opcua.slices import in_slices
from gateway.core.clock import Clock
from gateway.ops.health import DeviceHealth

RETRY_FIRST_S, RETRY_MAX_S = 1.0, 30.0
QUEUE_MAX = 10_000
"""No server is asked to keep more than this for one item."""
HISTORY_READ = 0x04
"""Bit of AccessLevel. Source: OPC UA Part 3 §8.57."""
_Slice = Sequence["ItemState"]


@dataclass(slots=True, eq=False)
class ItemState:
    """One wanted item. `monitored` is the server's number once it exists.

    What may be wrong with it, the first of them is shown: `reason` why the server has not got it,
    `left_out` (reason, detail) why it is not collected although it could be, `quality` the bad
    status of its newest value, `lacking` what was asked and granted where values are lost by it.
    """

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
    left_out: tuple[str, str] | None = None
    code: int = 0
    quality: str = ""
    lacking: str = ""

    def trouble(self) -> tuple[str, str] | None:
        """Give the reason that is shown, and its detail."""
        if self.reason:
            return self.reason, ""
        if self.left_out is not None:
            return self.left_out
        if self.quality:
            return self.quality, ""
        return (GRANTED_LESS, self.lacking) if self.lacking else None

    @property
    def key(self) -> tuple[str, float, int | None]:
        return self.item.address, self.item.sampling_s, self.item.queue


class Items:
    """The items of one connection; all changes go through one task.

    `source` says what is wanted now, `handles` which handles the gateway has given out, `shown`
    what the connections before this one said of signals, by their name.
    """

    def __init__(
        self,
        link: Link,
        source: OpcUaSource,
        health: DeviceHealth,
        clock: Clock,
        handles: Handles,
        shown: dict[str, str] | None = None,
    ) -> None:
        self._link = link
        self._handles = handles
        self.source = source
        self._health = health
        self._clock = clock
        self.subscription = 0
        self.publishing_s = source.publishing_s
        """The interval that the server granted."""
        self.states: list[ItemState] = _new_states(source.items, source, handles)
        self.qualities = Qualities(source.plan, self._note_quality)
        self._places = {state.item.index: state for state in self.states}
        self._shown = {} if shown is None else shown
        self._removed: list[int] = []
        for name in self._shown.keys() - {state.name for state in self.states}:
            self._hide(name)

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
        for state in states:
            self._show(state)

    def by_handle(self, handle: int) -> ItemState | None:
        """Give the wanted item of a client handle."""
        return next((state for state in self.states if state.handle == handle), None)

    def replace(self, source: OpcUaSource) -> None:
        """Want other items from now on; those that stay keep their place at the server."""
        by_key: dict[Any, list[ItemState]] = {}
        for state in self.states:
            by_key.setdefault(state.key, []).append(state)
        fresh: list[OpcUaItem] = []
        states: list[ItemState] = []
        names: list[tuple[ItemState, OpcUaItem]] = []
        for item in source.items:
            same = by_key.get((item.address, item.sampling_s, item.queue))
            if same:
                state = same.pop(0)
                names.append((state, item))
                states.append(state)
            else:
                fresh.append(item)
        for gone in (state for rest in by_key.values() for state in rest):
            self._hide(gone.name)
            gone.wanted = False
            if gone.monitored is not None:
                self._removed.append(gone.monitored)
        self.source = source
        self._rename(names)
        self.states = states + _new_states(fresh, source, self._handles)
        self._renew_qualities(states)

    def _rename(self, names: Sequence[tuple[ItemState, OpcUaItem]]) -> None:
        """Let kept items be known by their new names; two of them may have changed places."""
        for state, item in names:
            if state.name != self.source.plan.signals[item.index].name:
                self._hide(state.name)
        for state, item in names:
            state.item, state.name = item, self.source.plan.signals[item.index].name
            self._show(state)

    def _renew_qualities(self, staying: _Slice) -> None:
        """Follow the new plan, whose signals have other places."""
        self._places = {state.item.index: state for state in self.states}
        self.qualities = Qualities(self.source.plan, self._note_quality)
        self.qualities.take({state.item.index: state.code for state in staying if state.code})

    def leave_out(self, state: ItemState, reason: str, detail: str = "") -> None:
        """Collect an item no more, and show why, for as long as its session lives.

        Its place at the server is given up with the next `update`; its neighbours go on.
        """
        if state.left_out is not None:
            return
        state.left_out = reason, detail
        if state.monitored is not None:
            self._removed.append(state.monitored)
            state.monitored = None
        events.item_refused(self.source.device, state.name, reason)
        self._show(state)

    def _note_quality(self, signal: int, code: int) -> None:
        state = self._places.get(signal)
        if state is not None:
            state.code = code
            state.quality = status_name(code) if code else ""
            self._show(state)

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
        due = [s for s in self._missing() if s.next_try <= now]
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
        return min((state.next_try for state in self._missing()), default=None)

    def _missing(self) -> Iterable[ItemState]:
        return (s for s in self.states if s.monitored is None and s.left_out is None)

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
                given = Rate(result.RevisedSamplingInterval / 1000, int(result.RevisedQueueSize))
                self._accepted(state, given)
                made.append(state)
                if not state.wanted:  # a reload came while the server was asked
                    self._removed.append(state.monitored)
                elif state.left_out is not None:
                    self._removed.append(state.monitored)
                    state.monitored = None
            elif state.wanted:
                self._refused(state, result.StatusCode.name)

    def _request(self, state: ItemState) -> Any:
        return ua.MonitoredItemCreateRequest(
            ItemToMonitor=ua.ReadValueId(NodeId=state.node, AttributeId=ua.AttributeIds.Value),
            MonitoringMode=ua.MonitoringMode.Reporting,
            RequestedParameters=ua.MonitoringParameters(
                ClientHandle=state.handle,
                SamplingInterval=state.item.sampling_s * 1000.0,
                QueueSize=queue_size(state.item, self.source),
                DiscardOldest=True,
            ),
        )

    def _accepted(self, state: ItemState, given: Rate) -> None:
        if state.reason:
            events.item_accepted(self.source.device, state.name)
        state.reason, state.tries = "", 0
        asked = Rate(state.item.sampling_s, queue_size(state.item, self.source))
        lacking = lost_by(asked, given, self.publishing_s)
        if lacking and lacking != state.lacking:
            events.item_granted_less(self.source.device, state.name, lacking)
        state.lacking = lacking
        self._show(state)

    def _refused(self, state: ItemState, reason: str) -> None:
        if reason != state.reason:
            events.item_refused(self.source.device, state.name, reason)
        state.reason = reason
        self._show(state)
        wait = min(RETRY_FIRST_S * 2**state.tries, RETRY_MAX_S)
        state.tries = min(state.tries + 1, 10)
        state.next_try = self._clock.monotonic() + wait

    def _show(self, state: ItemState) -> None:
        """Let health say what is wrong with an item, or that nothing is any more."""
        trouble = state.trouble()
        if trouble is None:
            self._hide(state.name)
            return
        self._shown[state.name] = trouble[0]
        self._health.signal_bad(state.name, trouble[0], self._clock.now(), trouble[1])

    def _hide(self, name: str) -> None:
        """Take back what was said here; what others say of the signal stays."""
        reason = self._shown.pop(name, None)
        if reason is not None:
            self._health.signal_good(name, self._clock.now(), reason)


def queue_size(item: OpcUaItem, source: OpcUaSource) -> int:
    """Give how many samples the server shall keep, so that a stall costs none of them."""
    if item.queue is not None:
        return item.queue
    if item.sampling_s <= 0:
        return QUEUE_MAX
    return min(max(math.ceil(source.stall_tolerance_s / item.sampling_s), 1), QUEUE_MAX)


def _new_states(
    items: Sequence[OpcUaItem], source: OpcUaSource, handles: Handles
) -> list[ItemState]:
    first = handles.take(len(items))
    return [
        ItemState(item, first + place, source.plan.signals[item.index].name)
        for place, item in enumerate(items)
    ]


def _value(answer: Any) -> Any:
    if answer.StatusCode is not None and not answer.StatusCode.is_good():
        return None
    return answer.Value.Value if answer.Value is not None else None
