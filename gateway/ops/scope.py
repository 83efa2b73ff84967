"""What one running gateway counts and remembers of its log, apart from any other in the process.

A gateway enters a scope of its own before it starts anything; tasks inherit it, threads are handed
it. Who enters none (a command, a test of one part) shares that of the process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry

REPEAT_SILENCE_S = 10.0
REPEAT_KEYS_MAX = 1_000
"""Repeats are remembered for this many (event, source) pairs; older ones are forgotten first."""


class Repeats:
    """Lets one line of a kind through every `REPEAT_SILENCE_S`, with the count of those held."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def held_before(self, key: tuple[str, str]) -> int | None:
        """Tell how many were held back before this one; None: it is held back, too."""
        now = time.monotonic()
        last, held = self._seen.get(key, (-REPEAT_SILENCE_S, 0))
        if now - last < REPEAT_SILENCE_S:
            self._seen[key] = (last, held + 1)
            return None
        self._seen.pop(key, None)
        if len(self._seen) >= REPEAT_KEYS_MAX:
            self._seen.pop(next(iter(self._seen)))
        self._seen[key] = (now, 0)
        return held


@dataclass(eq=False, slots=True)
class Scope:
    """The metrics and the held-back log lines of one gateway.

    `metrics` holds each declared metric with its values here (`gateway/ops/metrics.py`).
    """

    registry: CollectorRegistry = field(
        default_factory=lambda: CollectorRegistry(auto_describe=True)
    )
    metrics: dict[object, Any] = field(default_factory=dict)
    repeats: Repeats = field(default_factory=Repeats)


_SCOPE: ContextVar[Scope] = ContextVar("gateway", default=Scope())  # noqa: B039 - meant to be shared


def scope() -> Scope:
    """Look up the scope of who calls."""
    return _SCOPE.get()


@contextmanager
def own_scope() -> Iterator[Scope]:
    """Run a block, and every task that it starts, in a new scope."""
    made = Scope()
    before = _SCOPE.set(made)
    try:
        yield made
    finally:
        _SCOPE.reset(before)


def adopter() -> Callable[[], None]:
    """Make what a new thread calls first, so that it counts where its maker does."""
    mine = scope()

    def adopt() -> None:
        _SCOPE.set(mine)

    return adopt
