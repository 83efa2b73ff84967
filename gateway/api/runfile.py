"""DATA/run.json: where the running service listens and the token for commands on this machine."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = "run.json"


@dataclass(frozen=True, slots=True)
class RunFile:
    """`url` without a trailing slash."""

    pid: int
    url: str
    token: str


def write_run_file(folder: Path, content: RunFile) -> Path:
    """Write the file so that only this user can read it, never half.

    Raises:
        OSError: the folder cannot be written.
    """
    path = folder / NAME
    partial = folder / f".{NAME}.{content.pid}"
    partial.unlink(missing_ok=True)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(content), file)
    partial.replace(path)
    return path


def remove_run_file(folder: Path, content: RunFile) -> None:
    """Remove the file if it is still this process's."""
    path = folder / NAME
    try:
        if json.loads(path.read_text(encoding="utf-8")).get("token") == content.token:
            path.unlink()
    except (OSError, ValueError):
        return  # somebody else's, or gone: nothing of ours is left
