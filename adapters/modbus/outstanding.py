"""What a unit still owes: requests whose answers never came, and may come yet.

Constraints. RTU has no transaction number. An answer that comes after its time-out, on the same
connection or on the next one (a serial server hands on whatever the line says), looks like the
answer to any request of equal function and length: the value of another register, plausible and
wrong, and from then on every answer is one out of step. Waiting longer only makes that rarer.

What holds without a clock: a unit answers its requests in their order. So

- a request may be sent only if no other one of equal shape is owed; an answer of its shape is then
  its own, or that of an earlier equal request, which speaks of the same registers;
- an answer to a request that was not owed before is the newest: nothing older can come any more;
- where one of equal shape is owed, a request of a shape that is not owed goes first, as the proof
  (`proof`): part of a block that the unit has in its plan. Whatever comes before its answer does
  not match it, and costs the connection and one more try.

An exception has no shape beyond its function code. Where another request of that code is owed it
proves nothing: it costs the connection, and a proof goes first.

Where no shape is left (one-register units with many blocks), or a unit refuses every proof, what
is owed is forgotten after `LATE_MAX_S`; until then nothing of that shape is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from weakref import WeakValueDictionary

from adapters.modbus.frames import FAILED, Request

LATE_MAX_S = 60.0
"""No answer is expected to come later than that."""


class Outstanding:
    """What one unit owes; several devices may be the same unit, and share this."""

    def __init__(self) -> None:
        self._owed: dict[bytes, tuple[Request, float]] = {}
        """By PDU, with when it was last sent. Bounded: by what a plan can ask for, and by time."""
        self._unproven = False

    def sending(self, request: Request, now: float) -> bool:
        """Note a request that goes out; True where it was not owed before."""
        fresh = request.pdu not in self._owed
        self._owed[request.pdu] = (request, now)
        return fresh

    def answered(self, *, fresh: bool) -> None:
        """Note an answer of the right shape."""
        if fresh:
            self._owed.clear()
            self._unproven = False

    def refused(self, request: Request, *, fresh: bool) -> bool:
        """Note an exception; False where it may be the answer to another request."""
        function = request.function | FAILED
        others = (each for each, _ in self._owed.values() if each.pdu != request.pdu)
        if any(each.function | FAILED == function for each in others):
            self._unproven = True
            return False
        self.answered(fresh=fresh)
        return True

    def blocks(self, request: Request, now: float) -> bool:
        """Tell whether a proof has to go before a request."""
        self._forget(now)
        if self._unproven and self._owed:
            return True
        return any(
            each.shape == request.shape and each.pdu != request.pdu
            for each, _ in self._owed.values()
        )

    def proof(self, candidates: Iterable[Request]) -> Request | None:
        """Pick a request whose answer cannot be that of what is owed; None where there is none."""
        shapes = {each.shape for each, _ in self._owed.values()}
        return next((each for each in candidates if each.shape not in shapes), None)

    def _forget(self, now: float) -> None:
        late = [pdu for pdu, (_, sent) in self._owed.items() if now - sent > LATE_MAX_S]
        for pdu in late:
            del self._owed[pdu]


class Units:
    """What the units of one gateway owe, by line and number; lives as its devices' memories do."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[tuple[str, int], Outstanding] = WeakValueDictionary()

    def of(self, line: str, unit: int) -> Outstanding:
        """Give what a unit owes."""
        found = self._known.get((line, unit))
        if found is None:
            found = self._known[line, unit] = Outstanding()
        return found
