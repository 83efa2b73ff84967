"""Proves every item of a source against the real server, for `gateway check --live`.

Everything is asked in portions that shrink where the server refuses their size, as while running,
and a subscription is made for a moment: only then does a server say what it grants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.opcua.browse import nearest, seen
from adapters.opcua.config import OpcUaSource
from adapters.opcua.errors import edge
from adapters.opcua.granted import subscribe
from adapters.opcua.handles import Handles
from adapters.opcua.items import Items, ItemState
from adapters.opcua.library import ua
from adapters.opcua.link import Link, close, connect
from adapters.opcua.slices import in_slices
from gateway.core.clock import Clock, SystemClock
from gateway.core.errors import SourceError
from gateway.core.probing import LiveProblem, LiveResult
from gateway.ops.health import DeviceHealth


@dataclass(frozen=True, slots=True)
class ProbeFinding:
    """What was found for one item, or for the whole device where `index` is None.

    `status` is `good`, an OPC UA status name, or a reason word; `nearest` are addresses that exist
    and look like the one asked for.
    """

    index: int | None
    address: str
    status: str
    detail: str = ""
    value_type: str = ""
    nearest: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return self.status == "good"


async def probe(source: OpcUaSource, clock: Clock | None = None) -> list[ProbeFinding]:
    """Connect, read every item once, and say of each whether it can be collected.

    Returns one finding for each item, in the order of the source; or a single one with `index`
    None when the server cannot be used at all. Cancel: closes the connection within 5 s.
    """
    clock = clock or SystemClock()
    try:
        link = await connect(source, clock)
    except SourceError as error:
        return [ProbeFinding(None, source.url, error.reason, error.detail)]
    try:
        with edge("reading the items", strange=True):
            return await _probe_items(link, source, clock)
    except SourceError as error:
        return [ProbeFinding(None, source.url, error.reason, error.detail)]
    finally:
        await close(link)


async def look(source: OpcUaSource, clock: Clock) -> LiveResult:
    """Say what `probe` found in the words of `gateway check --live`; never raises for a server.

    Cancel: closes the connection within 5 s.
    """
    result = LiveResult()
    for finding in await probe(source, clock):
        if finding.index is None:
            result.failure = LiveProblem(finding.status, finding.detail)
            continue
        name = source.plan.signals[finding.index].name
        if finding.good:
            result.good[name] = finding.value_type
        else:
            result.tag_bad(name, finding.status, finding.detail, finding.nearest)
    return result


async def _probe_items(link: Link, source: OpcUaSource, clock: Clock) -> list[ProbeFinding]:
    health = DeviceHealth(source.device, len(source.items))
    items = Items(link, source, health, clock, Handles())
    known = await items.resolve_all()
    found: dict[int, ProbeFinding] = {}

    async def read(part: Sequence[ItemState]) -> None:
        answers = await link.client.uaclient.read_attributes(
            [state.node for state in part], ua.AttributeIds.Value
        )
        for state, answer in zip(part, answers, strict=True):
            found[state.handle] = _finding(state, answer)

    def refuse(state: ItemState, status: str) -> None:
        found[state.handle] = ProbeFinding(state.item.index, state.item.address, status)

    await in_slices(known, link.limits.read, read, refuse)
    unknown = [state for state in items.states if _is_unknown(found.get(state.handle))]
    if len(unknown) < len(items.states):
        await _try_subscription(link, source, items)
    offered = await seen(link) if unknown else ()
    near = {state.handle: nearest(offered, state.item.address) for state in unknown}
    return [
        _with_nearest(_told(state, found.get(state.handle)), near.get(state.handle, ()))
        for state in items.states
    ]


async def _try_subscription(link: Link, source: OpcUaSource, items: Items) -> None:
    """Make the items for a moment; what is wrong with them is noted at them. Nothing is sent.

    The subscription ends with the session.
    """
    made = await subscribe(link.client, source)
    items.subscription, items.publishing_s = made.number, made.publishing_s
    await items.update()


def _told(state: ItemState, read: ProbeFinding | None) -> ProbeFinding:
    """Give what reading an item said, or else what subscribing to it did."""
    if read is not None and not read.good:
        return read
    trouble = state.trouble()
    if trouble is not None or read is None:
        reason, detail = trouble or ("BadNodeIdUnknown", "")
        return ProbeFinding(state.item.index, state.item.address, reason, detail)
    return read


def _is_unknown(finding: ProbeFinding | None) -> bool:
    return finding is None or finding.status in ("BadNodeIdUnknown", "BadNodeIdInvalid")


def _with_nearest(finding: ProbeFinding, nearest: Sequence[str]) -> ProbeFinding:
    if not nearest:
        return finding
    return ProbeFinding(
        finding.index, finding.address, finding.status, finding.detail, "", tuple(nearest)
    )


def _finding(state: ItemState, answer: Any) -> ProbeFinding:
    status = answer.StatusCode
    good = status is None or not status.value & 0x80000000
    value = answer.Value
    kind = ""
    if value is not None and value.VariantType is not None:
        kind = str(value.VariantType.name) + ("[]" if value.is_array else "")
    return ProbeFinding(
        state.item.index,
        state.item.address,
        "good" if good else str(status.name),
        "" if good and (status is None or status.is_good()) else str(status.name),
        kind,
    )
