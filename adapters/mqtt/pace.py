"""How long reading rests after a read, so that single messages become bursts.

A rest must not become the speed of a broker that has only so many messages under way by its own
setting: it shows the same count again and again. Then reading goes on without rests for a moment,
and stays so as long as that brings clearly more messages.
"""

from __future__ import annotations

SAME_COUNTS = 2
COUNT_MIN = 8
TRIAL_S = 0.2
NEXT_TRIAL_S = 10.0
FASTER = 1.3


class Pace:
    """The pace of one connection; times in seconds of a clock that never jumps."""

    def __init__(self, rest_s: float) -> None:
        self._rest_s = rest_s
        self._last = self._began = 0.0
        self._count = self._unsettled = self._same = 0
        self._rate = 0.0
        self._trial_ends: float | None = None
        self._no_trial_before = 0.0

    def rest_s(self, now: float, messages: int, unsettled: int) -> float:
        """Give the rest after a read of so many messages; `unsettled` wait for the disk now."""
        spent, self._last = now - self._last, now
        self._count += messages
        if self._trial_ends is not None:
            return self._trial(now)
        self._same = self._same + 1 if unsettled == self._unsettled >= COUNT_MIN else 0
        self._unsettled = unsettled
        if self._same < SAME_COUNTS or now < self._no_trial_before:
            return self._rest_s
        self._rate = messages / max(spent, self._rest_s)
        self._begin(now)
        return 0.0

    def _begin(self, now: float) -> None:
        self._began, self._trial_ends, self._count = now, now + TRIAL_S, 0

    def _trial(self, now: float) -> float:
        assert self._trial_ends is not None
        if now < self._trial_ends:
            return 0.0
        if self._count / (now - self._began) > FASTER * self._rate:
            self._begin(now)
            return 0.0
        self._trial_ends, self._same = None, 0
        self._no_trial_before = now + NEXT_TRIAL_S
        return self._rest_s
