"""What a signature has to say, and what a silenced rule has to. The limits may only get lower."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.tree import PRODUCT, name_of, python_files, text_of, tree_of

ROOMS = (*PRODUCT, "simulators")
PARAMETERS_MAX = 7
MANY_PARAMETERS = {
    "adapters/mqtt/settings.py:make_source",
    "adapters/opcua/history.py:_fill_part",
    "adapters/opcua/history.py:fill",
    "aas_models/export.py:export",
    "aas_models/importing/elements.py:named",
    "gateway/cli/aas.py:export",
    "gateway/cli/aas_kosmo.py:import_files",
    "gateway/cli/aas_verify.py:verify",
    "gateway/cli/backfill.py:backfill",
    "gateway/cli/history.py:query",
    "gateway/config/plan.py:_signal",
}
"""Commands have one for each option."""
ANY_SHARE_MAX = 0.13
"""Of signatures that name `Any`. Decoders and JSON have a right to it; half of these have none."""
WITHOUT_DOCSTRING_MAX = 251
SILENCE = re.compile(
    r"#\s*(?:noqa(?::\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)?|type:\s*ignore(?:\[[^\]]*\])?)"
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def arguments(node: Function) -> list[ast.arg]:
    given = node.args
    return [*given.posonlyargs, *given.args, *given.kwonlyargs]


def names_any(node: Function) -> bool:
    rest = [each for each in (node.args.vararg, node.args.kwarg) if each is not None]
    said = [each.annotation for each in (*arguments(node), *rest)]
    parts = [part for part in (*said, node.returns) if part is not None]
    return any(
        isinstance(leaf, ast.Name) and leaf.id == "Any" for part in parts for leaf in ast.walk(part)
    )


def without_docstring(node: ast.AST, *, public: bool = True) -> Iterator[str]:
    """List public classes and functions of a module, and public methods, that say nothing."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | Function):
            shown = public and not child.name.startswith("_")
            if shown and not ast.get_docstring(child):
                yield child.name
            if isinstance(child, ast.ClassDef):
                yield from without_docstring(child, public=shown)


def silences(path: Path) -> Iterator[int]:
    """List the lines that silence a rule without a word why."""
    for number, line in enumerate(text_of(path).splitlines(), 1):
        found = SILENCE.search(line)
        if found and not re.search(r"\w", line[found.end() :]):
            yield number


def test_nobody_takes_more_than_a_person_can_keep_apart() -> None:
    many = {
        f"{name_of(path)}:{node.name}"
        for path in python_files(*ROOMS)
        for node in functions(tree_of(path))
        if len([each for each in arguments(node) if each.arg not in {"self", "cls"}])
        > PARAMETERS_MAX
    }
    assert many == MANY_PARAMETERS


def test_a_signature_says_what_it_takes() -> None:
    every = [node for path in python_files(*ROOMS) for node in functions(tree_of(path))]
    share = sum(map(names_any, every)) / len(every)
    assert share <= ANY_SHARE_MAX


def test_what_is_public_says_what_it_gives() -> None:
    silent = [
        f"{name_of(path)}:{name}"
        for path in python_files(*ROOMS)
        for name in without_docstring(tree_of(path))
    ]
    assert len(silent) <= WITHOUT_DOCSTRING_MAX, silent


def test_a_rule_is_silenced_with_a_reason() -> None:
    found = {f"{name_of(path)}:{line}" for path in python_files(*ROOMS) for line in silences(path)}
    assert found == set()
