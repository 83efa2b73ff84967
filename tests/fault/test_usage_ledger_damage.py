"""Damage of the ledger's file: byte by byte found, never fatal, never silent."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from gateway.core.errors import LedgerUnavailable
from gateway.ops.events import usage_ledger as events
from gateway.usage.ledger import opening
from gateway.usage.ledger.ledger import SqliteLedger
from gateway.usage.ledger.opening import SetAside, load
from gateway.usage.ledger.schema import DERIVED, PRIMARY
from gateway.usage.ledger.store import Settings, Store
from gateway.usage.ledger.verify import verify
from gateway.usage.model import State
from tests.unit.usage.ledger import makers

POSITIONS = 400
OPEN = (State.QUEUED, State.SENDING, State.DEFERRED, State.BLOCKED)


def meaning(path: Path) -> Any:
    """Give everything a file says to SQLite; an error's name where it says nothing."""
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            said: list[Any] = [connection.execute("PRAGMA integrity_check").fetchall()]
            said += [connection.pragma("application_id"), connection.pragma("user_version")]
            said.append(connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall())
            said += [
                connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
                for table in (*PRIMARY, *DERIVED)
            ]
            return said
        finally:
            connection.close()
    except (apsw.Error, UnicodeError) as error:
        return type(error).__name__


def flipped(data: bytes, place: int, bit: int) -> bytes:
    return data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]


async def test_any_byte_that_means_something_is_found_when_changed(tmp_path: Path) -> None:
    await makers.filled(tmp_path / "good")
    whole = (tmp_path / "good/ledger.db").read_bytes()
    chance = random.Random(11)
    folder = tmp_path / "bad"
    folder.mkdir()
    shutil.copy(tmp_path / "good/ledger.head", folder)
    path = folder / "ledger.db"
    path.write_bytes(whole)
    before, meant, named = meaning(path), 0, 0
    for place in chance.sample(range(len(whole)), POSITIONS):
        path.write_bytes(flipped(whole, place, chance.randrange(8)))
        report = verify(folder)
        after = meaning(path)
        if after != before:
            meant += 1
            named += bool(report.rows_named())
            assert report.problems, (place, after)
    assert meant > POSITIONS / 5
    assert named > meant / 2


async def test_every_byte_of_a_rows_body_and_personal_content_names_the_row(
    tmp_path: Path,
) -> None:
    await makers.filled(tmp_path, events=10)
    path = tmp_path / "ledger.db"
    whole = path.read_bytes()
    connection = apsw.Connection(str(path))
    (body,), (said,) = (
        connection.execute("SELECT body FROM chain WHERE seq=5").fetchone() or (b"",),
        connection.execute("SELECT content FROM people WHERE seq=6").fetchone() or (b"",),
    )
    connection.close()
    for seq, text in ((5, body), (6, said)):
        assert isinstance(text, bytes)
        start = whole.index(text)
        for offset in range(0, len(text), 7):
            path.write_bytes(flipped(whole, start + offset, 0))
            assert seq in verify(tmp_path).rows_named()


