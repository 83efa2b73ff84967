"""Which files are followed, and which file is which after a rotation; blocking.

A file is known by its id (device and inode, where the file system has them) and by its first
lines. A new name for the same id is a rotation by renaming; other first lines under a known id are
a truncation, and the rest of the old content is looked for among the files beside it.
"""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.core.types import UnixNs
from gateway.ops.events import usage_intakes as events
from gateway.usage.config import FileIntakeConfig
from gateway.usage.intakes.pieces import FileReader, Place, has_head, head_of

FILES_MAX = 1_000
"""Files followed by one intake; where more match, the newest are."""
BESIDE_MAX = 10_000
"""Entries of a folder that are looked at for a file that was renamed."""
SECOND_NS = 10**9
QUIET_NS = 60 * SECOND_NS
"""A renamed file that was not written for this long has no more to come on its last line."""
LOOSE_NS = 3_600 * SECOND_NS
"""A renamed file that was read to its end and not written for this long is let go."""
LOST_NS = 7 * 86_400 * SECOND_NS
"""How long the place in a file that is away is kept: a share may come back."""


@dataclass(slots=True)
class Followed:
    """One file, by content, and how far it was read. `loose`: no longer under a watched name."""

    reader: FileReader
    id: str
    head: str
    head_size: int
    place: Place
    size: int = 0
    written: int = 0
    loose: bool = False
    lost_since: int = 0
    refused: bool = False

    @property
    def path(self) -> Path:
        return self.reader.path

    def to_end(self, now: int) -> bool:
        """Tell whether a last line without an end is a whole one."""
        return self.loose and now - self.written > QUIET_NS

    def as_json(self) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "id": self.id,
            "head": self.head,
            "head_size": self.head_size,
            "loose": self.loose,
            "lost_since": self.lost_since,
            **self.place.as_json(),
        }


class Follow:
    """The files of one `tail` intake."""

    def __init__(self, config: FileIntakeConfig, intake: str) -> None:
        self._config = config
        self._intake = intake
        self._head_lines = 2 if config.header and config.format in {"csv", "tsv"} else 1
        self.files: list[Followed] = []
        self._by_id: dict[str, Followed] = {}

    def load(self, kept: Mapping[str, Any]) -> None:
        """Take over what `as_json` gave before a restart; what does not fit is left out."""
        for each in kept.get("files", ()):
            try:
                place = Place.from_json(each)
                path, head, size = Path(each["path"]), str(each["head"]), int(each["head_size"])
                file = self._followed(path, str(each["id"]), head, size, place)
                file.loose, file.lost_since = bool(each["loose"]), int(each["lost_since"])
            except (KeyError, TypeError, ValueError):
                continue
            self.files.append(file)

    def as_json(self) -> dict[str, Any]:
        return {"files": [file.as_json() for file in self.files]}

    def scan(self, now: UnixNs) -> list[Followed]:
        """Look at all names again and give the files with something unread."""
        present: set[int] = set()
        self._by_id = {file.id: file for file in self.files if file.id}
        for path, found in self._named():
            try:
                file = self._known_or_new(path, found)
            except OSError as error:
                events.file_unreadable(self._intake, path.name, _reason(error))
                file = next((each for each in self.files if each.path == path), None)
            if file is not None:
                present.add(id(file))
                _seen(file, found, loose=False)
        for file in [each for each in self.files if id(each) not in present]:
            self._look_beside(file, present, now)
        return [file for file in self.files if file.size > file.place.offset and not file.refused]

    def _named(self) -> list[tuple[Path, os.stat_result]]:
        found = []
        for name in glob.glob(self._config.path, recursive=True):  # noqa: PTH207 - absolute too
            path = Path(name)
            try:
                status = path.stat()
            except OSError as error:
                events.file_unreadable(self._intake, path.name, _reason(error))
                continue
            if stat.S_ISREG(status.st_mode):
                found.append((path, status))
        if len(found) > FILES_MAX:
            events.files_too_many(self._intake, len(found), FILES_MAX)
        found.sort(key=lambda each: (each[1].st_mtime_ns, each[0]))
        return found[-FILES_MAX:]

    def _known_or_new(self, path: Path, found: os.stat_result) -> Followed | None:
        file_id = _id(found)
        known = self._by_id.get(file_id)
        if known is None and not file_id:
            known = next((file for file in self.files if file.path == path), None)
        if known is not None:
            if _is_same(known, path, found):
                known.reader.path = path
                return known
            events.file_truncated(self._intake, path.name, known.place.offset)
            self._by_id.pop(known.id, None)
            known.id = ""
            known.loose = True
        head = head_of(path, self._head_lines)
        if head is None:
            return None
        file = self._followed(path, file_id, *head, Place())
        self.files.append(file)
        if file_id:
            self._by_id[file_id] = file
        events.file_begun(self._intake, path.name, 0)
        return file

    def _followed(
        self, path: Path, file_id: str, head: str, head_size: int, place: Place
    ) -> Followed:
        reader = FileReader(self._config, self._intake, path, head, head_size)
        return Followed(reader, file_id, head, head_size, place)

    def _look_beside(self, file: Followed, present: set[int], now: int) -> None:
        """Find a file that lost its name, to read it to its end."""
        others = {
            each.id for each in self.files if each is not file and id(each) in present and each.id
        }
        best: tuple[Path, os.stat_result] | None = None
        for path, found in _beside(file.path.parent):
            if found.st_size >= file.place.offset and _has(path, file):
                if _id(found) in others:
                    self.files.remove(file)  # its content is followed under that name
                    return
                best = (path, found) if best is None or _id(found) == file.id else best
        if best is None:
            self._lost(file, now)
            return
        file.reader.path, file.id = best[0], _id(best[1])
        _seen(file, best[1], loose=True)
        if file.size <= file.place.offset and now - file.written > LOOSE_NS:
            self.files.remove(file)

    def _lost(self, file: Followed, now: int) -> None:
        if not file.lost_since:
            file.lost_since = now
            events.file_vanished(self._intake, file.path.name, file.place.offset)
        file.size = 0
        if now - file.lost_since > LOST_NS:
            self.files.remove(file)


def _seen(file: Followed, found: os.stat_result, *, loose: bool) -> None:
    if found.st_mtime_ns != file.written or found.st_size != file.size:
        file.refused = False
    file.size, file.written = found.st_size, found.st_mtime_ns
    file.loose, file.lost_since = loose, 0


def _is_same(file: Followed, path: Path, found: os.stat_result) -> bool:
    """Tell whether a file still has the content that is followed."""
    if file.path == path and (file.size, file.written) == (found.st_size, found.st_mtime_ns):
        return True  # untouched; the reader compares again before it reads
    return found.st_size >= file.place.offset and has_head(path, file.head, file.head_size)


def _has(path: Path, file: Followed) -> bool:
    try:
        return has_head(path, file.head, file.head_size)
    except OSError:
        return False


def _id(found: os.stat_result) -> str:
    return f"{found.st_dev}:{found.st_ino}" if found.st_ino else ""


def _beside(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    try:
        with os.scandir(folder) as entries:
            for number, entry in enumerate(entries):
                if number >= BESIDE_MAX:
                    return
                if entry.is_file(follow_symlinks=False):
                    # On Windows a directory entry has no file id: ask the file itself.
                    yield Path(entry.path), os.stat(entry.path)  # noqa: PTH116 - a plain text path
    except OSError:
        return


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
