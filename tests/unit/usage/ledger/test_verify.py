"""`verify` names the row of whatever was changed, and says nothing of a ledger that is whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import apsw
import pytest

from gateway.core.errors import LedgerUnavailable
from gateway.usage.ledger import anchor
from gateway.usage.ledger.chain import row_hash
from gateway.usage.ledger.schema import DERIVED, PRIMARY
from gateway.usage.ledger.verify import Report, verify
from gateway.usage.model import State
from tests.unit.usage.ledger import makers

MOVED = 35  # a move of the first event, see `makers.filled`


@contextmanager
def changed(folder: Path) -> Iterator[apsw.Connection]:
    connection = apsw.Connection(str(folder / "ledger.db"))
    yield connection
    connection.close()


def problems(folder: Path) -> set[tuple[str, str, int | None]]:
    return {(each.place, each.code, each.seq) for each in verify(folder).problems}


async def test_a_whole_ledger_has_no_problem_open_or_closed(tmp_path: Path) -> None:
    await makers.filled(tmp_path)
    report = verify(tmp_path)
    assert report == Report(rows=44, ledger=report.ledger, head=report.head, erased=1)
    ledger = await makers.opened(tmp_path)
    await ledger.append([("mes", makers.event(50))])
    assert (verify(tmp_path).rows, verify(tmp_path).count) == (45, 0)
    assert (await ledger.check()).count == 0
    await ledger.close()


def test_no_ledger_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match="no-ledger"):
        verify(tmp_path)


async def values(folder: Path, table: str) -> list[tuple[str, Any, Any]]:
    """Give every cell of a table: column, the row's key, another value."""
    with changed(folder) as connection:
        cursor = connection.execute(f"SELECT * FROM {table}")
        names = [each[0] for each in cursor.getdescription()]
        cells = []
        for row in cursor:
            for name, value in zip(names, row, strict=True):
                cells.append((name, row[0], another(value)))
        return cells


def another(value: Any) -> Any:
    match value:
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case str():
            return value[:-1] + ("x" if value[-1:] != "x" else "y")
        case None:
            return "new"
        case _:
            return value + 1


