"""A table of the solution that is polled, and its rows written back once their events have ended.

With a flag, every pending row is looked at in each poll (rolling, so many pages a poll), and those
whose event is in the ledger are passed over. After a restart they are handed over once more: the
ledger knows them and says what became of them, so nothing else has to be remembered. With a
watermark, rows beyond the last place are read and nothing is written.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from gateway.core.clock import Clock
from gateway.core.errors import LedgerUnavailable, SourceError, SourceUnavailable
from gateway.ops.events import usage_intakes as events
from gateway.usage.config import DatabaseIntakeConfig
from gateway.usage.intakes.blocking_thread import BlockingThread
from gateway.usage.intakes.databases.driver import target_of
from gateway.usage.intakes.databases.opening import driver_for
from gateway.usage.intakes.databases.session import Session
from gateway.usage.intakes.databases.statements import Row, WriteBack, check_config
from gateway.usage.intakes.mapping import cells_of, check_columns, raw_of, recoded, text_of
from gateway.usage.intakes.pace import Pace
from gateway.usage.intakes.row_outcomes import RowKnown, RowOutcomes, RowsKnown
from gateway.usage.intakes.state_file import StateFile
from gateway.usage.intakes.watermarks import Place, Watermarks, kept_place, place_from
from gateway.usage.model import Move, Raw, Taken, Unfit
from gateway.usage.ports import UsageIntake

T = TypeVar("T")
PAGES_MAX = 20
"""Pages read in one poll; the next poll goes on from there."""
ANSWER_S = 60.0
"""The drivers' own limits are shorter; this one holds where they fail."""
CLOSE_S = 5.0
KNOWN_MAX = 100_000
"""Rows remembered as handed over; some 20 MB."""
RECHECK_S = 3_600.0
WRITE_MAX = 500
"""Rows written back in one piece of work."""


