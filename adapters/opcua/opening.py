"""From a socket to an active session: a new one, or the one that a lost connection left behind.

Source: OPC UA Part 4 §5.6.2 (CreateSession), §5.6.3 (ActivateSession).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.opcua.config import OpcUaSource
from adapters.opcua.library import UaStatusCodeError, ua
from adapters.opcua.security import Choice, same_level
from adapters.opcua.server_certificate import first_certificate
from adapters.opcua.transport import LinkClient
from gateway.core.errors import SourceRejected

NONCE_BYTES = 32
RESUME_TRIES_MAX = 3
"""Tries to take a session up again that reached the server; then a new one is made."""


@dataclass(slots=True)
class Ticket:
    """What is needed to take a session up again on a new channel. Source: Part 4 §5.7.3."""

    token: Any = field(repr=False)
    nonce: bytes | None = field(repr=False)
    policies: Any
    certificate: bytes | None
    tries: int = 0


async def open_channel(client: LinkClient) -> None:
    """Open socket and secure channel."""
    await client.connect_socket()
    await client.send_hello()
    await client.open_secure_channel()


async def open_session(
    client: LinkClient, choice: Choice, source: OpcUaSource, ticket: Ticket | None
) -> bool:
    """Give the client a session; say whether it is the old one.

    Raises the library's errors, and SourceRejected `session-without-endpoints` or
    `certificate-mismatch`.
    """
    if ticket is not None and await _resume(client, ticket):
        return True
    await _create(client, choice, source)
    await _activate(client)
    return False


async def _create(client: LinkClient, choice: Choice, source: OpcUaSource) -> None:
    nonce = secrets.token_bytes(NONCE_BYTES)
    inside: Any = client
    policy: Any = client.security_policy
    answer: Any = await client.uaclient.create_session(_request(client, nonce))
    policy.asymmetric_cryptography.verify(
        (policy.host_certificate or b"") + nonce, answer.ServerSignature.Signature
    )
    inside._server_nonce = answer.ServerNonce  # noqa: SLF001 - the library has no accessor
    theirs = first_certificate(bytes(answer.ServerCertificate or b"")) or None
    if not policy.peer_certificate:
        policy.peer_certificate = theirs
    elif policy.peer_certificate != theirs:
        raise SourceRejected(
            "certificate-mismatch", "the session comes with another certificate than the channel"
        )
    inside._policy_ids = _tokens(answer.ServerEndpoints, choice, source)  # noqa: SLF001 - the library has no accessor
    client.session_timeout = answer.RevisedSessionTimeout or client.session_timeout


def _request(client: LinkClient, nonce: bytes) -> Any:
    us = ua.ApplicationDescription(
        ApplicationUri=client.application_uri,
        ProductUri=client.product_uri,
        ApplicationName=ua.LocalizedText(client.name),
        ApplicationType=ua.ApplicationType.Client,
    )
    return ua.CreateSessionParameters(
        ClientDescription=us,
        EndpointUrl=client.server_url.geturl(),
        SessionName=client.description,
        ClientNonce=nonce,
        ClientCertificate=client.security_policy.host_certificate or None,
        RequestedSessionTimeout=client.session_timeout,
        MaxResponseMessageSize=0,
    )


def _tokens(endpoints: Sequence[Any] | None, choice: Choice, source: OpcUaSource) -> list[Any]:
    """Give the ways to log in of the endpoint that is used.

    The list that comes with a session exists so that a client notices when somebody on the way made
    the server look weaker than it is. A server may leave it out. Then nobody can notice, which is
    harmless where the device file says what protection there is to be, and asked for elsewhere.
    """
    same = [endpoint for endpoint in endpoints or () if same_level(endpoint, choice)]
    if same:
        exact = next((each for each in same if str(each.EndpointUrl or "") == choice.url), same[0])
        return list(exact.UserIdentityTokens or ())
    if source.mode is None and source.policy is None and not source.unsafe:
        what = "does not hold the endpoint in use" if endpoints else "is missing"
        raise SourceRejected(
            "session-without-endpoints",
            f"the list of endpoints that comes with a session {what}; in use: {choice}",
        )
    return list(choice.tokens)


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
        inside._server_nonce = None  # noqa: SLF001 - the library has no accessor
        policy.peer_certificate = before
        return False
    return True


async def _activate(client: LinkClient) -> None:
    await client.activate_session(client._username, client._password, client.user_certificate)  # noqa: SLF001 - the library has no accessor
