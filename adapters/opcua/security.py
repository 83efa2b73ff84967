"""Which of the server's endpoints is used, and what proves who we are. Never less than asked for.

Source: OPC UA Part 4 §5.5.4 (GetEndpoints), §7.40 (user identity tokens), Part 7 (policies).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from adapters.opcua.certificates import OwnCertificate
from adapters.opcua.config import OpcUaSource
from adapters.opcua.errors import system_words
from adapters.opcua.library import policies, ua
from adapters.opcua.server_certificate import ServerCertificate, first_certificate
from adapters.opcua.transport import LinkClient
from gateway.core.errors import SourceRejected

_URI = "http://opcfoundation.org/UA/SecurityPolicy#"
POLICIES: dict[str, Any] = {
    "Aes256_Sha256_RsaPss": policies.SecurityPolicyAes256Sha256RsaPss,
    "Basic256Sha256": policies.SecurityPolicyBasic256Sha256,
    "Aes128_Sha256_RsaOaep": policies.SecurityPolicyAes128Sha256RsaOaep,
    "None": policies.SecurityPolicyNone,
}
"""Best first. Older policies are broken and never taken."""
OUTDATED = ("Basic256", "Basic128Rsa15")
"""Withdrawn by the OPC Foundation. Source: Part 7, security policies that are deprecated."""
MODES = {
    "SignAndEncrypt": ua.MessageSecurityMode.SignAndEncrypt,
    "Sign": ua.MessageSecurityMode.Sign,
    "None": ua.MessageSecurityMode.None_,
}
NAME_MAX, URL_MAX = 80, 4096
"""No longer is what a server tells of itself. Source of the second: Part 6 §7.1.2.3."""
_POLICY_RANK = list(POLICIES)
_MODE_RANK = list(MODES)


@dataclass(frozen=True, slots=True)
class Choice:
    """One endpoint. `certificate` is the server's own, without its chain; None for mode None."""

    mode: str
    policy: str
    certificate: bytes | None
    tokens: tuple[Any, ...] = ()
    url: str = ""
    """The address that the server gives this endpoint; it may lead nowhere from here."""

    @property
    def secure(self) -> bool:
        return self.mode != "None"

    def __str__(self) -> str:
        return f"{self.mode} {self.policy}" if self.secure else "None"


def choose(endpoints: Sequence[Any], source: OpcUaSource) -> Choice:
    """Give the best endpoint that the source allows.

    Raises:
        SourceRejected: `policy-outdated` when protection is offered with withdrawn policies alone,
            `security-none` when only unprotected ones would do and `unsafe` is not set,
            `security-not-offered` when the server has none of what was asked for.
    """
    offered = [choice for endpoint in endpoints if (choice := _choice(endpoint)) is not None]
    wanted = [
        choice
        for choice in offered
        if source.mode in (None, choice.mode)
        and _plain(source.policy) in ("", _plain(choice.policy))
    ]
    allowed = [choice for choice in wanted if choice.secure or source.unsafe]
    if allowed:
        return min(allowed, key=_rank)
    names = sorted({_level(endpoint) for endpoint in endpoints})
    listed = ", ".join(names) or "nothing"
    outdated = any(name.split()[-1] in OUTDATED for name in names)
    if outdated and not any(choice.secure for choice in offered):
        raise SourceRejected("policy-outdated", f"the server offers: {listed}")
    if wanted:
        raise SourceRejected("security-none", f"the server offers: {listed}")
    raise SourceRejected("security-not-offered", f"the server offers: {listed}")


def _level(endpoint: Any) -> str:
    """Give mode and policy of any endpoint, also of one that is never taken."""
    policy = str(endpoint.SecurityPolicyUri or "?").removeprefix(_URI)[:NAME_MAX]
    mode = next((name for name, mode in MODES.items() if mode == endpoint.SecurityMode), "?")
    return "None" if mode == policy == "None" else f"{mode} {policy}"


