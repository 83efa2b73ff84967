"""Certificates for HTTPS servers: right ones from a small CA, and every common wrong one."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Kind = Literal["good", "expired", "self-signed", "wrong-host"]
KINDS: tuple[str, ...] = get_args(Kind)
CA_NAME = "Simulators CA"
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Issuer:
    """A CA's name and key."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey


class Certificates:
    """A folder with `ca.pem`, which a client is to trust, and a chain and key for each kind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._issuer: Issuer | None = None
        self.ca = folder / "ca.pem"

    def context(self, kind: Kind) -> ssl.SSLContext:
        """Give a server's context, TLS 1.2 or later; `change` gives it another certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.change(context, kind)
        return context

    def change(self, context: ssl.SSLContext, kind: Kind) -> None:
        """Show this certificate to whoever connects from now on."""
        path = self._folder / f"{kind}.pem"
        if not path.exists():
            self._make(path, kind)
        context.load_cert_chain(path)

    def _make(self, path: Path, kind: Kind) -> None:
        issuer = self._ca()
        key = ec.generate_private_key(ec.SECP256R1())
        host = "elsewhere.invalid" if kind == "wrong-host" else "localhost"
        name = _name(host)
        if kind == "self-signed":
            issuer = Issuer(name, key)
        names: list[x509.GeneralName] = [x509.DNSName(host)]
        if kind != "wrong-host":
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        days = (-30, -1) if kind == "expired" else (-1, 365)
        builder = _builder(name, issuer, key, days).add_extension(
            x509.SubjectAlternativeName(names), critical=False
        )
        signed = builder.sign(issuer.key, hashes.SHA256())
        path.touch(mode=0o600)
        path.write_bytes(_pem(key) + signed.public_bytes(serialization.Encoding.PEM))

    def _ca(self) -> Issuer:
        if self._issuer is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            key = ec.generate_private_key(ec.SECP256R1())
            self._issuer = Issuer(_name(CA_NAME), key)
            builder = _builder(self._issuer.name, self._issuer, key, (-60, 365), ca=True)
            signed = builder.add_extension(_signs_only(), critical=True).sign(key, hashes.SHA256())
            self.ca.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return self._issuer


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    name: x509.Name,
    issuer: Issuer,
    key: ec.EllipticCurvePrivateKey,
    days: tuple[int, int],
    ca: bool = False,
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + days[0] * DAY)
        .not_valid_after(now + days[1] * DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
            critical=False,
        )
    )


def _signs_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
