"""Log files that grow, are rotated, cut off, and read on after a restart."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from gateway.usage.config import Columns
from gateway.usage.intakes import follow, pieces
from gateway.usage.intakes.lines import LINE_BYTES_MAX
from gateway.usage.intakes.tail import TailIntake
from tests.unit.usage.intakes.parts import HEADER, MemoryIntake, StillClock, file_config, row


class Tail:
    """A log, its intake, and the gateway's data folder."""

    def __init__(self, folder: Path, pattern: str = "app.log", **changes: Any) -> None:
        self.folder = folder
        self.log = folder / "app.log"
        self.pattern = folder / pattern
        self.changes = {"header": False, "columns": NUMBERS, **changes}
        self.intake = MemoryIntake()
        self.clock = StillClock()
        self.start()

    def start(self) -> None:
        config = file_config(self.pattern, **self.changes)
        self.tail = TailIntake(config, self.intake, self.clock, self.folder / "data")

    def add(self, *numbers: int, to: Path | None = None, end: str = "\n") -> None:
        with (to or self.log).open("a", encoding="utf-8") as file:
            file.writelines(row(number) + end for number in numbers)

    async def look(self) -> float:
        return await self.tail.look()

    @property
    def got(self) -> list[int]:
        return [int(text or -1) for text in self.intake.amounts]


NUMBERS = Columns(
    {"logDt": 0, "useSe": 1, "sysUser": 2, "conectIp": 3, "dataUsgqty": 4},
)


