"""Events of where usage events come from: files, folders, databases, topics."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit


def intake_lost(intake: str, reason: str, detail: str, retry_s: float) -> None:
    """A way in of usage events fails and is tried again."""
    emit(
        Level.WARNING,
        "usage_intake_lost",
        repeat_key=f"{intake} {reason}",
        intake=intake,
        reason=reason,
        detail=detail or None,
        retry_s=round(retry_s, 1),
    )


def intake_needs_person(intake: str, reason: str, detail: str) -> None:
    """A way in of usage events fails until a person acts."""
    emit(
        Level.ERROR,
        "usage_intake_needs_person",
        repeat_key=f"{intake} {reason}",
        intake=intake,
        reason=reason,
        detail=detail or None,
    )


def intake_recovered(intake: str) -> None:
    """A way in of usage events works again."""
    emit(Level.INFO, "usage_intake_recovered", intake=intake)


def delivery_missing(solution: str) -> None:
    """A solution logs its use and no delivery is configured for it: its events stay here."""
    emit(Level.WARNING, "usage_delivery_missing", repeat_key=solution, solution=solution or None)


def file_unreadable(intake: str, file: str, reason: str) -> None:
    """A file cannot be read; the others are."""
    emit(
        Level.WARNING,
        "usage_file_unreadable",
        repeat_key=f"{intake} {file}",
        intake=intake,
        file=file,
        reason=reason,
    )


def file_begun(intake: str, file: str, offset: int) -> None:
    """A file is followed from `offset` on (bytes)."""
    emit(Level.INFO, "usage_file_begun", intake=intake, file=file, offset=offset)


def file_truncated(intake: str, file: str, offset: int) -> None:
    """A followed file became shorter: it is read from its beginning, known lines are not taken
    twice.
    """
    emit(Level.INFO, "usage_file_truncated", intake=intake, file=file, offset=offset)


def file_vanished(intake: str, file: str, offset: int) -> None:
    """A followed file is gone before its end was read up to `offset`."""
    emit(Level.WARNING, "usage_file_vanished", intake=intake, file=file, offset=offset)


def file_done(intake: str, file: str, events: int, unfit: int) -> None:
    """A dropped file was taken in whole."""
    emit(Level.INFO, "usage_file_done", intake=intake, file=file, events=events, unfit=unfit)


def file_refused(intake: str, file: str, reason: str) -> None:
    """A dropped file cannot be used; it was moved beside with the reason."""
    emit(Level.ERROR, "usage_file_refused", intake=intake, file=file, reason=reason)


def files_too_many(intake: str, files: int, limit: int) -> None:
    """More files match than are followed; the newest are."""
    emit(
        Level.ERROR,
        "usage_files_too_many",
        repeat_key=intake,
        intake=intake,
        files=files,
        limit=limit,
    )


def columns_missing(intake: str, file: str, columns: str) -> None:
    """A file lacks columns that the intake's rules name."""
    emit(
        Level.ERROR,
        "usage_columns_missing",
        repeat_key=f"{intake} {file}",
        intake=intake,
        file=file,
        columns=columns,
    )


def lines_unfit(intake: str, source: str, count: int, reason: str) -> None:
    """Lines that no rule can read; they are kept with the reason."""
    emit(
        Level.WARNING,
        "usage_lines_unfit",
        repeat_key=f"{intake} {source}",
        intake=intake,
        source=source,
        count=count,
        reason=reason,
    )


def state_set_aside(intake: str, file: str) -> None:
    """What was remembered of files was unreadable: they are read again, known lines are not taken
    twice.
    """
    emit(Level.ERROR, "usage_intake_state_set_aside", intake=intake, file=file)


def rows_written_back(intake: str, rows: int) -> None:
    """The solution's own table now says what became of its rows."""
    emit(Level.INFO, "usage_rows_written_back", repeat_key=intake, intake=intake, rows=rows)


def row_not_written_back(intake: str, key: str, reason: str) -> None:
    """The solution's table does not take what became of a row; the ledger has it."""
    emit(
        Level.ERROR,
        "usage_row_not_written_back",
        repeat_key=f"{intake} {reason}",
        intake=intake,
        key=key,
        reason=reason,
    )


def gap_on_topic(intake: str, reason: str, span_s: float) -> None:
    """Events of a topic may be missing for `span_s`."""
    emit(
        Level.WARNING,
        "usage_gap_on_topic",
        repeat_key=f"{intake} {reason}",
        intake=intake,
        reason=reason,
        span_s=round(span_s, 3),
    )


def habit_seen(solution: str, code: str) -> None:
    """A solution sends what the log service is known to refuse, and how."""
    emit(Level.WARNING, "usage_habit_seen", solution=solution or None, code=code)
