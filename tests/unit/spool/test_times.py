"""Source times are claims: none of them moves what the spool says of a device or of a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.core.clock import SystemClock
from gateway.core.records import Batch, Gap
from gateway.core.times import EARLIEST, STORE_AHEAD_NS
from gateway.core.types import UnixNs
from gateway.spool.admission import append
from gateway.spool.giving_up import give_up_oldest
from gateway.spool.limits import Settings
from gateway.spool.recovery import load
from gateway.spool.settling import add_reader
from gateway.spool.store import Store
from gateway.spool.summary import PlanStretch
from tests.unit.spool import makers

AHEAD = 4_260_000_000_000_000_000
"""In 2105."""
UNSET = -9_000_000_000_000_000_000
"""In 1684, about as early as 64 bits can say: what a clock says that was never set."""
NOW = UnixNs(makers.START + 3_600_000_000_000)
Opener = Callable[[], Store]


class Later(SystemClock):
    """An hour after the samples of `makers` came."""

    def now(self) -> UnixNs:
        return NOW


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    stores: list[Store] = []

    def open_store() -> Store:
        for old in stores:
            old.close_files()
        store = Store(tmp_path, Later(), Settings(10_000_000, part_bytes=130_000))
        load(store)
        stores.append(store)
        return store

    yield open_store
    for store in stores:
        store.close_files()


def claimed(times: list[int], first: int = 0) -> Batch:
    batch = makers.batch(first, len(times))
    batch.times[:] = times
    return batch


def newest(store: Store) -> dict[str, int | None]:
    return {device: at for device, (_, at) in store.devices.items()}


@pytest.mark.parametrize("odd", [AHEAD, UNSET, 0])
@pytest.mark.parametrize("how", ["crash", "stop", "rotated", "marked then more"])
def test_when_samples_last_came_is_known_after_a_restart_whatever_times_they_claim(
    opened: Opener, odd: int, how: str
) -> None:
    store = opened()
    append(store, [[claimed([odd, makers.START], 40)]])
    if how == "marked then more":
        store.finish(loaded=True)
        store = opened()
    append(store, [[claimed([makers.START, odd], 900)]])
    if how == "rotated":
        store.rotate()
    elif how == "stop":
        store.finish(loaded=True)
    assert newest(opened()) == {"press-01": makers.START + 900_500}


def test_a_source_time_kept_by_an_earlier_version_is_not_taken_for_a_time_of_receipt(
    opened: Opener,
) -> None:
    store = opened()
    append(store, [[makers.batch(0)]])
    store.rotate()
    for told, expected in ((AHEAD, None), (UNSET, None), (NOW - 5, NOW - 5)):
        store.state.connection.execute("UPDATE devices SET newest=?", (told,))
        store = opened()
        assert newest(store) == {"press-01": expected}


@pytest.mark.parametrize("readers", [("central",), ()])
@pytest.mark.parametrize("written", ["now", "earlier"])
def test_no_gap_of_the_quota_reaches_beyond_what_can_be_right(
    opened: Opener, readers: tuple[str, ...], written: str
) -> None:
    store = opened()
    for name in readers:
        add_reader(store, name)
    append(store, [[claimed([AHEAD, UNSET, 0, makers.START + 7], 3)]])
    if written == "earlier":  # such times stood in the marks as they were
        odd = store.active.chunk.plans[1]
        odd.start, odd.end, odd.received = UNSET, AHEAD, None
    store.rotate()
    store.published = []
    assert give_up_oldest(store)
    (gap,) = (entry.record.item for entry in store.published)
    assert isinstance(gap, Gap)
    assert gap.count == 4
    assert EARLIEST <= gap.start <= gap.end <= NOW + STORE_AHEAD_NS
    if readers:
        assert gap.start <= makers.START + 7 <= gap.end
        assert gap.start <= makers.START + 3_500 <= gap.end


def test_the_end_of_a_part_that_cannot_be_read_is_covered_from_the_last_receipt_on(
    opened: Opener,
) -> None:
    store = opened()
    add_reader(store, "central")
    append(store, [[claimed([AHEAD], 100)]])
    store.finish(loaded=True)
    damaged = store.open_active(store.active.path, 1).connection
    damaged.execute("UPDATE records SET body=zeroblob(9)")
    damaged.execute("DELETE FROM marks")
    damaged.close()
    store = opened()
    gaps = [each.record.item for each in store.published if isinstance(each.record.item, Gap)]
    assert [(gap.start, gap.end) for gap in gaps] == [(makers.START + 100_500, NOW)]


def test_bounds_of_a_stretch_are_those_of_its_samples_where_they_can_be_right() -> None:
    stretch = PlanStretch()
    stretch.add(makers.batch(5, 4))
    assert stretch.bounds(NOW) == (makers.START + 5_000, makers.START + 8_000)
    assert stretch.plausible(NOW)
    stretch.add(claimed([AHEAD], 20))
    assert stretch.bounds(NOW) == (makers.START + 5_000, makers.START + 20_500)
