"""Drop folders: whole files only, each event once, refused files with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.usage.intakes import pieces
from gateway.usage.intakes.folder import FolderIntake
from tests.unit.usage.intakes.parts import HEADER, MemoryIntake, StillClock, file_config, row


class Drop:
    """A folder, its intake, and the gateway's data folder."""

    def __init__(self, tmp: Path, **changes: Any) -> None:
        self.folder = tmp / "drop"
        self.folder.mkdir()
        self.data = tmp / "data"
        self.changes = changes
        self.intake = MemoryIntake()
        self.start()

    def start(self) -> None:
        config = file_config(self.changes.pop("path", self.folder), "drop", **self.changes)
        self.reader = FolderIntake(config, self.intake, StillClock(), self.data)

    def put(self, name: str, *numbers: int, more: bytes = b"") -> Path:
        path = self.folder / name
        lines = "\n".join([HEADER, *(row(number) for number in numbers)])
        path.write_bytes(lines.encode() + b"\n" + more)
        return path

    async def look(self, times: int = 2) -> None:
        for _ in range(times):
            await self.reader.look()

    @property
    def got(self) -> list[int]:
        return [int(text or -1) for text in self.intake.amounts]

    def names(self) -> list[str]:
        return sorted(p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*.*"))


async def test_a_file_is_read_once_it_is_still_and_moved_to_done(tmp_path: Path) -> None:
    drop = Drop(tmp_path)
    drop.put("a.csv", 1, 2)
    await drop.look(1)
    assert drop.got == []
    drop.put("a.csv", 1, 2, 3)
    await drop.look(1)
    assert drop.got == [], "it was still growing"
    await drop.look(1)
    assert drop.got == [1, 2, 3]
    assert drop.names() == ["done/a.csv"]
    assert {raw.intake for raw in drop.intake.events} == {"folder:mes"}


async def test_unfinished_and_hidden_names_are_left_alone(tmp_path: Path) -> None:
    drop = Drop(tmp_path)
    names = ["a.csv.tmp", "b.part", ".c.csv", "~$d.csv"]
    for name in names:
        drop.put(name, 1)
    await drop.look(3)
    assert drop.got == []
    assert drop.names() == sorted(names)


async def test_a_last_line_needs_no_end(tmp_path: Path) -> None:
    drop = Drop(tmp_path)
    drop.put("a.csv", 1, more=row(2).encode())
    await drop.look()
    assert drop.got == [1, 2]


async def test_the_same_content_again_makes_no_second_event(tmp_path: Path) -> None:
    drop = Drop(tmp_path)
    drop.put("a.csv", 1, 2)
    await drop.look()
    drop.put("a.csv", 1, 2)
    drop.put("b.csv", 1, 2)
    await drop.look()
    assert drop.got == [1, 2]
    assert drop.names() == ["done/a-2.csv", "done/a.csv", "done/b.csv"]


async def test_a_wholly_bad_file_goes_to_bad_with_the_reasons_in_both_languages(
    tmp_path: Path,
) -> None:
    drop = Drop(tmp_path)
    (drop.folder / "a.csv").write_bytes(b"wrong,header\n1,2\n")
    (drop.folder / "b.csv").write_bytes("x".encode("utf-16"))
    await drop.look()
    assert drop.names() == ["bad/a.csv", "bad/a.csv.why.txt", "bad/b.csv", "bad/b.csv.why.txt"]
    why = (drop.folder / "bad" / "a.csv.why.txt").read_bytes().decode("utf-8-sig")
    assert "한 건도 읽지 못했습니다" in why
    assert "No usage event" in why
    assert "columns missing: logDt" in why
    assert "AP1012: " in why
    assert "UTF-16" in (drop.folder / "bad" / "b.csv.why.txt").read_text("utf-8-sig")


async def test_a_partly_bad_file_is_done_and_its_bad_lines_are_in_the_ledger(
    tmp_path: Path,
) -> None:
    drop = Drop(tmp_path)
    drop.put("a.csv", 1, more=b'"lost quote\n' + row(2).encode() + b"\n")
    await drop.look()
    assert drop.got == [1, 2]
    assert len(drop.intake.unfit) == 1
    assert drop.names() == ["done/a.csv"]


@pytest.mark.parametrize("after", ["delete", "keep"])
async def test_a_read_file_may_be_deleted_or_kept(tmp_path: Path, after: str) -> None:
    drop = Drop(tmp_path, after=after)
    drop.put("a.csv", 1)
    await drop.look()
    drop.start()
    await drop.look(3)
    assert drop.got == [1]
    assert drop.intake.again == 0, "it is remembered across the restart"
    assert drop.names() == ([] if after == "delete" else ["a.csv"])


async def test_a_kept_file_that_changed_is_read_again(tmp_path: Path) -> None:
    drop = Drop(tmp_path, after="keep")
    drop.put("a.csv", 1)
    await drop.look()
    drop.put("a.csv", 2, 3)
    await drop.look()
    assert drop.got == [1, 2, 3]


async def test_after_a_restart_a_file_is_read_on_in_its_middle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE_BYTES", 200)
    drop = Drop(tmp_path)
    drop.put("a.csv", *range(40))
    await drop.look(1)
    taken = drop.intake.take

    async def failing(raws: Any) -> Any:
        drop.intake.down = len(drop.intake.events) >= 20
        return await taken(raws)

    monkeypatch.setattr(drop.intake, "take", failing)
    await drop.look(1)
    assert 20 <= len(drop.got) < 40
    monkeypatch.setattr(drop.intake, "take", taken)
    drop.intake.down = False
    drop.start()
    await drop.look()
    assert drop.got == list(range(40))
    assert drop.intake.again == 0
    assert drop.names() == ["done/a.csv"]


async def test_only_names_that_match_are_read(tmp_path: Path) -> None:
    drop = Drop(tmp_path, path=tmp_path / "drop" / "*.csv")
    drop.put("a.csv", 1)
    drop.put("b.txt", 2)
    await drop.look()
    assert drop.got == [1]
    assert drop.names() == ["b.txt", "done/a.csv"]


async def test_a_file_that_cannot_be_moved_is_not_read_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop = Drop(tmp_path)
    drop.put("a.csv", 1)
    (drop.folder / "done").write_bytes(b"a file is in the way")
    await drop.look(3)
    assert drop.got == [1]
    assert drop.intake.again == 0
    (drop.folder / "done").unlink()
    await drop.look(1)
    assert drop.names() == ["done/a.csv"]


async def test_a_folder_that_is_away_is_waited_for(tmp_path: Path) -> None:
    drop = Drop(tmp_path)
    drop.folder.rmdir()
    await drop.look(1)
    drop.folder.mkdir()
    drop.put("a.csv", 1)
    await drop.look(2)
    assert drop.got == [1]
