"""What the platform keeps: every record once, as it came, and the plans it refers to."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import zstandard

from simulators.platform_json import dumps, loads
from simulators.platform_rules import Plan

SCHEMA = """
CREATE TABLE IF NOT EXISTS plans (
  gateway TEXT, digest TEXT, body BLOB, PRIMARY KEY (gateway, digest)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, gateway TEXT, epoch TEXT, offset INTEGER, kind TEXT,
  device TEXT, plan TEXT, samples INTEGER, arrived INTEGER, body BLOB);
CREATE UNIQUE INDEX IF NOT EXISTS record_ids ON records (gateway, epoch, offset);
CREATE INDEX IF NOT EXISTS record_kinds ON records (gateway, kind, device);
CREATE TABLE IF NOT EXISTS counts (
  gateway TEXT, name TEXT, value INTEGER, PRIMARY KEY (gateway, name)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A record with its order of arrival and the ns UTC at which it came."""

    seq: int
    epoch: str
    arrived: int
    record: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "epoch": self.epoch,
            "arrived": self.arrived,
            "record": self.record,
        }


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A checked record on its way into the store."""

    record: dict[str, Any]
    device: str | None
    samples: int


class Store:
    """One SQLite file; a request is one transaction, committed before it is answered."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        self._pack = zstandard.ZstdCompressor(level=1)
        self._unpack = zstandard.ZstdDecompressor()
        self.plans: dict[str, dict[str, Plan]] = {}
        self._load_plans()

    def close(self) -> None:
        self._db.close()

    def _load_plans(self) -> None:
        for gateway, digest, body in self._db.execute("SELECT gateway, digest, body FROM plans"):
            self.plans.setdefault(gateway, {})[digest] = Plan.read(digest, loads(body))

    def put_plan(self, gateway: str, plan: Plan) -> bool:
        """Keep a plan; False when it was known."""
        known = self.plans.setdefault(gateway, {})
        if plan.digest in known:
            return False
        row = (gateway, plan.digest, dumps(plan.body))
        self._db.execute("INSERT OR REPLACE INTO plans VALUES (?, ?, ?)", row)
        known[plan.digest] = plan
        return True

    def devices(self, gateway: str) -> set[str]:
        return {device for plan in self.plans.get(gateway, {}).values() for device in plan.devices}

    def forget(self) -> None:
        """Lose everything, as a platform does whose disk was replaced."""
        for table in ("plans", "records", "counts"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - fixed names
        self.plans.clear()

    def add(self, gateway: str, epoch: str, records: Sequence[NewRecord]) -> None:
        """Keep what is new; count what came again, and what came again with other content."""
        if not records:
            return
        known = self._known(gateway, epoch, [new.record["offset"] for new in records])
        arrived = time.time_ns()
        rows = []
        counts: Counter[str] = Counter(requests=1)
        for new in records:
            packed = self._pack.compress(dumps(new.record))
            before = known.get(new.record["offset"])
            if before is None:
                rows.append(self._row(gateway, epoch, new, arrived, packed))
            else:
                counts["duplicates"] += 1
                counts["conflicts"] += self._differs(before, new.record)
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT INTO records (gateway, epoch, offset, kind, device, plan, samples, arrived,"
            " body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        self._count(gateway, counts)
        self._db.execute("COMMIT")

    def _differs(self, before: bytes, record: dict[str, Any]) -> bool:
        return bool(loads(self._unpack.decompress(before)) != record)

    def _known(self, gateway: str, epoch: str, offsets: Sequence[int]) -> dict[int, bytes]:
        found = self._db.execute(
            "SELECT offset, body FROM records"
            " WHERE gateway = ? AND epoch = ? AND offset BETWEEN ? AND ?",
            (gateway, epoch, offsets[0], offsets[-1]),
        )
        return dict(found.fetchall())

    @staticmethod
    def _row(
        gateway: str, epoch: str, new: NewRecord, arrived: int, packed: bytes
    ) -> tuple[Any, ...]:
        record = new.record
        return (
            gateway,
            epoch,
            record["offset"],
            record["kind"],
            new.device,
            record.get("plan"),
            new.samples,
            arrived,
            packed,
        )

    def count(self, gateway: str, name: str, by: int = 1) -> None:
        self._count(gateway, Counter({name: by}))

    def _count(self, gateway: str, counts: Counter[str]) -> None:
        self._db.executemany(
            "INSERT INTO counts VALUES (?, ?, ?)"
            " ON CONFLICT (gateway, name) DO UPDATE SET value = value + excluded.value",
            [(gateway, name, value) for name, value in counts.items()],
        )

    def counts(self, gateway: str) -> dict[str, int]:
        rows = self._db.execute("SELECT name, value FROM counts WHERE gateway = ?", (gateway,))
        return dict(rows.fetchall())

    def totals(self, gateway: str) -> list[tuple[str, str | None, int, int]]:
        """Give kind, device, number of records and of samples."""
        return self._db.execute(
            "SELECT kind, device, COUNT(*), SUM(samples) FROM records WHERE gateway = ?"
            " GROUP BY kind, device",
            (gateway,),
        ).fetchall()

    def epochs(self, gateway: str) -> dict[str, dict[str, int]]:
        rows = self._db.execute(
            "SELECT epoch, COUNT(*), MIN(offset), MAX(offset) FROM records WHERE gateway = ?"
            " GROUP BY epoch",
            (gateway,),
        )
        return {
            epoch: {"records": count, "first": first, "last": last}
            for epoch, count, first, last in rows
        }

    def records(self, gateway: str, after: int, limit: int) -> list[Stored]:
        """Give records in order of arrival."""
        return list(
            self._stored("gateway = ? AND seq > ? ORDER BY seq LIMIT ?", (gateway, after, limit))
        )

    def of_kind(self, gateway: str, kind: str, after: int, limit: int) -> list[Stored]:
        where = "gateway = ? AND kind = ? AND seq > ? ORDER BY seq LIMIT ?"
        return list(self._stored(where, (gateway, kind, after, limit)))

    def samples_of(self, gateway: str, device: str | None) -> Iterator[Stored]:
        """Give sample records in offset order, epochs in order of their first arrival."""
        which, values = ("AND device = ?", [device]) if device else ("", [])
        order = (
            "ORDER BY (SELECT MIN(e.seq) FROM records e"
            " WHERE e.gateway = records.gateway AND e.epoch = records.epoch), offset"
        )
        where = f"gateway = ? AND kind = 'samples' {which} {order}"
        yield from self._stored(where, (gateway, *values))

    def _stored(self, where: str, values: Iterable[Any]) -> Iterator[Stored]:
        query = f"SELECT seq, epoch, arrived, body FROM records WHERE {where}"  # noqa: S608 - names and question marks of ours
        for seq, epoch, arrived, body in self._db.execute(query, tuple(values)):
            yield Stored(seq, epoch, arrived, loads(self._unpack.decompress(body)))
