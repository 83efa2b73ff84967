"""Collects from the code every reason that a person may be shown.

A reason is followed from where it is told (an error that is raised, a signal that is bad, a
trouble) through names, parameters, branches, tables and functions to the words that are written.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.unit.docs.pages import ROOT

PLACES = {
    "SourceUnavailable": 0,
    "SourceRejected": 0,
    "SinkUnavailable": 0,
    "signal_bad": 1,
    "trouble": 0,
    "change": 3,
    "Rejected": 2,
    "tag_bad": 1,
    "LiveProblem": 0,
}
"""Which argument of a call is the reason."""
WORDS = {"reason", "refusal", "fault"}
"""Keyword arguments that carry one, but for those of a gap, which is another table."""
LISTS = {"REASONS"}
"""Constants that list them."""
DEPTH_MAX = 8

Scoped = tuple[ast.expr, str]
"""An expression, and the function in which it stands."""


@dataclass
class Module:
    """One file: what its names may stand for, its functions, its calls, and its imports."""

    names: dict[tuple[str, str], list[ast.expr]] = field(default_factory=dict)
    functions: dict[str, list[ast.expr]] = field(default_factory=dict)
    parameters: dict[str, list[str]] = field(default_factory=dict)
    calls: list[tuple[ast.Call, str]] = field(default_factory=list)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)

    def read(self, node: ast.AST, scope: str = "", owner: str = "") -> None:
        """Note what stands in a node and below it."""
        match node:
            case ast.ImportFrom(module=str(module)):
                for alias in node.names:
                    self.imported[alias.asname or alias.name] = (module, alias.name)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._name(target, value, scope, owner)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._name(target, value, scope, owner)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.functions.setdefault(node.name, [])
                names = [each.arg for each in node.args.args]
                self.parameters[node.name] = [n for n in names if n not in {"self", "cls"}]
                scope, owner = node.name, ""
            case ast.ClassDef():
                owner = f"{node.name}."
            case ast.Return(value=ast.expr() as value):
                self.functions[scope].append(value)
            case ast.Call():
                self.calls.append((node, scope))
            case _:
                pass
        for child in ast.iter_child_nodes(node):
            self.read(child, scope, owner)

    def _name(self, target: ast.expr, value: ast.expr, scope: str, owner: str) -> None:
        match target, value:
            case ast.Name(id=name), _:
                self.names.setdefault((scope, owner + name), []).append(value)
            case ast.Tuple(elts=names), ast.Tuple(elts=values):
                for each, part in zip(names, values, strict=False):
                    self._name(each, part, scope, owner)
            case _:
                pass


def called(call: ast.Call) -> str:
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


class Code:
    """The files of some packages, and the reasons in them."""

    def __init__(self, *roots: str) -> None:
        self._modules: dict[str, Module] = {}
        for root in roots:
            for path in sorted((ROOT / root).rglob("*.py")):
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                self._modules[name] = Module()
                self._modules[name].read(ast.parse(path.read_text("utf-8")))

    def reasons(self, package: str) -> dict[str, str]:
        """Give the reasons that the files of a package make, each with a place where it is made.

        A reason that ends in `*` is only known by how it begins.
        """
        found: dict[str, str] = {}
        for name, module in self._modules.items():
            if name == package or name.startswith(package + "."):
                for expression, scope in told(module):
                    for text in self._texts(expression, scope, module, 0):
                        found.setdefault(text, f"{name}:{expression.lineno}")
        return {text: place for text, place in found.items() if text not in {"", "*"}}

    def _texts(self, node: ast.expr, scope: str, module: Module, depth: int) -> Iterator[str]:
        """Give what an expression may be, as far as it is written in the code."""
        if depth > DEPTH_MAX:
            return
        parts: list[ast.expr] = []
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=[first, *_]):
                yield from (text + "*" for text in self._texts(first, scope, module, depth + 1))
            case ast.Call(func=ast.Name(id="next"), args=[ast.GeneratorExp() as found, *rest]):
                parts = [*self._picked(found, scope, module), *rest]
            case ast.Call(func=ast.Attribute(attr="fromkeys"), args=[_, value]):
                parts = [value]
            case ast.Call(func=ast.Attribute(value=table, attr="get"), args=args):
                parts = [table, *args[1:]]
            case ast.Call():
                yield from self._function(called(node), module, depth + 1)
            case ast.Name(id=name):
                yield from self._named(name, scope, module, depth + 1)
            case ast.Attribute(value=ast.Name(id=owner), attr=attribute):
                yield from self._named(f"{owner}.{attribute}", scope, module, depth + 1)
            case ast.IfExp(body=body, orelse=orelse):
                parts = [body, orelse]
            case ast.BoolOp(values=values) | ast.Dict(values=values):
                parts = values
            case ast.Tuple(elts=values) | ast.List(elts=values) | ast.Set(elts=values):
                parts = values
            case ast.FormattedValue(value=value) | ast.Subscript(value=value):
                parts = [value]
            case _:
                return
        for part in parts:
            yield from self._texts(part, scope, module, depth + 1)

    def _picked(self, found: ast.GeneratorExp, scope: str, module: Module) -> Iterator[ast.expr]:
        """Give what `reason for codes, reason in TABLE` may pick of a table of this file."""
        match found:
            case ast.GeneratorExp(
                elt=ast.Name(id=wanted),
                generators=[
                    ast.comprehension(target=ast.Tuple(elts=names), iter=ast.Name(id=table))
                ],
            ):
                place = [getattr(name, "id", "") for name in names].index(wanted)
                for value in module.names.get((scope, table), module.names.get(("", table), [])):
                    for row in getattr(value, "elts", ()):
                        yield row.elts[place]
            case _:
                return

    def _named(self, name: str, scope: str, module: Module, depth: int) -> Iterator[str]:
        """Follow a name: one of this function, its parameter, one of the file, an import."""
        if (scope, name) in module.names:
            for value in module.names[scope, name]:
                yield from self._texts(value, scope, module, depth)
        elif scope and name in module.parameters.get(scope, ()):
            place = module.parameters[scope].index(name)
            for call, where in module.calls:
                if called(call) == scope and len(call.args) > place:
                    yield from self._texts(call.args[place], where, module, depth + 1)
        elif scope:
            yield from self._named(name, "", module, depth)
        else:
            first, dot, rest = name.partition(".")
            source, what = module.imported.get(first, ("", ""))
            if source in self._modules:
                yield from self._named(what + dot + rest, "", self._modules[source], depth)

    def _function(self, name: str, module: Module, depth: int) -> Iterator[str]:
        if name in module.functions:
            for value in module.functions[name]:
                yield from self._texts(value, name, module, depth)
            return
        source, what = module.imported.get(name, ("", ""))
        if source in self._modules:
            yield from self._function(what, self._modules[source], depth)


def told(module: Module) -> Iterator[Scoped]:
    """Give the expressions that are reasons."""
    for name in LISTS:
        yield from ((value, "") for value in module.names.get(("", name), ()))
    for call, scope in module.calls:
        name = called(call)
        place = PLACES.get(name)
        if place is not None and len(call.args) > place:
            yield call.args[place], scope
        if "gap" not in name.lower():
            yield from ((word.value, scope) for word in call.keywords if word.arg in WORDS)
