"""House rules that no linter knows. The lists of exceptions may only get shorter."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("gateway", "adapters", "aas_models", "simulators", "tests")
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
LONG_FILES: frozenset[str] = frozenset()
LONG_FUNCTIONS: frozenset[str] = frozenset()
FOLDERS = {
    "gateway", "aas_models", "adapters", "config", "tests", "simulators", "docs",
}  # fmt: skip
LOGGING = re.compile(r"^\s*(import logging|from logging)", re.MULTILINE)
BLIND_EXCEPTS = {"gateway/flow/supervise.py"}


def python_files(*rooms: str) -> Iterator[Path]:
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_every_file_has_one_subject_of_bounded_size() -> None:
    long = {
        name_of(path)
        for path in python_files(*ROOMS)
        if len(path.read_text(encoding="utf-8").splitlines()) > FILE_LINES_MAX
    }
    assert long == LONG_FILES


def test_every_function_fits_on_a_screen() -> None:
    long = set()
    for path in python_files(*ROOMS):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    long.add(f"{name_of(path)}:{node.name}")
    assert long == LONG_FUNCTIONS


def test_the_unexpected_is_caught_in_one_place_only() -> None:
    blind = set()
    for path in python_files("gateway", "adapters", "aas_models"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                caught = getattr(node.type, "id", "") if node.type else ""
                passes_on = isinstance(node.body[-1], ast.Raise)  # clean-up, nothing is swallowed
                if not passes_on and (not node.type or caught in {"Exception", "BaseException"}):
                    blind.add(name_of(path))
    assert blind <= BLIND_EXCEPTS


def test_no_queue_is_unbounded() -> None:
    bare = re.compile(r"\b(?:asyncio\.)?(?:Queue|LifoQueue|PriorityQueue)(?:\[[^\]]*\])?\(\s*\)")
    found = [
        name_of(path)
        for path in python_files("gateway", "adapters", "aas_models")
        if bare.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_only_events_log() -> None:
    found = [
        name_of(path)
        for path in python_files("gateway", "adapters", "aas_models")
        if re.search(
            r"^\s*(import logging|from logging)", path.read_text(encoding="utf-8"), re.MULTILINE
        )
        and name_of(path) != "gateway/ops/events/emit.py"
    ]
    assert found == []


def test_top_level_folders_are_the_fixed_ones() -> None:
    import subprocess

    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    folders = {line.split("/")[0] for line in listed if "/" in line and not line.startswith(".")}
    assert folders <= FOLDERS


@pytest.mark.parametrize("word", ["FIX" + "ME", "/ho" + "me/", "/ro" + "ot/", "/wo" + "rk/"])
def test_no_note_to_self_and_no_path_of_a_machine(word: str) -> None:
    found = [
        name_of(path) for path in python_files(*ROOMS) if word in path.read_text(encoding="utf-8")
    ]
    assert found == []


def test_every_user_page_exists_in_both_languages() -> None:
    english = {path.name for path in (ROOT / "docs").glob("*.md") if ".ko." not in path.name}
    korean = {path.name.replace(".ko.md", ".md") for path in (ROOT / "docs").glob("*.ko.md")}
    assert english - {"benchmarks.md"} == korean
    assert (ROOT / "README.md").exists()
    assert (ROOT / "README.ko.md").exists()


def test_product_code_imports_nothing_posix_only_at_module_level() -> None:
    posix = {"fcntl", "grp", "pwd", "resource", "termios", "tty", "uvloop"}
    found = []
    for path in python_files("gateway", "adapters", "aas_models"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            found += [f"{name_of(path)}: {name}" for name in names if name in posix]
    assert found == []
