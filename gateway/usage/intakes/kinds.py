"""The ways in of this room; `gateway/app/kinds.py` takes them from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.core.intake_kinds import IntakeContext, IntakeKind, UsageSource
from gateway.usage.intakes.settings import (
    UsageDatabase,
    UsageFile,
    UsageFolder,
    database_config,
    database_problems,
    file_config,
    pattern_problems,
)

if TYPE_CHECKING:
    from gateway.usage.ports import UsageIntake

    Context = IntakeContext[Any, UsageIntake]


def _growing(context: Context) -> UsageSource:
    from gateway.usage.intakes.tail import TailIntake

    config = file_config(context.keys, context.folder)
    return TailIntake(config, context.intake, context.clock, context.data)


def _dropped(context: Context) -> UsageSource:
    from gateway.usage.intakes.folder import FolderIntake

    config = file_config(context.keys, context.folder)
    return FolderIntake(config, context.intake, context.clock, context.data)


def _table(context: Context) -> UsageSource:
    from gateway.usage.intakes.database import DatabaseIntake

    config = database_config(context.keys, context.folder)
    return DatabaseIntake(config, context.intake, context.clock, context.data)


FILES = IntakeKind(section="files", keys=UsageFile, problems=pattern_problems, make=_growing)
FOLDERS = IntakeKind(section="folders", keys=UsageFolder, problems=pattern_problems, make=_dropped)
TABLES = IntakeKind(
    section="databases",
    keys=UsageDatabase,
    problems=database_problems,
    make=_table,
    writes_back=True,
)
INTAKES = (FILES, FOLDERS, TABLES)
"""In the order in which they are started."""
