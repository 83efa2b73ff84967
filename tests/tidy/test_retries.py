"""ARCHITECTURE.md says who waits in a loop and tries again; nobody else does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.tidy.tree import PRODUCT, ROOT, holding, name_of, tree_of

ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
SECTION = ARCHITECTURE.partition("## Who tries again")[2].partition("\n## ")[0]
TABLE, _, PACED = SECTION.partition("These wait in a loop")
DEMO_AND_COMMANDS = ("gateway/demo/", "gateway/cli/")


def waits_in_a_loop(path: Path) -> bool:
    """Tell whether a loop sleeps; `sleep(0)` only gives others a turn."""
    for loop in ast.walk(tree_of(path)):
        if isinstance(loop, ast.While | ast.For | ast.AsyncFor):
            for node in ast.walk(loop):
                called = getattr(getattr(node, "func", None), "attr", "")
                if isinstance(node, ast.Call) and called == "sleep":
                    first = node.args[0] if node.args else None
                    if not (isinstance(first, ast.Constant) and first.value == 0):
                        return True
    return False


def places(text: str) -> set[str]:
    return set(re.findall(r"`((?:gateway|adapters|aas_models)/[\w/.]+)`", text))


def retrying() -> set[str]:
    first_cells = "\n".join(line.split("|")[1] for line in TABLE.splitlines() if "|" in line)
    return places(first_cells)


def test_who_waits_in_a_loop_stands_in_the_architecture() -> None:
    known = retrying() | places(PACED.partition("\n## ")[0])
    files = holding(r"sleep\(", *PRODUCT)
    found = {name_of(path) for path in files if waits_in_a_loop(path)}
    unsaid = {
        name
        for name in found
        if not name.startswith(DEMO_AND_COMMANDS)
        and not any(name == place or name.startswith(f"{place}/") for place in known)
    }
    assert unsaid == set()


def test_whoever_backs_off_stands_in_the_table() -> None:
    users = {
        name_of(path)
        for path in holding(r"next_delay\(", *PRODUCT)
        if any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "next_delay"
            for node in ast.walk(tree_of(path))
        )
    }
    places_known = retrying()
    assert users
    assert {
        name
        for name in users
        if not any(name == place or name.startswith(f"{place}/") for place in places_known)
    } == set()


def test_what_the_table_names_does_wait() -> None:
    for place in retrying() | places(PACED):
        path = ROOT / place
        files = [path] if path.suffix else list(holding(r"sleep\(", place))
        assert any(map(waits_in_a_loop, files)), place


def test_no_sink_retries_by_itself() -> None:
    assert not [path for path in holding(r"sleep\(", "gateway/sinks") if waits_in_a_loop(path)]
