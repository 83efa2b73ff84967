"""The one place where the library's exceptions become ours."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.opcua.library import (
    InvalidSignature,
    UaError,
    UaStatusCodeError,
    WrongSignature,
    get_name_and_doc,
    ua,
)
from adapters.opcua.variants import DecodeError
from gateway.core.errors import SourceError, SourceRejected, SourceUnavailable

_CODES = ua.StatusCodes
_LOGIN = frozenset(
    {
        _CODES.BadIdentityTokenInvalid,
        _CODES.BadIdentityTokenRejected,
        _CODES.BadUserAccessDenied,
        _CODES.BadUserSignatureInvalid,
    }
)
_CERTIFICATE = frozenset(
    {
        _CODES.BadSecurityChecksFailed,
        _CODES.BadCertificateInvalid,
        _CODES.BadCertificateUntrusted,
        _CODES.BadCertificateTimeInvalid,
        _CODES.BadCertificateUriInvalid,
        _CODES.BadCertificateUseNotAllowed,
        _CODES.BadCertificateRevoked,
        _CODES.BadCertificateChainIncomplete,
        _CODES.BadApplicationSignatureInvalid,
    }
)
_SECURITY = frozenset({_CODES.BadSecurityPolicyRejected, _CODES.BadSecurityModeRejected})
_ADDRESS = frozenset({_CODES.BadTcpEndpointUrlInvalid, _CODES.BadServerUriInvalid})


def status_name(code: int) -> str:
    """Give the name of a status code, such as `BadNodeIdUnknown`; info bits do not matter."""
    return get_name_and_doc(code & 0xFFFF0000)[0]


def rejected_reason(code: int) -> str | None:
    """Give the reason word for a status that a person must act on, else None."""
    if code in _LOGIN:
        return "login-refused"
    if code in _CERTIFICATE:
        return "own-certificate-refused"
    if code in _SECURITY:
        return "security-refused"
    return "address-refused" if code in _ADDRESS else None


def source_error(error: BaseException, doing: str) -> SourceError:
    """Give our error for one of the library or the network."""
    if isinstance(error, SourceError):
        return error
    if isinstance(error, UaStatusCodeError):
        name, reason = status_name(error.code), rejected_reason(error.code)
        if reason:
            return SourceRejected(reason, f"{name} ({doing})")
        return SourceUnavailable("refused", f"{name} ({doing})")
    if isinstance(error, TimeoutError):
        return SourceUnavailable("timeout", doing)
    if isinstance(error, OSError):
        return SourceUnavailable("unreachable", f"{error} ({doing})")
    return SourceUnavailable("protocol", f"{error or type(error).__name__} ({doing})")


@contextmanager
def edge(doing: str) -> Iterator[None]:
    """Turn what the library or the network raises inside into a SourceError that says `doing`."""
    try:
        yield
    except (
        UaError,
        OSError,
        TimeoutError,
        struct.error,
        DecodeError,
        InvalidSignature,
        WrongSignature,
    ) as error:
        raise source_error(error, doing) from error
