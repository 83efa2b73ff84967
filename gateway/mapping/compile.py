"""Turns an expression into array operations: one call converts a whole column.

Everything is computed as double. Bit operations take whole numbers; where an operand is not
whole, or a result is not a number, NaN comes out and the caller marks the sample.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.mapping.expression import Expression

Doubles = NDArray[np.float64]
Numbers = Any  # a column, or a number that stands for a whole column of itself
Compiled = Callable[[Doubles, NDArray[Any] | None], Doubles]
INTEGER_LIMIT = 2.0**63


@dataclass(frozen=True, slots=True)
class _Input:
    """`value` as doubles, and as the integers it came as where it did."""

    doubles: Doubles
    integers: NDArray[Any] | None


_Step = Callable[[_Input], Numbers]

_ARITHMETIC: dict[type[ast.operator], Callable[[Numbers, Numbers], Numbers]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.float_power,
}
_BITWISE: dict[type[ast.operator], Callable[[Numbers, Numbers], Numbers]] = {
    ast.BitAnd: np.bitwise_and,
    ast.BitOr: np.bitwise_or,
    ast.BitXor: np.bitwise_xor,
    ast.RShift: np.right_shift,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Numbers, Numbers], Numbers]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}


def compile_expression(expression: Expression) -> Compiled:
    """Give a function of (doubles, integers or None) that computes a column of doubles."""
    step = _compile(expression.tree)

    def compute(doubles: Doubles, integers: NDArray[Any] | None = None) -> Doubles:
        with np.errstate(all="ignore"):
            result = step(_Input(doubles, integers))
        out = np.empty(len(doubles), np.float64)
        out[:] = result
        return out

    return compute


def _compile(node: ast.expr) -> _Step:
    match node:
        case ast.Constant(value=number):
            constant = float(number)  # type: ignore[arg-type]  # checked by the reader
            return lambda _: constant
        case ast.Name():
            return lambda data: data.doubles
        case ast.UnaryOp():
            return _unary(node)
        case ast.BinOp():
            return _binary(node)
        case ast.BoolOp():
            return _logic(node)
        case ast.Compare():
            return _comparison(node)
        case ast.IfExp():
            test, body, other = _compile(node.test), _compile(node.body), _compile(node.orelse)
            return lambda data: np.where(_truth(test(data)), body(data), other(data))
        case ast.Call():
            return _call(node)
    raise AssertionError(f"{ast.dump(node)} passed the check")


def _truth(numbers: Numbers) -> Numbers:
    return np.not_equal(numbers, 0)


def _unary(node: ast.UnaryOp) -> _Step:
    operand = _compile(node.operand)
    match node.op:
        case ast.USub():
            return lambda data: np.multiply(operand(data), -1.0)
        case ast.Not():
            return lambda data: np.logical_not(_truth(operand(data)))
        case ast.Invert():
            return _whole(lambda number, _: np.invert(number), node.operand, node.operand)
        case _:
            return lambda data: np.multiply(operand(data), 1.0)


def _binary(node: ast.BinOp) -> _Step:
    left, right = _compile(node.left), _compile(node.right)
    if isinstance(node.op, ast.LShift):
        factor = 2.0 ** int(node.right.value)  # type: ignore[attr-defined]  # the grammar lets nothing else through
        shifted = _whole(lambda number, _: number, node.left, node.left)
        return lambda data: np.multiply(shifted(data), factor)
    bitwise = _BITWISE.get(type(node.op))
    if bitwise is not None:
        return _whole(bitwise, node.left, node.right)
    operator = _ARITHMETIC[type(node.op)]
    return lambda data: operator(
        np.asarray(left(data), np.float64), np.asarray(right(data), np.float64)
    )


def _whole(operator: Callable[[Any, Any], Any], left: ast.expr, right: ast.expr) -> _Step:
    """Apply an operation that only whole numbers know; NaN where an operand is not whole."""
    first, second = _integers(left), _integers(right)

    def step(data: _Input) -> Numbers:
        (a, a_whole), (b, b_whole) = first(data), second(data)
        if np.uint64 in (a.dtype, b.dtype):
            a, b = a.astype(np.uint64), b.astype(np.uint64)
        result = operator(a, b).astype(np.float64)
        return np.where(a_whole & b_whole, result, np.nan)

    return step


def _integers(node: ast.expr) -> Callable[[_Input], tuple[NDArray[Any], Numbers]]:
    step = _compile(node)
    is_value = isinstance(node, ast.Name)

    def integers(data: _Input) -> tuple[NDArray[Any], Numbers]:
        if is_value and data.integers is not None:
            kind = np.uint64 if data.integers.dtype == np.uint64 else np.int64
            return data.integers.astype(kind), np.True_
        numbers = np.asarray(step(data), np.float64)
        whole = (np.abs(numbers) < INTEGER_LIMIT) & (np.floor(numbers) == numbers)
        return np.where(whole, numbers, 0.0).astype(np.int64), whole

    return integers


def _logic(node: ast.BoolOp) -> _Step:
    steps = [_compile(value) for value in node.values]
    operator: Callable[[Numbers, Numbers], Numbers] = (
        np.logical_and if isinstance(node.op, ast.And) else np.logical_or
    )
    return lambda data: reduce(operator, [_truth(step(data)) for step in steps])


def _comparison(node: ast.Compare) -> _Step:
    steps = [_compile(value) for value in (node.left, *node.comparators)]
    operators = [_COMPARISONS[type(operator)] for operator in node.ops]

    def step(data: _Input) -> Numbers:
        sides = [side(data) for side in steps]
        pairs = zip(operators, sides, sides[1:], strict=False)
        return reduce(np.logical_and, [compare(a, b) for compare, a, b in pairs])

    return step


def _call(node: ast.Call) -> _Step:
    steps = [_compile(argument) for argument in node.args]
    match node.func.id:  # type: ignore[attr-defined]  # the grammar lets nothing else through
        case "min":
            return lambda data: reduce(np.minimum, [step(data) for step in steps])
        case "max":
            return lambda data: reduce(np.maximum, [step(data) for step in steps])
        case "abs":
            return lambda data: np.abs(np.asarray(steps[0](data), np.float64))
        case "round":
            digits = int(node.args[1].value) if len(steps) == 2 else 0  # type: ignore[attr-defined]  # the grammar lets nothing else through
            return lambda data: np.round(np.asarray(steps[0](data), np.float64), digits)
        case _:
            return _whole(_bit, node.args[0], node.args[1])


def _bit(number: Any, place: Any) -> Any:
    return np.bitwise_and(np.right_shift(number, place), number.dtype.type(1))
