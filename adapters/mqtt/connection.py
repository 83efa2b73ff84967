"""One connection to a broker: bytes in both directions, back-pressure, liveness.

Reads are gathered: after one, reading rests for a few milliseconds, so that a stream of single
messages costs a read for each burst instead of one for each message. The first message after a
silence is taken at once.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from adapters.mqtt import packets
from adapters.mqtt.answers import Welcome, read_connack, read_disconnect, read_suback
from adapters.mqtt.framing import Control, PacketReader, Read
from adapters.mqtt.notes import printable
from adapters.mqtt.pace import Pace
from adapters.mqtt.packets import Hello, Kind, MalformedError
from adapters.mqtt.reasons import CLOSED, NO_CONNACK, TLS_REFUSED, error_for, reason_name
from gateway.core.clock import Clock
from gateway.core.errors import SourceError, SourceRejected, SourceUnavailable

GATHER_S = 0.04
"""Rest between two reads; far below the 250 ms from source to durable."""
GATHER_V311_S = 0.002
"""The same where the broker's window is unknown: mosquitto sends 20 messages and then waits for us,
so a long rest would be its speed."""
FULL_READ_BYTES = 32_768
"""After a read this large more is waiting already: no rest."""
UNSETTLED_BYTES_MAX = 16_000_000
"""Message bytes that may wait for the disk; reading stops here even if few messages make them."""
WINDOW_V311 = 20
"""Messages that a 3.1.1 broker, which is not told, sends at once (mosquitto 20, EMQX 32)."""
FILTERS_MAX = 200
"""Filters in one SUBSCRIBE: brokers limit the packet, and one refusal should not hit too many."""


class Connection(asyncio.Protocol):
    """MQTT over one transport. All methods belong to the event loop; nothing blocks."""

    def __init__(self, hello: Hello, payload_max: int, clock: Clock) -> None:
        self.hello = hello
        self.reads: list[Read] = []
        self.error: SourceError | None = None
        self.wake = asyncio.Event()
        """Set when messages arrived or the connection ended."""
        self.reader = PacketReader(hello.version, payload_max)
        self._pace = Pace(GATHER_S if hello.version == packets.V5 else GATHER_V311_S)
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._welcome: asyncio.Future[Welcome] = self._loop.create_future()
        self._answers: dict[int, asyncio.Future[bytes]] = {}
        self._ended = asyncio.Event()
        self._packet_id = 0
        self._unsettled, self._unsettled_bytes = 0, 0
        self._peak = 0
        self._resting = self._held = self._stopped = self._leaving = False
        self.last_received = self.last_sent = clock.monotonic()

    # what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by class
        self._write(packets.connect(self.hello))

    def data_received(self, data: bytes) -> None:
        self.last_received = self._clock.monotonic()
        if self._leaving:
            return  # not acknowledged: the broker sends it again
        reader, malformed = self.reader, None
        try:
            reader.feed(bytes(data))
        except MalformedError as error:
            malformed = error  # what came before it is good
        messages, reader.messages = reader.messages, []
        if messages:
            self._put(Read(self._clock.now(), messages, len(data)))
        if reader.controls:
            controls, reader.controls = reader.controls, []
            self._take_controls(controls)
        if malformed is not None:
            self._refuse(malformed)
        rest_s = self._pace.rest_s(self.last_received, len(messages), self._unsettled)
        full = len(data) >= FULL_READ_BYTES or 2 * self._unsettled >= self.hello.receive_maximum
        if rest_s and not (full or self._resting or self._ended.is_set()):
            self._resting = True
            self._steer()
            self._loop.call_later(rest_s, self._rested)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self._welcome.done():
            if isinstance(exc, ssl.SSLError) and not isinstance(exc, ssl.SSLEOFError):
                # TLS 1.3: a broker refuses our certificate after the handshake is over.
                self.fail(SourceRejected(TLS_REFUSED))
            self.fail(SourceUnavailable(NO_CONNACK))
        elif exc is None:
            self.fail(SourceUnavailable(CLOSED))
        self.fail(SourceUnavailable("connection-lost"))
        self._ended.set()

    # what the adapter calls

    async def welcome(self) -> Welcome:
        """Give the broker's CONNACK.

        Raises:
            SourceError: the connection ended first.
        """
        return await self._welcome

    async def subscribe(self, filters: Mapping[str, int]) -> dict[str, int]:
        """Subscribe filters with their QoS and give the broker's code for each (§3.9.3).

        Raises:
            SourceError: the connection ended first.
        """
        codes: dict[str, int] = {}
        wanted = list(filters.items())
        for start in range(0, len(wanted), FILTERS_MAX):
            part = dict(wanted[start : start + FILTERS_MAX])
            packet_id = self._next_id()
            packet = packets.subscribe(self.hello.version, packet_id, part)
            codes |= zip(part, await self._ask(packet_id, packet, len(part)), strict=True)
        return codes

    async def unsubscribe(self, filters: Sequence[str]) -> None:
        """Unsubscribe; a filter that was not subscribed is fine.

        Raises:
            SourceError: the connection ended first.
        """
        for start in range(0, len(filters), FILTERS_MAX):
            part = filters[start : start + FILTERS_MAX]
            packet_id = self._next_id()
            packet = packets.unsubscribe(self.hello.version, packet_id, part)
            await self._ask(packet_id, packet, None)

    def take(self) -> list[Read]:
        """Give what arrived since the last time."""
        reads, self.reads = self.reads, []
        return reads

    def settle(self, reads: Sequence[Read]) -> None:
        """Acknowledge messages that are durable; does nothing on an ended connection."""
        acknowledgements = b"".join([message[2] for read in reads for message in read.messages])
        self._unsettled -= sum(len(read.messages) for read in reads)
        self._unsettled_bytes -= sum(read.size for read in reads)
        if acknowledgements:
            self._write(acknowledgements)
        self._steer()

    def take_fill(self) -> float:
        """Give how full the window was at most since the last time; 1: the broker had to wait."""
        window = self.hello.receive_maximum if self.hello.version == packets.V5 else WINDOW_V311
        peak, self._peak = self._peak, self._unsettled
        return 1.0 if self._held else peak / window

    def stop_reading(self) -> None:
        """Take nothing more from the broker: what is here is brought to an end."""
        self._stopped = True
        self._steer()

    def ping(self) -> None:
        """Send PINGREQ."""
        self._write(packets.PINGREQ)

    @property
    def held(self) -> bool:
        """Tell whether reading waits for the disk: silence then says nothing about the broker."""
        return self._held

    @property
    def cipher(self) -> str:
        """The TLS version in use, or `none`."""
        found = self._transport and self._transport.get_extra_info("ssl_object")
        return str(found.version()) if found else "none"

    def fail(self, error: SourceError) -> None:
        """End the connection; only the first reason counts."""
        if self.error is None:
            self.error = error
        _tell(self._welcome, self.error)
        for answer in self._answers.values():
            _tell(answer, self.error)
        self._answers.clear()
        self.wake.set()
        if self._transport is not None:
            self._transport.close()

    async def close(self, timeout_s: float) -> None:
        """Say goodbye (the session stays) and wait for the end, at most this long.

        The broker closes once it has read everything: a client that came back before that would
        find its last acknowledgements forgotten.
        """
        welcomed = self._welcome.done() and not self._welcome.cancelled()
        if welcomed and self._transport is not None and self.error is None:
            self._write(packets.disconnect(self.hello.version))
            self._leaving = True
            self._steer()
            await self._wait_for_end(timeout_s / 2)
        self.fail(SourceUnavailable("closed-by-gateway"))
        await self._wait_for_end(timeout_s / 2)
        if self._transport is not None:
            self._transport.abort()

    # inside

    async def _wait_for_end(self, timeout_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                if self._transport is not None:
                    await self._ended.wait()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
            self.last_sent = self._clock.monotonic()

    def _refuse(self, error: MalformedError) -> None:
        """Answer a broken packet: say so where the version can, and close."""
        self._write(packets.disconnect(self.hello.version, error.reason))
        self.fail(SourceUnavailable(reason_name(error.reason), str(error)))

    def _put(self, read: Read) -> None:
        self.reads.append(read)
        self._unsettled += len(read.messages)
        self._peak = max(self._peak, self._unsettled)
        self._unsettled_bytes += read.size
        self.wake.set()
        self._steer()

    def _rested(self) -> None:
        self._resting = False
        self._steer()

    def _steer(self) -> None:
        """Read, or do not: resting, or too much waits for the disk.

        A v5 broker stops by itself at our Receive Maximum, so that its pings still come through; a
        3.1.1 broker, or one that sends QoS 0, is stopped here. Not while an answer is awaited: a
        SUBACK stands behind what a broker sends of a session before, and nothing is delivered
        until it came.
        """
        before = self._held
        many = self._unsettled > self.hello.receive_maximum and not self._answers
        self._held = many or self._unsettled_bytes > UNSETTLED_BYTES_MAX
        if before and not self._held:
            self.last_received = self._clock.monotonic()
        if self._transport is None or self._transport.is_closing():
            return
        if (self._resting or self._held or self._stopped) and not self._leaving:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _next_id(self) -> int:
        self._packet_id = self._packet_id % 0xFFFF + 1
        return self._packet_id

    async def _ask(self, packet_id: int, packet: bytes, codes: int | None) -> bytes:
        if self.error is not None:
            raise self.error
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._answers[packet_id] = answer
        self._steer()
        self._write(packet)
        try:
            found = await answer
        finally:
            self._answers.pop(packet_id, None)
            self._steer()
        if codes is not None and len(found) != codes:
            self._refuse(MalformedError("SUBACK with another number of codes", 0x82))
            assert self.error is not None
            raise self.error
        return found

    def _take_controls(self, controls: Sequence[Control]) -> None:
        try:
            for control in controls:
                self._take_control(control)
        except MalformedError as error:
            self._refuse(error)

    def _take_control(self, control: Control) -> None:
        body, version = control.body, self.hello.version
        match control.kind:
            case Kind.CONNACK if not self._welcome.done():
                self._welcome.set_result(read_connack(version, body))
            case Kind.SUBACK | Kind.UNSUBACK if len(body) >= 2:
                packet_id, codes = read_suback(version, body)
                answer = self._answers.pop(packet_id, None)
                if answer is not None and not answer.done():
                    answer.set_result(codes)
            case Kind.PINGRESP if not body:
                pass
            case Kind.PUBREL if len(body) >= 2:
                self._write(packets.PUBCOMP_HEAD + body[:2])
            case Kind.DISCONNECT:
                code, text = read_disconnect(body)
                self.fail(error_for(code, printable(text)))
            case _:
                raise MalformedError(f"{control.kind.name} is not for a subscriber", 0x82)


def _tell(future: asyncio.Future[Any], error: SourceError) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # it may be that nobody asks any more
