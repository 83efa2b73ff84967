"""TLS to a broker: always verified, and what went wrong in words of our own."""

from __future__ import annotations

import ssl
from pathlib import Path

from adapters.mqtt.config import MqttSource
from adapters.mqtt.reasons import TLS_REFUSED
from gateway.core.errors import SourceError, SourceRejected, SourceUnavailable

NAME = "tls-name"
EXPIRED = "certificate-expired"
NOT_YET = "certificate-not-yet-valid"
UNKNOWN_AUTHORITY = "certificate-unknown-authority"
REVOKED = "certificate-revoked"
NOT_VALID = "certificate-not-valid"
VERSION = "tls-version"
NOT_SPOKEN = "tls-not-spoken"
HANDSHAKE = "tls-handshake"
FILE = "certificate-file"
FILE_MISSING = "certificate-file-missing"

_VERIFY = {
    **dict.fromkeys((9, 13), NOT_YET),
    **dict.fromkeys((10, 14), EXPIRED),
    **dict.fromkeys((2, 18, 19, 20, 21, 24, 27), UNKNOWN_AUTHORITY),
    23: REVOKED,
    **dict.fromkeys((62, 63, 64), NAME),
}
"""OpenSSL's X509_V_ERR_* (x509_vfy.h) and what we call them."""
_ALERTS = (
    (NOT_SPOKEN, ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_MESSAGE", "RECORD_LAYER")),
    (VERSION, ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE")),
    (
        TLS_REFUSED,
        ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA", "CERTIFICATE_UNKNOWN",
         "CERTIFICATE_EXPIRED", "CERTIFICATE_REVOKED", "ACCESS_DENIED"),
    ),
)  # fmt: skip
"""Parts of OpenSSL's names for what the other side said or did; the first that fits counts."""


def tls_context(source: MqttSource) -> ssl.SSLContext:
    """Verify the broker by `ca`, or by the system's authorities; there is no way around it.

    Raises:
        SourceRejected: a file is missing or is no certificate.
    """
    for path in (source.ca, source.certificate, source.key):
        if path is not None and not path.is_file():
            raise SourceRejected(FILE_MISSING, str(path))
    try:
        context = ssl.create_default_context(cafile=source.ca)
    except (OSError, ssl.SSLError) as error:
        raise SourceRejected(FILE, _names(source.ca)) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if source.certificate is not None:
        try:
            # A key with a passphrase would ask on the terminal; the empty answer is an error.
            context.load_cert_chain(source.certificate, source.key, password="")
        except (OSError, ssl.SSLError) as error:
            raise SourceRejected(FILE, _names(source.certificate, source.key)) from error
    return context


def error_of(error: ssl.SSLError, place: str) -> SourceError:
    """Give the reason for a handshake that failed; `place` is the broker's address."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return SourceRejected(_VERIFY.get(error.verify_code, NOT_VALID), place)
    if isinstance(error, ssl.SSLEOFError):
        return SourceUnavailable(HANDSHAKE, place)
    name = error.reason or ""
    found = next((r for r, parts in _ALERTS if any(part in name for part in parts)), HANDSHAKE)
    return SourceRejected(found, place)


def _names(*paths: Path | None) -> str:
    return ", ".join(str(path) for path in paths if path is not None)
