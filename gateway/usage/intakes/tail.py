"""Log files that grow: read as they are written, across rotation, truncation and restarts.

At least once: the place in a file is kept only after the ledger has its events; what is read
again has the same source ids (intake, hash of the file's first lines, offset) and is known there.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NoReturn

from gateway.core.clock import Clock
from gateway.core.errors import LedgerUnavailable, SourceUnavailable
from gateway.ops.events import usage_intakes as events
from gateway.usage.config import FileIntakeConfig
from gateway.usage.intakes.blocking_thread import BlockingThread
from gateway.usage.intakes.follow import Follow, Followed
from gateway.usage.intakes.hand_over import hand_over
from gateway.usage.intakes.lines import LineParser
from gateway.usage.intakes.pace import Pace
from gateway.usage.intakes.pieces import FileRefused, Piece
from gateway.usage.intakes.state_file import StateFile
from gateway.usage.ports import UsageIntake


class TailIntake:
    """Follows the files of one pattern.

    Args:
        config: mode `tail`.
        intake: where events go.
        clock: time and waiting.
        folder: where the places are kept (`NAME.tail.json`).

    Raises:
        ValueError: the configuration cannot be meant.
    """

    def __init__(
        self, config: FileIntakeConfig, intake: UsageIntake, clock: Clock, folder: Path
    ) -> None:
        LineParser(config)  # refused here, not at the first file
        self.name = f"file:{config.name}"
        self._intake = intake
        self._clock = clock
        self._follow = Follow(config, self.name)
        self._state_file = StateFile(folder / f"{config.name}.tail.json", self.name)
        self._thread = BlockingThread(f"usage-{config.name}")
        self._pace = Pace(self.name, config.every_s)
        self._loaded = False

    @property
    def trouble(self) -> str:
        """What the last look failed of, empty when it worked."""
        return self._pace.trouble

    async def run(self) -> NoReturn:
        """Look for new lines for ever. Cancel: stops at once; nothing handed over is lost."""
        while True:
            await self._clock.sleep(await self.look())

    async def look(self) -> float:
        """Read all that is there now, and give the seconds until the next look."""
        try:
            await self._load()
            files = await self._thread.run(partial(self._follow.scan, self._clock.now()))
            while files:
                files = [file for file in files if await self._advance(file)]
            await self._thread.run(partial(self._state_file.save, self._follow.as_json()))
            return self._pace.good()
        except LedgerUnavailable as error:
            return self._pace.failed(error)
        except OSError as error:
            return self._pace.failed(SourceUnavailable("disk", str(error)))

    async def _load(self) -> None:
        if not self._loaded:
            self._follow.load(await self._thread.run(self._state_file.load))
            self._loaded = True

    async def _advance(self, file: Followed) -> bool:
        """Take one piece of a file; False when there is no more of it now."""
        piece = await self._read(file)
        if piece is None or piece.place.offset == file.place.offset:
            return False
        if piece.unfit:
            events.lines_unfit(self.name, file.path.name, piece.unfit, piece.why)
        await hand_over(self._intake, piece.raws)
        file.place = piece.place
        await self._thread.run(partial(self._state_file.save, self._follow.as_json()))
        return file.place.offset < file.size

    async def _read(self, file: Followed) -> Piece | None:
        now = self._clock.now()
        read = partial(file.reader.read, file.place, now, to_end=file.to_end(now))
        try:
            piece = await self._thread.run(read)
        except OSError as error:
            reason = error.strerror or str(error)
            events.file_unreadable(self.name, file.path.name, reason)
            return None
        except FileRefused as error:
            file.refused = True
            events.file_refused(self.name, file.path.name, str(error))
            return None
        if file.reader.missing_columns:
            missing, file.reader.missing_columns = file.reader.missing_columns, []
            events.columns_missing(self.name, file.path.name, ", ".join(missing))
        return piece
