"""What a device's `time:` says of its source times; free of arrays, so that `check` starts fast."""

from __future__ import annotations

from dataclasses import dataclass

AHEAD_S = 3600.0
"""How far a source's clock may run ahead of ours before its times are doubted."""


@dataclass(frozen=True, slots=True)
class TimePolicy:
    """Are a device's source times taken, and how far ahead may they be."""

    trust: bool = True
    """False: samples get the time of receipt; the source's time is kept as the server time."""
    ahead_s: float = AHEAD_S
