"""What the receiver knows about itself, for `status` and alarms."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.core.types import UnixNs

ORIGINS_MAX = 20


@dataclass(slots=True)
class ReceiverHealth:
    """Counts since the start; one event loop, no locks. Nothing here names a user.

    `codes` counts answers by the service's codes. `note` says why a listener is not there.
    `last_error` is the last request that was not taken, and why: a fixed word and the peer.
    `origins` are those of web pages that were refused, for a person to allow.
    """

    urls: list[str] = field(default_factory=list)
    connections: int = 0
    requests: int = 0
    accepted: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    last_request: UnixNs | None = None
    last_accepted: UnixNs | None = None
    last_error: str = ""
    last_error_at: UnixNs | None = None
    notes: dict[str, str] = field(default_factory=dict)
    origins: dict[str, int] = field(default_factory=dict)

    def answered(self, code: str, now: UnixNs, *, accepted: bool) -> None:
        """Count an answer in the service's shape."""
        self.codes[code] = self.codes.get(code, 0) + 1
        if accepted:
            self.accepted += 1
            self.last_accepted = now

    def failed(self, reason: str, peer: str, now: UnixNs) -> None:
        """Note what was not taken."""
        self.last_error, self.last_error_at = f"{reason} ({peer})", now

    def refused_origin(self, origin: str) -> None:
        """Remember a page's origin, the first `ORIGINS_MAX` of them."""
        if origin in self.origins or len(self.origins) < ORIGINS_MAX:
            self.origins[origin] = self.origins.get(origin, 0) + 1
