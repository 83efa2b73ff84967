"""Whatever bytes come, there is an answer or a refusal, and never anything unforeseen."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.usage.config import ReceiverConfig
from gateway.usage.receiver.endpoints import Endpoints
from gateway.usage.receiver.head import HttpError
from gateway.usage.receiver.health import ReceiverHealth
from gateway.usage.receiver.http1 import RequestReader
from gateway.usage.receiver.replies import answer_bytes
from tests.unit.usage.receiver.styles import ORIGIN, STYLES
from tests.unit.usage.receiver.support import (
    NOW,
    FakeIntake,
    FixedClock,
    assert_no_canary,
    result_of,
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real request with a few bytes changed, added or taken away."""
    data = bytearray(STYLES[draw(st.sampled_from(sorted(STYLES)))])
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        end = place + draw(st.integers(0, 20))
        data[place:end] = draw(st.binary(max_size=6) | st.sampled_from([b"%", b"&", b'"', b"<!"]))
    return bytes(data)


@settings(max_examples=400, deadline=None)
@given(damaged())
def test_a_damaged_request_is_answered_in_the_services_shape_or_refused(data: bytes) -> None:
    intake, health = FakeIntake(), ReceiverHealth()
    config = ReceiverConfig("127.0.0.1:0", origins=(ORIGIN,))
    endpoints = Endpoints(config, intake, FixedClock(), health)
    reader = RequestReader()
    reader.feed(data)
    reader.feed_eof()
    try:
        request = reader.next_request()
    except HttpError:
        return
    assert request is not None
    reply = asyncio.run(endpoints.answer(request, "10.0.0.1"))
    written = answer_bytes(reply, NOW, keep_alive=False)
    assert written.count(b"HTTP/1.1 ") == 1
    if reply.status == 200 and health.requests:
        result = result_of(reply.body)
        assert result["recptnRsltCd"] in {"AP1001", "AP1023", "AP1025", "AP1028"}
        stored = result["recptnRsltCd"] in {"AP1001", "AP1028"}
        assert len(intake.raws) == (1 if stored else 0)
    assert_no_canary(written)
