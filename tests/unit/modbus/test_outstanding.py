"""A unit that answers in order can never be misread, however late it answers."""

from __future__ import annotations

from collections import deque

import hypothesis.strategies as st
from hypothesis import given, settings

from adapters.modbus.frames import Request, read_request
from adapters.modbus.outstanding import LATE_MAX_S, Outstanding, Units

POOL = [read_request(3, address, number) for number in (1, 2, 3) for address in (0, 10, 20)]
PROOFS = [read_request(3, 0, number) for number in range(1, 9)]


class InOrder:
    """A unit and a line without transaction numbers: answers come in order, whenever they come."""

    def __init__(self) -> None:
        self.due: deque[Request] = deque()
        self.owed = Outstanding()
        self.wrong: list[tuple[Request, Request]] = []

    def ask(self, request: Request, answers: int) -> bool:
        """Send, then let so many answers come until one fits, as the wire judges them."""
        fresh = self.owed.sending(request, 0.0)
        self.due.append(request)
        for _ in range(min(answers, len(self.due))):
            came = self.due.popleft()
            if came.shape != request.shape:
                return False  # a mismatch: the connection is closed
            if came.pdu != request.pdu:
                self.wrong.append((request, came))
            self.owed.answered(fresh=fresh)
            return True
        return False  # a time-out


ANSWERS = st.lists(st.tuples(st.sampled_from(POOL), st.integers(0, 1)), max_size=60)


def poll(unit: InOrder, asked: list[tuple[Request, int]], *, careful: bool) -> None:
    for request, answers in asked:
        if careful and unit.owed.blocks(request, 0.0):
            proof = unit.owed.proof(PROOFS)
            if proof is None or not unit.ask(proof, answers):
                continue
            if unit.owed.blocks(request, 0.0):
                continue
        unit.ask(request, answers)


@given(ANSWERS)
@settings(max_examples=500)
def test_no_late_answer_is_taken_for_another_register(asked: list[tuple[Request, int]]) -> None:
    unit = InOrder()
    poll(unit, asked, careful=True)
    assert unit.wrong == []


def test_without_the_rule_the_same_unit_is_misread() -> None:
    unit = InOrder()
    first, second = POOL[0], POOL[1]
    poll(unit, [(first, 0), (second, 1), (first, 1)], careful=False)
    assert unit.wrong == [(second, first), (first, second)]


def test_an_answer_to_a_new_request_settles_everything_before_it() -> None:
    owed = Outstanding()
    owed.sending(POOL[0], 0.0)
    assert owed.blocks(POOL[1], 1.0)
    assert not owed.blocks(POOL[0], 1.0), "its late answer speaks of the same registers"
    proof = owed.proof(PROOFS)
    assert proof is not None
    assert proof.shape != POOL[0].shape
    owed.answered(fresh=owed.sending(proof, 1.0))
    assert not owed.blocks(POOL[1], 1.0)


def test_an_exception_proves_nothing_while_another_request_of_its_function_is_owed() -> None:
    owed = Outstanding()
    owed.sending(POOL[0], 0.0)
    assert not owed.refused(POOL[4], fresh=owed.sending(POOL[4], 0.0))
    assert owed.blocks(POOL[4], 0.0), "a proof goes first"
    owed.answered(fresh=owed.sending(PROOFS[7], 0.0))
    assert owed.refused(POOL[4], fresh=owed.sending(POOL[4], 0.0))


def test_nothing_is_owed_for_ever() -> None:
    owed = Outstanding()
    owed.sending(POOL[0], 0.0)
    assert owed.blocks(POOL[1], LATE_MAX_S)
    assert not owed.blocks(POOL[1], LATE_MAX_S + 1)


def test_devices_that_are_the_same_unit_share_what_it_owes() -> None:
    units = Units()
    one = units.of("modbus+rtu://a:1", 3)
    assert units.of("modbus+rtu://a:1", 3) is one
    assert units.of("modbus+rtu://a:1", 4) is not one
    assert units.of("modbus+rtu://b:1", 3) is not one
