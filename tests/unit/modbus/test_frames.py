"""Frames: known bytes, and no answer but the right one is taken."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus.frames import (
    ExceptionAnswer,
    MismatchError,
    Request,
    RtuFrame,
    TcpFrame,
    crc16,
    read_request,
    write_coil,
    write_coils,
    write_register,
    write_registers,
)

REQUESTS = st.one_of(
    st.builds(read_request, st.sampled_from([3, 4]), st.integers(0, 60_000), st.integers(1, 125)),
    st.builds(read_request, st.sampled_from([1, 2]), st.integers(0, 60_000), st.integers(1, 2000)),
    st.builds(write_coil, st.integers(0, 0xFFFF), st.booleans()),
    st.builds(write_register, st.integers(0, 0xFFFF), st.integers(0, 0xFFFF)),
    st.builds(
        write_registers,
        st.integers(0, 0xFF00),
        st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=123),
    ),
)
Framed = TcpFrame | RtuFrame


def answer_to(request: Request, data: bytes) -> bytes:
    return request.pdu[:1] + request.head + data


def framed(frame: Framed, unit: int, pdu: bytes) -> bytes:
    """Put an answer's PDU into the framing of a request."""
    if isinstance(frame, TcpFrame):
        return frame.wire[:4] + struct.pack(">HB", len(pdu) + 1, unit) + pdu
    body = bytes([unit]) + pdu
    return body + crc16(body)


def frames(request: Request) -> tuple[Framed, Framed]:
    return TcpFrame(0x1234, 7, request), RtuFrame(7, request)


def taken(frame: Framed, stream: bytes) -> bytes:
    """Read a stream byte by byte, as it may come."""
    for end in range(1, len(stream) + 1):
        if not frame.missing(stream[:end]):
            assert end == len(stream)
            return frame.data(stream)
    raise EOFError


def test_requests_are_those_of_the_specification() -> None:
    """Source: V1.1b3 §6, the examples of each function."""
    assert read_request(1, 0x13, 0x13).pdu.hex() == "0100130013"
    assert read_request(2, 0xC4, 0x16).pdu.hex() == "0200c40016"
    assert read_request(3, 0x6B, 3).pdu.hex() == "03006b0003"
    assert read_request(4, 8, 1).pdu.hex() == "0400080001"
    assert write_coil(0xAC, True).pdu.hex() == "0500acff00"
    assert write_register(1, 3).pdu.hex() == "0600010003"
    bits = [bool(0x01CD >> place & 1) for place in range(10)]
    assert write_coils(0x13, bits).pdu.hex() == "0f0013000a02cd01"
    assert write_registers(1, [0x000A, 0x0102]).pdu.hex() == "10000100020 4000a0102".replace(
        " ", ""
    )


def test_framings_are_those_of_the_specification() -> None:
    request = read_request(3, 0, 1)
    assert RtuFrame(1, request).wire.hex() == "010300000001840a"
    assert TcpFrame(0x1501, 0xFF, read_request(3, 4, 1)).wire.hex() == "150100000006ff0300040001"
    assert crc16(b"\x02\x07").hex() == "4112"  # V1.02 §6.2.2: the low byte goes first


@given(REQUESTS, st.data())
def test_the_right_answer_is_taken_whole_and_its_data_given(
    request: Request, draw: st.DataObject
) -> None:
    data = draw.draw(st.binary(min_size=request.size, max_size=request.size))
    for frame in frames(request):
        assert taken(frame, framed(frame, 7, answer_to(request, data))) == data


@given(REQUESTS, st.integers(1, 255))
def test_an_exception_is_taken_as_one(request: Request, code: int) -> None:
    for frame in frames(request):
        stream = framed(frame, 7, bytes([request.function | 0x80, code]))
        with pytest.raises(ExceptionAnswer) as told:
            taken(frame, stream)
        assert told.value.code == code


@given(REQUESTS, st.data())
def test_one_changed_byte_of_a_head_or_a_checksum_is_a_mismatch(
    request: Request, draw: st.DataObject
) -> None:
    data = bytes(request.size)
    for frame in frames(request):
        stream = bytearray(framed(frame, 7, answer_to(request, data)))
        body = 8 if isinstance(frame, TcpFrame) else 2
        place = draw.draw(st.integers(0, body + len(request.head) - 1), label="place")
        stream[place] ^= draw.draw(st.integers(1, 255), label="change")
        with pytest.raises((MismatchError, EOFError)):
            taken(frame, bytes(stream))


@given(REQUESTS, st.data())
def test_any_changed_byte_shows_on_a_serial_line(request: Request, draw: st.DataObject) -> None:
    frame = RtuFrame(7, request)
    stream = bytearray(framed(frame, 7, answer_to(request, bytes(request.size))))
    stream[draw.draw(st.integers(0, len(stream) - 1))] ^= draw.draw(st.integers(1, 255))
    with pytest.raises((MismatchError, EOFError)):
        taken(frame, bytes(stream))


@given(REQUESTS, st.integers(0, 255).filter(lambda unit: unit != 7))
def test_the_answer_of_another_unit_is_a_mismatch(request: Request, unit: int) -> None:
    for frame in frames(request):
        stream = framed(frame, unit, answer_to(request, bytes(request.size)))
        with pytest.raises(MismatchError, match="unit"):
            taken(frame, stream)


@given(REQUESTS, REQUESTS)
def test_the_answer_to_another_request_is_only_taken_where_it_looks_the_same(
    mine: Request, other: Request
) -> None:
    stream = answer_to(other, bytes(other.size))
    for frame in frames(mine):
        if mine.shape == other.shape:
            assert taken(frame, framed(frame, 7, stream)) == bytes(mine.size)
        else:
            with pytest.raises((MismatchError, EOFError)):
                taken(frame, framed(frame, 7, stream))


@given(REQUESTS, st.binary(min_size=1, max_size=300))
def test_noise_is_never_taken_for_an_answer_by_surprise(request: Request, noise: bytes) -> None:
    for frame in frames(request):
        try:
            taken(frame, noise)
        except (MismatchError, EOFError, ExceptionAnswer):
            continue
        assert noise == framed(frame, 7, noise[7:] if isinstance(frame, TcpFrame) else noise[1:-2])


def test_more_than_the_answer_is_a_mismatch() -> None:
    request = read_request(3, 0, 1)
    for frame in frames(request):
        with pytest.raises(MismatchError, match="length"):
            frame.missing(framed(frame, 7, answer_to(request, b"\0\0")) + b"\0")
