"""The embedded store's files: duplicates, late data, damage, retention, other processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.core.errors import SinkUnavailable
from gateway.core.types import BAD_TYPE_MISMATCH
from gateway.history import chunk, compact, reader
from gateway.history.dayfile import day_files
from gateway.history.interface import Series
from gateway.history.query import export
from tests.unit.history.parts import (
    DAY,
    PLAN,
    T0,
    S,
    batch,
    compact_all,
    opened,
    plan_of,
    put,
    rows,
)


def test_compaction_changes_no_answer(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    random = np.random.default_rng(3)
    for offset in range(40):
        signals = random.integers(0, 4, 50)
        times = T0 + offset * S + random.integers(0, 3, 50) * S
        status = random.choice([0, 0, 0, BAD_TYPE_MISMATCH, 0x40940000], 50)
        put(writer, (offset + 1, batch(times, random.random(50), signals=signals, status=status)))
    before = [rows(tmp_path, number) for number in range(4)]
    compact_all(writer)
    assert [rows(tmp_path, number) for number in range(4)] == before
    assert sum(len(one) for one in before) > 100
    writer.close()


def test_the_greater_offset_stays_whatever_came_first(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    put(writer, (9, batch([T0, T0 + S], [9.0, 9.5])))
    compact_all(writer)
    put(writer, (4, batch([T0, T0 + 2 * S], [4.0, 4.5])))
    assert rows(tmp_path).values == [9.0, 9.5, 4.5]
    compact_all(writer)
    assert rows(tmp_path).values == [9.0, 9.5, 4.5]
    put(writer, (1, batch([T0], [0.5])), epoch="a newer spool")
    compact_all(writer)
    assert rows(tmp_path).values == [0.5, 9.5, 4.5]
    writer.close()


def test_a_pass_that_was_cut_short_leaves_no_double(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = opened(tmp_path)
    plan = plan_of(3000)
    signals = list(range(3000)) * 2
    times = [T0] * 3000 + [T0 + S] * 3000
    put(writer, (1, batch(times, np.arange(6000.0), signals=signals, plan=plan)))
    (file,) = writer._files.values()
    steps = compact.steps(file, last=True)
    monkeypatch.setattr(compact, "STEP_SAMPLES", 1000)
    for _ in range(4):
        next(steps)
    del steps
    assert file.recent_rows == 1
    assert rows(tmp_path, 0).values == [0.0, 3000.0]
    compact_all(writer)
    for number in (0, 1500, 2999):
        assert rows(tmp_path, number).values == [number, 3000.0 + number]
    writer.close()


def test_late_data_fills_the_hole_it_left(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    put(writer, (1, batch([T0, T0 + 100 * S], [0.0, 100.0])))
    compact_all(writer)
    late = [T0 + second * S for second in range(1, 100)]
    put(writer, (2, batch(late, np.arange(1.0, 100.0))))
    compact_all(writer)
    found = rows(tmp_path)
    assert found.values == [float(n) for n in range(101)]
    assert found.times == sorted(found.times)
    writer.close()


def test_values_of_changing_type_stay_as_they_were(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    put(writer, (1, batch([T0], np.array([1], np.int32))), (2, batch([T0 + 1], [{"@type": "P"}])))
    put(writer, (3, batch([T0 + 2], np.array([True]))), (4, batch([T0 + 3], [b"\x00\xff"])))
    before = rows(tmp_path).values
    compact_all(writer)
    assert rows(tmp_path).values == before == [1, {"@type": "P"}, True, b"\x00\xff"]
    writer.close()


def test_raw_values_come_back_with_an_export_only(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    times = [T0, T0 + S]
    put(writer, (1, batch(times, np.array([17.5, 18.0]), raw=np.array([175, 180], np.int16))))
    put(writer, (2, batch([T0], ["run"], signals=[1])))
    compact_all(writer)
    page = export(tmp_path, PLAN, T0, T0 + DAY, 100)
    found = {
        (int(number), int(time)): (value, None if one.raw is None else one.raw[place])
        for one in page.batches
        for place, (number, time, value) in enumerate(
            zip(one.signals, one.times, one.values, strict=True)
        )
    }
    assert found == {(0, T0): (17.5, 175), (0, T0 + S): (18.0, 180), (1, T0): ("run", None)}
    assert rows(tmp_path).values == [17.5, 18.0]
    writer.close()


def test_a_clock_far_off_makes_no_file_of_its_own(tmp_path: Path) -> None:
    writer = opened(tmp_path, keep_s=10 * 86_400.0)
    odd = [T0 + 4000 * DAY, T0 - 9 * DAY, T0 - 5]
    put(writer, (1, batch(odd, [1.0, 2.0, 3.0], received=T0)))
    put(writer, (2, batch([T0 - 4000 * DAY], [4.0], received=T0)))
    assert len(day_files(tmp_path)) == 2
    assert rows(tmp_path).times[-1] == T0, "filed by its receipt"
    assert rows(tmp_path).values == [2.0, 3.0, 1.0]
    compact_all(writer)
    assert rows(tmp_path).values == [2.0, 3.0, 1.0]
    writer.close()


def test_pages_go_on_across_days_and_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.history.query._WINDOW_OF_PAGE_MIN", 10)
    writer = opened(tmp_path)
    times = [T0 + n * 6 * 3600 * S for n in range(40)]
    for offset, time in enumerate(times):
        put(writer, (offset + 1, batch([time], [float(offset)])))
        if offset % 3 == 0:
            compact_all(writer)
    assert len(day_files(tmp_path)) == 10
    from gateway.history.query import query_rows

    start: int | None = 0
    seen: list[object] = []
    while start is not None:
        page = query_rows(tmp_path, Series("press-01", "OperationalData", "Tag0"), start, 2**62, 7)
        seen += page.values
        start = page.next_start
    assert seen == [float(n) for n in range(40)]
    writer.close()


def test_retention_gives_the_disk_back(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    for day in range(3):
        times = T0 + day * DAY + np.arange(20_000) * S // 10
        put(writer, (day + 1, batch(times, np.random.default_rng(day).random(20_000))))
    before = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert writer.retain(T0 + 2 * DAY) == 2
    after = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert after < before * 0.4
    assert min(rows(tmp_path).times) == T0 + 2 * DAY
    put(writer, (9, batch([T0], [1.0], received=T0 + 2 * DAY)))
    assert min(rows(tmp_path).times) == T0
    writer.close()


def damage(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[:4096] = os.urandom(4096)
    path.write_bytes(bytes(body))


def test_a_damaged_file_is_set_aside_and_the_others_go_on(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    put(writer, (1, batch([T0, T0 + DAY], [1.0, 2.0])))
    writer.close()
    damage(day_files(tmp_path)[1])
    writer = opened(tmp_path)
    assert rows(tmp_path).values == [1.0]
    put(writer, (2, batch([T0 + 1, T0 + DAY + 1], [1.5, 2.5])))
    assert rows(tmp_path).values == [1.0, 1.5, 2.5]
    kept = [path.name for path in tmp_path.iterdir() if "damaged" in path.name]
    assert kept
    writer.close()


def test_a_damaged_chunk_costs_only_itself(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    for part in range(3):
        put(writer, (part + 1, batch([T0 + part * S], [float(part)])))
        compact_all(writer)
    (file,) = writer._files.values()
    file.database.execute("UPDATE chunk SET body = x'00' WHERE start = ?", (T0 + S,))
    assert rows(tmp_path).values == [0.0, 2.0]
    writer.close()


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "history").write_text("a file is in the way")
    with pytest.raises(SinkUnavailable, match="history-disk"):
        opened(tmp_path / "history")


def test_a_full_disk_takes_nothing_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    put(writer, (1, batch([T0], [1.0])))
    (file,) = writer._files.values()
    pages = file.database.pragma("page_count")
    file.database.pragma("max_page_count", pages)
    noise = np.random.default_rng(1).random(20_000)
    big = batch(T0 + np.arange(20_000), noise)
    with pytest.raises(SinkUnavailable, match="history-disk"):
        put(writer, (2, big))
    assert rows(tmp_path).values == [1.0]
    put(writer, (2, big))
    assert len(rows(tmp_path)) == 20_000
    writer.close()


@pytest.mark.slow
def test_another_process_reads_while_this_one_writes(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    put(writer, (1, batch([T0], [0.0])))
    stop = threading.Event()
    counts: list[int] = []

    def ask() -> None:
        while not stop.is_set():
            counts.append(_count_in_another_process(tmp_path))

    asking = threading.Thread(target=ask)
    asking.start()
    offset = 1
    while len(counts) < 3:
        offset += 1
        put(writer, (offset, batch([T0 + offset], [float(offset)])))
        if offset % 50 == 0:
            compact_all(writer)
    stop.set()
    asking.join()
    assert counts == sorted(counts)
    assert len(rows(tmp_path)) == offset
    writer.close()


def _count_in_another_process(folder: Path) -> int:
    code = (
        "import sys; from pathlib import Path; from tests.unit.history.parts import rows;"
        "print(len(rows(Path(sys.argv[1]))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, check=True, text=True
    )
    return int(done.stdout)


KILLED = """
import sys
from pathlib import Path
from typing import Any
from gateway.history import compact
from tests.unit.history.parts import *
writer = opened(Path(sys.argv[1]))
compact.DUE_ROWS, compact.PASS_SAMPLES = 40, 2_000
plan = plan_of(50)
offset = 0
while True:
    offset += 1
    signals = list(range(50))
    values, times = [float(offset)] * 50, [T0 + offset] * 50
    put(writer, (offset, batch(times, values, signals=signals, plan=plan)))
    print(offset, flush=True)
    writer.compaction_step()
