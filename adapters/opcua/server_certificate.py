"""A server's certificate as it came: read strictly where it is right, and where it is not, too."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.opcua.der import Parts, first_element, read_parts

CERTIFICATE_BYTES_MAX = 64 * 1024
"""Those of servers have 1 to 4 KiB. What is larger is neither read nor kept."""
_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises at certificates that it does not take."""


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """What is known of a certificate; times are UTC, None where they could not be read.

    `malformed` says that a strict parser refuses it. `key` is None where no RSA key can be read;
    then nothing can be done with it.
    """

    raw: bytes = field(repr=False)
    malformed: bool
    key: rsa.RSAPublicKey | None
    valid_from: datetime | None
    valid_until: datetime | None
    subject: str = ""
    issuer: str = ""
    uris: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the bytes as they came, as lower-case hex."""
        return hashlib.sha256(self.raw).hexdigest()

    def public_key(self) -> rsa.RSAPublicKey:
        """Give the key as the protocol library asks for it. Raises ValueError without one."""
        if self.key is None:
            raise ValueError("no RSA key")
        return self.key

    def public_bytes(self, _encoding: object = None) -> bytes:
        """Give the bytes as they came, as the protocol library asks for them."""
        return self.raw


def first_certificate(chain: bytes) -> bytes:
    """Give the first of certificates that stand one after the other."""
    return first_element(chain)


def read_certificate(raw: bytes) -> ServerCertificate:
    """Read a certificate; never raises, also not at bytes that are none."""
    if len(raw) > CERTIFICATE_BYTES_MAX:
        return ServerCertificate(raw, malformed=True, key=None, valid_from=None, valid_until=None)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of serial numbers below zero: it can be used
            return _strict(raw)
    except _UNREADABLE:
        return _tolerant(raw, read_parts(raw))


def _strict(raw: bytes) -> ServerCertificate:
    certificate = x509.load_der_x509_certificate(raw)
    key = certificate.public_key()
    uris, hosts = _names(certificate)
    return ServerCertificate(
        raw,
        malformed=False,
        key=key if isinstance(key, rsa.RSAPublicKey) else None,
        valid_from=certificate.not_valid_before_utc,
        valid_until=certificate.not_valid_after_utc,
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        uris=uris,
        hosts=hosts,
    )


def _names(certificate: x509.Certificate) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *_UNREADABLE):
        return (), ()  # they are for a person to look at only
    hosts = names.get_values_for_type(x509.DNSName)
    hosts += [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return tuple(names.get_values_for_type(x509.UniformResourceIdentifier)), tuple(hosts)


def _tolerant(raw: bytes, parts: Parts) -> ServerCertificate:
    return ServerCertificate(
        raw,
        malformed=True,
        key=parts.key,
        valid_from=parts.valid_from,
        valid_until=parts.valid_until,
        subject=parts.subject,
        issuer=parts.issuer,
    )
