"""A drop folder: whole files are read, then moved to `done` (or deleted, or kept).

At least once: what is kept of a file's progress is written after the ledger has its events, and
source ids are (intake, hash of the whole file, offset): reading a file again, or a copy of it
dropped under another name, makes no second event.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from gateway.core.clock import Clock
from gateway.core.errors import LedgerUnavailable, SourceUnavailable
from gateway.ops.events import usage_intakes as events
from gateway.usage.config import FileIntakeConfig
from gateway.usage.intakes.blocking_thread import BlockingThread
from gateway.usage.intakes.dropped import (
    BAD,
    DONE,
    LOOK_MAX,
    Dropped,
    Drops,
    digest_of,
    put_away,
    write_why,
)
from gateway.usage.intakes.hand_over import hand_over
from gateway.usage.intakes.lines import LineParser
from gateway.usage.intakes.pace import Pace
from gateway.usage.intakes.pieces import FileReader, FileRefused, Piece, Place
from gateway.usage.intakes.state_file import StateFile
from gateway.usage.model import Taken, Unfit
from gateway.usage.ports import UsageIntake

Look = tuple[Path, int, int]


class FolderIntake:
    """Reads what is dropped into one folder.

    Args:
        config: mode `drop`; `path` is the folder, or a glob inside it.
        intake: where events go.
        clock: time and waiting.
        folder: where progress is kept (`NAME.drop.json`).

    Raises:
        ValueError: the configuration cannot be meant.
    """

    def __init__(
        self, config: FileIntakeConfig, intake: UsageIntake, clock: Clock, folder: Path
    ) -> None:
        LineParser(config)  # refused here, not at the first file
        self._config = config
        self.name = f"folder:{config.name}"
        self._intake = intake
        self._clock = clock
        self._drops = Drops(config, self.name)
        self._state_file = StateFile(folder / f"{config.name}.drop.json", self.name)
        self._thread = BlockingThread(f"usage-{config.name}")
        self._pace = Pace(self.name, config.every_s)
        self._kept: dict[str, dict[str, Any]] | None = None
        """By path: files being read, and those that were read and are still there."""

    @property
    def trouble(self) -> str:
        """What the last look failed of, empty when it worked."""
        return self._pace.trouble

    async def run(self) -> NoReturn:
        """Look for whole files for ever. Cancel: stops at once; nothing handed over is lost."""
        while True:
            await self._clock.sleep(await self.look())

    async def look(self) -> float:
        """Read the files that are whole now, and give the seconds until the next look."""
        try:
            if self._kept is None:
                self._kept = dict((await self._thread.run(self._state_file.load)).get("files", {}))
            whole, there = await self._thread.run(self._drops.whole)
            for look in whole:
                await self._one(look)
            self._forget(there)
            await self._save()
            return self._pace.good()
        except LedgerUnavailable as error:
            return self._pace.failed(error)
        except OSError as error:
            return self._pace.failed(SourceUnavailable("disk", str(error)))

    async def _one(self, look: Look) -> None:
        """Read one file to its end and put it away; a file that cannot be read waits (I8)."""
        path, size, written = look
        kept = self._known(look)
        if kept is not None and kept.get("finished"):
            bad = bool(kept.get("bad"))
            if bad or self._config.after != "keep":
                await self._put_away(path, bad=bad, whys=kept.get("whys", []))
            return
        try:
            file = await self._begun(path, size, written, kept)
            await self._read_all(file)
        except FileRefused as error:
            events.file_refused(self.name, path.name, str(error))
            await self._finish(look, bad=True, whys=[str(error)])
        except OSError as error:
            events.file_unreadable(self.name, path.name, error.strerror or str(error))
        else:
            bad = file.unfit > 0 and file.events == 0
            events.file_done(self.name, path.name, file.events, file.unfit)
            await self._finish(look, bad=bad, whys=file.whys)

    def _known(self, look: Look) -> dict[str, Any] | None:
        """Give what is kept of this very file, None when it was changed since."""
        kept = (self._kept or {}).get(str(look[0]))
        same = kept is not None and (kept.get("size"), kept.get("written")) == look[1:]
        return kept if same else None

    async def _begun(
        self, path: Path, size: int, written: int, kept: dict[str, Any] | None
    ) -> Dropped:
        digest = await self._thread.run(partial(digest_of, path))
        reader = FileReader(self._config, self.name, path, digest)
        file = Dropped(reader, size, written, digest)
        if kept is not None and kept.get("digest") == digest:
            file.place = Place.from_json(kept)
            file.events, file.unfit = int(kept["events"]), int(kept["unfit"])
            file.whys = list(kept["whys"])
        return file

    async def _read_all(self, file: Dropped) -> None:
        while not file.over:
            now = self._clock.now()
            piece = await self._thread.run(partial(file.reader.read, file.place, now, to_end=True))
            if file.reader.missing_columns:
                missing, file.reader.missing_columns = file.reader.missing_columns, []
                file.note("columns missing: " + ", ".join(missing))
                events.columns_missing(self.name, file.path.name, ", ".join(missing))
            if piece.place.offset == file.place.offset:
                raise FileNotFoundError("it became shorter")
            answers = await hand_over(self._intake, piece.raws)
            self._count(file, piece, answers)
            self._progress()[str(file.path)] = file.as_json()
            await self._save()

    def _count(self, file: Dropped, piece: Piece, answers: list[Taken | Unfit]) -> None:
        file.place = piece.place
        if piece.unfit:
            events.lines_unfit(self.name, file.path.name, piece.unfit, piece.why)
        for answer in answers:
            if isinstance(answer, Unfit):
                file.unfit += 1
                offset = answer.raw.source_id.rpartition(":")[2]
                why = answer.raw.extra.get("unreadable") or answer.detail
                file.note(f"byte {offset}: {answer.code} {answer.field} {why}".rstrip())
            else:
                file.events += 1

    async def _finish(self, look: Look, *, bad: bool, whys: list[str]) -> None:
        path, size, written = look
        self._progress()[str(path)] = {
            "size": size, "written": written, "finished": True, "bad": bad, "whys": whys,
        }  # fmt: skip
        await self._save()
        if bad or self._config.after != "keep":
            await self._put_away(path, bad=bad, whys=whys)

    async def _put_away(self, path: Path, *, bad: bool, whys: list[str]) -> None:
        def work() -> None:
            if bad:
                write_why(put_away(path, BAD), whys)
            elif self._config.after == "delete":
                path.unlink(missing_ok=True)
            else:
                put_away(path, DONE)

        try:
            await self._thread.run(work)
        except OSError as error:
            # It is remembered as read, so it is only its moving that is tried again.
            events.file_unreadable(self.name, path.name, error.strerror or str(error))
        else:
            self._progress().pop(str(path), None)

    def _forget(self, there: set[str]) -> None:
        """Drop what is kept of files that are gone; bounded by the number of names looked at."""
        if len(there) < LOOK_MAX:
            kept = self._progress()
            for path in kept.keys() - there:
                del kept[path]

    def _progress(self) -> dict[str, dict[str, Any]]:
        assert self._kept is not None
        return self._kept

    async def _save(self) -> None:
        await self._thread.run(partial(self._state_file.save, {"files": self._progress()}))