"""


@pytest.mark.parametrize("lines", [30, 75, 120])
@pytest.mark.slow
def test_what_was_acknowledged_before_a_kill_is_there_once(tmp_path: Path, lines: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        acknowledged = 0
        for _ in range(lines):
            acknowledged = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    for number in (0, 49):
        values = rows(tmp_path, number).values
        assert values[:acknowledged] == [float(n) for n in range(1, acknowledged + 1)]
        assert len(values) == len(set(values))
    writer = opened(tmp_path)
    put(writer, (10**6, batch([T0 + 10**6], [-1.0])))
    compact_all(writer)
    assert rows(tmp_path).values[:acknowledged] == [float(n) for n in range(1, acknowledged + 1)]
    writer.close()


def test_yesterdays_rest_is_rewritten_after_a_restart(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    put(writer, (1, batch([T0, T0 + DAY], [1.0, 2.0])))
    writer.close()
    writer = opened(tmp_path)
    while writer.compaction_step():
        pass
    old = writer._files[20_000]
    assert (old.recent_rows, json.dumps(rows(tmp_path).values)) == (0, "[1.0, 2.0]")
    writer.close()


def test_health_tells_span_and_size(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    put(writer, (1, batch([T0, T0 + DAY], [1.0, 2.0])))
    found = reader.health(tmp_path)
    assert (found.oldest, found.newest) == (T0, T0 + DAY)
    assert found.disk_bytes == sum(
        path.stat().st_size for path in tmp_path.iterdir() if path.name != "epochs"
    )
    writer.close()


def test_a_word_among_numbers_makes_no_words_of_them(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    times = [T0 + n * S for n in range(100)]
    put(writer, (1, batch(times, np.arange(100.0))))
    put(writer, (2, batch(times, [f"s{n}" for n in range(100)], signals=[1] * 100)))
    put(writer, (3, batch(times, np.arange(100), signals=[2] * 100)))
    compact_all(writer)
    (file,) = writer._files.values()
    bodies: Any = file.database.execute("SELECT key, body FROM chunk")
    kinds = [chunk.decode(key, body).values.dtype.kind for key, body in bodies]
    assert sorted(kinds) == ["O", "f", "i"]
    put(writer, (4, batch([T0 + 50 * S], ["odd"])))
    compact_all(writer)
    for number, kind in ((1, str), (2, int)):
        assert {type(value) for value in rows(tmp_path, number).values} == {kind}
    values = rows(tmp_path).values
    assert values[50] == "odd"
    assert values[:50] + values[51:] == [float(n) for n in range(100) if n != 50]
    writer.close()


def test_rare_values_wait_until_a_chunk_is_worth_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compact, "DUE_ROWS", 50)
    writer = opened(tmp_path)
    offset = 0
    while offset < 900:
        offset += 1
        put(writer, (offset, batch([T0 + offset * S], [float(offset)], signals=[offset % 4])))
        while writer.compaction_step():
            pass
    (file,) = writer._files.values()
    (chunks,) = next(file.database.execute("SELECT count(*) FROM chunk"))
    assert file.recent_rows < compact.DUE_ROWS
    assert 4 <= chunks <= 12
    assert sum(len(rows(tmp_path, number)) for number in range(4)) == 900
    writer.close()


def test_rare_values_of_many_signals_become_one_recent_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compact, "DUE_ROWS", 20)
    writer = opened(tmp_path)
    plan = plan_of(100)
    for offset in range(1, 101):
        item = batch([T0 + offset * S], [float(offset)], signals=[offset - 1], plan=plan)
        put(writer, (offset, item))
        while writer.compaction_step():
            pass
    (file,) = writer._files.values()
    assert next(file.database.execute("SELECT count(*) FROM chunk")) == (0,)
    assert file.recent_rows < 25
    assert [rows(tmp_path, number).values for number in (0, 50, 99)] == [[1.0], [51.0], [100.0]]
    put(writer, (101, batch([T0 + DAY], [1.0])))
    writer.close()
    writer = opened(tmp_path)
    while writer.compaction_step():
        pass
    assert writer._files[20_000].recent_rows == 0
    assert [rows(tmp_path, number).values[0] for number in (0, 50, 99)] == [1.0, 51.0, 100.0]
    writer.close()
