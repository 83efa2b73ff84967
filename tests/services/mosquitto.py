"""A real mosquitto on a free loopback port with its own folder: started, stopped and killed."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.ports import free_port

START_S = 60.0


def need_mosquitto() -> None:
    """Skip where there is no mosquitto; on a build server that is a failure."""
    if shutil.which("mosquitto", path=_search_path()) is None:
        message = "mosquitto is not installed (apt-get install mosquitto)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)


@dataclass
class Mosquitto:
    """One broker; its sessions survive `stop` and `start` (persistence is on)."""

    folder: Path
    port: int = field(default_factory=free_port)
    extra: Sequence[str] = ()
    """More lines of its configuration, such as `max_inflight_messages 5`."""
    users: dict[str, str] = field(default_factory=dict)
    tls: bool = False
    denied: Sequence[str] = ()
    """Filters whose subscription is refused, by the dynamic security plugin."""
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return once it listens."""
        self._write_config()
        with (self.folder / "mosquitto.log").open("ab") as log:
            self.process = subprocess.Popen(
                [_program("mosquitto"), "-c", str(self.folder / "mosquitto.conf")],
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError(f"mosquitto did not start: {self.log()}")

    def stop(self) -> None:
        """SIGTERM: it saves its sessions, then ends."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: what it had not saved is lost."""
        self._end(signal.SIGKILL)

    def save(self) -> None:
        """Let it write its sessions to disk now (SIGUSR1), and wait until it did."""
        assert self.process is not None
        before = self._saved_at()
        self.process.send_signal(signal.SIGUSR1)
        end = time.monotonic() + START_S
        while self._saved_at() == before:
            assert time.monotonic() < end, "mosquitto did not save its sessions"
            time.sleep(0.02)

    def pause(self) -> None:
        """SIGSTOP: the connections stay open and nothing answers."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def log(self) -> str:
        """Give the last of what it said."""
        return (self.folder / "mosquitto.log").read_text(errors="replace")[-2_000:]

    def _saved_at(self) -> int:
        file = self.folder / "mosquitto.db"
        return file.stat().st_mtime_ns if file.exists() else 0

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(timeout=10)
            self.process = None

    def _write_config(self) -> None:
        lines = [
            "persistence true",
            f"persistence_location {self.folder}/",
            "autosave_interval 3600",
            "sys_interval 1",
            "max_queued_messages 100000",
            *self.extra,
            *(self._security_plugin() if self.denied else ()),
            f"listener {self.port} 127.0.0.1",
        ]
        if os.name == "posix" and os.geteuid() == 0:
            lines.insert(0, "user root")
        if self.users:
            passwords = self.folder / "passwords"
            passwords.write_text("".join(f"{name}:{word}\n" for name, word in self.users.items()))
            passwords.chmod(0o600)
            subprocess.run([_program("mosquitto_passwd"), "-U", str(passwords)], check=True)
            lines += ["allow_anonymous false", f"password_file {passwords}"]
        else:
            lines.append("allow_anonymous true")
        if self.tls:
            lines += [
                f"cafile {self.folder / 'ca.pem'}",
                f"certfile {self.folder / 'broker.pem'}",
                f"keyfile {self.folder / 'broker.key'}",
            ]
        (self.folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def _security_plugin(self) -> list[str]:
        plugins = sorted(Path("/usr/lib").glob("**/mosquitto_dynamic_security.so"))
        assert plugins, "mosquitto comes without its dynamic security plugin"
        rules = [
            {"acltype": "subscribePattern", "topic": text, "priority": 1, "allow": False}
            for text in self.denied
        ]
        kinds = ("publishClientSend", "publishClientReceive", "subscribe", "unsubscribe")
        security = {
            "defaultACLAccess": dict.fromkeys(kinds, True),
            "clients": [],
            "groups": [{"groupname": "all", "roles": [{"rolename": "all"}]}],
            "roles": [{"rolename": "all", "acls": rules}],
            "anonymousGroup": "all",
        }
        file = self.folder / "security.json"
        file.write_text(json.dumps(security))
        return [f"plugin {plugins[0]}", f"plugin_opt_config_file {file}"]


@pytest.fixture
def make_broker(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Give a function that starts a broker; every broker is ended with the test."""
    need_mosquitto()
    started: list[Mosquitto] = []

    def make(**settings: Any) -> Mosquitto:
        folder = tmp_path / f"broker-{len(started)}"
        folder.mkdir()
        if settings.get("tls"):
            make_certificates(folder)
        broker = Mosquitto(folder, **settings)
        started.append(broker)
        broker.start()
        return broker

    yield make
    for broker in started:
        if broker.process is not None:
            broker.kill()


def make_certificates(folder: Path) -> None:
    """Write ca.pem, broker.pem/.key for 127.0.0.1 and client.pem/.key, all of one authority."""
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("Test CA", ca_key, "Test CA", ca_key, authority=True)
    (folder / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    for name in ("broker", "client"):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, key, "Test CA", ca_key, authority=False)
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .sign(issuer_key, hashes.SHA256())
    )


def _search_path() -> str:
    # Debian puts servers where the PATH of plain users does not look.
    return os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


def _program(name: str) -> str:
    found = shutil.which(name, path=_search_path())
    assert found is not None, f"{name} is not installed"
    return found
