"""The files of the project and what stands in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("gateway", "adapters", "aas_models")
ROOMS = (*PRODUCT, "simulators", "tests")


def python_files(*rooms: str) -> Iterator[Path]:
    """Give the Python files of these folders."""
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path


def holding(pattern: str, *rooms: str) -> Iterator[Path]:
    """Give the Python files whose text has a match: parsing all of them takes seconds."""
    found = re.compile(pattern)
    return (path for path in python_files(*rooms) if found.search(text_of(path)))


def name_of(path: Path) -> str:
    """Give a file's name as pages write it."""
    return path.relative_to(ROOT).as_posix()


@cache
def text_of(path: Path) -> str:
    """Read a file once."""
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    """Parse a file once."""
    return ast.parse(text_of(path))


def imported(tree: ast.AST) -> Iterator[str]:
    """Give every module that is imported by name, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""
