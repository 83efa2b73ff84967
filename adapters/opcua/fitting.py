"""Notifications that are larger than the server may send or we may take, and who makes them so.

A value of some megabytes (a recipe, a picture) can make every notification fail that holds it, and
with it all neighbours. Whoever does not fit alone is left out; where nobody is at fault alone, the
next subscription asks for fewer samples in a message.

Source: OPC UA Part 4 §7.39.2 (Bad_ResponseTooLarge, Bad_EncodingLimitsExceeded), Part 6 §6.7.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapters.opcua.errors import status_name
from adapters.opcua.granted import NOTIFICATIONS_MAX
from adapters.opcua.items import Items, ItemState
from adapters.opcua.library import ua
from adapters.opcua.link import Link
from adapters.opcua.slices import in_slices
from adapters.opcua.timeline import Memory

TOO_LARGE = "notification-too-large"
VALUE_TOO_LARGE = "value-too-large"
FEWER = 10
_CODES = frozenset(
    {
        ua.StatusCodes.BadResponseTooLarge,
        ua.StatusCodes.BadEncodingLimitsExceeded,
        ua.StatusCodes.BadTcpMessageTooLarge,
    }
)
_NAMES = frozenset(status_name(code) for code in _CODES)


def is_too_large(code: int) -> bool:
    """Say whether a status means that an answer did not fit."""
    return code & 0xFFFF0000 in _CODES


async def find_unfit(link: Link, states: Sequence[ItemState]) -> list[ItemState]:
    """Read the values of items whose node is known; give those that fit into no answer.

    Raises the library's errors when the connection or the server is at fault.
    """
    unfit: list[ItemState] = []

    async def look(part: Sequence[ItemState]) -> None:
        wanted = [
            ua.ReadValueId(NodeId=state.node, AttributeId=ua.AttributeIds.Value) for state in part
        ]
        answers = await link.client.uaclient.read(ua.ReadParameters(NodesToRead=wanted))
        unfit.extend(
            state
            for state, answer in zip(part, answers, strict=True)
            if answer.StatusCode is not None and is_too_large(answer.StatusCode.value)
        )

    def refused(state: ItemState, reason: str) -> None:
        if reason in _NAMES:
            unfit.append(state)

    await in_slices(states, link.limits.read, look, refused)
    return unfit


async def find_fault(link: Link, items: Items, memory: Memory) -> None:
    """Remember for the next subscription what does not fit, or that less has to be asked for.

    Raises the library's errors.
    """
    found = await find_unfit(link, _in_use(await items.resolve_all()))
    memory.unfit.update(state.item.address for state in found)
    if not found:
        ask_for_fewer(memory)


def ask_for_fewer(memory: Memory) -> None:
    """Let the next subscription have fewer samples in a message."""
    most = memory.notifications_max or NOTIFICATIONS_MAX
    memory.notifications_max = max(most // FEWER, 1)


async def leave_out(link: Link, items: Items, memory: Memory) -> list[ItemState]:
    """Leave out what did not fit, where it still does not; give those items.

    Raises the library's errors.
    """
    if not memory.unfit:
        return []
    known = _in_use(await items.resolve_all())
    doubted = [state for state in known if state.item.address in memory.unfit]
    unfit = await find_unfit(link, doubted)
    memory.unfit = {state.item.address for state in unfit}
    for state in unfit:
        items.leave_out(state, VALUE_TOO_LARGE)
    return unfit


def _in_use(states: Iterable[ItemState]) -> list[ItemState]:
    return [state for state in states if state.left_out is None]
