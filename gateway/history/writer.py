"""The one writer of the embedded store's files; lives on one thread."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path

import apsw
import numpy as np

from gateway.core.errors import SinkUnavailable
from gateway.history import compact, recent
from gateway.history.columns import Piece, Ranked, days_of, pieces
from gateway.history.dayfile import (
    DAY_NS,
    SIDE_FILES,
    DayFile,
    day_files,
    day_of,
    day_path,
    side_files,
)
from gateway.history.samples import Samples, join
from gateway.ops.events import history as events

FILES_OPEN_MAX = 4
"""Bounds file handles and caches; late data rarely reaches further back than a few days."""

EPOCH_BITS = 48
"""A rank is the epoch's number above an offset of this many bits."""

EPOCHS_FILE = "epochs"
DAMAGE = (apsw.CorruptError, apsw.NotADBError)


class StoreWriter:
    """Appends, compacts and expires. Not thread-safe.

    Raises SinkUnavailable when the disk refuses; a damaged file is set aside and replaced.
    """

    def __init__(self, folder: Path, keep_s: float) -> None:
        self.folder = folder
        self.keep_s = keep_s
        self._files: dict[int, DayFile] = {}
        self._epochs: dict[str, int] | None = None
        self._pass: Iterator[None] | None = None
        self._pass_file: DayFile | None = None
        self._leftover: list[Path] = []

    def open(self) -> None:
        """Make the folder and find work that an earlier run left."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SinkUnavailable("history-disk", str(error)) from error
        self._leftover = day_files(self.folder)[:-1]

    # -- append ---------------------------------------------------------------------------------

    def append(self, appends: Sequence[tuple[str, Sequence[Ranked]]]) -> None:
        """Store the batches of several calls durably, in one transaction for each file.

        The rank of each batch comes as its offset; the epoch's number is put above it here.
        """
        try:
            ranked = [
                Ranked(self._epoch_number(epoch) << EPOCH_BITS | rank, batch)
                for epoch, batches in appends
                for rank, batch in batches
            ]
        except OSError as error:
            raise SinkUnavailable("history-disk", str(error)) from error
        by_day: dict[int, list[Piece]] = defaultdict(list)
        for piece in pieces(ranked):
            for day, part in _by_day(piece, self.keep_s):
                by_day[day].append(part)
        for day, parts in by_day.items():
            self._store(day, parts)

    def _store(self, day: int, parts: list[Piece]) -> None:
        try:
            try:
                self._try_store(day, parts)
            except DAMAGE as error:
                self._set_aside(day, str(error))
                self._try_store(day, parts)
        except (apsw.Error, OSError) as error:
            self._close(day)
            raise SinkUnavailable("history-disk", str(error)) from error

    def _try_store(self, day: int, parts: list[Piece]) -> None:
        file = self._file(day)
        with file.transaction():
            by_kind: dict[str, list[Samples]] = defaultdict(list)
            for part in parts:
                keys = file.keys_of(part.plan, part.signals) + part.lanes
                by_kind[part.values.dtype.kind].append(
                    Samples(keys, part.times, part.ranks, part.status, part.values)
                )
            file.add_recent(recent.encode(join(same)) for same in by_kind.values())

    def _epoch_number(self, epoch: str) -> int:
        if self._epochs is None:
            self._epochs = _read_epochs(self.folder / EPOCHS_FILE)
        number = self._epochs.get(epoch)
        if number is None:
            number = len(self._epochs)
            _append_line(self.folder / EPOCHS_FILE, epoch)
            self._epochs[epoch] = number
        return number

    # -- files ----------------------------------------------------------------------------------

    def _file(self, day: int) -> DayFile:
        file = self._files.pop(day, None)
        if file is None:
            self._make_room()
            file = DayFile(day_path(self.folder, day))
        self._files[day] = file
        return file

    def _make_room(self) -> None:
        while len(self._files) >= FILES_OPEN_MAX:
            day, file = next(iter(self._files.items()))
            if file.recent_rows:
                self._leftover.append(file.path)
            self._close(day)

    def _close(self, day: int) -> None:
        file = self._files.pop(day, None)
        if file is None:
            return
        if file is self._pass_file:
            self._pass = self._pass_file = None
        with suppress(apsw.Error):
            file.close()

    def _set_aside(self, day: int, reason: str) -> None:
        self._close(day)
        path = day_path(self.folder, day)
        ending = next(
            f".damaged-{number}"
            for number in count(1)
            if not path.with_name(f"{path.name}.damaged-{number}").exists()
        )
        for name in (path, *(path.with_name(path.name + side) for side in SIDE_FILES)):
            if name.exists():
                name.rename(name.with_name(name.name + ending))
        events.history_set_aside(path.name, reason, path.name + ending)

    # -- compaction -----------------------------------------------------------------------------

    def compaction_step(self) -> bool:
        """Do one short piece of work; False when there is nothing to do."""
        if self._pass is None and not self._begin_pass():
            return False
        file = self._pass_file
        assert self._pass is not None
        assert file is not None
        try:
            next(self._pass)
        except StopIteration:
            self._pass = self._pass_file = None
            events.compaction_done()
        except DAMAGE as error:
            self._set_aside(day_of(file.path), str(error))
        except apsw.Error as error:
            self._close(day_of(file.path))
            events.history_note("embedded", f"compaction waits: {error}")
            return False
        return True

    def _begin_pass(self) -> bool:
        newest = max(self._files, default=0)
        for day, file in self._files.items():
            if compact.is_due(file) or (day < newest and self._is_past_due(file)):
                self._pass, self._pass_file = compact.steps(file, last=day < newest), file
                return True
        return self._begin_leftover()

    @staticmethod
    def _is_past_due(file: DayFile) -> bool:
        return file.recent_rows >= compact.LATE_ROWS

    def _begin_leftover(self) -> bool:
        while self._leftover:
            path = self._leftover.pop()
            if not path.exists():
                continue
            try:
                file = self._file(day_of(path))
            except DAMAGE as error:
                self._set_aside(day_of(path), str(error))
                continue
            except apsw.Error as error:
                events.history_note("embedded", f"compaction waits: {error}")
                return False
            if file.recent_rows:
                self._leftover.append(path)  # until a pass leaves nothing
                self._pass, self._pass_file = compact.steps(file, last=True), file
                return True
        return False

    # -- retention ------------------------------------------------------------------------------

    def retain(self, before: int) -> int:
        """Delete the files of days that ended before this time; give how many."""
        old = [path for path in day_files(self.folder) if (day_of(path) + 1) * DAY_NS <= before]
        gone = 0
        for path in old:
            self._close(day_of(path))
            try:
                for name in side_files(path):
                    name.unlink(missing_ok=True)
                gone += 1
            except OSError as error:  # another process reads it where that forbids deleting
                events.history_note("embedded", f"cannot delete {path.name}: {error}")
        if gone:
            events.history_expired(gone)
        return gone

    def close(self) -> None:
        """Release all files."""
        self._pass = self._pass_file = None
        for day in list(self._files):
            self._close(day)


def _by_day(piece: Piece, keep_s: float) -> Iterator[tuple[int, Piece]]:
    days = days_of(piece, DAY_NS, keep_s)
    first = int(days[0])
    if bool((days == first).all()):
        if first >= 0:
            yield first, piece
        return
    for day in np.unique(days).tolist():
        if day >= 0:
            which = days == day
            yield day, Piece(piece.plan, *(column[which] for column in piece[1:]))


def _read_epochs(path: Path) -> dict[str, int]:
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return {line: number for number, line in enumerate(lines)}


def _append_line(path: Path, line: str) -> None:
    torn = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as stream:
        # A line that a power cut tore stays what it is: numbers must never be given twice.
        stream.write(f"\n{line}\n" if torn else f"{line}\n")
        stream.flush()
        os.fsync(stream.fileno())
