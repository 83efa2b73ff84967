"""What is caught and where: core/errors.py, DECISIONS 3 and flow/supervise.py say so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from gateway.core import errors
from tests.tidy.tree import PRODUCT, ROOT, holding, name_of, text_of, tree_of

BLIND = {"gateway/flow/supervise.py"}
BROAD = {"Exception", "BaseException", "ExceptionGroup", "BaseExceptionGroup"}
CONTAINED = {"device", "forward", "usage", "api", "own figures"}
"""What core/errors.py and DECISIONS 3 name; a change here is a change there."""


def broad_names(node: ast.expr | None) -> set[str]:
    """Give the broad classes that an `except` or `suppress` names, in a tuple or alone."""
    if node is None:
        return {"Exception"}
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    names = {getattr(part, "id", getattr(part, "attr", "")) for part in parts}
    return names & BROAD


def blind(tree: ast.AST) -> Iterator[int]:
    """Give the lines that swallow everything; clean-up that raises again swallows nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            if broad_names(node.type) and not isinstance(node.body[-1], ast.Raise):
                yield node.lineno
        elif isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called == "suppress" and any(broad_names(each) for each in node.args):
                yield node.lineno
            if any(each.arg == "return_exceptions" for each in node.keywords):
                yield node.lineno


def test_the_unexpected_is_caught_in_one_place_only() -> None:
    files = holding(r"Exception\b|except\s*:|return_exceptions", *PRODUCT)
    found = {name_of(path) for path in files if any(blind(tree_of(path)))}
    assert found == BLIND


@pytest.mark.parametrize(
    "text",
    [
        "try: f()\nexcept: pass",
        "try: f()\nexcept Exception: pass",
        "try: f()\nexcept (OSError, Exception): pass",
        "try: f()\nexcept builtins.BaseException as e: log(e)",
        "try: f()\nexcept* Exception: pass",
        "with suppress(OSError, Exception): f()",
        "with contextlib.suppress(BaseException): f()",
        "gather(f(), return_exceptions=True)",
    ],
)
def test_every_way_of_swallowing_is_seen(text: str) -> None:
    assert list(blind(ast.parse(text)))


def test_clean_up_that_raises_again_is_no_swallowing() -> None:
    assert not list(blind(ast.parse("try: f()\nexcept BaseException:\n  g()\n  raise")))


def test_the_tree_of_failures_is_the_one_in_the_text() -> None:
    shown = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or ""))
    made = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.GatewayError)
    }
    assert made - {"GatewayError"} == shown - {"ConfigError"}  # that one carries findings


def contained_parts() -> set[str]:
    """Give the first words of the parts that are run through `contained`, and of the devices."""
    parts = {"device"}
    for path in holding(r"\bcontained\(", *PRODUCT):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "contained":
                first = node.args[0]
                if isinstance(first, ast.JoinedStr):
                    first = first.values[0]
                if isinstance(first, ast.Constant):
                    parts.add(str(first.value).strip())
                else:
                    parts.add("usage" if "usage" in name_of(path) else name_of(path))
    return parts


def test_what_is_contained_is_what_the_texts_name() -> None:
    assert contained_parts() == CONTAINED
    decision = (ROOT / "DECISIONS.md").read_text("utf-8").partition("## 3.")[2]
    decision = decision.partition("## 4.")[0]
    for text in (errors.__doc__ or "", decision):
        for word in ("evice", "destination", "usage logs", "HTTP side", "own figures"):
            assert word in text.replace("gateway's\nown", "gateway's own"), word


def test_a_bug_elsewhere_ends_the_process_with_the_code_that_is_said() -> None:
    from gateway.cli.options import EXIT_INTERNAL

    assert f"exit code {EXIT_INTERNAL}" in (errors.__doc__ or "")
    assert "end(kind, error, trace)" in text_of(ROOT / "gateway/cli/main.py")
