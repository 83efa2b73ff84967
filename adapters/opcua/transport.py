"""asyncua's client with a lighter receive path: the body of a publish response arrives as bytes.

The library assembles a message from objects for each chunk and hands out a reader object. Here the
chunks of a message are checked (channel, token, sequence, signature, limits) and joined once; an
answer to a publish goes to whoever asked as it is, every other answer takes the library's way.

Source: OPC UA Part 6 §6.7 (chunks) and §7.1 (limits).
"""

from __future__ import annotations

import asyncio
import struct
from typing import Any
from urllib.parse import urlparse

from adapters.opcua.library import (
    Buffer,
    Client,
    InvalidSignature,
    SecureConnection,
    Shortcuts,
    TransportLimits,
    UaClient,
    UaError,
    UASocketProtocol,
    UaStatusCodeError,
    WrongSignature,
    header_from_binary,
    nodeid_to_binary,
    policies,
    struct_from_binary,
    ua,
)
from adapters.opcua.messages import (
    SERVICE_FAULT,
    publish_request,
    read_fault,
    republish_request,
    type_of,
)
from adapters.opcua.server_certificate import read_certificate
from gateway.core.types import UnixNs

MESSAGE_BYTES_MAX = 16 * 1024 * 1024
CHUNKS_MAX = 512
CHUNK_BYTES_MAX = 1024 * 1024
"""A chunk that claims to be larger ends the connection; we offer 64 KiB, some servers ignore it."""
FILETIME_OF_1970 = 116_444_736_000_000_000
_HEADER = struct.Struct("<3scI")
_IDS = struct.Struct("<II")
_UINT32 = struct.Struct("<I")
_WHOLE = struct.Struct("<4sIIIII")
_STAMP = struct.Struct("<4sq")
SMALL_BYTES = 8_000
"""Fits into the smallest buffer a server may have. Source: OPC UA Part 6 §7.1.2.3."""


class ChannelError(UaError):
    """The peer broke the rules of the secure channel; the connection cannot go on."""


class ConnectionEnded(ConnectionError):
    """The connection is over; the text says why, in our words."""


class Channel(SecureConnection):
    """The secure channel of the library, with one method that opens a chunk without objects."""

    def open_chunk(self, chunk: bytes) -> tuple[int, bytes]:
        """Check one MSG chunk; give its request id and its part of the body.

        Raises ChannelError, or the library's errors for tokens and signatures.
        """
        channel, token = _IDS.unpack_from(chunk, 8)
        if channel != self.security_token.ChannelId:
            raise ChannelError(f"channel {channel} instead of {self.security_token.ChannelId}")
        if token != self.security_token.TokenId:
            self._check_sym_header(ua.SymmetricAlgorithmHeader(token))
        crypto: Any = self.security_policy.symmetric_cryptography
        if crypto.vsignature_size() == 0:
            plain, start = chunk, 16
        else:
            plain, start = self._plain(chunk), 0
        number, request = _IDS.unpack_from(plain, start)
        self._check_number(number)
        return request, plain[start + 8 :]

    def revolve_tokens(self) -> None:
        """Take the new keys; the old ones hold a quarter longer than they live (Part 4 §5.5.2.1).

        The library drops them on the second: what a slow server had signed before would end the
        connection.
        """
        super().revolve_tokens()
        life_s = self.prev_security_token.RevisedLifetime / 1000
        crypto: Any = self.security_policy.symmetric_cryptography
        if crypto.vsignature_size():
            crypto.prev_key_expiration += life_s / 4

    def seal(self, body: bytes, request: int) -> bytes:
        """Make the chunks of one small request; without protection in one step."""
        crypto: Any = self.security_policy.symmetric_cryptography
        if crypto.signature_size() or len(body) > SMALL_BYTES:
            return self.message_to_binary(body, request_id=request)
        self._sequence_number = self._sequence_number % 0xFFFFFFFF + 1
        token = self.security_token
        return _WHOLE.pack(
            b"MSGF", len(body) + _WHOLE.size, token.ChannelId, token.TokenId,
            self._sequence_number, request,
        ) + body  # fmt: skip

    def _plain(self, chunk: bytes) -> bytes:
        try:
            return self._opened(chunk, previous=False)
        except InvalidSignature:
            return self._opened(chunk, previous=True)

    def _opened(self, chunk: bytes, *, previous: bool) -> bytes:
        crypto: Any = self.security_policy.symmetric_cryptography
        crypto.use_prev_key = previous
        plain: bytes = crypto.decrypt(chunk[16:])
        size = crypto.vsignature_size()
        signature, plain = plain[-size:], plain[:-size]
        crypto.verify(chunk[:16] + plain, signature)
        return bytes(crypto.remove_padding(plain))

    def _check_number(self, number: int) -> None:
        before = self._peer_sequence_number
        self._peer_sequence_number = number
        if before is None or number == before + 1:
            return
        if not (number < 1024 and before >= (1 << 32) - 1024):  # Part 6 §6.7.2.4: may wrap
            raise ChannelError(f"chunk {number} after chunk {before}")


