"""How long to wait before the next try."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_S = 0.5
FACTOR = 2.0
CAP_S = 30.0


class Backoff:
    """Delays that grow by a factor up to a cap, each drawn evenly between 0 and its limit.

    Full jitter: after a platform's outage a hundred gateways do not all come back in one second.

    Args:
        first_s: limit of the first delay, in seconds.
        factor: by which the limit grows with each delay.
        cap_s: where it stops growing.
        draw: gives numbers evenly spread over [0, 1).
    """

    def __init__(
        self,
        first_s: float = FIRST_S,
        factor: float = FACTOR,
        cap_s: float = CAP_S,
        draw: Callable[[], float] = random.random,
    ) -> None:
        assert first_s > 0, "a first limit of nothing never grows"
        assert factor >= 1
        self._first_s = first_s
        self._factor = factor
        self._cap_s = cap_s
        self._draw = draw
        self._limit_s = min(first_s, cap_s)

    def next_delay(self) -> float:
        """Give the seconds to wait now, and widen the next."""
        delay_s = self._draw() * self._limit_s
        self._limit_s = min(self._limit_s * self._factor, self._cap_s)
        return delay_s

    def reset(self) -> None:
        """Begin again at the first delay, after a run that was good."""
        self._limit_s = min(self._first_s, self._cap_s)
