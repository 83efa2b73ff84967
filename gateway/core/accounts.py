"""The conservation law of a device in numbers, kept by two who have nothing in common."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class DeviceAccount:
    """What a device brought since the spool was opened, in samples; an unreadable message is one.

    The intake counts what adapters hand over (`received`), what it leaves out as configured
    (`dropped`), what a lost connection took back before it was durable, never acknowledged
    (`returned`), and what waits for the disk now. The spool counts what it committed: samples,
    `rejected` messages, and `late` what of it had been taken back in that very moment.
    """

    received: int = 0
    dropped: int = 0
    returned: int = 0
    waiting: int = 0
    spooled: int = 0
    rejected: int = 0
    late: int = 0

    def balanced(self) -> bool:
        """Tell whether received = spooled + rejected + dropped + returned + waiting."""
        stored = self.spooled + self.rejected - self.late
        return self.received == stored + self.dropped + self.returned + self.waiting
