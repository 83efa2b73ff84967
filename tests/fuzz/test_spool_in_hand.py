"""Whatever becomes of writes, parts and processes: nothing that arrived is declared missing.

Each reader is driven as `gateway.flow.forward` does it: two lanes, at most three writes without an
answer. The destination may have got what it never answered for.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.core.clock import SystemClock
from gateway.core.records import Answer, Batch, Gap, GapReason, Item, Record, Refusal
from gateway.core.types import Offset
from gateway.spool.admission import append, make_room
from gateway.spool.giving_up import trim_quarantine
from gateway.spool.limits import Settings
from gateway.spool.reader import Chunk, DiskReader
from gateway.spool.recovery import load
from gateway.spool.requests import retry
from gateway.spool.settling import add_reader, note_jump, settle
from gateway.spool.store import Store
from tests.unit.spool import makers

READERS = ("history", "central")
LANES = ("live", "backlog")
OUTCOMES = ("accepted", "refused", "partly", "lost", "lost on the way")
QUOTA = 700_000
LOTS = 1 << 60


@dataclass
class Lane:
    start: int = 1
    open: list[Record] = field(default_factory=list)
    handed_over: bool = False


@dataclass
class Destination:
    """One reader: what it must see, what became of it, and what it has in flight."""

    pending: dict[int, Item] = field(default_factory=dict)
    arrived: set[int] = field(default_factory=set)
    delivered: dict[int, Item] = field(default_factory=dict)
    refused: dict[int, Item] = field(default_factory=dict)
    declared: dict[int, Item] = field(default_factory=dict)
    lanes: dict[str, Lane] = field(default_factory=lambda: {name: Lane() for name in LANES})
    backlog_to: int = 0


class InHandMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="spool-hand-"))
        self.generation = self.number = 0
        self.store = self.open_store()
        self.there = {name: Destination() for name in READERS}
        for name in READERS:
            add_reader(self.store, name)

    def open_store(self) -> Store:
        folder = self.root / str(self.generation)
        store = Store(folder, SystemClock(), Settings(QUOTA, part_bytes=125_000))
        folder.mkdir(exist_ok=True)
        load(store)
        return store

    def heard(self) -> None:
        """What the event loop does after each commit."""
        for entry in self.store.published:
            for name in READERS:
                if entry.reader in (None, name):
                    self.there[name].pending[entry.record.offset] = entry.record.item
        self.store.published = []
        self.store.leases.heard = self.store.leases.round

    @rule(sizes=st.lists(st.integers(1, 3_000), min_size=1, max_size=12))
    def append(self, sizes: list[int]) -> None:
        for size in sizes:
            self.number += 1
            noise = np.random.default_rng(self.number).random(size)
            batch = makers.batch(self.number * 5_000, size, values=noise)
            append(self.store, [[batch, makers.usage(self.number)]])
            self.heard()

    @rule(rounds=st.integers(5, 20))
    def flood(self, rounds: int) -> None:
        self.append([2_000] * rounds)

    def read(self, name: str, start: int, last: int, share: int = 1) -> list[Record]:
        store, cursor = self.store, self.store.readers[name].cursor
        limit = min(store.read_limit(len(READERS)), QUOTA) // share
        chunk = Chunk(max(start, cursor.position), 50, limit)
        since = store.leases.heard
        last = min(last, store.next - 1)
        DiskReader(None).fill(chunk, store.spans, cursor, last, name)
        if not chunk.records:
            return []
        first = chunk.records[0].offset
        assert store.leases.take(name, since, chunk.records, chunk.size)
        if first != cursor.position and not cursor.is_settled(first - 1):
            note_jump(store, name, store.leases.places(name))
        return chunk.records

    @rule(
        name=st.sampled_from(READERS), which=st.sampled_from(LANES),
        outcome=st.sampled_from(OUTCOMES),
    )  # fmt: skip
    def send(self, name: str, which: str, outcome: str) -> None:
        there = self.there[name]
        lane = there.lanes[which]
        last = LOTS if which == "live" else there.backlog_to
        records = lane.open or self.read(name, lane.start, last, 1 if which == "live" else 4)
        if not records:
            if which == "backlog":
                lane.start, there.backlog_to = 1, 0
            return
        lane.open = records
        offsets = {record.offset for record in records}
        if outcome.startswith("lost"):
            there.arrived |= offsets if outcome == "lost" else set()
            return
        self.answer(name, lane, records, outcome)

    def answer(self, name: str, lane: Lane, records: list[Record], outcome: str) -> None:
        there = self.there[name]
        offsets = [record.offset for record in records]
        accepted = set(offsets)
        refused: set[int] = set()
        if outcome == "refused":
            refused = {offset for offset in offsets[::5] if offset not in there.arrived}
            accepted -= refused
        elif outcome == "partly":
            accepted = set(offsets[:-2:2]) | (accepted & there.arrived)
        there.arrived |= accepted
        answer = Answer(
            tuple((offset, offset) for offset in sorted(accepted)),
            tuple(Refusal(Offset(offset), "poison") for offset in sorted(refused)),
        )
        assert settle(self.store, [(name, answer)]) == [None]
        if refused:
            trim_quarantine(self.store)
            make_room(self.store, 0)
        self.store.leases.give_back(name, offsets[0], offsets[-1])
        self.heard()
        for taken in accepted:
            there.delivered[taken] = there.pending.pop(taken)
        for bad in refused:
            there.refused[bad] = there.pending.pop(bad)
        if not lane.handed_over:
            left = [offset for offset in offsets if offset not in accepted | refused]
            lane.start = left[0] if left else offsets[-1] + 1
        lane.open, lane.handed_over = [], False

    @rule(name=st.sampled_from(READERS))
    def jump(self, name: str) -> None:
        there, head = self.there[name], self.store.next - 1
        live, backlog = there.lanes["live"], there.lanes["backlog"]
        if (live.open and backlog.open) or head <= live.start:
            return
        if live.open:
            backlog.open, backlog.handed_over, live.open = live.open, True, []
        if there.backlog_to < backlog.start:
            backlog.start = live.start
        there.backlog_to, live.start = head - 1, head

    @rule(name=st.sampled_from(READERS))
    def retry_one(self, name: str) -> None:
        row = self.store.state.connection.execute(
            "SELECT id,offset FROM quarantine WHERE reader=? LIMIT 1", (name,)
        ).fetchone()
        if row is not None:
            retry(self.store, row[0])
            del self.there[name].refused[row[1]]
            self.heard()

    @rule(clean=st.booleans())
    def crash(self, clean: bool) -> None:
        if clean:
            self.store.finish(loaded=True)
        old = self.root / str(self.generation)
        self.generation += 1
        shutil.copytree(old, self.root / str(self.generation))
        self.store.close_files()
        shutil.rmtree(old)
        self.store = self.open_store()
        self.heard()
        for name, there in self.there.items():
            there.lanes = {each: Lane() for each in LANES}
            there.lanes["live"].start = self.store.readers[name].cursor.position
            there.backlog_to = 0

    @precondition(lambda self: self.number > 20)
    @rule()
    def crash_then_flood(self) -> None:
        """The quota presses before anything that was in flight has been sent again."""
        self.crash(False)
        self.flood(25)

    @invariant()
    def nothing_that_arrived_is_declared_missing(self) -> None:
        make_room(self.store, 0)
        self.heard()
        for name, there in self.there.items():
            chunk = Chunk(1, LOTS, LOTS)
            cursor = self.store.readers[name].cursor
            DiskReader(None).fill(chunk, self.store.spans, cursor, self.store.next - 1, name)
            seen = {record.offset: record.item for record in chunk.records}
            for offset in [each for each in there.pending if each not in seen]:
                item = there.pending.pop(offset)
                assert isinstance(item, Batch), "something other than samples was given up"
                assert offset not in there.arrived, f"{offset} is at {name} and declared missing"
                there.declared[offset] = item
            assert seen.keys() == there.pending.keys()
            assert all(makers.same(item, there.pending[offset]) for offset, item in seen.items())
            self.counts_add_up(name, there)

    def counts_add_up(self, name: str, there: Destination) -> None:
        kept = {
            row[0]
            for row in self.store.state.connection.execute(
                "SELECT offset FROM quarantine WHERE reader=?", (name,)
            )
        }
        for offset in [each for each in there.refused if each not in kept]:
            there.declared[offset] = there.refused.pop(offset)
        state = self.store.readers[name].state()
        counts = (state.pending, state.delivered, state.quarantined, state.expired)
        parts = (there.pending, there.delivered, there.refused, there.declared)
        assert counts == tuple(map(len, parts))
        told = [*there.pending.values(), *there.delivered.values(), *there.refused.values()]
        gaps = [
            item for item in told
            if isinstance(item, Gap) and item.reason is GapReason.QUOTA and item.reader == name
        ]  # fmt: skip
        missing = [item for item in there.declared.values() if isinstance(item, Batch)]
        assert sum(gap.count or 0 for gap in gaps) == sum(map(len, missing))

    @invariant()
    def the_quota_holds(self) -> None:
        files = (path for path in self.store.folder.iterdir() if not path.name.endswith("-shm"))
        assert sum(path.stat().st_size for path in files) <= QUOTA + 200_000

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close_files()
            shutil.rmtree(self.root, ignore_errors=True)


TestInHand = InHandMachine.TestCase
TestInHand.settings = settings(
    max_examples=8, stateful_step_count=20, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
