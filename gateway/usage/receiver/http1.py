"""HTTP/1.0 and 1.1 requests from bytes, as old clients write them; no I/O.

Tolerant where real clients are wrong and nothing depends on it: raw Korean bytes and spaces in a
target, lines that end in LF, no Host, no Content-Type, empty lines between requests, a 1.0 body
that ends with the connection. Strict where two readers could see two different requests: one
length at most, no folded lines, no space before a colon, CRLF in chunks. Source: RFC 9112; what is
refused has the status that it asks for. The outcome is the same wherever the bytes are cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gateway.usage.receiver.head import BODY_MAX, Head, HttpError, Request, header_of, request_line

LINE_MAX = 16 * 1024
"""A record in a GET is about 400 bytes; percent-encoded Korean nine times as long."""
HEAD_MAX = 32 * 1024
HEADERS_MAX = 100
BLANK_LINES_MAX = 4
"""Some clients end a body with one more line end than they counted."""
CHUNK_LINE_MAX = 256
CHUNK_LINES_MAX = 256 * 1024
"""Bytes around chunks in one body: otherwise a body of single bytes would be read for long."""
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\x00-\x1f\x7f]*)?")
_TLS_HANDSHAKE = 0x16
_ENDED_DOCUMENT = re.compile(rb"(?:\}|>|%7[Dd]|%3[Ee])\s*$")


class RequestReader:
    """Feed it bytes as they come; ask for the next request after each feed.

    It holds at most one request up to its limits and what was fed last. After an `HttpError`
    it is of no more use: where the next request begins is unknown.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._body = bytearray()
        self._head: Head | None = None
        self._made: Request | None = None
        self._refused: tuple[int, str] | None = None
        self._ended = False
        self._asked = False
        self._blank = self._counted = self._length = 0
        self._step: Callable[[], bool] = self._first_line

    @property
    def buffered(self) -> int:
        """How many bytes are held."""
        return len(self._buffer) + len(self._body)

    @property
    def idle(self) -> bool:
        """Tell that nothing of a further request has come."""
        return self._step == self._first_line and not self._buffer

    @property
    def wants_continue(self) -> bool:
        """Tell that the client waits for `100 Continue` before it sends its body."""
        return self._asked and not self._buffer and not self._body

    @property
    def until_close(self) -> bool:
        """Tell that the body being read ends with the connection only."""
        return self._step == self._rest

    def continued(self) -> None:
        """Note that `100 Continue` was sent."""
        self._asked = False

    def settles(self) -> bool:
        """Tell that a body without a length looks whole, so that a pause may be taken for its end.

        Half of a form could be read as another record, so only a document that ended counts, or no
        body where the target has the fields.
        """
        if not self.until_close or self._head is None:
            return False
        seen = bytes(self._body + self._buffer)
        return bool(_ENDED_DOCUMENT.search(seen)) if seen else b"?" in self._head.target

    def feed(self, data: bytes) -> None:
        """Take what arrived."""
        self._buffer += data

    def feed_eof(self) -> None:
        """Note that nothing more will come."""
        self._ended = True

    def next_request(self) -> Request | None:
        """Give the next whole request, None when there is none yet.

        Raises:
            HttpError: the bytes are no request, too many, or end within one.
        """
        if self._refused is not None:
            raise HttpError(*self._refused)
        try:
            while self._made is None and self._step():
                pass
            if self._made is None and self._ended and not self.idle:
                raise HttpError(400, "cut-off")
        except HttpError as error:
            self._refused = (error.status, error.reason)
            self._buffer.clear()
            self._body.clear()
            raise
        made, self._made = self._made, None
        return made

    def _first_line(self) -> bool:
        if self._buffer[:1] == bytes([_TLS_HANDSHAKE]):
            raise HttpError(400, "tls-on-plain-port")
        line = self._line(LINE_MAX, 414)
        if line is None:
            return False
        if not line:
            self._blank += 1
            if self._blank > BLANK_LINES_MAX:
                raise HttpError(400, "blank-lines")
            return True
        self._blank = self._counted = 0
        self._head = request_line(line)
        self._step = self._header
        return True

    def _header(self) -> bool:
        assert self._head is not None
        line = self._line(LINE_MAX, 431)
        if line is None:
            return False
        if not line:
            self._begin_body(self._head)
            return True
        self._counted += len(line)
        if self._counted > HEAD_MAX or len(self._head.headers) >= HEADERS_MAX:
            raise HttpError(431, "headers-too-large")
        header_of(line, self._head.headers)
        return True

    def _begin_body(self, head: Head) -> None:
        self._body.clear()
        self._counted = 0
        framing = head.framing()
        self._asked = framing != 0 and head.expects_continue()
        if framing == "chunked":
            self._step = self._chunk_size
        elif framing == "close":
            self._step = self._rest
        else:
            self._length = framing
            self._step = self._counted_body

    def _counted_body(self) -> bool:
        if len(self._buffer) < self._length:
            return False
        self._body += self._buffer[: self._length]
        del self._buffer[: self._length]
        return self._finish()

    def _rest(self) -> bool:
        self._body += self._buffer
        self._buffer.clear()
        if len(self._body) > BODY_MAX:
            raise HttpError(413, "body-too-large")
        return self._ended and self._finish()

    def _chunk_size(self) -> bool:
        line = self._line(CHUNK_LINE_MAX, 400, strict=True)
        if line is None:
            return False
        self._count_chunk_line(line)
        found = _CHUNK.fullmatch(line)
        if found is None:
            raise HttpError(400, "bad-chunk")
        self._length = int(found[1], 16)
        if len(self._body) + self._length > BODY_MAX:
            raise HttpError(413, "body-too-large")
        self._step = self._chunk if self._length else self._trailer
        return True

    def _chunk(self) -> bool:
        if len(self._buffer) < self._length + 2:
            return False
        if self._buffer[self._length : self._length + 2] != b"\r\n":
            raise HttpError(400, "bad-chunk")
        self._body += self._buffer[: self._length]
        del self._buffer[: self._length + 2]
        self._step = self._chunk_size
        return True

    def _trailer(self) -> bool:
        line = self._line(LINE_MAX, 431, strict=True)
        if line is None:
            return False
        self._count_chunk_line(line)
        return self._finish() if not line else True

    def _count_chunk_line(self, line: bytes) -> None:
        self._counted += len(line) + 2
        if self._counted > CHUNK_LINES_MAX:
            raise HttpError(413, "body-too-large")

    def _finish(self) -> bool:
        assert self._head is not None
        self._made = self._head.request(bytes(self._body))
        self._head = None
        self._asked = False
        self._body.clear()
        self._step = self._first_line
        return True

    def _line(self, most: int, status: int, *, strict: bool = False) -> bytes | None:
        """Take a line without its end; `strict` asks for CRLF."""
        end = self._buffer.find(b"\n", 0, most + 2)
        if end < 0:
            if len(self._buffer) >= most + 2:
                raise HttpError(status, "line-too-long")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        if line.endswith(b"\r"):
            return line[:-1]
        if strict:
            raise HttpError(400, "bad-chunk")
        return line
