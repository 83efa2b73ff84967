"""Which tests hold which invariant of ARCHITECTURE.md: `pytest -s` on this file prints the list."""

from __future__ import annotations

import ast
import re
from collections import defaultdict

import pytest

from tests.tidy.tree import ROOT, holding, name_of, text_of, tree_of

HOLDERS_MIN = 2
SLOW = {"slow", "service"}
STATED = dict(
    re.findall(r"^- \*\*(I\d+)\*\* (.+)", text_of(ROOT / "ARCHITECTURE.md"), re.MULTILINE)
)


def marks(node: ast.AST) -> list[tuple[str, list[str]]]:
    """Give the marks in a decorator or in `pytestmark`: name and arguments."""
    found: list[tuple[str, list[str]]] = []
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and ast.unparse(each.value) == "pytest.mark":
            found.append((each.attr, []))
        if isinstance(each, ast.Call) and ast.unparse(each.func).startswith("pytest.mark."):
            words = [str(arg.value) for arg in each.args if isinstance(arg, ast.Constant)]
            found.append((ast.unparse(each.func).rpartition(".")[2], words))
    return found


def held() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Give the tests of each invariant, and those of them that `make check` runs."""
    every: dict[str, list[str]] = defaultdict(list)
    quick: dict[str, list[str]] = defaultdict(list)
    for path in holding(r"mark\.invariant", "tests"):
        if path.name == "test_invariants.py":
            continue
        tree = tree_of(path)
        of_file = {
            name
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
            for name, _ in marks(node.value)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                own = [each for decorator in node.decorator_list for each in marks(decorator)]
                for name, words in own:
                    for word in words if name == "invariant" else ():
                        test = f"{name_of(path)}::{node.name}"
                        every[word].append(test)
                        if not SLOW & (of_file | {each for each, _ in own}):
                            quick[word].append(test)
    return every, quick


EVERY, QUICK = held()


def test_the_invariants_are_the_ten_of_the_architecture() -> None:
    assert list(STATED) == [f"I{number}" for number in range(1, 11)]
    assert set(EVERY) <= set(STATED)


@pytest.mark.parametrize("number", STATED)
def test_each_invariant_is_held_by_tests(number: str) -> None:
    print(f"\n{number} {STATED[number]}")
    for test in EVERY[number]:
        print(f"   {test}")
    assert len(set(EVERY[number])) >= HOLDERS_MIN
    assert QUICK[number], "one of them needs no real service, so that it runs everywhere"


def test_a_mark_without_a_number_is_none() -> None:
    for path in holding(r"mark\.invariant", "tests"):
        if path.name != "test_invariants.py":
            numbers = re.findall(r"mark\.invariant(.*)", text_of(path))
            assert all(re.fullmatch(r'\("I\d+"\)', each) for each in numbers), name_of(path)
