"""Claims about HTTPS to the platform: who is trusted, and what happens when nobody is."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.core.errors import SinkUnavailable
from gateway.core.records import answer_for
from tests.integration.platform_parts import (
    EPOCH,
    http_sink,
    numbers,
    platform_process,
    records,
    table,
)

ITEMS = records([numbers(table())])


def own_certificate(folder: Path, address: str) -> tuple[Path, Path]:
    """Make a certificate that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "platform")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / f"{address}.pem", folder / f"{address}.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file


@dataclass(frozen=True)
class Secured:
    url: str
    certificate: Path


@pytest.fixture
async def secured(tmp_path: Path) -> AsyncIterator[Secured]:
    certificate, key = own_certificate(tmp_path, "127.0.0.1")
    async with platform_process(
        tmp_path, "--certificate", str(certificate), "--key", str(key)
    ) as platform:
        yield Secured(platform.url, certificate)


async def test_a_platform_with_a_given_authority_is_trusted(secured: Secured) -> None:
    async with http_sink(secured.url, ca=secured.certificate) as sink:
        assert await sink.write(EPOCH, ITEMS) == answer_for(ITEMS)


async def test_an_unknown_certificate_gets_no_data_and_asks_for_a_person(
    secured: Secured, tmp_path: Path
) -> None:
    other, _ = own_certificate(tmp_path, "127.0.0.9")
    for ca in (None, other, tmp_path / "absent.pem"):
        async with http_sink(secured.url, ca=ca) as sink:
            with pytest.raises(SinkUnavailable, match="certificate") as caught:
                await sink.write(EPOCH, ITEMS)
        assert caught.value.hold


async def test_a_certificate_for_another_address_is_not_trusted(tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path, "127.0.0.9")
    more = ("--certificate", str(certificate), "--key", str(key))
    async with platform_process(tmp_path, *more) as platform:
        async with http_sink(platform.url, ca=certificate) as sink:
            with pytest.raises(SinkUnavailable, match="certificate"):
                await sink.write(EPOCH, ITEMS)
        async with http_sink(platform.url, verify=False) as sink:
            assert await sink.write(EPOCH, ITEMS) == answer_for(ITEMS)
