"""The grammar of `expr:`: arithmetic over `value`, and nothing else.

Numbers, `value`, + - * / // % **, & | ^ << >> ~ on whole numbers, comparisons, and/or/not,
`a if condition else b`, min max abs round bit. No attribute, no index, no other name or call can
be written, and size, depth and exponents are limited. Parsing needs no NumPy.
"""

from __future__ import annotations

import ast
import math
import warnings
from dataclasses import dataclass, field
from typing import Final

LENGTH_MAX: Final = 300
DEPTH_MAX: Final = 24
NODES_MAX: Final = 120
EXPONENT_MAX: Final = 16
SHIFT_MAX: Final = 63
ARGUMENTS: Final = {"min": (2, 8), "max": (2, 8), "abs": (1, 1), "round": (1, 2), "bit": (2, 2)}
"""Functions and how many arguments each takes."""

ARITHMETIC: Final = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
BITWISE: Final = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift)
COMPARISONS: Final = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


class ExpressionError(Exception):
    """What is wrong; `column` counts characters from 0, `width` is how many are meant.

    `problem` is one of: syntax, name, function, arguments, construct, long, deep, exponent, number,
    unused. `word` is the text it is about.
    """

    def __init__(self, problem: str, column: int, width: int, word: str) -> None:
        super().__init__(f"{problem} at {column}: {word}")
        self.problem = problem
        self.column = column
        self.width = max(1, width)
        self.word = word


@dataclass(frozen=True, slots=True)
class Expression:
    """A text that is allowed, and its tree; equal when the texts are."""

    text: str
    tree: ast.expr = field(compare=False, repr=False)


def parse(text: str) -> Expression:
    """Read an expression.

    Raises:
        ExpressionError: it is not in the grammar; says where.
    """
    if len(text) > LENGTH_MAX:
        raise ExpressionError("long", LENGTH_MAX, 1, str(len(text)))
    stripped = text.strip()
    if not stripped:
        raise ExpressionError("syntax", 0, 1, text)
    tree = _python_tree(text)
    _Checker(text).check(tree)
    return Expression(text, tree)


def _python_tree(text: str) -> ast.expr:
    start = len(text) - len(text.lstrip())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text[start:].replace("\n", " "), mode="eval").body
    except SyntaxError as error:
        column = start + _character(text[start:], (error.offset or 1) - 1, in_bytes=False)
        column = min(column, max(0, len(text.rstrip()) - 1))
        raise ExpressionError("syntax", column, 1, text.strip()) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError("syntax", 0, len(text), text.strip()) from None


def _character(text: str, offset: int, *, in_bytes: bool) -> int:
    """Turn the parser's byte column into one in characters."""
    if not in_bytes:
        return max(0, offset)
    return len(text.encode()[:offset].decode(errors="ignore"))


class _Checker:
    """Walks a tree once and refuses what is not on the list."""

    def __init__(self, text: str) -> None:
        self._start = len(text) - len(text.lstrip())
        self._text = text[self._start :]
        self._nodes = 0
        self._uses_value = False

    def check(self, tree: ast.expr) -> None:
        self._visit(tree, 0)
        if not self._uses_value:
            raise ExpressionError("unused", self._start, len(self._text.rstrip()), "value")

    def _refuse(self, problem: str, node: ast.expr, word: str | None = None) -> ExpressionError:
        first = _character(self._text, node.col_offset, in_bytes=True)
        last = _character(self._text, node.end_col_offset or node.col_offset + 1, in_bytes=True)
        text = self._text[first:last] if word is None else word
        return ExpressionError(problem, self._start + first, last - first, text)

    def _visit(self, node: ast.expr, depth: int) -> None:
        self._nodes += 1
        if depth > DEPTH_MAX or self._nodes > NODES_MAX:
            raise self._refuse("deep", node)
        for child in self._children(node):
            self._visit(child, depth + 1)

    def _children(self, node: ast.expr) -> list[ast.expr]:
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name():
                return self._name(node)
            case ast.UnaryOp(operand=operand):
                return [operand]
            case ast.BinOp():
                return self._binary(node)
            case ast.BoolOp(values=values):
                return values
            case ast.Compare(left=left, ops=ops, comparators=right):
                if all(isinstance(operator, COMPARISONS) for operator in ops):
                    return [left, *right]
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return [test, body, orelse]
            case ast.Call():
                return self._call(node)
        raise self._refuse("construct", node)

    def _constant(self, node: ast.Constant) -> list[ast.expr]:
        if isinstance(node.value, bool):
            return []
        if not isinstance(node.value, int | float):
            raise self._refuse("construct", node)
        try:
            finite = math.isfinite(float(node.value))
        except OverflowError:
            finite = False
        if not finite:
            raise self._refuse("number", node)
        return []

    def _name(self, node: ast.Name) -> list[ast.expr]:
        if node.id != "value":
            raise self._refuse("name", node)
        self._uses_value = True
        return []

    def _binary(self, node: ast.BinOp) -> list[ast.expr]:
        if not isinstance(node.op, ARITHMETIC + BITWISE):
            raise self._refuse("construct", node)
        if isinstance(node.op, ast.Pow) and not _small_number(node.right, EXPONENT_MAX):
            raise self._refuse("exponent", node.right)
        if isinstance(node.op, ast.LShift | ast.RShift) and not _place(node.right):
            raise self._refuse("exponent", node.right)
        return [node.left, node.right]

    def _call(self, node: ast.Call) -> list[ast.expr]:
        if not isinstance(node.func, ast.Name) or node.func.id not in ARGUMENTS:
            raise self._refuse("function", node.func)
        fewest, most = ARGUMENTS[node.func.id]
        if node.keywords or not fewest <= len(node.args) <= most:
            raise self._refuse("arguments", node, node.func.id)
        constant_last = node.func.id == "bit" or (node.func.id == "round" and len(node.args) == 2)
        if constant_last and not _place(node.args[-1]):
            raise self._refuse("arguments", node.args[-1], node.func.id)
        return node.args


def _small_number(node: ast.expr, most: int) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        node = node.operand
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return False
    return isinstance(node.value, int | float) and abs(node.value) <= most


def _place(node: ast.expr) -> bool:
    """Whether this is a whole number from 0 to 63, written down."""
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return False
    return isinstance(node.value, int) and 0 <= node.value <= SHIFT_MAX
