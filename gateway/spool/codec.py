"""One record as the bytes of its row, checked by a CRC over everything the row holds.

A row is (offset, kind, plan, samples, at, reader, body). `plan` is the small number of a plan table
in the same file, 0 where there is none; `at` a time for people (receive time of a batch); `reader`
the only reader the record is meant for. `body` is a head (`_HEAD`: format, flags, CRC-32) and the
payload, compressed with zstd where that pays. The CRC starts from the row's other fields.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple
from zlib import crc32

import zstandard

from gateway.core.records import Audit, Batch, Gap, GapReason, Item, Rejected, Usage
from gateway.core.signals import PlanTable
from gateway.core.types import UnixNs
from gateway.spool.columns import decode_batch, encode_batch
from gateway.spool.msgpack import packb, unpackb

FORMAT = 1
BATCH, GAP, USAGE, REJECTED, AUDIT = 1, 2, 3, 4, 5
KIND_NAMES = {BATCH: "samples", GAP: "gap", USAGE: "usage", REJECTED: "rejected", AUDIT: "audit"}
COMPRESS_FROM = 512
"""Shorter payloads are kept as they are: zstd costs more there than it saves (measured)."""

_HEAD = struct.Struct("<BBI")
HEAD_SIZE = _HEAD.size
_FIELDS = struct.Struct("<qBBqqq")
_ZSTD = 1


class DamagedRecord(Exception):
    """The bytes of a row are not what was written."""


class Payload(NamedTuple):
    """An item encoded, before it has an offset."""

    kind: int
    samples: int
    at: int
    flags: int
    data: bytes


class StoredRow(NamedTuple):
    """A record as it lies in a file."""

    offset: int
    kind: int
    plan: int
    samples: int
    at: int
    reader: str | None
    body: bytes


def item_plan(item: Item) -> PlanTable | None:
    """Give the plan table an item points into."""
    return item.plan if isinstance(item, (Batch, Gap)) else None


def item_time(item: Item) -> UnixNs:
    """Give the time that stands for an item: receipt of a batch, end of a gap, else its own."""
    match item:
        case Batch():
            return item.received
        case Gap():
            return item.end
        case _:
            return item.at


class Encoder:
    """Makes payloads; one for each thread, because a zstd context belongs to one."""

    def __init__(self) -> None:
        self._zstd = zstandard.ZstdCompressor(level=1)

    def encode(self, item: Item) -> Payload:
        """Give an item's payload.

        Raises:
            ValueError, TypeError: the item holds something that cannot be kept; see `columns`.
        """
        if isinstance(item, Batch):
            kind, samples, data = BATCH, len(item.signals), encode_batch(item)
        else:
            kind, samples, data = _KINDS[type(item)], 0, packb(_fields(item))
        flags = 0
        if len(data) >= COMPRESS_FROM:
            data, flags = self._zstd.compress(data), _ZSTD
        return Payload(kind, samples, item_time(item), flags, data)


def frame(offset: int, payload: Payload, plan: int, reader: str | None) -> StoredRow:
    """Give the row of a payload at its place."""
    kind, samples, at, flags, data = payload
    check = crc32(data, _seed((offset, kind, flags, plan, samples, at), reader))
    return StoredRow(
        offset, kind, plan, samples, at, reader, _HEAD.pack(FORMAT, flags, check) + data
    )


def _seed(fields: tuple[int, int, int, int, int, int], reader: str | None) -> int:
    seed = crc32(_FIELDS.pack(*fields))
    return crc32(reader.encode(), seed) if reader else seed


def payload_of(row: StoredRow) -> Payload:
    """Give a row's payload after checking it.

    Raises:
        DamagedRecord: the checksum does not hold, or the row is of an unknown form.
    """
    offset, kind, plan, samples, at, reader, body = row
    if not isinstance(body, bytes) or len(body) < HEAD_SIZE:
        raise DamagedRecord(f"record {offset} is cut short")
    form, flags, check = _HEAD.unpack_from(body)
    data = body[HEAD_SIZE:]
    try:
        seed = _seed((offset, kind, flags, plan, samples, at), reader)
    except (struct.error, TypeError, AttributeError) as error:
        raise DamagedRecord(f"record {offset} has damaged fields") from error
    if form != FORMAT or check != crc32(data, seed):
        raise DamagedRecord(f"record {offset} does not match its checksum")
    return Payload(kind, samples, at, flags, data)


class Decoder:
    """Reads payloads; one for each thread."""

    def __init__(self) -> None:
        self._zstd = zstandard.ZstdDecompressor()

    def decode(self, row: StoredRow, plan: PlanTable | None) -> Item:
        """Give the item of a row.

        Raises:
            DamagedRecord: the row is not what was written.
        """
        payload = payload_of(row)
        try:
            return self.decode_payload(payload, plan)
        except (ValueError, KeyError, TypeError, struct.error, zstandard.ZstdError) as error:
            raise DamagedRecord(f"record {row.offset} cannot be read: {error}") from error

    def decode_payload(self, payload: Payload, plan: PlanTable | None) -> Item:
        """Give the item of a payload that is known to be whole."""
        data = self._zstd.decompress(payload.data) if payload.flags & _ZSTD else payload.data
        return _item(payload.kind, data, plan)


def _item(kind: int, data: bytes, plan: PlanTable | None) -> Item:
    if kind == BATCH:
        if plan is None:
            raise ValueError("its plan table is missing")
        return decode_batch(data, plan)
    fields: list[Any] = unpackb(data)
    match kind:
        case _ if kind == GAP:
            device, start, end, reason, signals, count, reader, detail, *source = fields
            return Gap(
                device, start, end, GapReason(reason), plan,
                None if signals is None else tuple(signals), count, reader, detail, *source,
            )  # fmt: skip
        case _ if kind == USAGE:
            return Usage(*fields)
        case _ if kind == REJECTED:
            return Rejected(*fields)
        case _ if kind == AUDIT:
            return Audit(*fields)
        case _:
            raise ValueError(f"unknown kind {kind}")


_KINDS: dict[type, int] = {Gap: GAP, Usage: USAGE, Rejected: REJECTED, Audit: AUDIT}


def _fields(item: Gap | Usage | Rejected | Audit) -> list[Any]:
    match item:
        case Gap():
            return [
                item.device, item.start, item.end, item.reason.value, item.signals, item.count,
                item.reader, item.detail,
                *(() if item.source_start is None else (item.source_start, item.source_end)),
            ]  # fmt: skip
        case Usage():
            return [
                item.at, item.solution, item.event, item.user, item.address, item.bytes,
                item.ledger, dict(item.extra),
            ]  # fmt: skip
        case Rejected():
            return [item.device, item.at, item.reason, item.source, item.head, item.size]
        case Audit():
            return [item.at, item.actor, item.action, dict(item.detail)]
