"""What stands in `usage:` for each way in of this room, and what the intakes are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from gateway.core.config import FileModel, Identifier, Seconds, Secret, UsageColumns
from gateway.core.kinds import Problem
from gateway.usage.config import Columns, DatabaseIntakeConfig, FileIntakeConfig

Every = Annotated[Seconds, Field(ge=0.5, le=86_400)]
DATABASES = ("postgresql", "mysql", "mariadb", "mssql", "oracle", "sqlite")


class UsageFile(UsageColumns):
    """One entry of `usage.files` (a log that grows) or `usage.folders` (files dropped in)."""

    path: str
    format: Literal["csv", "tsv", "jsonl", "regex"] = "csv"
    encoding: Literal["auto", "utf-8", "cp949"] = "auto"
    header: bool = True
    pattern: str | None = None
    every: Every = 2.0


class UsageFolder(UsageFile):
    """`after` says what becomes of a file that was read."""

    after: Literal["move", "delete", "keep"] = "move"


class UsageFlag(FileModel):
    """`usage.databases.flag:`; the column that says which rows are new, and its words.

    `sampled_out` and `expired` mark rows that the service never got; neither is `stored`.
    """

    column: Identifier
    pending: str = "N"
    stored: str = "Y"
    failed: str = "F"
    sampled_out: str = "S"
    expired: str = "E"
    code: Identifier | None = None
    time: Identifier | None = None


class UsageDatabase(UsageColumns):
    """One entry of `usage.databases:`; new rows are known by `flag` or by `watermark`."""

    connect: str
    user: str | None = None
    password: Secret | None = Field(default=None, repr=False)
    table: Identifier
    key: Identifier
    flag: UsageFlag | None = None
    watermark: Identifier | None = None
    read_only: bool = False
    encoding: Literal["auto", "cp949"] = "auto"
    every: Every = 60.0


def pattern_problems(keys: UsageFile, _folder: Path) -> Iterator[Problem]:
    """Find a pattern that is missing, or that does not have what the columns name."""
    if keys.format != "regex":
        return
    if not keys.pattern:
        facts = {"key": "format: regex", "needs": "pattern"}
        yield Problem("E1307", ("format",), facts, at_key=True)
        return
    try:
        groups = re.compile(keys.pattern).groupindex
    except re.error as error:
        yield Problem("E1222", ("pattern",), {"problem": str(error)})
        return
    for field, column in keys.columns.items():
        if isinstance(column, str) and column not in groups:
            yield Problem("E1222", ("columns", field), {"problem": f"(?P<{column}>...)"})


def database_problems(keys: UsageDatabase, _folder: Path) -> Iterator[Problem]:
    """Find a database that nobody knows, and rows of which nobody can tell whether they are new."""
    if urlsplit(keys.connect).scheme not in DATABASES:
        known = ", ".join(f"{name}:" for name in DATABASES)
        yield Problem("E1223", ("connect",), {"address": keys.connect, "known": known})
    if keys.flag is not None and keys.watermark is not None:
        yield Problem("E1208", ("watermark",), {"key": "watermark", "other": "flag"}, at_key=True)
    if keys.flag is None and keys.watermark is None:
        yield Problem("E1307", ("table",), {"key": "table", "needs": "flag"}, at_key=True)


def columns_of(keys: UsageColumns) -> Columns:
    """Say which column is which field."""
    return Columns(dict(keys.columns.items()), dict(keys.constants.items()))


def file_config(keys: UsageFile, folder: Path) -> FileIntakeConfig:
    """Describe files that grow, or a folder into which files are dropped."""
    drop = isinstance(keys, UsageFolder)
    return FileIntakeConfig(
        name=keys.name,
        path=str(folder / keys.path),
        mode="drop" if drop else "tail",
        format=keys.format,
        encoding=keys.encoding,
        columns=columns_of(keys),
        header=keys.header,
        pattern=keys.pattern or "",
        after=keys.after if isinstance(keys, UsageFolder) else "keep",
        every_s=keys.every,
        solution=keys.solution or "",
    )


def database_config(keys: UsageDatabase, folder: Path) -> DatabaseIntakeConfig:
    """Describe one table; an SQLite file is relative to the folder of gateway.yaml."""
    kind, _, place = keys.connect.partition(":")
    url = f"sqlite:{folder / place}" if kind == "sqlite" else keys.connect
    flag = keys.flag
    base = DatabaseIntakeConfig(
        name=keys.name,
        url=url,
        table=keys.table,
        key_column=keys.key,
        columns=columns_of(keys),
        user=keys.user or "",
        password=str(keys.password or ""),
        watermark=keys.watermark or "",
        read_only=keys.read_only,
        encoding=keys.encoding,
        every_s=keys.every,
        solution=keys.solution or "",
    )
    if flag is None:
        return base
    return replace(
        base,
        flag=flag.column,
        pending=flag.pending,
        stored=flag.stored,
        failed=flag.failed,
        sampled_out=flag.sampled_out,
        expired=flag.expired,
        code_column=flag.code or "",
        time_column=flag.time or "",
    )
