"""How often an intake looks, and what it does where looking failed."""

from __future__ import annotations

from gateway.core.errors import GatewayError, SourceRejected
from gateway.ops.events import usage_intakes as events

RETRY_MAX_S = 300.0


class Pace:
    """The pause until the next look: the configured one, longer after each failure in a row."""

    def __init__(self, intake: str, every_s: float) -> None:
        self._intake = intake
        self._every_s = every_s
        self._failures = 0
        self.trouble = ""
        """What the last look failed of; empty when it worked. For people."""

    def good(self) -> float:
        """Give the seconds to wait after a look that worked."""
        if self._failures:
            events.intake_recovered(self._intake)
        self._failures = 0
        self.trouble = ""
        return self._every_s

    def failed(self, error: GatewayError) -> float:
        """Report a failure and give the seconds to wait: doubling, five minutes at most."""
        self._failures = min(self._failures + 1, 20)
        self.trouble = str(error)
        delay_s = max(self._every_s, min(self._every_s * 2.0**self._failures, RETRY_MAX_S))
        if isinstance(error, SourceRejected):
            events.intake_needs_person(self._intake, error.reason, error.detail)
        else:
            events.intake_lost(self._intake, error.reason, error.detail, delay_s)
        return delay_s