async def test_lines_are_taken_once_as_they_come(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    await tail.look()
    tail.add(1, 2)
    await tail.look()
    await tail.look()
    tail.add(3)
    await tail.look()
    assert tail.got == [1, 2, 3]
    assert tail.intake.again == 0
    assert len({raw.source_id for raw in tail.intake.events}) == 3
    assert {raw.intake for raw in tail.intake.events} == {"file:mes"}


async def test_half_a_line_waits_for_its_other_half(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    tail.add(1)
    whole = row(2) + "\n"
    with tail.log.open("a") as file:
        file.write(whole[:20])
        file.flush()
        await tail.look()
        assert tail.got == [1]
        file.write(whole[20:])
    await tail.look()
    assert tail.got == [1, 2]


async def test_a_restart_reads_on_where_it_was(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    tail.add(1, 2)
    await tail.look()
    tail.add(3)
    tail.start()
    await tail.look()
    assert tail.got == [1, 2, 3]
    assert tail.intake.again == 0


async def test_a_lost_place_reads_again_what_is_then_known(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    tail.add(1, 2)
    await tail.look()
    (tmp_path / "data" / "mes.tail.json").unlink()
    tail.add(3)
    tail.start()
    await tail.look()
    assert tail.got == [1, 2, 3]
    assert tail.intake.again == 2


async def test_a_damaged_place_is_set_aside(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    tail.add(1)
    await tail.look()
    (tmp_path / "data" / "mes.tail.json").write_bytes(b'{"format": 1, "fi')
    tail.start()
    await tail.look()
    assert tail.got == [1]
    assert (tmp_path / "data" / "mes.tail.damaged").exists()


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
async def test_rotation_by_renaming_loses_and_repeats_nothing(tmp_path: Path, pattern: str) -> None:
    tail = Tail(tmp_path, pattern)
    tail.add(1)
    await tail.look()
    tail.add(2)
    tail.log.rename(tmp_path / "app.log.1")
    tail.add(3)
    await tail.look()
    # A writer may still hold the renamed file.
    tail.add(4, to=tmp_path / "app.log.1")
    await tail.look()
    assert sorted(tail.got) == [1, 2, 3, 4]
    assert tail.intake.again == 0


async def test_rotation_while_the_gateway_is_down(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    tail.add(1)
    await tail.look()
    tail.add(2)
    tail.log.rename(tmp_path / "app.log.1")
    tail.add(3)
    tail.start()
    await tail.look()
    assert sorted(tail.got) == [1, 2, 3]
    assert tail.intake.again == 0


async def test_the_last_line_of_a_renamed_file_needs_no_end(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    tail.add(1)
    await tail.look()
    tail.add(2, end="")
    tail.log.rename(tmp_path / "app.log.1")
    old = tail.clock.time - 10 * follow.QUIET_NS
    os.utime(tmp_path / "app.log.1", ns=(old, old))
    await tail.look()
    assert tail.got == [1, 2]


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
async def test_copy_and_truncate_reads_the_rest_from_the_copy(tmp_path: Path, pattern: str) -> None:
    tail = Tail(tmp_path, pattern)
    tail.add(1, 2)
    await tail.look()
    tail.add(3)
    shutil.copy(tail.log, tmp_path / "app.log.1")
    with tail.log.open("r+b") as file:
        file.truncate()
    await tail.look()
    tail.add(4)
    await tail.look()
    await tail.look()
    assert sorted(tail.got) == [1, 2, 3, 4]


async def test_a_truncated_file_that_outgrew_its_old_size_is_still_seen(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    tail.add(1)
    await tail.look()
    with tail.log.open("r+b") as file:
        file.truncate()
    tail.add(5, 6, 7)
    await tail.look()
    assert tail.got == [1, 5, 6, 7]


async def test_rotation_by_a_new_name_each_day(tmp_path: Path) -> None:
    tail = Tail(tmp_path, "app-*.log")
    for day in (26, 27):
        tail.add(day, to=tmp_path / f"app-202611{day}.log")
        await tail.look()
    tail.add(99, to=tmp_path / "app-20261126.log")
    await tail.look()
    assert tail.got == [26, 27, 99]


async def test_a_file_that_was_away_is_read_on(tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    tail = Tail(tmp_path, "share/app.log")
    tail.add(1, to=share / "app.log")
    await tail.look()
    share.rename(tmp_path / "unmounted")
    await tail.look()
    tail.start()
    await tail.look()
    (tmp_path / "unmounted").rename(share)
    tail.add(2, to=share / "app.log")
    await tail.look()
    assert tail.got == [1, 2]
    assert tail.intake.again == 0


async def test_bad_lines_are_unfit_and_stop_nobody(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    tail.add(1)
    with tail.log.open("ab") as file:
        file.write(b'2026,"lost quote\n\xff\xff\xff\n' + b"x" * (LINE_BYTES_MAX * 5) + b"\n")
    tail.add(2)
    await tail.look()
    assert tail.got == [1, 2]
    heads = [raw.extra["head"] for raw in tail.intake.unfit]
    assert heads == ['2026,"lost quote', r"\xff\xff\xff", "x" * 256]
    assert [dict(raw.fields) for raw in tail.intake.unfit] == [{}] * 3


async def test_a_long_line_is_passed_over_across_a_restart(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    tail.add(1)
    with tail.log.open("ab") as file:
        file.write(b"x" * pieces.PIECE_BYTES)
    await tail.look()
    tail.start()
    with tail.log.open("ab") as file:
        file.write(b"y" * 100 + b"\n")
    tail.add(2)
    await tail.look()
    assert tail.got == [1, 2]
    assert len(tail.intake.unfit) == 1


async def test_cp949_is_detected_for_each_file(tmp_path: Path) -> None:
    tail = Tail(tmp_path, "*.log")
    (tmp_path / "a.log").write_bytes((row(1, "김철수") + "\r\n").encode("cp949"))
    (tmp_path / "b.log").write_bytes((row(2, "이영희") + "\r\n").encode("utf-8-sig"))
    await tail.look()
    assert sorted(tail.intake.users, key=str) == ["김철수", "이영희"]


async def test_a_header_is_read_again_after_a_restart(tmp_path: Path) -> None:
    tail = Tail(tmp_path, header=True, columns=file_config("x").columns)
    tail.log.write_text(HEADER + "\n")
    await tail.look()
    tail.add(1)
    await tail.look()
    tail.start()
    tail.add(2)
    await tail.look()
    assert tail.got == [1, 2]


async def test_what_the_ledger_did_not_take_is_read_again(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    tail.add(1)
    tail.intake.down = True
    assert await tail.look() > 0.02
    tail.intake.down = False
    tail.start()
    await tail.look()
    assert tail.got == [1]


async def test_an_unreadable_file_stops_no_other_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail = Tail(tmp_path, "*.log")
    tail.add(1, to=tmp_path / "a.log")
    tail.add(2, to=tmp_path / "b.log")
    opened = Path.open

    def refusing(path: Path, *args: Any, **kwargs: Any) -> Any:
        if path.name == "a.log":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", refusing)
        await tail.look()
    assert tail.got == [2]
    await tail.look()
    assert tail.got == [2, 1]


async def test_utf16_is_refused_and_read_once_it_was_saved_anew(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    tail.log.write_bytes((row(1) + "\n").encode("utf-16"))
    await tail.look()
    assert tail.intake.calls == 0
    tail.log.write_bytes((row(1) + "\n").encode())
    await tail.look()
    assert tail.got == [1]


async def test_only_so_many_files_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "FILES_MAX", 3)
    tail = Tail(tmp_path, "*.log")
    for number in range(5):
        file = tmp_path / f"{number}.log"
        tail.add(number, to=file)
        os.utime(file, (1_000 + number, 1_000 + number))
    await tail.look()
    assert tail.got == [2, 3, 4]
