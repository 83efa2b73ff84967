"""The trust folder, our own certificate and the commands around them."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from adapters.opcua.certificates import OwnCertificateDamaged, own_certificate
from adapters.opcua.trust import REJECTED_MAX, TrustStore, fingerprint
from gateway.cli.trust import app
from gateway.core.clock import SystemClock
from gateway.core.errors import SourceRejected
from gateway.core.types import UnixNs
from tests.services.certificates import ODD, right

NOW = UnixNs(1_790_000_000_000_000_000)
URL = "opc.tcp://10.0.0.1:4840"
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def server_certificate(name: str = "plc", shift_days: int = 0) -> bytes:
    now = datetime.fromtimestamp(NOW / 1e9, UTC) + timedelta(days=shift_days)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(_KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=10))
    )
    return built.sign(_KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def refused(store: TrustStore, der: bytes, url: str = URL, now: UnixNs = NOW) -> SourceRejected:
    with pytest.raises(SourceRejected) as caught:
        store.check(der, url, now)
    return caught.value


def test_an_unknown_certificate_is_refused_and_waits_for_a_person(tmp_path: Path) -> None:
    der, store = server_certificate(), TrustStore(tmp_path)
    error = refused(store, der)
    assert error.reason == "certificate-unknown"
    assert fingerprint(der) in error.detail
    assert f"gateway trust accept {fingerprint(der)[:16]}" in error.detail
    facts = json.loads((tmp_path / "rejected" / f"{fingerprint(der)}.json").read_text())
    assert facts["url"] == URL
    assert (tmp_path / "rejected" / f"{fingerprint(der)}.der").read_bytes() == der


def test_acceptance_counts_at_the_next_try_and_rejection_too(tmp_path: Path) -> None:
    der, store = server_certificate(), TrustStore(tmp_path)
    refused(store, der)
    runner = CliRunner()
    assert not (tmp_path / "trusted").exists()
    data = ["--data", str(tmp_path.parent)]
    # The command looks into DATA/trust.
    link = tmp_path.parent / "trust"
    link.symlink_to(tmp_path, target_is_directory=True)
    short = fingerprint(der)[:8].upper()
    result = runner.invoke(app, ["accept", short, *data, "--lang", "en"])
    assert result.exit_code == 0, result.output
    store.check(der, URL, NOW)
    result = runner.invoke(app, ["reject", short, *data, "--json"])
    assert json.loads(result.output)["state"] == "rejected"
    assert refused(store, der).reason == "certificate-unknown"
    link.unlink()


def test_a_changed_certificate_needs_a_new_decision(tmp_path: Path) -> None:
    first, second = server_certificate("a"), server_certificate("b")
    store = TrustStore(tmp_path)
    refused(store, first)
    from adapters.opcua.trust import Decision

    store.decide(store.find(fingerprint(first))[0], Decision.TRUSTED)
    store.check(first, URL, NOW)
    assert refused(store, second).reason == "certificate-changed"


@pytest.mark.parametrize(
    ("shift", "reason"), [(-30, "certificate-expired"), (30, "certificate-not-yet-valid")]
)
def test_a_certificate_outside_its_time_is_refused_even_when_trusted(
    tmp_path: Path, shift: int, reason: str
) -> None:
    der = server_certificate(shift_days=shift)
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / f"{fingerprint(der)}.der").write_bytes(der)
    assert refused(TrustStore(tmp_path), der).reason == reason


def test_made_up_certificates_do_not_fill_the_disk(tmp_path: Path) -> None:
    folder = tmp_path / "rejected"
    folder.mkdir()
    for number in range(REJECTED_MAX + 5):
        (folder / f"{number:064x}.der").write_bytes(b"x")
    refused(TrustStore(tmp_path), server_certificate())
    assert len(list(folder.glob("*.der"))) == REJECTED_MAX


def test_a_file_with_another_name_is_no_trust(tmp_path: Path) -> None:
    der = server_certificate()
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / "plc.der").write_bytes(der)
    refused(TrustStore(tmp_path), der)
    assert [entry.decision.value for entry in TrustStore(tmp_path).entries()] == ["rejected"]


def test_our_own_certificate_is_made_once_and_its_key_is_ours_alone(tmp_path: Path) -> None:
    first = own_certificate(tmp_path, "urn:factory:edge", NOW)
    again = own_certificate(tmp_path, "urn:factory:edge", NOW)
    assert first.certificate == again.certificate
    mode = (tmp_path / "own" / "key.pem").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    names = first.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    uris = names.value.get_values_for_type(x509.UniformResourceIdentifier)
    assert uris == ["urn:factory:edge"]
    assert first.key.key_size >= 2048
    left = first.certificate.not_valid_after_utc - datetime.fromtimestamp(NOW / 1e9, UTC)
    assert timedelta(days=5 * 365 - 2) < left < timedelta(days=5 * 365 + 2)


def test_a_broken_key_file_is_never_overwritten(tmp_path: Path) -> None:
    own_certificate(tmp_path, "urn:factory:edge", NOW)
    (tmp_path / "own" / "key.pem").write_bytes(b"broken")
    with pytest.raises(ValueError):
        own_certificate(tmp_path, "urn:factory:edge", NOW)
    assert (tmp_path / "own" / "key.pem").read_bytes() == b"broken"


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_command_lists_and_shows_in_both_languages(tmp_path: Path, lang: str) -> None:
    der = server_certificate()
    refused(TrustStore(tmp_path / "trust"), der)
    runner, data = CliRunner(), ["--data", str(tmp_path), "--lang", lang]
    listed = runner.invoke(app, ["ls", *data])
    assert fingerprint(der)[:16] in listed.output
    assert URL in listed.output
    shown = runner.invoke(app, ["show", fingerprint(der)[:6], *data])
    assert shown.exit_code == 0
    assert "CN=plc" in shown.output
    missing = runner.invoke(app, ["accept", "ffffffff", *data])
    assert missing.exit_code == 2


def today() -> UnixNs:
    return SystemClock().now()


def malformed() -> bytes:
    return ODD["a default value that is spelled out"]()


def test_a_malformed_certificate_waits_by_its_fingerprint_and_is_accepted_by_it(
    tmp_path: Path,
) -> None:
    der, store = malformed(), TrustStore(tmp_path / "trust")
    error = refused(store, der, now=today())
    assert error.reason == "certificate-malformed"
    assert f"gateway trust accept {fingerprint(der)[:16]}" in error.detail
    assert "asn1" not in error.detail
    runner, data = CliRunner(), ["--data", str(tmp_path)]
    listed = runner.invoke(app, ["ls", *data, "--lang", "en"]).output
    assert fingerprint(der)[:16] in listed
    assert "waiting, malformed" in listed
    shown = runner.invoke(app, ["show", fingerprint(der)[:16], *data, "--lang", "ko"]).output
    assert "형식 오류" in shown
    assert "CN=press" in shown
    assert runner.invoke(app, ["accept", fingerprint(der)[:16], *data]).exit_code == 0
    assert store.check(der, URL, today()).key is not None


def test_a_certificate_without_a_key_is_listed_and_cannot_be_accepted(tmp_path: Path) -> None:
    der, store = b"\x30\x03no certificate", TrustStore(tmp_path / "trust")
    error = refused(store, der, now=today())
    assert error.reason == "certificate-malformed"
    assert "accept" not in error.detail
    runner, data = CliRunner(), ["--data", str(tmp_path), "--lang", "en"]
    assert "no usable key" in runner.invoke(app, ["ls", *data]).output
    answer = runner.invoke(app, ["accept", fingerprint(der)[:16], *data])
    assert answer.exit_code != 0
    assert "new one" in answer.output
    assert refused(store, der, now=today()).reason == "certificate-malformed"


def test_a_key_that_is_no_rsa_key_has_a_reason_of_its_own(tmp_path: Path) -> None:
    der = right(ec.generate_private_key(ec.SECP256R1()))
    assert refused(TrustStore(tmp_path), der, now=today()).reason == "certificate-key"


def test_the_dates_of_a_malformed_certificate_count_too(tmp_path: Path) -> None:
    later = UnixNs(today() + 20 * 86_400 * 10**9)
    with pytest.raises(SourceRejected, match="certificate-expired"):
        TrustStore(tmp_path).check(malformed(), URL, later)


def test_our_own_files_that_are_damaged_are_named_in_our_words(tmp_path: Path) -> None:
    own_certificate(tmp_path, "urn:factory:edge", NOW)
    for name in ("key.pem", "certificate.der"):
        path = tmp_path / "own" / name
        kept = path.read_bytes()
        path.write_bytes(b"not a key")
        with pytest.raises(OwnCertificateDamaged) as caught:
            own_certificate(tmp_path, "urn:factory:edge", NOW)
        assert str(caught.value).startswith(f"{path} holds no")
        assert path.read_bytes() == b"not a key"
        path.write_bytes(kept)
