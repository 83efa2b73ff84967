"""Records as JSON fragments, and fragments as request bodies.

A record is encoded once, column by column; a request that must be split only joins again.
Source: platform interface, version 1, §2.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import zstandard

from gateway.core.records import Batch, Gap, Usage
from gateway.core.signals import PlanTable
from gateway.sinks.columns import (
    array_json,
    bad_places,
    column_json,
    json_bytes,
    raw_missing,
    sendable,
    status_json,
)
from gateway.sinks.words import Compression

BODY_MAX = 8 * 1024 * 1024
"""Bytes of one request before compression."""
FRAME_MAX = 512
"""Room for what surrounds the records of a body."""
ZSTD_LEVEL = 1
GZIP_LEVEL = 1
"""Both: the first level takes a fifth of the time of the default and leaves a tenth more."""


@dataclass(frozen=True, slots=True, eq=False)
class Fragment:
    """One record as it goes on the wire, with the plan it needs."""

    offset: int
    data: bytes
    plan: PlanTable | None
    samples: int


def samples_fragment(offset: int, batch: Batch, *, backfilled: bool = False) -> Fragment:
    """Encode a batch. Raises TypeError or ValueError for a value that no JSON can say."""
    parts = [
        f'{{"offset":{offset},"kind":"samples","plan":"{batch.plan.digest}",'
        f'"received":{batch.received},"signals":'.encode(),
        array_json(batch.signals),
        b',"times":',
        array_json(batch.times),
        b',"values":',
        column_json(batch.values, bad_places(batch.status)),
        b',"status":',
        status_json(batch.status, len(batch)),
    ]
    if batch.raw is not None:
        parts += [b',"raw":', column_json(batch.raw, raw_missing(batch.status))]
    if batch.received_time:
        parts.append(b',"received_time":true')
    if batch.server_times is not None:
        parts += [b',"server_times":', array_json(batch.server_times)]
    parts.append(b',"backfilled":true}' if backfilled else b"}")
    return Fragment(offset, b"".join(parts), batch.plan, len(batch))


def gap_fragment(offset: int, gap: Gap, newest: PlanTable | None) -> Fragment:
    """Encode a gap; without a plan of its own it refers to the device's newest."""
    plan = gap.plan or newest
    signals = list(gap.signals) if gap.signals is not None else None
    if signals is None and plan is not None:
        signals = list(range(len(plan.signals)))
    body: dict[str, Any] = {
        "offset": offset,
        "kind": "gap",
        "device": gap.device,
        "signals": signals,
        "from": gap.start,
        "to": gap.end,
        "reason": gap.reason.value,
        "count": gap.count,
    }
    if plan is not None:
        body["plan"] = plan.digest
    if gap.source_start is not None:
        body["source_from"], body["source_to"] = gap.source_start, gap.source_end
    if gap.detail:
        body["detail"] = gap.detail
    return Fragment(offset, json_bytes(body), plan, 0)


def usage_fragment(offset: int, usage: Usage) -> Fragment:
    """Encode an event of a solution's use."""
    body: dict[str, Any] = {
        "offset": offset,
        "kind": "usage",
        "at": usage.at,
        "solution": usage.solution,
        "event": usage.event,
        "user": usage.user,
        "address": usage.address,
        "bytes": usage.bytes,
        "ledger": usage.ledger,
    }
    if usage.extra:
        body["extra"] = sendable(usage.extra)
    return Fragment(offset, json_bytes(body), None, 0)


def plan_body(gateway: str, site: Any, plan: PlanTable) -> bytes:
    """Give the body that tells a platform what a plan's signals mean (§1)."""
    return json_bytes({"gateway": gateway, "site": dict(site), "signals": plan.signals_json()})


def records_body(epoch: str, fragments: Sequence[Fragment]) -> bytes:
    """Join fragments (ascending offsets) to one request."""
    first, last = fragments[0].offset, fragments[-1].offset
    head = b'{"epoch":%b,"first":%d,"last":%d,"records":[' % (orjson.dumps(epoch), first, last)
    return b"".join((head, b",".join(fragment.data for fragment in fragments), b"]}"))


def requests_of(fragments: Iterable[Fragment]) -> Iterator[list[Fragment]]:
    """Cut fragments into requests of at most `BODY_MAX` bytes each."""
    request: list[Fragment] = []
    size = FRAME_MAX
    for fragment in fragments:
        length = len(fragment.data) + 1
        if request and size + length > BODY_MAX:
            yield request
            request, size = [], FRAME_MAX
        request.append(fragment)
        size += length
    if request:
        yield request


def compressed(body: bytes, compression: Compression) -> bytes:
    """Compress a body; safe in a thread of its own."""
    match compression:
        case "zstd":
            return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(body)
        case "gzip":
            return gzip.compress(body, GZIP_LEVEL, mtime=0)
        case "none":
            return body
