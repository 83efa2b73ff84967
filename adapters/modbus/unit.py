"""One unit on a line: asks it for blocks, and keeps its answers in step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapters.modbus.frames import ExceptionAnswer, Request, read_request
from adapters.modbus.outstanding import Outstanding
from adapters.modbus.planner import FUNCTIONS, Block
from adapters.modbus.reasons import OUT_OF_STEP, SILENT, reason_of
from adapters.modbus.registers import BIT_TABLES
from adapters.modbus.wire import ModbusWire
from gateway.core.clock import Clock
from gateway.core.errors import SourceUnavailable
from gateway.core.polling import Seat, UnitSilent
from gateway.core.types import UnixNs

BITS_IN_A_BYTE = 8


@dataclass(frozen=True, slots=True)
class Reply:
    """What a unit said to one request: its data, or the exception `code`; `at` is the middle."""

    data: bytes
    at: UnixNs
    code: int | None = None


class Unit:
    """Asks one unit; see `outstanding.py` for what it takes care of."""

    def __init__(
        self, seat: Seat[ModbusWire], number: int, outstanding: Outstanding, clock: Clock
    ) -> None:
        self._seat = seat
        self._number = number
        self._outstanding = outstanding
        self._clock = clock

    async def ask(self, request: Request, known: Sequence[Block]) -> Reply:
        """Ask for one thing.

        Args:
            known: blocks that the unit has; parts of them are asked for as proof.

        Raises:
            SourceUnavailable, UnitSilent: see `Seat.ask`.
        """
        if self._outstanding.blocks(request, self._clock.monotonic()):
            proof = self._outstanding.proof(parts_of(known))
            if proof is None:
                raise SourceUnavailable(OUT_OF_STEP)
            await self._seat.ask(lambda wire: self._exchange(wire, proof))
        return await self._seat.ask(lambda wire: self._checked(wire, request))

    async def _checked(self, wire: ModbusWire, request: Request) -> Reply:
        """Ask, unless something of equal shape came between: another device of the same unit."""
        if not wire.numbered and self._outstanding.blocks(request, self._clock.monotonic()):
            raise SourceUnavailable(OUT_OF_STEP)
        return await self._exchange(wire, request)

    async def _exchange(self, wire: ModbusWire, request: Request) -> Reply:
        if wire.numbered:
            return await self._timed(wire, request)
        fresh = self._outstanding.sending(request, self._clock.monotonic())
        reply = await self._timed(wire, request)
        if reply.code is None:
            self._outstanding.answered(fresh=fresh)
        elif not self._outstanding.refused(request, fresh=fresh):
            raise SourceUnavailable(OUT_OF_STEP, reason_of(reply.code))
        return reply

    async def _timed(self, wire: ModbusWire, request: Request) -> Reply:
        began = self._clock.monotonic()
        data, code = b"", None
        try:
            data = await wire.exchange(self._number, request)
        except ExceptionAnswer as answer:
            code = answer.code
            if code in SILENT:
                raise UnitSilent(reason_of(code), f"unit {self._number}") from answer
        half_ns = round((self._clock.monotonic() - began) * 1e9 / 2)
        return Reply(data, UnixNs(self._clock.now() - half_ns), code)


def parts_of(blocks: Sequence[Block]) -> Iterator[Request]:
    """Give requests for what a unit has, each of another shape than those before it."""
    seen: set[bytes] = set()
    for block in blocks:
        function = FUNCTIONS[block.table]
        step = BITS_IN_A_BYTE if block.table in BIT_TABLES else 1
        counts = [*range(1, block.count + 1, step), block.count]
        for count in counts:
            request = read_request(function, block.address, count)
            if request.shape not in seen:
                seen.add(request.shape)
                yield request
