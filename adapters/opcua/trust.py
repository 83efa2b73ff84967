"""Which servers are trusted: a folder that a person decides over, read at every connect.

`trusted/<fingerprint>.der` are accepted, `rejected/<fingerprint>.der` wait for a decision; beside
each lies `<fingerprint>.json` with the address and when it was first seen. Trust is in exactly
these bytes: a certificate that changed needs a new decision, one that breaks the rules of its
encoding is as good as its fingerprint, as long as its key can be read. No protocol library is
needed here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from adapters.opcua.server_certificate import (
    CERTIFICATE_BYTES_MAX,
    ServerCertificate,
    read_certificate,
)
from gateway.core.errors import SourceRejected
from gateway.core.trust import Known
from gateway.core.types import UnixNs

REJECTED_MAX = 100
"""A peer that makes up certificates must not fill the disk; the oldest waiting ones go first."""
PREFIX_MIN = 4
FOLDER = "trust"
"""Its name in the data folder."""
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
    certificate: ServerCertificate

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

    def check(self, der: bytes, url: str, now: UnixNs) -> ServerCertificate:
        """Give this certificate when it is trusted and valid now; else note it as waiting.

        Raises:
            SourceRejected: `certificate-unknown`, `certificate-changed`, `certificate-malformed`,
                `certificate-key`, `certificate-expired` or `certificate-not-yet-valid`; the detail
                says what to compare and which command to run.
            OSError: the folder cannot be read or written.
        """
        certificate = read_certificate(der)
        digest = certificate.fingerprint
        _check_dates(certificate, now)
        trusted = (self._folder / Decision.TRUSTED / f"{digest}.der").exists()
        if trusted and certificate.key is not None:
            return certificate
        known = {entry.sidecar.url for entry in self.entries() if entry.decision == "trusted"}
        if not trusted and len(der) <= CERTIFICATE_BYTES_MAX:
            self._note(der, Sidecar(url, _iso(now), digest))
        raise _refusal(certificate, changed=url in known)

    def _entry(self, decision: Decision, path: Path) -> TrustEntry | None:
        try:
            der = path.read_bytes()
        except OSError:
            return None
        if fingerprint(der) != path.stem:
            return None
        return TrustEntry(decision, self._sidecar(path, path.stem), read_certificate(der))

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


def _check_dates(certificate: ServerCertificate, now: UnixNs) -> None:
    at = datetime.fromtimestamp(now / 1e9, UTC)
    digest = certificate.fingerprint
    if certificate.valid_until is not None and at > certificate.valid_until:
        until = certificate.valid_until.isoformat(timespec="seconds")
        raise SourceRejected("certificate-expired", f"valid until {until}; SHA-256 {digest}")
    if certificate.valid_from is not None and at < certificate.valid_from:
        since = certificate.valid_from.isoformat(timespec="seconds")
        raise SourceRejected("certificate-not-yet-valid", f"valid from {since}; SHA-256 {digest}")


def _refusal(certificate: ServerCertificate, *, changed: bool) -> SourceRejected:
    digest = certificate.fingerprint
    if certificate.key is None:
        reason = "certificate-malformed" if certificate.malformed else "certificate-key"
        what = "it is malformed and no RSA key can be read from it"
        what = what if certificate.malformed else "its key is no RSA key, which OPC UA needs here"
        return SourceRejected(reason, f"{what}; SHA-256 {digest}")
    decide = f"SHA-256 {digest}; gateway trust accept {digest[:SHOWN_PREFIX]}"
    if certificate.malformed:
        what = "it breaks the rules of its encoding (DER), its key can be read"
        what += "; another one of this address is trusted" if changed else ""
        return SourceRejected("certificate-malformed", f"{what}; {decide}")
    return SourceRejected("certificate-changed" if changed else "certificate-unknown", decide)


class TrustFolder:
    """A data folder's certificates as `gateway trust` shows them; see `gateway.core.trust`."""

    def __init__(self, data: Path) -> None:
        self._store = TrustStore(data / FOLDER)

    def known(self) -> list[Known]:
        """List every certificate, trusted ones first."""
        return [_known(entry) for entry in self._store.entries()]

    def beginning(self, prefix: str) -> list[Known]:
        """List those whose fingerprint begins so."""
        return [_known(entry) for entry in self._store.find(prefix)]

    def decide(self, fingerprint: str, *, trusted: bool) -> None:
        """Trust a certificate or refuse it."""
        for entry in self._store.find(fingerprint):
            self._store.decide(entry, Decision.TRUSTED if trusted else Decision.REJECTED)


def _known(entry: TrustEntry) -> Known:
    certificate = entry.certificate
    return Known(
        fingerprint=entry.fingerprint,
        trusted=entry.decision is Decision.TRUSTED,
        url=entry.sidecar.url,
        first_seen=entry.sidecar.first_seen,
        subject=certificate.subject,
        issuer=certificate.issuer,
        valid_from=certificate.valid_from,
        valid_until=certificate.valid_until,
        uris=tuple(certificate.uris),
        hosts=tuple(certificate.hosts),
        malformed=certificate.malformed,
        usable=certificate.key is not None,
    )
