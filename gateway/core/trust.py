"""What a kind shows of the peers' certificates over which a person decides (`gateway trust`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Known:
    """One certificate: what a person compares with the peer's own display.

    `first_seen` is ISO 8601. A certificate that is not `usable` has no key that could be read, one
    that is `malformed` breaks the rules of its encoding; trust is in its very bytes all the same.
    """

    fingerprint: str
    trusted: bool
    url: str
    first_seen: str
    subject: str
    issuer: str
    valid_from: datetime | None
    valid_until: datetime | None
    uris: tuple[str, ...]
    hosts: tuple[str, ...]
    malformed: bool
    usable: bool


class Trust(Protocol):
    """The certificates that one kind has seen. All methods block on small files."""

    def known(self) -> Sequence[Known]:
        """List every certificate, trusted ones first."""

    def beginning(self, prefix: str) -> Sequence[Known]:
        """List those whose fingerprint begins so; colons and case do not matter."""

    def decide(self, fingerprint: str, *, trusted: bool) -> None:
        """Trust a certificate or refuse it; counts from the next connection try on."""
