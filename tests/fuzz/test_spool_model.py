"""Any history of appends, settles, crashes and quotas leaves every reader complete or told why."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.core.clock import SystemClock
from gateway.core.records import Answer, Batch, Gap, GapReason, Item, Record, Refusal
from gateway.core.types import Offset
from gateway.spool.admission import append, make_room
from gateway.spool.giving_up import trim_quarantine
from gateway.spool.limits import Settings
from gateway.spool.reader import Chunk, DiskReader
from gateway.spool.recovery import load
from gateway.spool.requests import retry
from gateway.spool.settling import add_reader, forget_reader, settle
from gateway.spool.store import Store
from tests.unit.spool import makers

READERS = ("history", "central")
PLANS = (makers.plan("press-01", 10), makers.plan("cnc-02", 300))
QUOTA = 1_000_000
LOTS = 1 << 60
KINDS = st.tuples(st.integers(0, 3), st.integers(1, 4_000))


@dataclass
class Model:
    """What one reader must have seen or may still see."""

    pending: dict[int, Item] = field(default_factory=dict)
    delivered: list[Item] = field(default_factory=list)
    quarantined: dict[int, Item] = field(default_factory=dict)
    expired: list[Item] = field(default_factory=list)


class SpoolMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="spool-model-"))
        self.generation = 0
        self.number = 0
        self.models: dict[str, Model] = {}
        self.everything: dict[int, Item] = {}
        self.store = self.open_store()
        self.epoch = self.store.state.epoch
        for name in READERS:
            add_reader(self.store, name)
            self.models[name] = Model()

    def open_store(self) -> Store:
        settings_ = Settings(QUOTA, part_bytes=200_000)
        store = Store(self.root / str(self.generation), SystemClock(), settings_)
        store.folder.mkdir(exist_ok=True)
        load(store)
        return store

    def items(self, kinds: list[tuple[int, int]]) -> list[Item]:
        found: list[Item] = []
        for kind, size in kinds:
            self.number += 1
            if kind < 2:
                noise = np.random.default_rng(self.number).random(size)
                found.append(makers.batch(self.number * 5_000, size, PLANS[kind], noise))
            else:
                found.append(makers.usage(self.number) if kind == 2 else makers.gap())
        return found

    @rule(
        kinds=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4_000)), min_size=1, max_size=6)
    )
    def append(self, kinds: list[tuple[int, int]]) -> None:
        self.append_all(kinds)

    def append_all(self, kinds: list[tuple[int, int]]) -> None:
        items = self.items(kinds)
        half = len(items) // 2
        results = append(self.store, [items[:half], items[half:]])
        assert results[1] == results[0] + len(items) - half  # type: ignore[operator]
        assert isinstance(results[1], int)
        first = results[1] - len(items) + 1
        for offset, item in enumerate(items, first):
            for model in self.models.values():
                model.pending[offset] = item
        self.take_published()

    @rule(rounds=st.integers(1, 8))
    def flood(self, rounds: int) -> None:
        for _ in range(rounds):
            self.append_all([(self.number % 2, 4_000), (0, 9), (2, 1), (3, 1)])

    def take_published(self) -> None:
        """Learn of the records that the spool wrote by itself, and of what it gave up."""
        for entry in self.store.published:
            offset, item = entry.record.offset, entry.record.item
            assert offset not in self.everything, "an offset was used twice"
            self.everything[offset] = item
            if entry.reader is not None:
                self.models[entry.reader].pending[offset] = item
        self.store.published = []

    @rule(name=st.sampled_from(READERS), data=st.data())
    def settle(self, name: str, data: st.DataObject) -> None:
        model = self.models[name]
        offsets = sorted(model.pending)
        if not offsets:
            return
        low = data.draw(st.sampled_from(offsets[:8]))
        high = data.draw(st.sampled_from(offsets))
        bad = data.draw(st.sets(st.sampled_from(offsets), max_size=2))
        inside = [offset for offset in offsets if low <= offset <= high and offset not in bad]
        ranges = tuple((offset, offset) for offset in inside)
        refused = tuple(Refusal(Offset(offset), "poison") for offset in sorted(bad))
        assert settle(self.store, [(name, Answer(ranges, refused))]) == [None]
        for offset in inside:
            model.delivered.append(model.pending.pop(offset))
        for offset in bad:
            model.quarantined[offset] = model.pending.pop(offset)

    @rule(name=st.sampled_from(READERS))
    def take_all(self, name: str) -> None:
        model = self.models[name]
        settle(self.store, [(name, Answer(((1, self.store.next - 1),)))])
        model.delivered += model.pending.values()
        model.pending = {}

    @rule(name=st.sampled_from(READERS))
    def retry_one(self, name: str) -> None:
        entry = self.store.state.connection.execute(
            "SELECT id,offset FROM quarantine WHERE reader=? LIMIT 1", (name,)
        ).fetchone()
        if entry is not None:
            retry(self.store, entry[0])
            del self.models[name].quarantined[entry[1]]
            self.take_published()

    @rule()
    def forget_and_return(self) -> None:
        forget_reader(self.store, "central")
        add_reader(self.store, "central")
        kept: dict[int, Item] = {record.offset: record.item for record in self.visible("central")}
        self.models["central"] = Model(pending=kept)

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
        assert self.store.state.epoch == self.epoch

    @rule()
    def fold(self) -> None:
        self.store.fold_log(idle=True)

    def visible(self, name: str) -> list[Record]:
        chunk = Chunk(1, LOTS, LOTS)
        cursor = self.store.readers[name].cursor
        DiskReader(None).fill(chunk, self.store.spans, cursor, self.store.next - 1, name)
        return chunk.records

    @invariant()
    def the_logs_are_folded_as_the_writer_does(self) -> None:
        trim_quarantine(self.store)
        for name, model in self.models.items():
            kept = {
                row[0]
                for row in self.store.state.connection.execute(
                    "SELECT offset FROM quarantine WHERE reader=?", (name,)
                )
            }
            for offset in [each for each in model.quarantined if each not in kept]:
                model.expired.append(model.quarantined.pop(offset))
        make_room(self.store, 0)
        self.store.fold_log(idle=False)
        self.take_published()

    @invariant()
    def every_reader_is_complete_or_told_why(self) -> None:
        for name, model in self.models.items():
            seen = {record.offset: record.item for record in self.visible(name)}
            for offset in [each for each in model.pending if each not in seen]:
                item = model.pending.pop(offset)
                assert isinstance(item, Batch), "something other than samples was given up"
                model.expired.append(item)
            assert seen.keys() == model.pending.keys()
            assert all(makers.same(item, model.pending[offset]) for offset, item in seen.items())
            self.check_counts(name, model)
            self.check_gaps(name, model)

    def check_counts(self, name: str, model: Model) -> None:
        account = self.store.readers[name]
        state = account.state()
        assert state.pending == len(model.pending)
        assert state.pending_samples == samples(list(model.pending.values()))
        assert state.delivered == len(model.delivered)
        assert account.delivered.samples == samples(model.delivered)
        assert state.quarantined == len(model.quarantined)
        assert (state.expired, account.expired.samples) == (
            len(model.expired),
            samples(model.expired),
        )
        if model.pending:
            assert state.position == min(model.pending)

    def check_gaps(self, name: str, model: Model) -> None:
        known = [*model.pending.values(), *model.delivered, *model.quarantined.values()]
        gaps = [
            gap for gap in known if isinstance(gap, Gap) and gap.reason is GapReason.QUOTA
            and gap.reader == name
        ]  # fmt: skip
        if name == "history":
            assert sum(gap.count or 0 for gap in gaps) == samples(model.expired)
        for item in model.expired:
            assert isinstance(item, Batch)
            assert any(covers(gap, item) for gap in gaps), "missing and not explained"

    @invariant()
    def the_quota_holds(self) -> None:
        files = (path for path in self.store.folder.iterdir() if not path.name.endswith("-shm"))
        assert sum(path.stat().st_size for path in files) <= QUOTA + 200_000

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close_files()
            shutil.rmtree(self.root, ignore_errors=True)


def samples(items: list[Item]) -> int:
    return sum(len(item) for item in items if isinstance(item, Batch))


def covers(gap: Gap, item: Batch) -> bool:
    return (
        gap.device == item.plan.device
        and gap.start <= item.times.min()
        and item.times.max() <= gap.end
        and (gap.signals is None or set(item.signals.tolist()) <= set(gap.signals))
    )


TestSpoolModel = SpoolMachine.TestCase
TestSpoolModel.settings = settings(
    max_examples=10, stateful_step_count=20, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def test_the_logs_that_giving_up_writes_do_not_use_the_quota_up() -> None:
    """After a crash some records are presumed in hand; making room then writes into two logs."""
    machine = SpoolMachine()
    machine.begin()

    def hold() -> None:
        machine.every_reader_is_complete_or_told_why()
        machine.the_logs_are_folded_as_the_writer_does()
        machine.the_quota_holds()

    steps: list[Callable[[], object]] = [
        lambda: machine.flood(rounds=6),
        lambda: machine.take_all(name="history"),
        lambda: machine.flood(rounds=3),
        lambda: machine.crash(clean=False),
        lambda: machine.flood(rounds=4),
    ]
    for step in steps:
        step()
        hold()
    machine.teardown()
