"""A stand-in OPC UA server with manners of its own, and a relay that listens to the greeting.

It is asyncua's server in this event loop, changed in the places in which real ones differ.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncua
import pytest
from asyncua.server import internal_session, monitored_item_service, uaprocessor
from asyncua.server.internal_server import InternalServer
from cryptography.hazmat.primitives import serialization

from adapters.opcua.library import ua
from simulators.listening import stop_listening
from tests.ports import free_port
from tests.services import certificates
from tests.services.node_opcua import URI

_TYPES = asyncua.ua.SecurityPolicyType
POLICIES = {
    "None": _TYPES.NoSecurity,
    "Basic256Sha256": _TYPES.Basic256Sha256_SignAndEncrypt,
    "Basic256": _TYPES.Basic256_SignAndEncrypt,
    "Basic128Rsa15": _TYPES.Basic128Rsa15_Sign,
}
ERROR = struct.Struct("<3scIIi")


NAMES = (
    *(f"T{number}" for number in range(15)),
    '"DB_1"."Temp"',
    "/Channel/Parameter/R[u1,1]",
    "Sym|var",
    "Motor #1.Speed",
)


@dataclass(slots=True)
class Manners:
    """How the server differs; `SAME` leaves an answer as it is."""

    policies: Sequence[str] = ("None",)
    certificate: bytes = field(default_factory=certificates.right)
    endpoint_url: str | None = None
    session_endpoints: Any = "SAME"
    ahead: timedelta = timedelta()
    refuse_times: bool = False
    most: int | None = None
    granted: tuple[float, int] | None = None
    publishing_ms: float | None = None


class Odd:
    """A running server; `how` may be changed at any time."""

    def __init__(self, port: int, server: Any) -> None:
        self.port = port
        self.server = server
        self.how = Manners()

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}"

    async def write(self, name: str, value: float | None, status: int = 0) -> None:
        index = await self.server.get_namespace_index(URI)
        node = self.server.get_node(ua.NodeId(name, index))
        kind = ua.VariantType.Null if value is None else ua.VariantType.Double
        code = ua.StatusCode(status)
        await node.write_value(ua.DataValue(ua.Variant(value, kind), StatusCode=code))


@dataclass(frozen=True, slots=True)
class _Raw:
    """A certificate whose bytes are others than those that were read."""

    certificate: Any
    odd: Odd

    def public_bytes(self, _encoding: Any) -> bytes:
        return self.odd.how.certificate

    def __getattr__(self, name: str) -> Any:
        return getattr(self.certificate, name)


@asynccontextmanager
async def odd_server(folder: Path) -> AsyncIterator[Odd]:
    """Run a server until the block ends; starting one takes seconds."""
    port = free_port()
    server: Any = vars(asyncua)["Server"]()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/UA/Line")
    server.set_security_policy(list(POLICIES.values()))
    await server.set_application_uri("urn:plant:line")
    odd = Odd(port, server)
    await _certificate(odd, folder)
    index = await server.register_namespace(URI)
    for name in NAMES:
        await server.nodes.objects.add_variable(ua.NodeId(name, index), name, 0.0)
    with pytest.MonkeyPatch.context() as patch:
        _change(patch, odd)
        async with server:
            yield odd


@asynccontextmanager
async def behaving(odd: Odd, **manners: Any) -> AsyncIterator[Odd]:
    """Let a server have these manners until the block ends."""
    odd.how = Manners(**manners)
    try:
        yield odd
    finally:
        odd.how = Manners()
        for name in NAMES[:2]:
            await odd.write(name, 0.0)


async def _certificate(odd: Odd, folder: Path) -> None:
    (folder / "right.der").write_bytes(certificates.right())
    pem = certificates.KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "key.pem").write_bytes(pem)
    await odd.server.load_certificate(str(folder / "right.der"))
    await odd.server.load_private_key(str(folder / "key.pem"))
    inside = odd.server.iserver
    inside.certificate = _Raw(inside.certificate, odd)


def _offered(endpoint: Any, how: Manners) -> bool:
    policy = endpoint.SecurityPolicyUri.partition("#")[2]
    return policy in how.policies


def _change(patch: pytest.MonkeyPatch, odd: Odd) -> None:
    _change_talk(patch, odd)
    _change_sessions(patch, odd)
    _change_limits(patch, odd)
    _change_grants(patch, odd)


def _change_talk(patch: pytest.MonkeyPatch, odd: Odd) -> None:
    """Let the times of answers be off, and times in what is asked be refused."""
    process: Any = uaprocessor.UaProcessor
    handle, send = process._process_message, process.send_response

    async def handle_message(self: Any, kind: Any, header: Any, *args: Any) -> Any:
        asks = kind.Identifier == ua.ObjectIds.CreateSessionRequest_Encoding_DefaultBinary
        if odd.how.refuse_times and asks:
            raise ua.uaerrors.BadInvalidTimestamp
        return await handle(self, kind, header, *args)

    def send_response(self: Any, number: Any, header: Any, response: Any, *args: Any) -> Any:
        stamp: datetime = response.ResponseHeader.Timestamp
        response.ResponseHeader.Timestamp = stamp + odd.how.ahead
        return send(self, number, header, response, *args)

    patch.setattr(process, "_process_message", handle_message)
    patch.setattr(process, "send_response", send_response)


def _change_sessions(patch: pytest.MonkeyPatch, odd: Odd) -> None:
    """Let the endpoints be others, as they are told and as a session comes with them."""
    session: Any = internal_session.InternalSession
    create, endpoints = session.create_session, InternalServer.get_endpoints

    async def create_session(self: Any, *args: Any, **keywords: Any) -> Any:
        result = await create(self, *args, **keywords)
        if odd.how.session_endpoints != "SAME":
            result.ServerEndpoints = odd.how.session_endpoints
        return result

    async def get_endpoints(self: Any, *args: Any, **keywords: Any) -> Any:
        found = await endpoints(self, *args, **keywords)
        for each in found:
            each.EndpointUrl = odd.how.endpoint_url or each.EndpointUrl
            each.ServerCertificate = odd.how.certificate
        return [each for each in found if _offered(each, odd.how)]

    patch.setattr(session, "create_session", create_session)
    patch.setattr(InternalServer, "get_endpoints", get_endpoints)


def _change_limits(patch: pytest.MonkeyPatch, odd: Odd) -> None:
    """Let a call bear no more operations than `most`, of which nobody was told."""
    session: Any = internal_session.InternalSession
    read, items = session.read, session.create_monitored_items

    def look(count: int) -> None:
        if odd.how.most is not None and count > odd.how.most:
            raise ua.uaerrors.BadTooManyOperations

    async def few_reads(self: Any, parameters: Any) -> Any:
        look(len(parameters.NodesToRead))
        return await read(self, parameters)

    async def few_items(self: Any, parameters: Any) -> Any:
        look(len(parameters.ItemsToCreate))
        return await items(self, parameters)

    patch.setattr(session, "read", few_reads)
    patch.setattr(session, "create_monitored_items", few_items)


def _change_grants(patch: pytest.MonkeyPatch, odd: Odd) -> None:
    """Let what is granted of a subscription and of its items be other than what was asked."""
    session: Any = internal_session.InternalSession
    service: Any = monitored_item_service.MonitoredItemService
    subscribe, make = session.create_subscription, service._make_monitored_item_common

    def make_item(self: Any, parameters: Any) -> Any:
        result, data = make(self, parameters)
        asked = parameters.RequestedParameters
        result.RevisedSamplingInterval = asked.SamplingInterval
        if odd.how.granted is not None:
            result.RevisedSamplingInterval, result.RevisedQueueSize = odd.how.granted
        return result, data

    async def create_subscription(self: Any, parameters: Any, *args: Any, **keywords: Any) -> Any:
        if odd.how.publishing_ms is not None:
            parameters.RequestedPublishingInterval = odd.how.publishing_ms
        return await subscribe(self, parameters, *args, **keywords)

    patch.setattr(service, "_make_monitored_item_common", make_item)
    patch.setattr(session, "create_subscription", create_subscription)


@dataclass(slots=True)
class Greeter:
    """A relay before a server that looks at the path of the greeting and at the channel's policy.

    `refuse(path, policy)` gives a status with which a connection is refused, or None.
    """

    to: int
    refuse: Callable[[str, str], int | None]
    port: int = 0
    seen: list[tuple[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}"

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.to)
        back = asyncio.create_task(_copy(up_reader, writer))
        try:
            hello = await _chunk(reader)
            up_writer.write(hello)
            opening = await _chunk(reader)
            name = urlsplit(hello[32:].decode())
            size = struct.unpack_from("<i", opening, 12)[0]
            policy = opening[16 : 16 + size].decode().partition("#")[2]
            self.seen.append((name.path, policy))
            status = self.refuse(name.path, policy)
            if status is not None:
                writer.write(ERROR.pack(b"ERR", b"F", ERROR.size, status, -1))
                await writer.drain()
                return
            up_writer.write(opening)
            await _copy(reader, up_writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            back.cancel()
            writer.close()
            up_writer.close()


async def _chunk(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(8)
    return head + await reader.readexactly(struct.unpack("<I", head[4:])[0] - 8)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def greeter(port: int, refuse: Callable[[str, str], int | None]) -> AsyncIterator[Greeter]:
    """Run a relay before a server on this port until the block ends."""
    made = Greeter(port, refuse)
    server = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        await stop_listening(server)
