"""One item that makes a whole call fail costs only itself, and never a call for every item."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from adapters.opcua.library import UaStatusCodeError, ua
from adapters.opcua.slices import LONE_MAX, in_slices


def refusal(code: int) -> UaStatusCodeError:
    made: UaStatusCodeError = UaStatusCodeError(code)  # type: ignore[no-untyped-call]
    return made


class Server:
    """Fails a call that holds a poisonous item, or too many items."""

    def __init__(self, poison: Sequence[int] = (), most: int = 10_000) -> None:
        self.poison, self.most = set(poison), most
        self.calls: list[int] = []
        self.done: list[int] = []
        self.refused: list[tuple[int, str]] = []

    async def work(self, part: Sequence[int]) -> None:
        self.calls.append(len(part))
        if len(part) > self.most:
            raise refusal(ua.StatusCodes.BadTooManyOperations)
        if self.poison & set(part):
            raise refusal(ua.StatusCodes.BadInternalError)
        self.done += part

    async def run(self, count: int, size: int) -> None:
        await in_slices(
            range(count), size, self.work, lambda *refused: self.refused.append(refused)
        )


async def test_a_poisonous_item_is_refused_alone_and_its_neighbours_are_done() -> None:
    server = Server(poison=[437])
    await server.run(1000, 500)
    assert server.done == [item for item in range(1000) if item != 437]
    assert [item for item, _ in server.refused] == [437]
    assert server.refused[0][1].startswith("BadInternalError")
    assert len(server.calls) < 40


async def test_calls_stay_small_where_the_server_bears_no_more() -> None:
    server = Server(most=100)
    await server.run(1000, 500)
    assert server.done == list(range(1000))
    assert server.calls[0] == 500
    assert max(server.calls[3:]) == 62


async def test_a_server_that_refuses_everything_is_at_fault_itself() -> None:
    server = Server(poison=range(1000))
    with pytest.raises(UaStatusCodeError):
        await server.run(1000, 500)
    assert len(server.refused) == LONE_MAX


async def test_a_lost_session_is_not_searched_for_a_bad_item() -> None:
    calls = 0

    async def work(_part: Sequence[int]) -> None:
        nonlocal calls
        calls += 1
        raise refusal(ua.StatusCodes.BadSessionIdInvalid)

    with pytest.raises(UaStatusCodeError):
        await in_slices(range(100), 50, work, lambda *_: None)
    assert calls == 1
