"""A small file for each device that outlives the process, so that a kill ends no session.

The session file holds what never changes while data flows; it is written when the subscription or
its items change. The mark beside it, 40 bytes written in place, says up to which notification
everything is durable. A mark that is too old makes a gap wider and hides nothing, so it is never
forced to the disk: it has to survive the process, not the machine.

The session file holds an authentication token: mode 0600, and nothing of it is ever logged.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import struct
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

VERSION = 2
"""Files of version 1 held times of the source's clock: their session is not taken up, so that the
gap begins where the spool says that the last sample came."""
READABLE = (1, VERSION)
SIZE_MAX = 64 * 1024 * 1024
"""A larger file is not ours."""
_MARK = struct.Struct("<QIqqq")
_UNKNOWN = -(1 << 63)
"""Stands for a distance that is not known."""
_CHECK = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class SavedItem:
    """One monitored item; `monitored` is the server's number, None while it has none.

    `lacking` is what the server granted less than was asked. The status of its newest value is not
    kept: it changes while data flows, and an old one would be a false alarm.
    """

    address: str
    sampling_s: float
    queue: int | None
    handle: int
    monitored: int | None
    lacking: str = ""

    @property
    def key(self) -> tuple[str, float, int | None]:
        return self.address, self.sampling_s, self.queue


@dataclass(frozen=True, slots=True, repr=False)
class SavedSession:
    """One session. `terms` are the settings under which it was made; `key` ties the mark to it."""

    terms: str
    key: int
    token: bytes
    nonce: bytes | None
    policies: list[bytes]
    certificate: bytes | None
    started: datetime | None
    namespaces: list[str]
    subscription: int
    keepalive_s: float
    items: list[SavedItem]
    missing: dict[str, int]

    def encode(self) -> bytes:
        """Give the content of the file."""
        facts = {
            "version": VERSION,
            "terms": self.terms,
            "key": self.key,
            "token": _text(self.token),
            "nonce": _text(self.nonce),
            "policies": [_text(policy) for policy in self.policies],
            "certificate": _text(self.certificate),
            "started": None if self.started is None else self.started.isoformat(),
            "namespaces": self.namespaces,
            "subscription": self.subscription,
            "keepalive_s": self.keepalive_s,
            "items": [
                [
                    item.address,
                    item.sampling_s,
                    item.queue,
                    item.handle,
                    item.monitored,
                    item.lacking,
                ]
                for item in self.items
            ],
            "missing": self.missing,
        }
        return json.dumps(facts).encode()


def decode(raw: bytes) -> SavedSession:
    """Read the content of a file. Raises ValueError, KeyError or TypeError when it is not ours."""
    facts: dict[str, Any] = json.loads(raw)
    if facts["version"] not in READABLE:
        raise ValueError("another version")
    started = facts["started"]
    return SavedSession(
        terms=str(facts["terms"]) if facts["version"] == VERSION else "",
        key=int(facts["key"]),
        token=_bytes(facts["token"]) or b"",
        nonce=_bytes(facts["nonce"]),
        policies=[_bytes(policy) or b"" for policy in facts["policies"]],
        certificate=_bytes(facts["certificate"]),
        started=None if started is None else datetime.fromisoformat(started),
        namespaces=[str(uri) for uri in facts["namespaces"]],
        subscription=int(facts["subscription"]),
        keepalive_s=float(facts["keepalive_s"]),
        items=[_item(*entry) for entry in facts["items"]],
        missing={str(address): int(since) for address, since in facts["missing"].items()},
    )


def _item(
    address: str,
    sampling_s: float,
    queue: int | None,
    handle: int,
    monitored: int | None,
    lacking: str = "",
) -> SavedItem:
    return SavedItem(
        str(address),
        float(sampling_s),
        None if queue is None else int(queue),
        int(handle),
        None if monitored is None else int(monitored),
        str(lacking),
    )


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far everything is durable.

    `settled` is the first notification that is not; `dated` (ns, our clock) is the time of the last
    one that is; `distance` is our clock less the server's as `PublishClock` has it, `ahead` the
    source's clock less ours (ns), None where that is not known.
    """

    settled: int
    dated: int
    distance: int | None
    ahead: int | None

    def encode(self, key: int) -> bytes:
        """Give the content of the mark's file."""
        distance = _UNKNOWN if self.distance is None else self.distance
        ahead = _UNKNOWN if self.ahead is None else self.ahead
        raw = _MARK.pack(key, self.settled, self.dated, distance, ahead)
        return raw + _CHECK.pack(zlib.crc32(raw))


def decode_mark(raw: bytes) -> tuple[int, Mark] | None:
    """Read key and mark; None when it is not whole."""
    if len(raw) != _MARK.size + _CHECK.size:
        return None
    if _CHECK.unpack_from(raw, _MARK.size)[0] != zlib.crc32(raw[: _MARK.size]):
        return None
    key, settled, dated, *known = _MARK.unpack_from(raw)
    distance, ahead = (None if one == _UNKNOWN else one for one in known)
    return key, Mark(settled, dated, distance, ahead)


class SessionFile:
    """The files of one device. All methods block; only `mark` is meant for the event loop."""

    def __init__(self, folder: Path, device: str) -> None:
        name = quote(device, safe="")
        self._folder = folder
        self._file = folder / f"{name}.json"
        self._mark = folder / f"{name}.mark"
        self._saved: SavedSession | None = None
        self._turn = 0
        self._marking: int | None = None
        """The mark's descriptor stays open: opening costs more than all else of a notification."""

    def load(self) -> tuple[SavedSession, Mark | None] | None:
        """Give what a process before this one left, None when it is not there or not whole.

        Without a mark of this session it says only which signals were missing.
        """
        try:
            if self._file.stat().st_size > SIZE_MAX:
                return None
            session = decode(self._file.read_bytes())
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        self._saved = session
        return session, self._load_mark(session.key)

    def _load_mark(self, key: int) -> Mark | None:
        found = self._read_mark()
        if found is None or found[0] != key or not found[1].settled:
            return None
        return found[1]

    def _read_mark(self) -> tuple[int, Mark] | None:
        try:
            return decode_mark(self._mark.read_bytes())
        except OSError:
            return None

    def dated(self) -> int | None:
        """Give the date (ns, our clock) of the last durable message of whatever session.

        It outlives the session: what is missing begins there, though messages that were fetched
        again late came after it.
        """
        found = self._read_mark()
        return None if found is None else found[1].dated

    def save(self, session: SavedSession) -> None:
        """Write the session whole or not at all; nothing when it is what was written last.

        Raises OSError.
        """
        if session == self._saved:
            return
        turn = self._turn
        self._folder.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(session.encode())
            file.flush()
            os.fsync(file.fileno())
        if turn == self._turn:
            new.replace(self._file)
            self._saved = session

    def forget(self) -> None:
        """Remove what was saved: the session has ended."""
        self._turn += 1
        self._saved = None
        if self._marking is not None:
            os.close(self._marking)
            self._marking = None
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def mark(self, key: int, mark: Mark) -> None:
        """Note how far everything is durable; a write into the page cache, some microseconds."""
        raw = mark.encode(key)
        # Where it cannot be written, the old mark stays, and a gap after a kill is wider.
        with contextlib.suppress(OSError):
            if self._marking is None:
                binary = getattr(os, "O_BINARY", 0)
                self._marking = os.open(self._mark, os.O_WRONLY | os.O_CREAT | binary, 0o600)
            os.lseek(self._marking, 0, os.SEEK_SET)
            os.write(self._marking, raw)
