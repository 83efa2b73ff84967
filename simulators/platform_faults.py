"""What goes wrong at the platform, and for how long."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

MODES = frozenset(
    {
        "ok",
        "down",
        "500",
        "timeout",
        "drop-reply",
        "partial",
        "garbage",
        "slow",
        "429",
        "401",
        "redirect",
        "forget",
    }
)
UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
FOREVER_S = 1e9


def seconds(text: str) -> float:
    """Read `20s`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text)
    if match is None:
        raise ValueError(f"not a time: {text}")
    return float(match[1]) * UNITS_S[match[2]]


@dataclass(slots=True)
class Fault:
    """One mode, until its time is over or it was met `left` times, after `spared` requests."""

    mode: str
    until: float
    left: float
    spared: int
    detail: dict[str, Any]


@dataclass(slots=True)
class RefuseRule:
    """Records of this device or with this offset are refused, or make the request a 400."""

    device: str | None
    offset: int | None
    reason: str
    poison: bool

    def meets(self, record: dict[str, Any], device: str | None) -> bool:
        if self.device is not None and self.device != device:
            return False
        return self.offset is None or self.offset == record.get("offset")


@dataclass(slots=True)
class Faults:
    """The present fault, and the standing rules of refusal."""

    _fault: Fault | None = None
    rules: list[RefuseRule] = field(default_factory=list)

    def set(self, wish: dict[str, Any]) -> None:
        """Take a wish as `POST /fault` describes it; ValueError says what is wrong with it."""
        refuse = wish.get("refuse")
        if refuse is not None:
            self.rules = [_rule(entry) for entry in refuse]
        mode = str(wish.get("mode", "ok" if refuse is None else ""))
        if mode == "":
            return
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(sorted(MODES))}")
        span_s = seconds(wish["for"]) if "for" in wish else FOREVER_S
        left = float(wish.get("count", FOREVER_S))
        spared = int(wish.get("after", 0))
        self._fault = Fault(mode, time.monotonic() + span_s, left, spared, wish)
        if mode in {"ok", "forget"}:
            self._fault = None

    def meet(self) -> Fault | None:
        """Give the fault that the next request runs into, and count it."""
        fault = self._fault
        if fault is None:
            return None
        if time.monotonic() >= fault.until or fault.left <= 0:
            self._fault = None
            return None
        if fault.spared > 0:
            fault.spared -= 1
            return None
        fault.left -= 1
        return fault


def _rule(entry: dict[str, Any]) -> RefuseRule:
    if entry.get("device") is None and entry.get("offset") is None:
        raise ValueError("refuse needs a device or an offset")
    reason = str(entry.get("reason", "refused-by-rule"))
    return RefuseRule(entry.get("device"), entry.get("offset"), reason, bool(entry.get("poison")))
