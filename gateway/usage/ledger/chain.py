"""The chain: rows that each carry the hash of the row before, so that no row can change unseen.

A row's hash is SHA-256 over a fixed word, the hash of the row before (32 zero bytes for the first),
its number as 8 bytes big-endian, and its body. A body is canonical JSON: ASCII, keys sorted, no
spaces. What must be erasable is not in the body; the body has the hash of it with a salt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

GENESIS = bytes(32)
DOMAIN = b"usage-ledger/1\n"
SALT_BYTES = 16
PREFIX_CHARS = 6
"""So much of the ledger's random name is in the id of its events."""

OPENED, EVENT, UNFIT, MOVE, ERASE = "opened", "event", "unfit", "move", "erase"


@dataclass(frozen=True, slots=True)
class ChainRow:
    """One row of the chain as stored; `personal` is None where nothing was kept or it is erased."""

    seq: int
    body: Mapping[str, Any]
    hash: bytes
    personal: Mapping[str, Any] | None = None

    @property
    def kind(self) -> str:
        """Give `opened`, `event`, `unfit`, `move` or `erase`."""
        return str(self.body["kind"])


def canonical(value: Mapping[str, Any]) -> bytes:
    """Give the one JSON text of a value.

    Raises:
        ValueError, TypeError: it holds what JSON cannot say.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def row_hash(prev: bytes, seq: int, body: bytes) -> bytes:
    """Give the hash of a row."""
    return sha256(DOMAIN + prev + seq.to_bytes(8, "big") + body).digest()


def commitment(salt: bytes, personal: bytes) -> str:
    """Give what the chain keeps of erasable content: without the salt nothing can be guessed."""
    return sha256(salt + personal).hexdigest()


def event_id(ledger: str, seq: int) -> str:
    """Give the id of the event in a row: unique over all ledgers of a site, in order inside one."""
    return f"{ledger[:PREFIX_CHARS]}-{seq}"


def seq_of(ledger: str, event: str) -> int | None:
    """Give the row of an event's id, None when it is not one of this ledger."""
    prefix, _, number = event.partition("-")
    if prefix != ledger[:PREFIX_CHARS] or not (number.isascii() and number.isdigit()):
        return None
    return int(number) if len(number) <= 18 else None
