"""What a broker's reason codes mean for us. Source: MQTT 5.0 §2.4, MQTT 3.1.1 §3.2.2.3."""

from __future__ import annotations

from gateway.core.errors import SourceError, SourceRejected, SourceUnavailable

# What is said of a signal or a device while the connection stands.
PATH_MISSING = "path-missing"
MESSAGE_UNREADABLE = "message-unreadable"
TIME_UNREADABLE = "time-unreadable"
TIME_MISSING = "time-missing"
RETAINED_ONLY = "retained-only"
SUBSCRIPTION_REFUSED = "subscription-refused"
TOPIC_UNMATCHED = "topic-unmatched"
DEVICE_NOT_LISTED = "device-not-listed"
HALL_UNWATCHED = "hall-unwatched"

# Why there is no connection, beside what the broker itself says.
CLOSED = "closed-by-broker"
NO_CONNACK = "no-answer-to-connect"
TLS_REFUSED = "tls-refused"

UNSUPPORTED_VERSION = 0x84
SESSION_TAKEN_OVER = 0x8E
FAILURE = 0x80

NAMES = {
    0x80: "unspecified-error",
    0x81: "malformed-packet",
    0x82: "protocol-error",
    0x83: "implementation-specific-error",
    0x84: "unsupported-protocol-version",
    0x85: "client-id-not-valid",
    0x86: "bad-user-or-password",
    0x87: "not-authorized",
    0x88: "server-unavailable",
    0x89: "server-busy",
    0x8A: "banned",
    0x8B: "server-shutting-down",
    0x8C: "bad-authentication-method",
    0x8D: "keep-alive-timeout",
    0x8E: "session-taken-over",
    0x8F: "topic-filter-invalid",
    0x90: "topic-name-invalid",
    0x91: "packet-identifier-in-use",
    0x93: "receive-maximum-exceeded",
    0x94: "topic-alias-invalid",
    0x95: "packet-too-large",
    0x96: "message-rate-too-high",
    0x97: "quota-exceeded",
    0x98: "administrative-action",
    0x99: "payload-format-invalid",
    0x9A: "retain-not-supported",
    0x9B: "qos-not-supported",
    0x9C: "use-another-server",
    0x9D: "server-moved",
    0x9E: "shared-subscriptions-not-supported",
    0x9F: "connection-rate-exceeded",
    0xA0: "maximum-connect-time",
    0xA1: "subscription-identifiers-not-supported",
    0xA2: "wildcard-subscriptions-not-supported",
}

_FROM_V311 = {1: 0x84, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87}
_NEED_A_PERSON = {0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C, SESSION_TAKEN_OVER, 0x9C, 0x9D}
"""Trying again changes nothing: login, client id and address are set by people.

Taken over: two clients with one id would throw each other out for ever, so this counts as well.
"""


def reason_name(code: int) -> str:
    """Give the fixed word of a reason code."""
    return NAMES.get(code, f"reason-0x{code:02x}")


def v5_from_v311(code: int) -> int:
    """Give the reason code that a 3.1.1 CONNACK return code stands for."""
    return _FROM_V311.get(code, FAILURE) if code else 0


def error_for(code: int, detail: str) -> SourceError:
    """Give the error for a refused CONNECT or a DISCONNECT from the broker."""
    if code < FAILURE:
        return SourceUnavailable(CLOSED, detail)
    kind = SourceRejected if code in _NEED_A_PERSON else SourceUnavailable
    return kind(reason_name(code), detail)
