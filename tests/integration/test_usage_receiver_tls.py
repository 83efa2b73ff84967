"""Claims about the HTTPS listener: TLS 1.2 for older programs, nothing below it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.usage.receiver import connection, server
from gateway.usage.receiver.server import Receiver
from tests.integration.test_platform_tls import own_certificate
from tests.integration.usage_receiver_parts import CONFIG, ask, client_of, secured, until
from tests.unit.usage.receiver.styles import RECORD, STYLES
from tests.unit.usage.receiver.support import (
    FakeIntake,
    FixedClock,
    result_of,
)

JSON = STYLES["json"]
OLD_DOT_NET = "ECDHE-ECDSA-AES128-SHA256"
"""What .NET 4.5 on Windows 7 offers: no GCM with every certificate."""


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return own_certificate(tmp_path, "127.0.0.1")


def client_context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_programs_with_tls_1_2_and_1_3_are_served(
    certificate: tuple[Path, Path], version: ssl.TLSVersion
) -> None:
    context = client_context(certificate)
    context.minimum_version = context.maximum_version = version
    if version is ssl.TLSVersion.TLSv1_2:
        context.set_ciphers(OLD_DOT_NET)
    intake = FakeIntake()
    async with secured(intake, certificate) as receiver:
        for style in ("winforms-get-raw-korean", "json"):
            async with client_of(receiver.tls_url, context) as client:
                answer = await client.ask(STYLES[style])
                assert result_of(answer.body)["recptnRsltCd"] == "AP1001"
        assert (await ask(receiver.url, JSON)).status == 200
    assert [raw.fields for raw in intake.raws] == [RECORD] * 3


async def test_tls_1_1_is_refused_and_told(certificate: tuple[Path, Path]) -> None:
    context = client_context(certificate)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    async with secured(FakeIntake(), certificate) as receiver:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            async with client_of(receiver.tls_url, context):
                pass
        await until(lambda: "tls UNSUPPORTED_PROTOCOL" in receiver.health.last_error)


async def test_http_on_the_port_of_https_is_told(certificate: tuple[Path, Path]) -> None:
    async with secured(FakeIntake(), certificate) as receiver:
        async with client_of(receiver.tls_url) as client:
            await client.send(JSON)
            await client.ended()
        await until(lambda: "tls HTTP_REQUEST" in receiver.health.last_error)
        assert receiver.health.requests == 0


async def test_a_handshake_that_never_ends_is_cut(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HANDSHAKE_S", 0.1)
    async with secured(FakeIntake(), certificate) as receiver:
        async with client_of(receiver.tls_url) as client:
            await client.ended()
        await until(lambda: receiver.health.connections == 0)


async def test_a_certificate_that_cannot_be_read_leaves_http_alone_and_is_taken_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BIND_AGAIN_S", 0.02)
    files = tmp_path / "127.0.0.1.pem", tmp_path / "127.0.0.1.key"
    config = replace(CONFIG, tls_listen="127.0.0.1:0", certificate=files[0], private_key=files[1])
    receiver = Receiver(config, FakeIntake(), FixedClock())
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(receiver.run())
        await until(lambda: receiver.url and receiver.health.notes)
        assert (await ask(receiver.url, JSON)).status == 200
        assert receiver.tls_url == ""
        assert own_certificate(tmp_path, "127.0.0.1") == files
        await until(receiver.started.is_set)
        async with client_of(receiver.tls_url, client_context(files)) as client:
            assert (await client.ask(JSON)).status == 200
        serving.cancel()


async def test_a_client_that_resets_harms_nobody(certificate: tuple[Path, Path]) -> None:
    async with secured(FakeIntake(), certificate) as receiver:
        for url in (receiver.url, receiver.tls_url):
            host, port = url.rpartition("//")[2].split(":")
            for sent in (b"", b"POST", JSON):
                raw = socket.create_connection((host, int(port)))
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                raw.send(sent)
                raw.close()
        await until(lambda: receiver.health.connections == 0)
        assert (await ask(receiver.url, JSON)).status == 200
