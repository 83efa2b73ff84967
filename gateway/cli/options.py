"""What all commands share: their language, their options, their exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.core.texts import Language, language_of

DATA_DEFAULT = Path("data")
CONFIG_DEFAULT = Path("config")

EXIT_FINE, EXIT_UNHEALTHY, EXIT_CONFIG, EXIT_UNREACHABLE, EXIT_NOT_ALLOWED = range(5)
EXIT_INTERNAL = 5

Lang = Annotated[Language | None, typer.Option("--lang", help="Language of the output.")]
Data = Annotated[Path, typer.Option("--data", help="Data folder of the service.")]
Config = Annotated[Path, typer.Option("--config", help="Configuration folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def language(option: str | None) -> Language:
    """Choose ko or en; see `language_of`."""
    return language_of(option)
