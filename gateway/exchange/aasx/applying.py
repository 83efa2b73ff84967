"""Writes the device files of a proposal: all of them or none, with copies of what was replaced."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.core.clock import Clock
from gateway.exchange.aasx.proposal import Proposal

BACKUPS = "config-backup"
"""In the data folder: nothing there can match a glob of gateway.yaml."""
BACKUPS_MAX = 50
NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Applied:
    """`backup` is the folder with what was replaced, None where nothing was."""

    written: tuple[Path, ...]
    removed: tuple[Path, ...]
    backup: Path | None


def apply_files(proposal: Proposal, data: Path, clock: Clock) -> Applied:
    """Write the files of a proposal.

    Each file is complete before it takes its name, and every one is there under another name
    before the first is replaced. A failure half-way puts the earlier contents back.

    Raises:
        OSError: a folder cannot be written; the configuration is as it was.
    """
    files = proposal.files
    folder = proposal.old.folder
    before = {path: path.read_bytes() for path in files if path.is_file()}
    backup = _back_up(before, folder, data, clock) if before else None
    partial = _written_beside(files)
    done: list[Path] = []
    try:
        for path, content in files.items():
            done.append(path)
            if content is None:
                path.unlink(missing_ok=True)
            else:
                partial[path].replace(path)
    except OSError:
        for path in done:
            _restore(path, before.get(path))
        raise
    finally:
        for each in partial.values():
            each.unlink(missing_ok=True)
    return Applied(
        tuple(path for path, content in files.items() if content is not None),
        tuple(path for path, content in files.items() if content is None),
        backup,
    )


def _written_beside(files: Mapping[Path, bytes | None]) -> dict[Path, Path]:
    partial: dict[Path, Path] = {}
    try:
        for path, content in files.items():
            if content is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                partial[path] = path.with_name(f".{path.name}.partial")
                _durable(partial[path], content)
    except OSError:
        for each in partial.values():
            each.unlink(missing_ok=True)
        raise
    return partial


def _durable(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _restore(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(content)


def _back_up(before: Mapping[Path, bytes], folder: Path, data: Path, clock: Clock) -> Path:
    stamp = datetime.fromtimestamp(clock.now() // NS, UTC).strftime("%Y%m%dT%H%M%SZ")
    outer = data / BACKUPS
    target, number = outer / stamp, 1
    while target.exists():
        number += 1
        target = outer / f"{stamp}-{number}"
    for path, content in before.items():
        inside = path.relative_to(folder) if path.is_relative_to(folder) else Path(path.name)
        place = target / inside
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.write_bytes(content)
        place.chmod(0o600)
    _forget_old(outer)
    return target


def _forget_old(outer: Path) -> None:
    """Keep the newest copies: nothing grows without a limit."""
    import shutil

    for old in sorted(path for path in outer.iterdir() if path.is_dir())[:-BACKUPS_MAX]:
        shutil.rmtree(old, ignore_errors=True)
