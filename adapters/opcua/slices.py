"""Calls over many items, in portions that the server bears; one bad item costs only itself (I8).

A service that fails as a whole is tried again with fewer items, down to the one that is at fault.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from adapters.opcua.errors import status_name
from adapters.opcua.library import UaStatusCodeError, ua

LONE_MAX = 20
"""With more items refused alone in one call, it is the server that is at fault, not an item."""
_SMALLER = frozenset(
    {
        ua.StatusCodes.BadTooManyOperations,
        ua.StatusCodes.BadEncodingLimitsExceeded,
        ua.StatusCodes.BadRequestTooLarge,
        ua.StatusCodes.BadResponseTooLarge,
    }
)
_OF_THE_CONNECTION = frozenset(
    {
        ua.StatusCodes.BadCommunicationError,
        ua.StatusCodes.BadConnectionClosed,
        ua.StatusCodes.BadNoSubscription,
        ua.StatusCodes.BadRequestTimeout,
        ua.StatusCodes.BadSecureChannelClosed,
        ua.StatusCodes.BadSecureChannelIdInvalid,
        ua.StatusCodes.BadServerHalted,
        ua.StatusCodes.BadSessionClosed,
        ua.StatusCodes.BadSessionIdInvalid,
        ua.StatusCodes.BadSessionNotActivated,
        ua.StatusCodes.BadShutdown,
        ua.StatusCodes.BadSubscriptionIdInvalid,
        ua.StatusCodes.BadTimeout,
    }
)
"""Smaller calls would fail alike."""
Thing = TypeVar("Thing")


async def in_slices(
    things: Sequence[Thing],
    size: int,
    work: Callable[[Sequence[Thing]], Awaitable[None]],
    refuse: Callable[[Thing, str], None],
) -> None:
    """Give `work` at most `size` things at a time; `refuse` hears of one that fails alone, and why.

    Raises the library's errors when the connection, the subscription or the server is at fault.
    """
    done, lone, most = 0, 0, size
    while done < len(things):
        part = things[done : done + size]
        try:
            await work(part)
        except UaStatusCodeError as error:
            if error.code in _OF_THE_CONNECTION:
                raise
            if len(part) > 1:
                size = len(part) // 2
                most = size if error.code in _SMALLER else most
                continue
            lone += 1
            if lone > LONE_MAX:
                raise
            refuse(part[0], status_name(error.code))
        done += len(part)
        size = min(size * 2, most)
