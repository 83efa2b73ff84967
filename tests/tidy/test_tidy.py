"""House rules that no linter knows. The lists of exceptions may only get shorter."""

from __future__ import annotations

import ast
import re

import pytest

from tests.tidy.tree import PRODUCT, ROOMS, ROOT, holding, name_of, python_files, text_of, tree_of

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
APP_MAX = 2_000
"""Lines of `gateway/app` in all."""
LONG_FILES: frozenset[str] = frozenset()
LONG_FUNCTIONS: frozenset[str] = frozenset()
FOLDERS = {
    "gateway", "aas_models", "adapters", "config", "tests", "simulators", "docs",
}  # fmt: skip
HEAD = re.compile(r"( *)(?:async def|def|class)\b")
LOGGING = re.compile(r"^\s*(import logging|from logging)", re.MULTILINE)


def test_every_file_has_one_subject_of_bounded_size() -> None:
    long = {
        name_of(path)
        for path in python_files(*ROOMS)
        if len(text_of(path).splitlines()) > FILE_LINES_MAX
    }
    assert long == LONG_FILES


def may_be_long(text: str) -> bool:
    """Tell whether two heads of equal depth lie so far apart that a function may be too long."""
    last: dict[int, int] = {}
    lines = text.splitlines()
    for number, line in enumerate([*lines, "def end"]):
        head = HEAD.match(line)
        if head:
            depth = len(head[1])
            for known in [each for each in last if each >= depth]:
                if number - last.pop(known) > FUNCTION_LINES_MAX:
                    return True
            last[depth] = number
    return False


def test_every_function_fits_on_a_screen() -> None:
    long = set()
    for path in filter(lambda each: may_be_long(text_of(each)), python_files(*ROOMS)):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    long.add(f"{name_of(path)}:{node.name}")
    assert long == LONG_FUNCTIONS


def test_a_long_function_is_seen_before_it_is_parsed() -> None:
    body = "    x = 1\n" * (FUNCTION_LINES_MAX + 1)
    assert may_be_long(f"def f():\n{body}")
    assert may_be_long(f"class A:\n    def f(self):\n    {body.replace('    ', '        ')}")
    assert may_be_long(f"def f():\n    def g(): pass\n{body}\ndef h(): pass\n")
    assert not may_be_long("def f():\n    pass\n" * FUNCTION_LINES_MAX)


@pytest.mark.invariant("I9")
def test_no_queue_is_unbounded() -> None:
    bare = re.compile(r"\b(?:asyncio\.)?(?:Queue|LifoQueue|PriorityQueue)(?:\[[^\]]*\])?\(\s*\)")
    found = [name_of(path) for path in python_files(*PRODUCT) if bare.search(text_of(path))]
    assert found == []


def test_only_events_log() -> None:
    found = [
        name_of(path)
        for path in python_files(*PRODUCT)
        if LOGGING.search(text_of(path)) and name_of(path) != "gateway/ops/events/emit.py"
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
    found = [name_of(path) for path in python_files(*ROOMS) if word in text_of(path)]
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
    for path in holding("|".join(posix), *PRODUCT):
        for node in tree_of(path).body:
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            found += [f"{name_of(path)}: {name}" for name in names if name in posix]
    assert found == []


def test_the_composition_root_composes_and_nothing_else() -> None:
    lines = sum(len(text_of(path).splitlines()) for path in python_files("gateway/app"))
    assert lines <= APP_MAX, "what decides something has a room of its own"
