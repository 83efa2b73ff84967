"""What goes wrong is said in our words, and every reason has a next step."""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import Any

import pytest

from adapters.opcua.errors import (
    _REASONS,
    clock_words,
    edge,
    rejected_reason,
    source_error,
    span_words,
    status_name,
    system_words,
)
from adapters.opcua.library import UaError, UaStatusCodeError, ua
from adapters.opcua.transport import ChannelError, ConnectionEnded
from gateway.app.advice import book
from gateway.core.errors import SourceError
from gateway.core.types import UnixNs

HOUR = 3_600 * 10**9
FOREIGN = "a text of the library"


def codes() -> list[tuple[str, int]]:
    names = (name for name in dir(ua.StatusCodes) if name.startswith(("Bad", "Uncertain")))
    return [(name, getattr(ua.StatusCodes, name)) for name in names]


@pytest.mark.parametrize(
    "error",
    [
        UaError(FOREIGN),
        OSError(errno.ECONNREFUSED, FOREIGN),
        OSError(FOREIGN),
        ConnectionError(FOREIGN),
        socket.gaierror(-2, FOREIGN),
        TimeoutError(FOREIGN),
        struct.error(FOREIGN),
        UnicodeError(FOREIGN),
        ValueError(FOREIGN),
    ],
)
def test_no_text_of_a_library_or_system_is_shown(error: Exception) -> None:
    found = source_error(error, "connecting")
    assert FOREIGN not in str(found)
    assert "connecting" in found.detail


def test_what_we_say_ourselves_of_a_connection_stays() -> None:
    assert (
        "channel 1 instead of 2" in source_error(ChannelError("channel 1 instead of 2"), "x").detail
    )
    assert (
        "closed by the server" in source_error(ConnectionEnded("closed by the server"), "x").detail
    )


def test_every_number_of_the_system_has_words() -> None:
    for number in errno.errorcode:
        words = system_words(OSError(number, FOREIGN))
        assert words
        assert os.strerror(number) != words


def test_every_status_of_the_protocol_leads_to_advice() -> None:
    advice = book("opcua", "flow")
    for name, code in codes():
        failure: Any = UaStatusCodeError
        error: SourceError = source_error(failure(code), "connecting")
        assert advice.advice_for(error.reason) is not None, name
        assert status_name(code) in str(error)
    assert all(advice.advice_for(reason) for _, reason in _REASONS)


def test_nobody_is_sent_to_the_trust_list_for_a_password() -> None:
    for code in (ua.StatusCodes.BadUserAccessDenied, ua.StatusCodes.BadIdentityTokenRejected):
        reason = rejected_reason(code)
        assert reason == "login-refused"
        advice = book("opcua").advice_for(reason)
        assert advice is not None
        assert "trust" not in advice.command + advice.fix["en"] + advice.fix["ko"]


@pytest.mark.parametrize(
    "name", ["BadInvalidTimestamp", "BadCertificateTimeInvalid", "BadCertificateIssuerTimeInvalid"]
)
def test_a_refusal_by_time_is_a_matter_of_clocks(name: str) -> None:
    assert rejected_reason(getattr(ua.StatusCodes, name)) == "clock-refused"


def test_clocks_are_compared_in_words() -> None:
    now = UnixNs(1_790_000_000_000_000_000)
    assert clock_words(UnixNs(now + 3 * HOUR), now) == "its clock is 3 h ahead of ours"
    assert clock_words(UnixNs(now - 26 * HOUR), now) == "its clock is 1 d 2 h behind ours"
    assert "same time" in clock_words(UnixNs(now + 10**9), now)
    assert "no time" in clock_words(None, now)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.1, "100 ms"), (1, "1 s"), (2.5, "2.5 s"), (60, "1 min"), (5_400, "1 h 30 min")],
)
def test_spans_are_said_in_their_largest_units(seconds: float, words: str) -> None:
    assert span_words(seconds) == words


def test_answers_with_missing_parts_are_the_servers_fault_only_where_strangers_are_read() -> None:
    with pytest.raises(SourceError, match="protocol"), edge("connecting", strange=True):
        raise AttributeError(FOREIGN)
    with pytest.raises(AttributeError), edge("publishing"):
        raise AttributeError(FOREIGN)
