"""A small MQTT broker, so that tests and the demo need none installed.

    python -m simulators.mqtt_broker --port 1883 --state broker.json

MQTT 3.1.1 and 5; QoS 0 and 1 (2 is granted as 1, and not offered to publishers); persistent
sessions with expiry, retained messages, wildcards, wills, Receive Maximum, keep-alive, redelivery
in order. No login, no TLS, no shared subscriptions: it listens on 127.0.0.1 only. SIGTERM saves
sessions to `--state`; after SIGKILL they are gone, as with any broker that keeps them in memory.
Messages of topics that `--again` names are sent twice, the second time marked as a duplicate.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import struct
import uuid
from pathlib import Path
from typing import Self

from simulators import mqtt_codec as codec
from simulators.listening import stop_listening
from simulators.mqtt_codec import Message, ProtocolError
from simulators.mqtt_session import FOREVER, Memory, Session, matches, valid_filter
from simulators.stopping import stop_event

CONNECT_WITHIN_S = 10.0
UNSENT_BYTES_MAX = 8_000_000
"""QoS 0 messages are dropped for a client that does not read."""
TIDY_EVERY_S = 1.0


class Connection(asyncio.Protocol):
    """One client's connection; every packet is handled as it comes."""

    def __init__(self, memory: Memory, connections: set[Connection]) -> None:
        self.memory, self.connections = memory, connections
        self.transport: asyncio.Transport
        self.buffer = bytearray()
        self.version = 4
        self.session: Session | None = None
        self.will: Message | None = None
        self.deadline = 0.0
        self.patience_s = CONNECT_WITHIN_S

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.connections.add(self)
        self._alive()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the interface has it
        self.connections.discard(self)
        session, self.session = self.session, None
        if session is not None and session.link is self:
            session.detach()
            self.memory.expire()
        if self.will is not None:
            self.memory.route(self.will)

    def data_received(self, data: bytes) -> None:
        self._alive()
        self.buffer += data
        try:
            while (found := codec.take_packet(self.buffer)) is not None:
                self._handle(*found)
        except ProtocolError as error:
            self.close(error.reason)

    def check(self, now: float) -> None:
        """Close a client that was silent for one and a half keep-alives."""
        if self.deadline and now > self.deadline:
            self.close(0x8D)

    def close(self, reason: int) -> None:
        """Say why, where the version allows, and hang up."""
        if self.session is not None:
            self.transport.write(codec.disconnect(self.version, reason))
        self.buffer.clear()
        self.transport.close()

    def send(self, message: Message, number: int, *, duplicate: bool = False) -> None:
        if not message.qos and self.transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            return
        self.transport.write(codec.publish(message, self.version, number, duplicate=duplicate))
        if message.qos and any(matches(one, message.topic) for one in self.memory.again):
            self.transport.write(codec.publish(message, self.version, number, duplicate=True))

    def _alive(self) -> None:
        patience = self.patience_s
        self.deadline = asyncio.get_running_loop().time() + patience if patience else 0.0

    def _handle(self, kind: int, flags: int, content: bytes) -> None:
        if self.session is None:
            if kind != codec.CONNECT:
                raise ProtocolError("CONNECT comes first")
            self._connect(content)
        elif kind == codec.PUBLISH:
            self._publish(content, flags)
        elif kind == codec.PUBACK:
            self.session.acknowledged(struct.unpack_from(">H", content)[0])
        elif kind == codec.SUBSCRIBE:
            self._subscribe(content)
        elif kind == codec.UNSUBSCRIBE:
            self._unsubscribe(content)
        elif kind == codec.PINGREQ:
            self.transport.write(codec.packet(codec.PINGRESP, b""))
        elif kind == codec.DISCONNECT:
            self._disconnect(content)
        else:
            raise ProtocolError("packet is not expected here")

    def _connect(self, content: bytes) -> None:
        try:
            wish = codec.read_connect(content)
        except ProtocolError as error:
            self.transport.write(codec.connack(4, 1 if error.reason == 0x84 else 2))
            raise
        self.version, self.will = wish.version, wish.will
        self.patience_s = wish.keepalive_s * 1.5
        self._alive()
        name = wish.client_id or f"auto-{uuid.uuid4().hex[:12]}"
        session = self.memory.sessions.get(name)
        if session is not None and isinstance(session.link, Connection):
            session.link.close(0x8E)
            session.link.session = None
        present = session is not None and not wish.clean
        if session is None or wish.clean:
            session = self.memory.sessions[name] = Session(name)
        session.expiry_s = wish.expiry_s
        self.session = session
        assigned = "" if wish.client_id else name
        self.transport.write(codec.connack(self.version, 0, present=present, assigned=assigned))
        session.attach(self, wish.receive_maximum)

    def _publish(self, content: bytes, flags: int) -> None:
        number, message = codec.read_publish(content, flags, self.version)
        taken = self.memory.route(message)
        if not taken and self.version != codec.V5:
            raise ProtocolError("a queue is full")
        if number:
            self.transport.write(codec.puback(self.version, number, 0 if taken else 0x97))

    def _subscribe(self, content: bytes) -> None:
        assert self.session is not None
        wish = codec.read_subscribe(content, self.version, options=True)
        reasons = []
        for pattern, options in wish.filters:
            shared = pattern.startswith("$share/")
            if shared or not valid_filter(pattern):
                reasons.append((0x9E if shared else 0x8F) if self.version == codec.V5 else 0x80)
                continue
            known = pattern in self.session.filters
            self.session.filters[pattern] = qos = min(options & 3, 1)
            reasons.append(qos)
            handling = options >> 4 & 3
            if handling == 0 or (handling == 1 and not known):
                self._send_retained(pattern, qos)
        self.transport.write(codec.suback(codec.SUBACK, self.version, wish.packet, reasons))

    def _send_retained(self, pattern: str, qos: int) -> None:
        assert self.session is not None
        for kept in self.memory.retained.values():
            if matches(pattern, kept.topic):
                low = min(qos, kept.qos)
                self.session.put(Message(kept.topic, kept.payload, low, True, kept.properties))

    def _unsubscribe(self, content: bytes) -> None:
        assert self.session is not None
        wish = codec.read_subscribe(content, self.version, options=False)
        known = [self.session.filters.pop(one, None) is not None for one, _ in wish.filters]
        reasons = [0 if one else 0x11 for one in known]
        self.transport.write(codec.suback(codec.UNSUBACK, self.version, wish.packet, reasons))

    def _disconnect(self, content: bytes) -> None:
        assert self.session is not None
        if self.version == codec.V5 and len(content) > 1:
            properties = codec.Body(content[1:]).properties()
            self.session.expiry_s = properties.get(codec.P_SESSION_EXPIRY, self.session.expiry_s)
        if not content or content[0] != 0x04:
            self.will = None
        self.transport.close()