@pytest.mark.parametrize("table", [*PRIMARY, *DERIVED])
@pytest.mark.slow
async def test_any_cell_changed_is_found_and_its_row_named(tmp_path: Path, table: str) -> None:
    await makers.filled(tmp_path / "good")
    whole = (tmp_path / "good/ledger.db").read_bytes()
    head = (tmp_path / "good/ledger.head").read_bytes()
    cells = await values(tmp_path / "good", table)
    folder = tmp_path / "bad"
    folder.mkdir()
    for name, key, value in cells[:: max(1, len(cells) // 60)]:
        (folder / "ledger.db").write_bytes(whole)
        (folder / "ledger.head").write_bytes(head)
        with changed(folder) as connection:
            where = f"rowid={key}" if isinstance(key, int) else f"{first_column(table)}=?"
            values_ = (value,) if isinstance(key, int) else (value, key)
            try:
                connection.execute(f"UPDATE OR REPLACE {table} SET {name}=? WHERE {where}", values_)
            except apsw.MismatchError:  # text for a row's number
                continue
        report = verify(folder)
        assert report.problems, (table, name, key)
        if table in {"chain", "people", "events", "attempts"}:
            assert key in report.rows_named(), (table, name, key, list(map(str, report.problems)))


def first_column(table: str) -> str:
    return {"cursors": "name", "days": "delivery", "deliveries": "delivery"}[table]


async def test_a_removed_row_is_named_wherever_it_was(tmp_path: Path) -> None:
    for seq in (1, 2, 20, 43, 44):
        folder = tmp_path / str(seq)
        await makers.filled(folder)
        with changed(folder) as connection:
            connection.execute("DELETE FROM chain WHERE seq=?", (seq,))
        assert ("chain", "missing", seq) in problems(folder)


async def test_rows_cut_off_the_end_are_named_even_when_the_record_of_the_end_is_moved(
    tmp_path: Path,
) -> None:
    await makers.filled(tmp_path)
    with changed(tmp_path) as connection:
        connection.execute("DELETE FROM chain WHERE seq > 40")
        connection.execute("DELETE FROM people WHERE seq > 40")
        connection.execute("UPDATE head SET seq=40, hash=(SELECT hash FROM chain WHERE seq=40)")
    assert ("chain", "missing", 41) in problems(tmp_path)


async def test_an_inserted_row_is_named(tmp_path: Path) -> None:
    await makers.filled(tmp_path)
    with changed(tmp_path) as connection:
        (link,) = connection.execute("SELECT hash FROM chain WHERE seq=44").fetchone()  # type: ignore[misc]
        body = b'{"at":1,"event":"x-1","kind":"move","state":"delivered","why":""}'
        digest = row_hash(link, 45, body)
        connection.execute("INSERT INTO chain VALUES (45, ?, ?, ?)", (body, link, digest))
    assert ("chain", "inserted", 45) in problems(tmp_path)


async def test_exchanged_rows_are_named(tmp_path: Path) -> None:
    await makers.filled(tmp_path)
    with changed(tmp_path) as connection:
        connection.execute("UPDATE chain SET seq=1000 WHERE seq=10")
        connection.execute("UPDATE chain SET seq=10 WHERE seq=11")
        connection.execute("UPDATE chain SET seq=11 WHERE seq=1000")
    assert {10, 11} <= verify(tmp_path).rows_named()


async def test_a_chain_made_anew_from_a_row_on_does_not_fit_the_head_beside(
    tmp_path: Path,
) -> None:
    await makers.filled(tmp_path)
    with changed(tmp_path) as connection:
        rows = connection.execute("SELECT seq, body, prev FROM chain WHERE seq >= 40").fetchall()
        link: Any = rows[0][2]
        for seq, body, _ in rows:
            new = bytes(body).replace(b"mes", b"Mes")  # type: ignore[arg-type]
            digest = row_hash(link, int(seq), new)  # type: ignore[arg-type]
            connection.execute(
                "UPDATE chain SET body=?, prev=?, hash=? WHERE seq=?", (new, link, digest, seq)
            )
            link = digest
        connection.execute("UPDATE head SET hash=?", (sha256(link).digest(),))
    assert ("head", "changed", 44) in problems(tmp_path)


async def test_the_head_beside_is_part_of_the_ledger(tmp_path: Path) -> None:
    await makers.filled(tmp_path)
    path = tmp_path / anchor.HEAD_FILE
    line = path.read_bytes()
    for place in range(len(line)):
        path.write_bytes(line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :])
        assert ("head", "changed", None) in problems(tmp_path)
    path.unlink()
    assert problems(tmp_path) == {("head", "missing", None)}


async def test_personal_content_removed_without_erasing_is_named(tmp_path: Path) -> None:
    await makers.filled(tmp_path)
    with changed(tmp_path) as connection:
        connection.execute("DELETE FROM people WHERE seq=12")
    assert ("people", "missing", 12) in problems(tmp_path)


async def test_personal_content_that_came_back_after_erasing_is_named(tmp_path: Path) -> None:
    await makers.filled(tmp_path / "a")
    ledger = await makers.opened(tmp_path / "b")
    await ledger.append([("mes", makers.event(1))])
    with changed(tmp_path / "b") as connection:
        kept = connection.execute("SELECT * FROM people WHERE seq=2").fetchone()
    await ledger.erase(person="u-0001")
    await ledger.close()
    with changed(tmp_path / "b") as connection:
        connection.execute("INSERT INTO people VALUES (?, ?, ?)", kept)
    assert ("people", "not-erased", 2) in problems(tmp_path / "b")


async def test_derived_tables_that_disagree_are_made_anew_by_the_service(tmp_path: Path) -> None:
    ids = await makers.filled(tmp_path)
    with changed(tmp_path) as connection:
        connection.execute("UPDATE events SET user='somebody' WHERE seq=11")
        connection.execute("UPDATE days SET stored=99")
    assert ("derived", "changed", 11) in problems(tmp_path)
    ledger = await makers.opened(tmp_path)  # nothing in the newest rows disagrees
    assert (await ledger.check()).count > 0
    assert (await ledger.check()).count == 0
    waiting = {each.id: each for each in await ledger.waiting("mes", State.QUEUED)}
    assert waiting[ids[9]].user == "u-0009"
    await ledger.close()


async def test_the_newest_events_are_compared_at_every_start(tmp_path: Path) -> None:
    await makers.filled(tmp_path)
    with changed(tmp_path) as connection:
        connection.execute("UPDATE events SET state='queued' WHERE seq=2")
    ledger = await makers.opened(tmp_path)
    assert (await ledger.check()).count == 0
    assert len(await ledger.waiting("mes", State.QUEUED)) == 30 - 8
    await ledger.close()