def same_level(endpoint: Any, choice: Choice) -> bool:
    """Say whether an endpoint has the mode and policy of the choice."""
    return _level(endpoint) == str(choice)


def _plain(policy: str | None) -> str:
    """Give a policy's name without underscores: both ways of writing it are in use."""
    return (policy or "").replace("_", "")


def _rank(choice: Choice) -> tuple[int, int]:
    return _MODE_RANK.index(choice.mode), _POLICY_RANK.index(choice.policy)


def _choice(endpoint: Any) -> Choice | None:
    uri = str(endpoint.SecurityPolicyUri or "")
    policy = uri.removeprefix(_URI)
    mode = next((name for name, mode in MODES.items() if mode == endpoint.SecurityMode), None)
    url = str(endpoint.EndpointUrl or "")
    usable = not url or url.lower().startswith("opc.tcp:")
    if not usable or policy not in POLICIES or mode is None:
        return None
    if (mode == "None") != (policy == "None"):
        return None
    raw = bytes(endpoint.ServerCertificate or b"")
    if mode != "None" and not raw:
        return None
    tokens = tuple(endpoint.UserIdentityTokens or ())
    return Choice(mode, policy, first_certificate(raw) if raw else None, tokens, url[:URL_MAX])


def protect(
    client: LinkClient, choice: Choice, own: OwnCertificate | None, peer: ServerCertificate | None
) -> None:
    """Set the channel's policy on a client that is not connected yet."""
    if not choice.secure or own is None or peer is None:
        return
    policy = POLICIES[choice.policy](peer, own.certificate, own.key, MODES[choice.mode])
    client.security_policy = policy
    client.uaclient.set_security(policy)


def check_login(source: OpcUaSource, choice: Choice) -> None:
    """Refuse what would give a password away or cannot work.

    Raises:
        SourceRejected: `password-in-clear` or `login-not-offered`.
    """
    kind = _token_kind(source)
    offered = [token for token in choice.tokens if token.TokenType == kind]
    if choice.tokens and not offered:
        names = ", ".join(sorted({token.TokenType.name for token in choice.tokens}))
        raise SourceRejected("login-not-offered", f"the server takes: {names}")
    if kind != ua.UserTokenType.UserName or source.unsafe:
        return
    policy = str((offered[0].SecurityPolicyUri if offered else "") or f"{_URI}{choice.policy}")
    if policy == f"{_URI}None" and choice.mode != "SignAndEncrypt":
        raise SourceRejected("password-in-clear", "the server would take the password unprotected")


def _token_kind(source: OpcUaSource) -> Any:
    if source.user_certificate is not None:
        return ua.UserTokenType.Certificate
    return ua.UserTokenType.UserName if source.user else ua.UserTokenType.Anonymous


def identify(client: LinkClient, source: OpcUaSource) -> None:
    """Give the client its user. Blocks on small files.

    Raises SourceRejected `login-file` when certificate or key of the user cannot be read.
    """
    if source.user:
        client.set_user(source.user)
        client.set_password(source.password or "")
    if source.user_certificate is None:
        return
    if source.user_key is None:
        raise SourceRejected("login-file", "a user certificate needs its key")
    try:
        place = source.user_certificate
        client.user_certificate = _load_certificate(place)
        place = source.user_key
        raw = source.user_key.read_bytes()
        client.user_private_key = (
            serialization.load_pem_private_key(raw, None)
            if raw.lstrip().startswith(b"-----")
            else serialization.load_der_private_key(raw, None)
        )
    except OSError as error:
        raise SourceRejected("login-file", f"{place}: {system_words(error)}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        what = "neither PEM nor DER, or protected with a password"
        raise SourceRejected("login-file", f"{place}: {what}") from error


def _load_certificate(path: Path) -> x509.Certificate:
    raw = path.read_bytes()
    if raw.lstrip().startswith(b"-----"):
        return x509.load_pem_x509_certificate(raw)
    return x509.load_der_x509_certificate(raw)
