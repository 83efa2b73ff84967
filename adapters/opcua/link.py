"""One connection to a server: from the socket to an active session, and back within 5 seconds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from adapters.opcua.certificates import OwnCertificate, own_certificate
from adapters.opcua.config import OpcUaSource
from adapters.opcua.errors import edge
from adapters.opcua.library import UaError, UaStatusCodeError, struct_from_binary, ua
from adapters.opcua.security import Choice, check_login, choose, identify, protect
from adapters.opcua.transport import LinkClient
from adapters.opcua.trust import TrustStore
from gateway.core.clock import Clock
from gateway.core.errors import SourceRejected
from gateway.ops.events import opcua as events

CLOSE_S = 3.5
CHANNEL_LIFE_MS = 600_000
OPERATION_LIMIT = 500
"""Nodes in one call, whatever the server says: small PLCs promise more than they bear."""
EXPIRY_WARNING_DAYS = 30
_IDS = ua.ObjectIds
RESUME_TRIES_MAX = 3
"""Tries to take a session up again that reached the server; then a new one is made."""
_STATUS_NODES = (
    _IDS.Server_ServerStatus_StartTime,
    _IDS.Server_NamespaceArray,
    _IDS.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
    _IDS.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
    _IDS.Server_ServerCapabilities_OperationLimits_MaxNodesPerTranslateBrowsePathsToNodeIds,
    _IDS.Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryReadData,
)


@dataclass(slots=True)
class Limits:
    """How many nodes go into one call; `items` shrinks when the server refuses."""

    items: int = OPERATION_LIMIT
    read: int = OPERATION_LIMIT
    translate: int = OPERATION_LIMIT
    history: int = 100


@dataclass(slots=True)
class Ticket:
    """What is needed to take a session up again on a new channel. Source: Part 4 §5.7.3."""

    token: Any = field(repr=False)
    nonce: bytes | None = field(repr=False)
    policies: Any
    certificate: bytes | None
    tries: int = 0


@dataclass(slots=True)
class Link:
    """A connected, activated session and what the server said of itself."""

    client: LinkClient
    choice: Choice
    started: datetime | None
    namespaces: list[str]
    limits: Limits = field(default_factory=Limits)
    resumed: bool = False

    def ticket(self) -> Ticket:
        """Give what is needed to take this session up again."""
        client = self.client
        return Ticket(
            client.token,
            client._server_nonce,  # noqa: SLF001 - the library has no accessor
            client._policy_ids,  # noqa: SLF001
            client.security_policy.peer_certificate,
        )

    async def read_identity(self) -> tuple[datetime | None, list[str]]:
        """Read start time and namespace array again; when one differs, nothing known holds."""
        values = await read_values(self.client, _STATUS_NODES[:2])
        return _time(values[0]), _strings(values[1])


async def read_values(client: LinkClient, numbers: tuple[int, ...]) -> list[Any]:
    """Read variables of namespace 0; None where the server has none."""
    nodes = [ua.NodeId(number, 0) for number in numbers]
    answers = await client.uaclient.read_attributes(nodes, ua.AttributeIds.Value)
    return [
        answer.Value.Value
        if answer.Value is not None and (answer.StatusCode is None or answer.StatusCode.is_good())
        else None
        for answer in answers
    ]


async def read_clock(client: LinkClient) -> list[int]:
    """Give every stamp of now (ns UTC) in one answer: CurrentTime, its server time, the header's.

    Source: Part 4 §7.33 (ResponseHeader), Part 5 §6.3.2 (Server_ServerStatus_CurrentTime).
    """
    request = ua.ReadRequest()
    node = ua.NodeId(_IDS.Server_ServerStatus_CurrentTime, 0)
    request.Parameters.NodesToRead = [
        ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value)
    ]
    data = await client.uaclient._send_request(request)  # noqa: SLF001 - else the header is lost
    answer = struct_from_binary(ua.ReadResponse, data)
    answer.ResponseHeader.ServiceResult.check()
    stamps = [answer.ResponseHeader.Timestamp]
    for result in answer.Results or ():
        stamps += [result.ServerTimestamp, result.Value.Value if result.Value else None]
    return [unix_ns(stamp) for stamp in stamps if isinstance(stamp, datetime)]


def unix_ns(stamp: datetime) -> int:
    """Give ns since 1970 of a time without zone, which is UTC."""
    return round(stamp.replace(tzinfo=UTC).timestamp() * 1e6) * 1000


def _time(value: Any) -> datetime | None:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else None


def _strings(value: Any) -> list[str]:
    return [str(entry) for entry in value] if isinstance(value, list) else []


def _limit(value: Any, default: int) -> int:
    return min(int(value), default) if isinstance(value, int) and value > 0 else default


async def offered_endpoints(source: OpcUaSource) -> list[Any]:
    """Ask for the endpoints over an unprotected channel that is closed again."""
    client = _new_client(source)
    try:
        return await client.connect_and_get_server_endpoints()
    finally:
        _abort(client)


def _new_client(source: OpcUaSource) -> LinkClient:
    client = LinkClient(source.url, source.request_timeout_s)
    client.application_uri = source.application_uri
    client.name = client.description = "Factory telemetry gateway"
    client.product_uri = "urn:factory-telemetry-gateway"
    client.session_timeout = round(source.session_timeout_s * 1000)
    client.secure_channel_timeout = CHANNEL_LIFE_MS
    return client


async def connect(source: OpcUaSource, clock: Clock, ticket: Ticket | None = None) -> Link:
    """Connect, log in and read what the server says of itself.

    `ticket` is the session of a connection that was lost: it is taken up again where the server
    still has it, so that its subscriptions go on; else a new session is made.

    Raises:
        SourceUnavailable, SourceRejected: see README.md; nothing stays open.
    Cancel: the socket is closed at once.
    """
    with edge("asking for endpoints"):
        async with asyncio.timeout(source.request_timeout_s):
            endpoints = await offered_endpoints(source)
    choice = choose(endpoints, source)
    check_login(source, choice)
    client = _new_client(source)
    await asyncio.to_thread(_prepare, client, source, choice, clock)
    try:
        with edge("connecting"):
            async with asyncio.timeout(4 * source.request_timeout_s):
                resumed = await _open(client, ticket)
                link = await _describe(client, choice)
                link.resumed = resumed
                return link
    except BaseException:
        _abort(client)
        raise


def _prepare(client: LinkClient, source: OpcUaSource, choice: Choice, clock: Clock) -> None:
    own: OwnCertificate | None = None
    if choice.secure and choice.certificate is not None:
        try:
            own = own_certificate(source.trust_folder, source.application_uri, clock.now())
            TrustStore(source.trust_folder).check(choice.certificate, source.url, clock.now())
        except (OSError, ValueError) as error:
            raise SourceRejected("trust-folder", str(error)) from error
        left = own.certificate.not_valid_after_utc.timestamp() - clock.now() / 1e9
        if left < EXPIRY_WARNING_DAYS * 86400:
            events.own_certificate_expires(source.device, left / 86400)
    protect(client, choice, own)
    identify(client, source)


async def _open(client: LinkClient, ticket: Ticket | None) -> bool:
    """Open channel and session; say whether it is the old session."""
    await client.connect_socket()
    await client.send_hello()
    await client.open_secure_channel()
    if ticket is not None and await _resume(client, ticket):
        return True
    await client.create_session()
    await _activate(client)
    return False


async def _resume(client: LinkClient, ticket: Ticket) -> bool:
    policy = client.security_policy
    ticket.tries += 1
    if ticket.tries > RESUME_TRIES_MAX:
        return False
    if policy.peer_certificate and policy.peer_certificate != ticket.certificate:
        return False
    before = policy.peer_certificate
    client.uaclient.session.restore_authentication_token(ticket.token)
    inside: Any = client
    inside._server_nonce, inside._policy_ids = ticket.nonce, ticket.policies  # noqa: SLF001 - the library has no accessor
    policy.peer_certificate = ticket.certificate
    try:
        await _activate(client)
    except UaStatusCodeError:
        if client.cut_off:
            raise
        client.uaclient.session.reset_authentication_token()
        inside._server_nonce = None  # noqa: SLF001
        policy.peer_certificate = before
        return False
    return True


async def _activate(client: LinkClient) -> None:
    await client.activate_session(client._username, client._password, client.user_certificate)  # noqa: SLF001 - the library has no accessor


async def _describe(client: LinkClient, choice: Choice) -> Link:
    values = await read_values(client, _STATUS_NODES)
    limits = Limits(
        items=_limit(values[2], OPERATION_LIMIT),
        read=_limit(values[3], OPERATION_LIMIT),
        translate=_limit(values[4], OPERATION_LIMIT),
        history=_limit(values[5], 100),
    )
    return Link(client, choice, _time(values[0]), _strings(values[1]), limits)


async def keep_channel(client: LinkClient, clock: Clock) -> None:
    """Renew the security token after three quarters of its life. Source: Part 4 §5.5.2."""
    while True:
        await clock.sleep(client.secure_channel_timeout * 0.75 / 1000)
        with edge("renewing the secure channel"):
            await client.open_secure_channel(renew=True)
            client.uaclient.revolve_security_token()


async def close(link: Link) -> None:
    """Delete the subscriptions, close session, channel and socket; at most `CLOSE_S` seconds."""
    client = link.client
    if client.cut_off:
        _abort(client)
        return
    try:
        async with asyncio.timeout(CLOSE_S):
            await client.uaclient.close_session(True)
            await client.close_secure_channel()
    except (UaError, OSError, TimeoutError):
        pass  # the other side is gone: there is nobody to say goodbye to
    finally:
        _abort(client)


def abort(link: Link) -> None:
    """Drop the connection without a word: the session stays for a while, to be taken up again."""
    _abort(link.client)
    link.client.protocol.lost = link.client.protocol.lost or "given up"


def _abort(client: LinkClient) -> None:
    protocol = client.uaclient.protocol
    if protocol is not None and protocol.transport is not None:
        protocol.transport.abort()
    client.uaclient.mark_disconnected()
