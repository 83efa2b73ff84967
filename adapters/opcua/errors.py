"""The one place where the library's exceptions become ours, in words of our own.

What a library or the operating system writes into an exception never leaves this room: a person
reads a reason word, for which advice.toml has a next step, and a few facts in plain language.
"""

from __future__ import annotations

import errno
import socket
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
from adapters.opcua.transport import ChannelError, ConnectionEnded
from adapters.opcua.variants import DecodeError
from gateway.core.errors import SourceError, SourceRejected, SourceUnavailable
from gateway.core.types import UnixNs

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
        _CODES.BadCertificateUriInvalid,
        _CODES.BadCertificateHostNameInvalid,
        _CODES.BadCertificateUseNotAllowed,
        _CODES.BadCertificateIssuerUseNotAllowed,
        _CODES.BadCertificateRevoked,
        _CODES.BadCertificateIssuerRevoked,
        _CODES.BadCertificateRevocationUnknown,
        _CODES.BadCertificateIssuerRevocationUnknown,
        _CODES.BadCertificateChainIncomplete,
        _CODES.BadCertificatePolicyCheckFailed,
        _CODES.BadApplicationSignatureInvalid,
    }
)
_CLOCK = frozenset(
    {
        _CODES.BadInvalidTimestamp,
        _CODES.BadCertificateTimeInvalid,
        _CODES.BadCertificateIssuerTimeInvalid,
    }
)
_SECURITY = frozenset(
    {
        _CODES.BadSecurityPolicyRejected,
        _CODES.BadSecurityModeRejected,
        _CODES.BadSecurityModeInsufficient,
    }
)
_ADDRESS = frozenset({_CODES.BadTcpEndpointUrlInvalid, _CODES.BadServerUriInvalid})
_REASONS = (
    (_LOGIN, "login-refused"),
    (_CLOCK, "clock-refused"),
    (_CERTIFICATE, "own-certificate-refused"),
    (_SECURITY, "security-refused"),
    (_ADDRESS, "address-refused"),
)
SAME_CLOCK_S = 2.0
"""Stamps that differ by less tell nothing: answers take their time, some clocks tick in seconds."""
_SYSTEM = {
    errno.ECONNREFUSED: "nobody listens on this port",
    errno.ECONNRESET: "the connection was cut",
    errno.ECONNABORTED: "the connection was cut",
    errno.EPIPE: "the connection was cut",
    errno.EHOSTUNREACH: "no way leads to this host",
    errno.ENETUNREACH: "no way leads to this network",
    errno.EHOSTDOWN: "the host does not answer",
    errno.ETIMEDOUT: "the host does not answer",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.ENOENT: "not there",
    errno.EISDIR: "a folder, not a file",
    errno.ENOTDIR: "a file where a folder should be",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is full",
    errno.EROFS: "the disk is read-only",
    errno.EIO: "the disk has an error",
    errno.EMFILE: "too many open files",
    errno.ENFILE: "too many open files",
}
STRANGE = (ValueError, IndexError, TypeError, KeyError, EOFError, AttributeError)
"""What the library raises at answers whose parts are not what they should be."""


def status_name(code: int) -> str:
    """Give the name of a status code, such as `BadNodeIdUnknown`; info bits do not matter."""
    return get_name_and_doc(code & 0xFFFF0000)[0]


def rejected_reason(code: int) -> str | None:
    """Give the reason word for a status that a person must act on, else None."""
    return next((reason for codes, reason in _REASONS if code & 0xFFFF0000 in codes), None)


def system_words(error: OSError) -> str:
    """Say in words what the operating system means by an error."""
    if isinstance(error, ConnectionEnded):
        return str(error)
    if isinstance(error, socket.gaierror):
        return "the host name is not known here"
    if error.errno is None:
        ended = isinstance(error, ConnectionError)
        return "the connection is closed" if ended else "no connection could be made"
    return _SYSTEM.get(error.errno, errno.errorcode.get(error.errno, f"error {error.errno}"))


def clock_words(theirs: UnixNs | None, ours: UnixNs) -> str:
    """Say by how much a server's clock differs from ours; `theirs` None: it told no time."""
    if theirs is None:
        return "its answers bear no time"
    ahead = (theirs - ours) / 1e9
    if abs(ahead) < SAME_CLOCK_S:
        return "its answers bear the same time as ours: look at its time zone"
    return f"its clock is {span_words(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} ours"


def span_words(seconds: float) -> str:
    """Give a time span in its two largest units: `3 h 12 min`, `100 ms`, `2 d`."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    units = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
    left, words = round(seconds), []
    for size, unit in units:
        count, left = divmod(left, size)
        if count:
            words.append(f"{count} {unit}")
        elif words:
            break
    return " ".join(words[:2])


def source_error(error: BaseException, doing: str) -> SourceError:
    """Give our error for one of the library or the network."""
    if isinstance(error, SourceError):
        return error
    if isinstance(error, UaStatusCodeError):
        name, reason = status_name(error.code), rejected_reason(error.code)
        if reason:
            return SourceRejected(reason, f"{name} ({doing})")
        return SourceUnavailable(name, doing)
    if isinstance(error, TimeoutError):
        return SourceUnavailable("timeout", doing)
    if isinstance(error, OSError):
        return SourceUnavailable("unreachable", f"{system_words(error)} ({doing})")
    if isinstance(error, UnicodeError):
        return SourceUnavailable("unreachable", f"the host name cannot be used ({doing})")
    return SourceUnavailable("protocol", f"{_breach(error)} ({doing})")


def _breach(error: BaseException) -> str:
    """Say in which way the other side broke the protocol."""
    if isinstance(error, ChannelError):
        return str(error)
    if isinstance(error, InvalidSignature | WrongSignature):
        return "a signature does not match"
    return "an answer cannot be read"


@contextmanager
def edge(doing: str, *, strange: bool = False) -> Iterator[None]:
    """Turn what the library or the network raises inside into a SourceError that says `doing`.

    `strange`: a stranger's answers are read inside whose parts may be missing.
    """
    try:
        yield
    except (
        UaError,
        OSError,
        TimeoutError,
        UnicodeError,
        struct.error,
        DecodeError,
        InvalidSignature,
        WrongSignature,
    ) as error:
        raise source_error(error, doing) from error
    except STRANGE as error:
        if strange:
            raise source_error(error, doing) from error
        raise
