"""Closes gaps from the server's own history, where it keeps one.

Source: OPC UA Part 4 §5.11.3 (HistoryRead), Part 11 §6.5.3 (ReadRawModified).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.opcua.decode import ItemReader
from adapters.opcua.items import ItemState
from adapters.opcua.library import Buffer, UaError, struct_from_binary, struct_to_binary, ua
from adapters.opcua.link import Link
from adapters.opcua.router import Router
from adapters.opcua.structures import TypeBook
from gateway.core.records import Batch
from gateway.core.types import UnixNs

VALUES_MAX = 1_000
"""Values of one node in one page."""
PAGES_MAX = 200
"""Pages for one set of nodes; what lies beyond stays a gap."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_NS, _LAST_NS = -(1 << 63), (1 << 63) - 1


@dataclass(slots=True)
class Filled:
    """What history gave: batches in order, and the signals whose span is complete."""

    batches: list[Batch]
    signals: set[int]
    samples: int = 0


async def fill(
    link: Link,
    router: Router,
    book: TypeBook,
    states: Sequence[ItemState],
    start: UnixNs,
    end: UnixNs,
    received: UnixNs,
    limit_s: float,
) -> Filled:
    """Read [start, end] of items that keep history, for at most `limit_s` seconds.

    `start` and `end` are times of the source's clock: what a server files its values by.

    Never fails: what cannot be read is simply not among the complete signals.
    """
    filled = Filled([], set())
    size = link.limits.history
    try:
        async with asyncio.timeout(limit_s):
            for place in range(0, len(states), size):
                part = states[place : place + size]
                await _fill_part(link, router, book, part, start, end, received, filled)
    except (UaError, TimeoutError):
        pass  # the rest stays a gap, which says so
    return filled


async def _fill_part(
    link: Link,
    router: Router,
    book: TypeBook,
    states: Sequence[ItemState],
    start: UnixNs,
    end: UnixNs,
    received: UnixNs,
    filled: Filled,
) -> None:
    waiting: list[tuple[ItemState, bytes | None]] = [(state, None) for state in states]
    for _ in range(PAGES_MAX):
        if not waiting:
            return
        answers = await _read_page(link, waiting, start, end)
        again: list[tuple[ItemState, bytes | None]] = []
        for (state, _), answer in zip(waiting, answers, strict=True):
            if not answer.StatusCode.is_good():
                continue
            values = _values(answer.HistoryData)
            _add(filled, router, book, state, values, received)
            if answer.ContinuationPoint:
                again.append((state, answer.ContinuationPoint))
            else:
                filled.signals.add(state.item.index)
        waiting = again


async def _read_page(
    link: Link,
    waiting: Sequence[tuple[ItemState, bytes | None]],
    start: UnixNs,
    end: UnixNs,
) -> list[Any]:
    details = ua.ReadRawModifiedDetails(
        IsReadModified=False,
        StartTime=_datetime(start),
        EndTime=_datetime(end),
        NumValuesPerNode=VALUES_MAX,
        ReturnBounds=False,
    )
    parameters = ua.HistoryReadParameters(
        HistoryReadDetails=details,
        TimestampsToReturn=ua.TimestampsToReturn.Both,
        ReleaseContinuationPoints=False,
        NodesToRead=[
            ua.HistoryReadValueId(NodeId=state.node, ContinuationPoint=point)
            for state, point in waiting
        ],
    )
    return list(await link.client.uaclient.history_read(parameters))


def _values(data: Any) -> list[Any]:
    if isinstance(data, ua.ExtensionObject):
        if not data.Body:
            return []
        data = struct_from_binary(ua.HistoryData, Buffer(data.Body))
    return list(getattr(data, "DataValues", None) or ())


def _add(
    filled: Filled,
    router: Router,
    book: TypeBook,
    state: ItemState,
    values: Sequence[Any],
    received: UnixNs,
) -> None:
    """Send values through the same decoder as live ones, so that types and times come out alike."""
    if not values:
        return
    head = state.handle.to_bytes(4, "little")
    body = b"".join(head + struct_to_binary(value) for value in values)
    kinds, _ = ItemReader(body, book.reader).read(0, len(values))
    filled.batches.extend(router.batches(kinds, received))
    filled.samples += len(values)


def _datetime(time: UnixNs) -> datetime:
    """Give a time for the wire; one that the wire cannot hold becomes the first or last it can."""
    bounded = min(max(time, _FIRST_NS), _LAST_NS)
    return _EPOCH + timedelta(microseconds=bounded // 1000)
