"""What all commands share: their language, their options, their exit codes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

Language = Literal["ko", "en"]
LANGUAGE_VARIABLES = ("GATEWAY_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
DATA_DEFAULT = Path("data")
CONFIG_DEFAULT = Path("config")

EXIT_FINE, EXIT_UNHEALTHY, EXIT_CONFIG, EXIT_UNREACHABLE, EXIT_NOT_ALLOWED = range(5)
EXIT_INTERNAL = 5

Lang = Annotated[Language | None, typer.Option("--lang", help="Language of the output.")]
Data = Annotated[Path, typer.Option("--data", help="Data folder of the service.")]
Config = Annotated[Path, typer.Option("--config", help="Configuration folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def language(option: str | None, environ: Mapping[str, str] = os.environ) -> Language:
    """Give ko or en: the option, else GATEWAY_LANG, else the system's language."""
    for text in (option, *(environ.get(name) for name in LANGUAGE_VARIABLES)):
        if text:
            return "ko" if text.lower().startswith("ko") else "en"
    import locale

    # Windows sets none of the variables; its own name for the language begins with "Korean".
    return "ko" if (locale.getlocale()[0] or "").lower().startswith("ko") else "en"