class Broker:
    """Usable inside a test, too: `async with Broker() as broker: broker.port`."""

    def __init__(self, port: int = 0, state: Path | None = None) -> None:
        self.memory = Memory()
        self.port = port
        self._state = state
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one, kept over a restart."""
        if self._state is not None:
            self.memory.load(self._state)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self.memory, self._connections), "127.0.0.1", self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Drop every connection without a word; sessions stay in memory and in the state file."""
        if self._server is not None:
            await stop_listening(self._server)
            self._server = None
        for connection in list(self._connections):
            connection.will = None
            connection.transport.abort()
        await asyncio.sleep(0)
        if self._state is not None:
            self.memory.save(self._state)

    async def tidy(self) -> None:
        """Close silent clients and forget old sessions, for ever."""
        while True:
            await asyncio.sleep(TIDY_EVERY_S)
            now = asyncio.get_running_loop().time()
            for connection in list(self._connections):
                connection.check(now)
            self.memory.expire()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


async def run(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    broker = Broker(options.port, options.state)
    broker.memory.again = options.again
    stop = stop_event()
    await broker.start()
    print(json.dumps({"ready": "broker", "port": broker.port, "pid": os.getpid()}), flush=True)
    async with asyncio.TaskGroup() as group:
        tidying = group.create_task(broker.tidy())
        await stop.wait()
        tidying.cancel()
    await broker.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="simulators.mqtt_broker", description=__doc__)
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--again", action="append", default=[], metavar="FILTER")
    parser.add_argument("--state", type=Path, help="sessions and queues, kept over a clean stop")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()


__all__ = ["FOREVER", "Broker", "Connection"]
