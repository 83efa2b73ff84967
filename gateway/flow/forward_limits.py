"""How much a forwarder takes at once, how fast, and when it sends live data before a backlog."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ForwardLimits:
    """Bounds of one destination's forwarder.

    Attributes:
        records: most records in one write.
        bytes: most bytes, as stored in the spool, in one write; a value takes about 4 to 10.
        interval_s: live writes begin at least this far apart while one write takes all there is,
            so that values gather into few big writes.
        behind_s: when one write cannot take all that waits and its oldest record is older than
            this, live data goes first and the rest beside it.
        backlog_rate: samples a second of the backlog; an hour at 2,000/s takes six minutes.
        first_s, factor, cap_s: back-off after a failed write, see `Backoff`; at 1.5 the next try
            comes within about half of the time that the outage has lasted.
        hold_s: pause between tries while a person must act.
        retry_after_max_s: most of a destination's own wish to be left alone that is granted.
    """

    records: int = 1_000
    bytes: int = 512 * 1024
    interval_s: float = 0.5
    behind_s: float = 10.0
    backlog_rate: float = 20_000.0
    first_s: float = 0.5
    factor: float = 1.5
    cap_s: float = 30.0
    hold_s: float = 30.0
    retry_after_max_s: float = 300.0