class Protocol(UASocketProtocol):
    """The socket. `lost` says why it ended, once it has."""

    def __init__(self, timeout: float, policy: Any) -> None:
        limits = TransportLimits(65535, 65535, CHUNKS_MAX, MESSAGE_BYTES_MAX)
        super().__init__(timeout, policy, limits)
        self._channel = Channel(policy, limits)
        self._connection = self._channel
        self._rest = bytearray()
        self._parts: list[bytes] = []
        self._parts_size = 0
        self._overlong = False
        """The message is beyond 16 MiB or 512 chunks: whoever asked gets an error for it."""
        self._raw: dict[int, asyncio.Future[bytes]] = {}
        self.lost: str | None = None
        self.received_at = 0.0
        self.stamp: int | None = None
        """The server's time of its last answer that is no publish, 100 ns since 1601."""

    def data_received(self, data: bytes) -> None:
        self.received_at = asyncio.get_running_loop().time()
        try:
            if self._rest:
                self._rest += data
                del self._rest[: self._take(bytes(self._rest))]
            else:
                self._rest += memoryview(data)[self._take(data) :]
        except (
            UaError,
            InvalidSignature,
            WrongSignature,
            struct.error,
            ValueError,
            IndexError,
        ) as error:
            self._break(_breach(error))

    def _take(self, data: bytes) -> int:
        """Handle the whole chunks in `data` and give how many bytes they were."""
        pos, end = 0, len(data)
        while end - pos >= _HEADER.size:
            kind, part, size = _HEADER.unpack_from(data, pos)
            if size < _HEADER.size or size > CHUNK_BYTES_MAX:
                raise ChannelError(f"a chunk of {size} bytes")
            if end - pos < size:
                break
            chunk = data[pos : pos + size]
            pos += size
            if kind == b"MSG":
                self._take_chunk(part, chunk)
            elif kind == b"OPN":
                self._take_open(chunk)
            elif kind == b"ERR":
                self._take_error(chunk)
            else:
                self._process_received_data(chunk)
            if self.lost is not None:
                return end
        return pos

    def _take_chunk(self, part: bytes, chunk: bytes) -> None:
        request, body = self._channel.open_chunk(chunk)
        if part == b"A":
            self._drop_parts()
            self._answer_error(request, _IDS.unpack_from(body + bytes(8))[0])
            return
        self._parts_size += len(body)
        if self._parts_size > MESSAGE_BYTES_MAX or len(self._parts) >= CHUNKS_MAX:
            self._parts.clear()
            self._overlong = True
        if not self._overlong:
            self._parts.append(body)
        if part != b"F":
            return
        if self._overlong:
            self._drop_parts()
            self._answer_error(request, ua.StatusCodes.BadResponseTooLarge)
            return
        whole = b"".join(self._parts) if len(self._parts) > 1 else body
        self._drop_parts()
        self._answer(request, whole)

    def _take_open(self, chunk: bytes) -> None:
        """Take the answer to OpenSecureChannel, which may be a refusal."""
        data = Buffer(chunk)
        header = header_from_binary(data)
        message = self._connection.receive_from_header_and_body(header, data)
        if message is None:
            return
        request, body = message.request_id(), message.body()
        raw = bytes(body)
        if type_of(raw) == SERVICE_FAULT:
            fault = read_fault(raw)
            self._answer_error(request, fault.status if fault else 0)
            return
        answer: Any = struct_from_binary(ua.OpenSecureChannelResponse, body.copy())
        asked: Any = self._open_secure_channel_exchange
        self._open_secure_channel_exchange = answer
        self._connection.set_channel(answer.Parameters, asked.RequestType, asked.ClientNonce)
        self._call_callback(request, body)

    def _take_error(self, chunk: bytes) -> None:
        """Take the server's last words. Source: Part 6 §7.1.2.5."""
        code = _UINT32.unpack_from(chunk, 8)[0]
        error: Any = UaStatusCodeError
        self.lost = self.lost or "ended by the server with an error"
        self._fail_all_pending(error(code))
        if self.transport is not None:
            self.transport.abort()

    def _drop_parts(self) -> None:
        self._parts, self._parts_size, self._overlong = [], 0, False

    def _answer(self, request: int, body: bytes) -> None:
        future = self._raw.pop(request, None)
        if future is None:
            if request in self._callbackmap:
                self._note_stamp(body)
                self._call_callback(request, Buffer(body))
        elif not future.done():
            future.set_result(body)

    def _note_stamp(self, body: bytes) -> None:
        """Keep the time of a response header. Source: Part 4 §7.33, Part 6 §5.2.2.9."""
        if len(body) >= _STAMP.size and body[0] == 1:
            self.stamp = _STAMP.unpack_from(body)[1] or None

    def check_answer(self, data: Buffer, context: str) -> bool:  # noqa: ARG002 - the library's
        """Raise what an error answer says, as the library does, but write no line of its own."""
        raw = bytes(data.copy())
        known = len(raw) > _STAMP.size and type_of(raw) == SERVICE_FAULT
        fault = read_fault(raw) if known else None
        if fault is not None:
            error: Any = UaStatusCodeError
            raise error(fault.status)
        return True

    def _answer_error(self, request: int, code: int) -> None:
        future = self._raw.pop(request, None) or self._callbackmap.pop(request, None)
        if future is not None and not future.done():
            error: Any = UaStatusCodeError
            future.set_exception(error(code))

    def _break(self, reason: str) -> None:
        self.lost = self.lost or reason
        self._fail_all_pending(ConnectionEnded(reason))
        if self.transport is not None:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = self.lost or ("the connection was cut" if exc else "closed by the server")
        super().connection_lost(ConnectionEnded(self.lost))

    def _fail_all_pending(self, exc: Exception) -> None:
        super()._fail_all_pending(exc)
        waiting, self._raw = self._raw, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(exc)

    def publish(self, now_ns: int, acks: list[tuple[int, int]]) -> asyncio.Future[bytes]:
        """Send a PublishRequest with acknowledgements (subscription, sequence).

        The future gives the raw body of the answer, or fails when the connection ends.
        """
        token, handle, now = self._head(now_ns)
        return self._send_raw(publish_request(token, handle, now, acks))

    def republish(self, now_ns: int, subscription: int, sequence: int) -> asyncio.Future[bytes]:
        """Ask for a notification message again; the future gives the raw body of the answer."""
        token, handle, now = self._head(now_ns)
        return self._send_raw(republish_request(token, handle, now, subscription, sequence))

    def _head(self, now_ns: int) -> tuple[bytes, int, int]:
        self._request_handle += 1
        token = nodeid_to_binary(self.authentication_token)
        return token, self._request_handle, now_ns // 100 + FILETIME_OF_1970

    def _send_raw(self, body: bytes) -> asyncio.Future[bytes]:
        if self.transport is None:
            raise ConnectionEnded(self.lost or "not connected")
        self.revolve_security_token()
        self._request_id += 1
        message = self._channel.seal(body, self._request_id)
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._raw[self._request_id] = future
        self.transport.write(message)
        return future

    def forget(self, future: asyncio.Future[bytes]) -> None:
        """Stop waiting for a raw answer; one that still comes is dropped."""
        self._raw = {number: other for number, other in self._raw.items() if other is not future}
        future.cancel()


