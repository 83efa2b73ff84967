"""The gateway's own application certificate: made on first start, kept, never replaced silently.

Source: OPC UA Part 6 §6.2.2 (application instance certificate).
"""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.core.types import UnixNs

KEY_BITS = 2048
LIFE = timedelta(days=5 * 365)
_CLOCKS_DIFFER = timedelta(days=1)
"""PLC clocks are often behind: a certificate from tomorrow would be refused."""
_LOCK = threading.Lock()
"""Several devices may start at once; one of them makes the certificate."""


class OwnCertificateDamaged(ValueError):
    """A file of our own certificate is there and cannot be read; the text names it."""


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """Certificate and private key as the client needs them."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


def own_certificate(folder: Path, application_uri: str, now: UnixNs) -> OwnCertificate:
    """Load `own/certificate.der` and `own/key.pem`, making them first if there are none.

    Blocks (disk, key generation); call it from a thread. Raises OSError or OwnCertificateDamaged
    when files are there and cannot be read: they are never overwritten.
    """
    with _LOCK:
        own = folder / "own"
        certificate, key = own / "certificate.der", own / "key.pem"
        if not certificate.exists() or not key.exists():
            _make(own, certificate, key, application_uri, now)
        return OwnCertificate(_load_certificate(certificate), _load_key(key))


def _load_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(path.read_bytes())
    except ValueError as error:
        raise OwnCertificateDamaged(f"{path} holds no certificate") from error


def _load_key(path: Path) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise OwnCertificateDamaged(f"{path} holds no key that can be read") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise OwnCertificateDamaged(f"{path} holds no RSA key")
    return key


def _make(own: Path, certificate: Path, key: Path, application_uri: str, now: UnixNs) -> None:
    own.mkdir(parents=True, exist_ok=True, mode=0o700)
    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    made = _certificate(private, application_uri, datetime.fromtimestamp(now / 1e9, UTC))
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write(key, pem, 0o600)
    _write(certificate, made.public_bytes(serialization.Encoding.DER), 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    half = path.with_suffix(path.suffix + ".new")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


def _certificate(
    private: rsa.RSAPrivateKey, application_uri: str, now: datetime
) -> x509.Certificate:
    host = socket.gethostname()
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"Factory telemetry gateway on {host}"[:64]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Factory telemetry gateway"),
        ]
    )
    public = private.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + LIFE)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.UniformResourceIdentifier(application_uri), x509.DNSName(host)]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_KEY_USAGE, critical=True)
        .add_extension(
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
            ),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    )
    return builder.sign(private, hashes.SHA256())


_KEY_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=True,
    key_encipherment=True,
    data_encipherment=True,
    key_agreement=False,
    key_cert_sign=True,  # self-signed: servers that follow the specification ask for it
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
