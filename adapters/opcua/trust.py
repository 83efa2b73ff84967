"""Which servers are trusted: a folder that a person decides over, read at every connect.

`trusted/<fingerprint>.der` are accepted, `rejected/<fingerprint>.der` wait for a decision; beside
each lies `<fingerprint>.json` with the address and when it was first seen. Trust is in exactly this
certificate: one that changed needs a new decision. No protocol library is needed here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from cryptography import x509

from gateway.core.errors import SourceRejected
from gateway.core.types import UnixNs

REJECTED_MAX = 100
"""A peer that makes up certificates must not fill the disk; the oldest waiting ones go first."""
PREFIX_MIN = 4
SHOWN_PREFIX = 16


class Decision(StrEnum):
    """`rejected` also means: nobody decided yet."""

    TRUSTED = "trusted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What is known of a certificate besides itself; `first_seen` is ISO 8601."""

    url: str
    first_seen: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class TrustEntry:
    """One certificate of the folder."""

    decision: Decision
    sidecar: Sidecar
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        return self.sidecar.fingerprint


def fingerprint(der: bytes) -> str:
    """Give the SHA-256 of a certificate as lower-case hex."""
    return hashlib.sha256(der).hexdigest()


class TrustStore:
    """The trust folder. All methods block on small files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entries(self) -> list[TrustEntry]:
        """Give every certificate, trusted ones first; files that are none are left out."""
        found: list[TrustEntry] = []
        for decision in Decision:
            for path in sorted((self._folder / decision).glob("*.der")):
                entry = self._entry(decision, path)
                if entry is not None:
                    found.append(entry)
        return found

    def find(self, prefix: str) -> list[TrustEntry]:
        """Give the entries whose fingerprint begins with this (colons and case do not matter)."""
        wanted = prefix.replace(":", "").strip().lower()
        if len(wanted) < PREFIX_MIN:
            return []
        return [entry for entry in self.entries() if entry.fingerprint.startswith(wanted)]

    def decide(self, entry: TrustEntry, decision: Decision) -> None:
        """Move a certificate; takes effect when its server is tried the next time."""
        if entry.decision is decision:
            return
        for suffix in (".der", ".json"):
            source = self._folder / entry.decision / f"{entry.fingerprint}{suffix}"
            target = self._folder / decision / source.name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.exists():
                source.replace(target)

    def check(self, der: bytes, url: str, now: UnixNs) -> None:
        """Return when this certificate is trusted and valid now; else note it as waiting.

        Raises:
            SourceRejected: `certificate-unknown`, `certificate-changed`, `certificate-expired` or
                `certificate-not-yet-valid`; the detail says what to compare and which command to
                run.
        """
        digest = fingerprint(der)
        certificate = x509.load_der_x509_certificate(der)
        _check_dates(certificate, digest, now)
        if (self._folder / Decision.TRUSTED / f"{digest}.der").exists():
            return
        known = {entry.sidecar.url for entry in self.entries() if entry.decision == "trusted"}
        self._note(der, Sidecar(url, _iso(now), digest))
        reason = "certificate-changed" if url in known else "certificate-unknown"
        raise SourceRejected(
            reason,
            f"SHA-256 {digest}; compare it with the server's display, then: "
            f"gateway trust accept {digest[:SHOWN_PREFIX]}",
        )

    def _entry(self, decision: Decision, path: Path) -> TrustEntry | None:
        try:
            der = path.read_bytes()
            certificate = x509.load_der_x509_certificate(der)
        except (OSError, ValueError):
            return None
        if fingerprint(der) != path.stem:
            return None
        return TrustEntry(decision, self._sidecar(path, fingerprint(der)), certificate)

    @staticmethod
    def _sidecar(path: Path, digest: str) -> Sidecar:
        try:
            facts = json.loads(path.with_suffix(".json").read_text("utf-8"))
            return Sidecar(str(facts["url"]), str(facts["first_seen"]), digest)
        except (OSError, ValueError, KeyError, TypeError):
            return Sidecar("", "", digest)

    def _note(self, der: bytes, sidecar: Sidecar) -> None:
        folder = self._folder / Decision.REJECTED
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{sidecar.fingerprint}.der"
        if path.exists():
            return
        waiting = sorted(folder.glob("*.der"), key=lambda file: file.stat().st_mtime)
        for old in waiting[: max(len(waiting) - REJECTED_MAX + 1, 0)]:
            old.unlink(missing_ok=True)
            old.with_suffix(".json").unlink(missing_ok=True)
        facts = json.dumps(asdict(sidecar), ensure_ascii=False, indent=2)
        path.with_suffix(".json").write_text(facts, "utf-8")
        path.write_bytes(der)


def _iso(now: UnixNs) -> str:
    return datetime.fromtimestamp(now / 1e9, UTC).isoformat(timespec="seconds")


def _check_dates(certificate: x509.Certificate, digest: str, now: UnixNs) -> None:
    at = datetime.fromtimestamp(now / 1e9, UTC)
    if at > certificate.not_valid_after_utc:
        until = certificate.not_valid_after_utc.isoformat(timespec="seconds")
        raise SourceRejected("certificate-expired", f"valid until {until}; SHA-256 {digest}")
    if at < certificate.not_valid_before_utc:
        since = certificate.not_valid_before_utc.isoformat(timespec="seconds")
        raise SourceRejected("certificate-not-yet-valid", f"valid from {since}; SHA-256 {digest}")