class _Transport(UaClient):
    """Makes our protocol instead of the library's."""

    def _make_protocol(self) -> UASocketProtocol:
        self.protocol = Protocol(self._timeout, self.security_policy)
        self.protocol.on_connection_lost = self._on_transport_lost
        self.protocol.is_session_closing = self._is_session_closing
        return self.protocol


def _breach(error: Exception) -> str:
    """Say which rule of the channel the other side broke."""
    if isinstance(error, ChannelError):
        return str(error)
    if isinstance(error, InvalidSignature | WrongSignature):
        return "a message whose signature does not match"
    return "a message that cannot be read"


class LinkClient(Client):
    """One connection's client. Never reused: a new connection makes a new one.

    `url` says where the socket goes, `name` what the server is asked for; by default the same.
    """

    def __init__(self, url: str, timeout: float, name: str | None = None) -> None:
        super().__init__(url, timeout)
        self.uaclient = _Transport(timeout)
        self.nodes = Shortcuts(self.uaclient.session)
        self.max_messagesize = MESSAGE_BYTES_MAX
        self.max_chunkcount = CHUNKS_MAX
        self.reached = False
        """Whether the other side took the socket."""
        self.opened = False
        """Whether it took the channel, too."""
        self._name = urlparse(name or url)

    async def connect_socket(self) -> None:
        """Open the socket; from then on only the name that the server knows matters."""
        await super().connect_socket()
        self.reached = True
        self._server_url = self._name

    def drop(self) -> None:
        """End the socket without a word."""
        protocol = self.uaclient.protocol
        if protocol is not None and protocol.transport is not None:
            protocol.transport.abort()
        self.uaclient.mark_disconnected()

    @property
    def server_time(self) -> UnixNs | None:
        """The time that the server gave its last answer, None without one."""
        protocol = self.uaclient.protocol
        stamp = protocol.stamp if isinstance(protocol, Protocol) else None
        return None if stamp is None else UnixNs((stamp - FILETIME_OF_1970) * 100)

    def _encrypt_password(self, password: str, policy_uri: str) -> tuple[bytes, str]:
        """Encrypt as the library does, with a key that it might not be able to read itself.

        Source: Part 4 §7.40.2.2.
        """
        certificate = read_certificate(self.security_policy.peer_certificate or b"")
        secret = password.encode() + (self._server_nonce or b"")
        token = _UINT32.pack(len(secret)) + secret
        done: tuple[bytes, str] = policies.encrypt_asymmetric(
            certificate.public_key(), token, policy_uri
        )
        return done

    @property
    def protocol(self) -> Protocol:
        """The socket. Raises ConnectionError when there is none."""
        protocol = self.uaclient.protocol
        if not isinstance(protocol, Protocol):
            raise ConnectionEnded("not connected")
        return protocol

    @property
    def cut_off(self) -> bool:
        """Say whether the connection ended without us."""
        protocol = self.uaclient.protocol
        return isinstance(protocol, Protocol) and protocol.lost is not None

    @property
    def token(self) -> Any:
        """The authentication token of the session, by which it can be resumed."""
        return self.uaclient.session.authentication_token
