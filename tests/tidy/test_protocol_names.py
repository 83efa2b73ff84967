"""Nobody outside a protocol's room knows it by name (DESIGN: one face for each kind)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from gateway.app.kinds import ADAPTERS
from tests.tidy.tree import ROOT

PLACE = "gateway/app/kinds.py"
"""The one list of kinds."""
ALLOWED = {
    "gateway/cli/sim.py",
}
"""Files that still do; the list only shrinks. `gateway/demo` has machines of two protocols."""
DEMO = "gateway/demo/"


def names() -> re.Pattern[str]:
    """Match every name that a protocol goes by."""
    known = {word for kind in ADAPTERS for word in (kind.name, kind.title.en, *kind.schemes)}
    words = sorted({re.sub(r"[^a-z0-9]", "", (word or "").lower()) for word in known})
    return re.compile("|".join(words))


def words_of(path: Path) -> Iterator[tuple[int, str]]:
    """List identifiers, imports and texts of a file by line; docstrings may name their sources."""
    tree = ast.parse(path.read_text("utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield line, node.value
        elif isinstance(node, ast.Name):
            yield line, node.id
        elif isinstance(node, ast.Attribute):
            yield line, node.attr
        elif isinstance(node, ast.alias):
            yield line, node.name
        elif isinstance(node, ast.ImportFrom):
            yield line, node.module or ""
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield line, node.name
        elif isinstance(node, ast.arg):
            yield line, node.arg


def naming(path: Path, pattern: re.Pattern[str]) -> list[int]:
    """List the lines that name a protocol."""
    return [
        line
        for line, word in words_of(path)
        if pattern.search(re.sub(r"[^a-z0-9]", "", word.lower()))
    ]


def test_no_protocol_is_known_by_name_outside_its_room() -> None:
    pattern, found = names(), {}
    for top in ("gateway", "aas_models"):
        for path in sorted((ROOT / top).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name != PLACE and not name.startswith(DEMO) and (lines := naming(path, pattern)):
                found[name] = lines
    assert {name: found[name] for name in found if name not in ALLOWED} == {}
    assert ALLOWED - found.keys() == set(), "mended: take it off the list"


def test_the_search_finds_a_name_in_code_and_none_in_a_docstring(tmp_path: Path) -> None:
    path = tmp_path / "one.py"
    path.write_text('"""OPC UA."""\nfrom adapters.opcua import x\nKIND = "opc.tcp"\n', "utf-8")
    assert naming(path, names()) == [2, 3]


def test_no_adapter_knows_another() -> None:
    for kind in ADAPTERS:
        others = "|".join(other.name for other in ADAPTERS if other is not kind)
        for path in sorted((ROOT / "adapters" / kind.name).rglob("*.py")):
            assert not naming(path, re.compile(others)), path
