"""One connection to a server: from the socket to an active session, and back within 5 seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from adapters.opcua import events
from adapters.opcua.certificates import OwnCertificate, OwnCertificateDamaged, own_certificate
from adapters.opcua.config import OpcUaSource
from adapters.opcua.discovery import Address, addresses, discover, in_words
from adapters.opcua.errors import edge, span_words, system_words
from adapters.opcua.library import UaError, struct_from_binary, ua
from adapters.opcua.opening import Ticket, open_channel, open_session
from adapters.opcua.security import Choice, check_login, choose, identify, protect
from adapters.opcua.server_certificate import ServerCertificate
from adapters.opcua.slices import in_slices
from adapters.opcua.transport import LinkClient
from adapters.opcua.trust import TrustStore
from gateway.core.clock import Clock
from gateway.core.errors import SourceError, SourceRejected

CLOSE_S = 3.5
CHANNEL_LIFE_MS = 600_000
OPERATION_LIMIT = 500
"""Nodes in one call, whatever the server says: small PLCs promise more than they bear."""
EXPIRY_WARNING_DAYS = 30
_IDS = ua.ObjectIds
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
            client._policy_ids,  # noqa: SLF001 - the library has no accessor
            client.security_policy.peer_certificate,
        )

    async def read_identity(self) -> tuple[datetime | None, list[str]]:
        """Read start time and namespace array again; when one differs, nothing known holds."""
        values = await read_values(self.client, _STATUS_NODES[:2])
        return _time(values[0]), _strings(values[1])


async def read_values(client: LinkClient, numbers: tuple[int, ...]) -> list[Any]:
    """Read variables of namespace 0; None where the server has none or gives none."""
    found: dict[int, Any] = {}

    async def read(part: Sequence[int]) -> None:
        nodes = [ua.NodeId(number, 0) for number in part]
        answers = await client.uaclient.read_attributes(nodes, ua.AttributeIds.Value)
        for number, answer in zip(part, answers, strict=True):
            if answer.Value is not None and (
                answer.StatusCode is None or answer.StatusCode.is_good()
            ):
                found[number] = answer.Value.Value

    await in_slices(numbers, len(numbers), read, lambda *_: None)
    return [found.get(number) for number in numbers]


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


def _new_client(source: OpcUaSource, address: Address) -> LinkClient:
    client = LinkClient(address.url, source.request_timeout_s, address.name)
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
    endpoints = await discover(
        source.url,
        lambda url: _new_client(source, Address(url, url)),
        source.request_timeout_s,
        clock,
    )
    choice = choose(endpoints, source)
    check_login(source, choice)
    proof = await asyncio.to_thread(_proof, source, choice, clock)
    first: SourceError | None = None
    for address in addresses(source.url, choice.url, secure=choice.secure):
        client = _new_client(source, address)
        try:
            return await _connect_to(client, source, choice, proof, ticket)
        except SourceError as error:
            first = first or _named(error, client, proof, clock)
            if not _elsewhere(error, client):
                break
    assert first is not None
    raise first


async def _connect_to(
    client: LinkClient, source: OpcUaSource, choice: Choice, proof: Proof, ticket: Ticket | None
) -> Link:
    protect(client, choice, proof.own, proof.peer)
    try:
        await asyncio.to_thread(identify, client, source)
        with edge("connecting", strange=True):
            async with asyncio.timeout(4 * source.request_timeout_s):
                await open_channel(client)
                client.opened = True
                resumed = await open_session(client, choice, source, ticket)
                link = await _describe(client, choice)
                link.resumed = resumed
                return link
    except BaseException:
        client.drop()
        raise


def _elsewhere(error: SourceError, client: LinkClient) -> bool:
    """Say whether the same server may take us under another of its names.

    Only the greeting and the channel depend on the name; a server that does not know it says so or
    hangs up. Who does not trust us or our clock will not do so under another name.
    """
    final = ("own-certificate-refused", "clock-refused", "timeout")
    return client.reached and not client.opened and error.reason not in final


def _named(error: SourceError, client: LinkClient, proof: Proof, clock: Clock) -> SourceError:
    """Say what is known of the clocks where the server refuses because of a time."""
    if error.reason == "clock-refused" and proof.left_s < 0:
        detail = f"our own certificate ended {span_words(-proof.left_s)} ago"
        return SourceRejected("own-certificate-expired", detail)
    return in_words(error, client, clock)


@dataclass(frozen=True, slots=True)
class Proof:
    """What proves both sides of a protected channel; `left_s` is what our certificate has to go."""

    own: OwnCertificate | None = None
    peer: ServerCertificate | None = None
    left_s: float = 0.0


def _proof(source: OpcUaSource, choice: Choice, clock: Clock) -> Proof:
    """Load or make our certificate and look whether theirs is trusted. Blocks on small files."""
    if not choice.secure or choice.certificate is None:
        return Proof()
    try:
        own = own_certificate(source.trust_folder, source.application_uri, clock.now())
        peer = TrustStore(source.trust_folder).check(choice.certificate, source.url, clock.now())
    except OSError as error:
        where = error.filename or source.trust_folder
        raise SourceRejected("trust-folder", f"{where}: {system_words(error)}") from error
    except OwnCertificateDamaged as error:
        raise SourceRejected("own-certificate-damaged", str(error)) from error
    left_s = own.certificate.not_valid_after_utc.timestamp() - clock.now() / 1e9
    if left_s < EXPIRY_WARNING_DAYS * 86400:
        events.own_certificate_expires(source.device, left_s / 86400)
    return Proof(own, peer, left_s)


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
        client.drop()
        return
    try:
        async with asyncio.timeout(CLOSE_S):
            await client.uaclient.close_session(True)
            await client.close_secure_channel()
    except (UaError, OSError, TimeoutError):
        pass  # the other side is gone: there is nobody to say goodbye to
    finally:
        client.drop()


def abort(link: Link) -> None:
    """Drop the connection without a word: the session stays for a while, to be taken up again."""
    link.client.drop()
    link.client.protocol.lost = link.client.protocol.lost or "given up"
