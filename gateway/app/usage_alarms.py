"""Alarms of the usage room, as `status` shows them."""

from __future__ import annotations

from gateway.core.types import UnixNs
from gateway.ops.events import usage as events
from gateway.ops.health import Alarm, Health
from gateway.usage.rules.explain import explain


class HealthAlarms:
    """Keeps alarms in the gateway's health; one of `gateway.usage.ports.Alarms`."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def raise_(self, code: str, delivery: str, at: UnixNs, **facts: str | float) -> None:
        """Show an alarm; one that is shown already keeps its time."""
        known = self._health.alarms.get((code, delivery))
        since = known.since if known is not None else at
        self._health.alarms[code, delivery] = Alarm(code, delivery, since, _texts(code), facts)
        if known is None:
            events.alarm_raised(code, delivery, facts)

    def clear(self, code: str, delivery: str) -> None:
        """Take an alarm back; nothing when it is not shown."""
        if self._health.alarms.pop((code, delivery), None) is not None:
            events.alarm_cleared(code, delivery)


def _texts(code: str) -> dict[str, tuple[str, str]]:
    found = explain(code)
    if found is None:
        return {"ko": (code, ""), "en": (code, "")}
    return {language: (words.what, words.fix) for language, words in found.words.items()}
