"""Nothing that changes is one for the process: two gateways in it must not meet."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.tidy.tree import PRODUCT, name_of, python_files, tree_of

CHANGING = {
    "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem",
    "popleft", "remove", "setdefault", "update",
}  # fmt: skip
CACHES = {
    "aas_models/importing/reading_xml.py:_TAGS",
    "aas_models/metamodel/languages.py:_KNOWN",
    "gateway/ops/metrics.py:_DECLARED",
}
"""What is the same for everybody: names once worked out (bounded where they stand), metrics that
modules declare while they are imported."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def module_names(tree: ast.Module) -> set[str]:
    targets = [
        target
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def local_names(function: Function) -> set[str]:
    stored = {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return stored | {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}


def changed_by(function: Function, shared: set[str]) -> set[str]:
    """List names of the module that a function changes."""
    declared: set[str] = set()
    found = set()
    for node in ast.walk(function):
        value = None
        if isinstance(node, ast.Global):
            declared |= set(node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            value = node.func.value if node.func.attr in CHANGING else None
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            value = node.value
        if isinstance(value, ast.Name):
            found.add(value.id)
    return declared | (found & (shared - local_names(function)))


def changing(path: Path) -> set[str]:
    tree = tree_of(path)
    shared = module_names(tree)
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    return {name for function in functions for name in changed_by(function, shared)}


def test_no_module_keeps_what_changes() -> None:
    found = {
        f"{name_of(path)}:{name}" for path in python_files(*PRODUCT) for name in changing(path)
    }
    assert found == CACHES


def test_what_a_function_changes_of_its_module_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "one.py"
    path.write_text(
        "KNOWN = {}\nSEEN: list[int] = []\nCOUNT = 0\nLOCAL = []\n"
        "def note(key):\n    KNOWN[key] = 1\n    SEEN.append(2)\n"
        "def step():\n    global COUNT\n    COUNT += 1\n"
        "def local():\n    LOCAL = []\n    LOCAL.append(1)\n",
        "utf-8",
    )
    assert changing(path) == {"KNOWN", "SEEN", "COUNT"}
