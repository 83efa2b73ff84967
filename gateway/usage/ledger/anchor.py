"""The head of the chain once more, in a small file of its own.

Whoever cuts rows off the end of the ledger's file leaves a head here that is beyond it. It is
written after each commit without a sync: after a power cut it may be behind, never ahead.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HEAD_FILE = "ledger.head"
WORD = "usage-ledger"


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: the ledger's name, the number and the hash of the last row."""

    ledger: str
    seq: int
    hash: bytes


def as_line(head: Head) -> bytes:
    """Give the line of the file; always the same length, so that it is one sector's write."""
    text = f"{WORD} {head.ledger} {head.seq:020d} {head.hash.hex()}"
    return f"{text} {zlib.crc32(text.encode()):08x}\n".encode()


def read(folder: Path) -> Head | None:
    """Give the head in a folder, None where there is no file.

    Raises:
        ValueError: the file is damaged.
        OSError: it cannot be read.
    """
    try:
        line = (folder / HEAD_FILE).read_bytes()
    except FileNotFoundError:
        return None
    try:
        _, ledger, seq, digest, _ = line.decode("ascii").split(" ")
        head = Head(ledger, int(seq), bytes.fromhex(digest))
    except ValueError as error:
        raise ValueError(f"{HEAD_FILE} is not a head") from error
    if as_line(head) != line:
        raise ValueError(f"{HEAD_FILE} does not fit its check sum")
    return head


class HeadFile:
    """Writes the head, in place."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / HEAD_FILE
        self._descriptor: int | None = None

    def write(self, head: Head) -> None:
        """Write it; a disk that refuses leaves an older head, which is still true."""
        with suppress(OSError):
            if self._descriptor is None:
                flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
                self._descriptor = os.open(self._path, flags, 0o640)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, as_line(head))

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