async def test_a_byte_changed_in_the_log_of_a_killed_service_is_found(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path / "live")
    for number in range(20):
        await ledger.append([("mes", makers.event(number))])
    killed = {
        name: (tmp_path / "live" / name).read_bytes()
        for name in ("ledger.db", "ledger.db-wal", "ledger.head")
    }
    await ledger.close()
    wal, chance, found = killed["ledger.db-wal"], random.Random(3), 0
    last = wal.rindex(makers.event(19).user.encode())
    for number, place in enumerate([last, *chance.sample(range(32, len(wal)), 40)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, data in killed.items():
            changed = flipped(data, place, 2) if name.endswith("-wal") else data
            (folder / name).write_bytes(changed)
        report = verify(folder)
        assert report.problems or report.rows == 21
        found += ("chain", "missing") in {(each.place, each.code) for each in report.problems}
    assert found > 20


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "no database": lambda data: b"not a database at all" * 400,
    "empty first page": lambda data: bytes(4096) + data[4096:],
    "cut in the middle": lambda data: data[: len(data) // 2],
    "one page overwritten": lambda data: data[:8192] + b"\xff" * 4096 + data[12288:],
}


@pytest.mark.parametrize("name", DAMAGES)
async def test_a_damaged_file_is_set_aside_loudly_and_the_service_goes_on(
    tmp_path: Path, name: str
) -> None:
    await makers.filled(tmp_path, events=300)
    path = tmp_path / "ledger.db"
    damaged = DAMAGES[name](path.read_bytes())
    path.write_bytes(damaged)
    assert verify(tmp_path).problems
    heard: list[SetAside] = []
    ledger = await SqliteLedger.open(tmp_path, clock=makers.StillClock(), on_set_aside=heard.append)
    if name == "one page overwritten" and not heard:  # met by a later question only
        with pytest.raises(LedgerUnavailable):
            await ledger.append([("mes", makers.event(1))])
    (taken,) = await ledger.append([("mes", makers.event(1))])
    assert taken.id in {each.id for each in await ledger.waiting("mes", State.QUEUED)}
    await ledger.close()
    if heard:
        assert (tmp_path / heard[0].file).read_bytes() == damaged
        assert verify(tmp_path).problems == []
        assert ledger.set_aside == heard[-1]
    else:
        assert verify(tmp_path).problems


async def test_open_events_are_carried_out_of_a_ledger_with_a_changed_row(tmp_path: Path) -> None:
    ids = await makers.filled(tmp_path, events=50)
    connection = apsw.Connection(str(tmp_path / "ledger.db"))
    connection.execute("UPDATE chain SET body=? WHERE seq=30", (b"{}",))
    connection.close()
    ledger = await makers.opened(tmp_path)
    aside = ledger.set_aside
    assert aside is not None
    assert "row 30" in aside.reason
    assert aside.unreadable == 1
    waiting = await ledger.waiting("mes", *OPEN)
    # 50 events: 1 delivered, 5 sampled out, 2 erased, 1 unreadable
    assert aside.carried == len(waiting) + 2  # and one for nobody, one for erp
    assert len(waiting) == 50 - 9
    deferred = [each for each in waiting if each.state is State.DEFERRED]
    assert [each.amount for each in deferred] == [6]
    (again,) = await ledger.append([("mes", makers.event(20, source="s20"))])
    assert again.known
    await ledger.move([makers.moved(ids[20], State.DELIVERED, "AP1002", 20)])
    assert (await ledger.today("mes", makers.DAY)).stored == 1
    assert (await ledger.raw(ids[20])) is not None
    await ledger.close()
    report = verify(tmp_path)
    assert report.problems == []
    assert verify(tmp_path).ledger[:6] != ids[0][:6]


async def test_a_ledger_whose_end_was_cut_off_is_not_gone_on_with(tmp_path: Path) -> None:
    await makers.filled(tmp_path)
    connection = apsw.Connection(str(tmp_path / "ledger.db"))
    connection.execute("DELETE FROM chain WHERE seq > 40")
    connection.execute("UPDATE head SET seq=40, hash=(SELECT hash FROM chain WHERE seq=40)")
    connection.close()
    ledger = await makers.opened(tmp_path)
    assert ledger.set_aside is not None
    assert "was there" in ledger.set_aside.reason
    await ledger.close()


async def use_for_ever(ledger: SqliteLedger) -> None:
    while True:
        await ledger.rows_after(0, 10_000)
        await ledger.append([("mes", makers.event(1))])


async def test_a_file_damaged_while_it_is_open_is_replaced(tmp_path: Path) -> None:
    await makers.filled(tmp_path, events=2_000)
    ledger = await makers.opened(tmp_path)
    path = tmp_path / "ledger.db"
    data = path.read_bytes()
    path.write_bytes(data[:8192] + b"\xff" * (len(data) - 8192))
    with pytest.raises(LedgerUnavailable):
        await use_for_ever(ledger)
    (taken,) = await ledger.append([("mes", makers.event(2))])
    assert ledger.set_aside is not None
    await ledger.close()
    assert verify(tmp_path).problems == []
    assert taken.id


async def test_a_removed_file_is_not_begun_anew_in_silence(tmp_path: Path) -> None:
    await makers.filled(tmp_path)
    (tmp_path / "ledger.db").unlink()
    assert [str(each) for each in verify(tmp_path).problems] == [
        "file: missing ledger.db is not there"
    ]
    ledger = await makers.opened(tmp_path)
    assert ledger.set_aside is not None
    assert "removed" in ledger.set_aside.reason
    await ledger.close()
    assert verify(tmp_path).problems == []


class Ended(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("step", range(5))
async def test_a_process_that_ends_while_it_replaces_a_ledger_goes_on_at_the_next_start(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await makers.filled(tmp_path, events=20)
    connection = apsw.Connection(str(tmp_path / "ledger.db"))
    connection.execute("UPDATE chain SET body=x'7b7d' WHERE seq=15")
    connection.close()
    end_at_step(monkeypatch, step)
    with pytest.raises(Ended):
        load(Store(tmp_path, makers.StillClock(), Settings()))
    monkeypatch.undo()
    heard: list[SetAside] = []
    ledger = await SqliteLedger.open(tmp_path, clock=makers.StillClock(), on_set_aside=heard.append)
    waiting = await ledger.waiting("mes", *OPEN)
    assert len(waiting) == 20 - 8  # delivered, sampled out, erased, unreadable
    assert len({each.amount for each in waiting}) == len(waiting)
    assert len(heard) == 1
    assert len(list(tmp_path.glob("*.damaged"))) == 1
    assert not (tmp_path / "ledger.replacing").exists()
    await ledger.close()
    assert verify(tmp_path).problems == []


def end_at_step(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """End before the head, before the file is renamed, before, in and after the making."""

    def end(*_: object, **__: object) -> None:
        raise Ended

    if step < 2:
        renames = iter(range(9))
        rename = Path.rename

        def counted(self: Path, target: Path) -> Path:
            if next(renames) == step:
                raise Ended
            return rename(self, target)

        monkeypatch.setattr(Path, "rename", counted)
        return
    place, name = [
        (opening, "read_all"), (opening, "carry"), (events, "usage_ledger_set_aside"),
    ][step - 2]  # fmt: skip
    monkeypatch.setattr(place, name, end)
