"""What the page on installing says of other systems."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.unit.docs.pages import ROOT

POSIX_ONLY = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "posix", "uvloop"}
ROOMS = ("gateway", "adapters", "aas_models")


def imported_at_start(path: Path) -> set[str]:
    """Give the modules that loading a file imports; a branch or function is not the start."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def test_nothing_imports_at_start_what_only_posix_has() -> None:
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 100
    named = [path for path in files if any(name in path.read_text("utf-8") for name in POSIX_ONLY)]
    assert {path.name for path in named if imported_at_start(path) & POSIX_ONLY} == set()
