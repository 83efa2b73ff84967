"""The files of a drop folder: which are whole, where they go when read; blocking."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.ops.events import usage_intakes as events
from gateway.usage.config import FileIntakeConfig
from gateway.usage.intakes.pieces import FileReader, Place
from gateway.usage.rules.explain import explain

DONE, BAD = "done", "bad"
UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", ".lock")
WHY = ".why.txt"
_CODE = re.compile(r"\bAP1\d{3}\b")
WHYS_MAX = 20
"""Reasons kept of one file."""
LOOK_MAX = 10_000
"""Names looked at in one look; the rest waits for the next."""


@dataclass(slots=True)
class Dropped:
    """One whole file and how far it was read; `digest` is that of its content."""

    reader: FileReader
    size: int
    written: int
    digest: str
    place: Place = field(default_factory=Place)
    events: int = 0
    unfit: int = 0
    whys: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.reader.path

    @property
    def over(self) -> bool:
        """Tell whether all of it was read."""
        return self.place.offset >= self.size

    def note(self, why: str) -> None:
        if len(self.whys) < WHYS_MAX:
            self.whys.append(why)

    def as_json(self) -> dict[str, Any]:
        return {
            "size": self.size,
            "written": self.written,
            "digest": self.digest,
            "events": self.events,
            "unfit": self.unfit,
            "whys": self.whys,
            **self.place.as_json(),
        }


class Drops:
    """Finds files that are whole: those whose size and time were the same in two looks."""

    def __init__(self, config: FileIntakeConfig, intake: str) -> None:
        self._config = config
        self._intake = intake
        self._before: dict[Path, tuple[int, int]] = {}

    def whole(self) -> tuple[list[tuple[Path, int, int]], set[str]]:
        """Give (path, size, time of writing) of whole files, oldest first, and all names there.

        Raises:
            OSError: the folder cannot be read.
        """
        now = {path: (found.st_size, found.st_mtime_ns) for path, found in self._there()}
        same = [path for path, look in now.items() if self._before.get(path) == look]
        self._before = now
        same.sort(key=lambda path: (now[path][1], path))
        return [(path, *now[path]) for path in same], {str(path) for path in now}

    def _there(self) -> list[tuple[Path, os.stat_result]]:
        given = Path(self._config.path)
        if given.is_dir():
            with os.scandir(given) as entries:
                names = [entry.path for _, entry in zip(range(LOOK_MAX), entries, strict=False)]
        else:
            names = glob.glob(self._config.path)[:LOOK_MAX]  # noqa: PTH207 - absolute too
        found = []
        for name in names:
            path = Path(name)
            if path.name.startswith((".", "~$")) or path.name.lower().endswith((*UNFINISHED, WHY)):
                continue
            try:
                status = path.stat()
            except OSError as error:
                events.file_unreadable(self._intake, path.name, error.strerror or "stat")
                continue
            if stat.S_ISREG(status.st_mode):
                found.append((path, status))
        return found


def digest_of(path: Path) -> str:
    """Give the hash of a whole file.

    Raises:
        OSError: it cannot be read now.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def put_away(path: Path, folder: str) -> Path:
    """Move a file into a folder beside it, under another name where its own is taken.

    Raises:
        OSError: the folder refused; the file is where it was.
    """
    target = path.parent / folder
    target.mkdir(exist_ok=True)
    free = target / path.name
    number = 1
    while free.exists():
        number += 1
        free = target / f"{path.stem}-{number}{path.suffix}"
    shutil.move(path, free)
    return free


def _codes_explained(whys: Sequence[str]) -> list[str]:
    """Give what the service's codes mean, where some are among the reasons."""
    lines = []
    for code in sorted({found for why in whys for found in _CODE.findall(why)}):
        explained = explain(code)
        if explained is not None:
            words = explained.words
            lines.append(f"{code}: {words['ko'].what} / {words['en'].what}")
    return lines


def write_why(path: Path, whys: Sequence[str]) -> None:
    """Say beside a refused file, in Korean and English, what was wrong.

    Raises:
        OSError: the folder refused.
    """
    lines = [
        "이 파일에서 사용 로그를 한 건도 읽지 못했습니다. 고친 뒤 원래 폴더에 다시 넣으세요.",
        "No usage event could be read from this file. Correct it and drop it again.",
        "",
        *(f"- {why}" for why in whys),
        "",
        *_codes_explained(whys),
    ]
    text = "\r\n".join(lines) + "\r\n"
    # With a mark: Notepad of older Windows reads plain UTF-8 as cp949.
    path.with_name(path.name + WHY).write_bytes(text.encode("utf-8-sig"))