class DatabaseIntake:
    """Polls one table. It is one of the `Outcomes` that the sender tells.

    Args:
        config: see `DatabaseIntakeConfig`.
        intake: where events go.
        clock: time and waiting.
        folder: where a watermark is kept (`NAME.database.json`).

    Raises:
        ValueError: the configuration cannot be meant.
    """

    def __init__(
        self, config: DatabaseIntakeConfig, intake: UsageIntake, clock: Clock, folder: Path
    ) -> None:
        target = target_of(config.url, config.user, config.password, read_only=config.read_only)
        driver = driver_for(target.scheme)
        check_config(config, driver)
        check_columns(config.columns)
        self.name = f"database:{config.name}"
        self._config = config
        self._intake = intake
        self._clock = clock
        self._session = Session(config, driver, target)
        self._thread = BlockingThread(f"usage-{config.name}")
        self._state_file = StateFile(folder / f"{config.name}.database.json", self.name)
        self._pace = Pace(self.name, config.every_s)
        self._writing = Pace(f"{self.name} (write-back)", min(config.every_s, 5.0))
        self._row_outcomes = RowOutcomes(config)
        self._known = RowsKnown(KNOWN_MAX, RECHECK_S)
        self._writes = bool(config.flag) and not config.read_only
        self._due: dict[str, WriteBack] = {}
        """By source id; bounded, because only known rows get into it."""
        self._wake = asyncio.Event()
        self._watermarks: Watermarks | None = None

    @property
    def trouble(self) -> str:
        """What the last poll or write-back failed of, empty when both worked."""
        return self._pace.trouble or self._writing.trouble

    async def run(self) -> NoReturn:
        """Poll and write back for ever. Cancel: closes the connection, at most 5 s."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._poll_for_ever())
                await self._write_for_ever()
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._thread.run(self._session.close)

    async def outcome(self, event: str, raw: Raw, move: Move) -> None:  # noqa: ARG002 - the interface has it
        """Note what became of a row; it is written beside the sender, which never waits for it."""
        row = self._known.get(raw.source_id) if raw.intake == self.name else None
        if row is not None:
            self._end(raw.source_id, self._row_outcomes.of_move(row.key, move))

    async def poll(self) -> float:
        """Read what is new, and give the seconds until the next poll."""
        try:
            marks = await self._loaded()
            place: Place | None = marks.begin(self._clock.monotonic())
            caught_up = False
            for _ in range(PAGES_MAX):
                rows = await self._blocking(partial(self._session.page, place))
                await self._take(rows)
                if rows:
                    place = marks.at = (rows[-1].mark, rows[-1].key)
                if len(rows) < self._config.rows_max:
                    caught_up = True
                    break
            await self._settle(marks, caught_up=caught_up)
            return self._pace.good()
        except (SourceError, LedgerUnavailable) as error:
            return self._pace.failed(error)
        except OSError as error:
            return self._pace.failed(SourceUnavailable("disk", str(error)))

    async def write_back(self) -> float | None:
        """Write what is due; give the seconds until it should be tried again, None when done."""
        while self._due:
            due = dict(list(self._due.items())[:WRITE_MAX])
            try:
                refused = await self._blocking(
                    partial(self._session.write_back, list(due.values()))
                )
            except SourceError as error:
                return self._writing.failed(error)
            self._written(due, refused)
            if refused:
                return max(self._writing.good(), self._config.every_s)
        self._writing.good()
        return None

    async def _poll_for_ever(self) -> NoReturn:
        while True:
            await self._clock.sleep(await self.poll())

    async def _write_for_ever(self) -> NoReturn:
        while True:
            await self._wake.wait()
            self._wake.clear()
            again_s = await self.write_back()
            if again_s is not None:
                await self._clock.sleep(again_s)
                self._wake.set()

    async def _loaded(self) -> Watermarks:
        if self._watermarks is None:
            kept: Mapping[str, Any] = {}
            if self._config.watermark:
                kept = await self._thread.run(self._state_file.load)
            self._watermarks = Watermarks(place_from(kept.get("place")))
        return self._watermarks

    async def _settle(self, marks: Watermarks, *, caught_up: bool) -> None:
        """Keep the place of a watermark; with a flag, begin again once all was seen."""
        if not self._config.watermark:
            if caught_up:
                marks.at = None
            return
        marks.end(self._clock.monotonic(), caught_up=caught_up)
        if marks.base is not None:
            kept = {"place": kept_place(marks.base)}
            await self._thread.run(partial(self._state_file.save, kept))

    async def _take(self, rows: Sequence[Row]) -> None:
        """Hand over the rows of a page that are not known; durable on return."""
        received, now = self._clock.now(), self._clock.monotonic()
        fresh: list[tuple[Row, Raw]] = []
        for row in rows:
            raw = self._raw(row, received)
            if raw is None or self._known.is_known(raw.source_id, _said(raw), now):
                continue
            fresh.append((row, raw))
            # Known before it is handed over: an outcome may come at once.
            self._known.add(raw.source_id, RowKnown(row.key, _said(raw), now))
        try:
            answers = await self._intake.take([raw for _, raw in fresh])
        except BaseException:
            for _, raw in fresh:
                self._known.forget(raw.source_id)
            raise
        for (row, raw), answer in zip(fresh, answers, strict=True):
            self._answered(row, raw, answer)

    def _answered(self, row: Row, raw: Raw, answer: Taken | Unfit) -> None:
        outcomes, now = self._row_outcomes, self._clock.now()
        if isinstance(answer, Unfit):
            self._end(raw.source_id, outcomes.of_unfit(row.key, answer, now))
        elif answer.known:
            self._end(raw.source_id, outcomes.of_taken(row.key, answer, now))

    def _raw(self, row: Row, received: Any) -> Raw | None:
        key = text_of(row.key)
        if key is None:
            events.row_not_written_back(self.name, "NULL", "a row without a key is not read")
            return None
        recode = recoded if self._config.encoding == "cp949" else _unchanged
        cells = cells_of(lambda column: recode(row.values[column]), self._config.columns)
        return raw_of(
            cells,
            intake=self.name,
            received=received,
            source_id=f"{self._config.name}:{key}",
            solution=self._config.solution,
        )

    def _end(self, source_id: str, ending: WriteBack | None) -> None:
        if ending is not None and self._writes:
            self._due[source_id] = ending
            self._wake.set()

    def _written(
        self, due: Mapping[str, WriteBack], refused: Sequence[tuple[WriteBack, str]]
    ) -> None:
        failed = {id(row): why for row, why in refused}
        for source_id, row in due.items():
            if self._due.get(source_id) is row:
                del self._due[source_id]
            if id(row) in failed:
                events.row_not_written_back(self.name, source_id, failed[id(row)])
                self._due.setdefault(source_id, row)  # behind the others
            else:
                self._known.forget(source_id)
        if len(due) > len(refused):
            events.rows_written_back(self.name, len(due) - len(refused))

    async def _blocking(self, work: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._thread.run(work)
        except TimeoutError as error:
            raise SourceUnavailable("timeout", f"no answer in {ANSWER_S:.0f} s") from error


def _unchanged(value: Any) -> Any:
    return value


def _said(raw: Raw) -> int:
    return hash((tuple(raw.fields.items()), raw.solution))
