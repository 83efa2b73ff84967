"""What one request means for its event and for the delivery; pure.

The action of a code is the table's. What the table cannot know is added here: an earlier try of
the same record whose outcome nobody knows, and the day the service says it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from gateway.usage.model import State
from gateway.usage.rules.codes import CodeRule
from gateway.usage.rules.kinds import Action
from gateway.usage.sender.kst import kst_day, parse_kst
from gateway.usage.sender.log_service import Exchange, Outcome


class Then(Enum):
    """What the sender does next."""

    INTERVAL = auto()
    """The ten minutes begin."""
    TEST_INTERVAL = auto()
    SAME = auto()
    """The same record once more: its outcome is unknown."""
    PAUSE = auto()
    OFFLINE = auto()
    CONTENDED = auto()
    """Something else stored a record with this key."""
    REFUSED = auto()
    ZERO = auto()
    CLAMP = auto()
    VARIANT = auto()
    STOP = auto()
    TOMORROW = auto()


@dataclass(frozen=True, slots=True)
class Judged:
    """The event's new state and why; what to do; `pause_s` where the table says how long."""

    state: State
    why: str
    then: Then
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Tried:
    """What came before.

    `times`: requests of this event that had this very answer, this one included. `unknown`: an
    earlier one may have been stored. `day`: the event's.
    """

    times: int
    unknown: bool
    day: str


def judge(exchange: Exchange, rule: CodeRule, tried: Tried) -> Judged:
    """Judge a request; `rule` is that of its code, of no answer where there was none."""
    if exchange.outcome is Outcome.UNKNOWN:
        return Judged(State.SENDING, "outcome-unknown", Then.SAME, rule.wait_s(tried.times))
    if exchange.outcome is Outcome.NOT_TAKEN:
        state = State.SENDING if tried.unknown else State.DEFERRED
        return Judged(state, "not-reached", Then.OFFLINE)
    action = rule.after(tried.times)
    if tried.unknown:
        return _after_unknown(action, rule, tried)
    return _first_hand(exchange, action, rule, tried)


def _after_unknown(action: Action, rule: CodeRule, tried: Tried) -> Judged:
    """Judge the answer to a record that may have been stored before."""
    match action:
        case Action.DEFER:
            return Judged(State.DELIVERED_PRESUMED, rule.code, Then.INTERVAL)
        case Action.RETRY:  # says nothing about the earlier try
            return Judged(State.SENDING, rule.code, Then.SAME, rule.wait_s(tried.times))
        case Action.STOP_DAY:  # the earlier try may have been the last that fitted
            return Judged(State.SENDING, rule.code, Then.TOMORROW)
    return _by_action(action, rule, tried)


def _first_hand(exchange: Exchange, action: Action, rule: CodeRule, tried: Tried) -> Judged:
    # Which code means "not today" no source tells: a refusal on another day is taken for it.
    if action in {Action.QUARANTINE, Action.RETRY} and exchange.answer is not None:
        stamp = parse_kst(exchange.answer.answered)
        day = tried.day if stamp is None else kst_day(stamp)
        if day > tried.day:
            return Judged(State.EXPIRED_MIDNIGHT, rule.code, Then.PAUSE)
        if day < tried.day:
            return Judged(State.DEFERRED, f"{rule.code} ahead-of-time", Then.PAUSE)
    return _by_action(action, rule, tried)


_FOLLOWS = {
    Action.STORED: (State.DELIVERED, Then.INTERVAL),
    Action.RECEIVED: (State.DELIVERED, Then.INTERVAL),
    Action.TEST_OK: (State.TEST_OK, Then.TEST_INTERVAL),
    Action.DEFER: (State.DEFERRED, Then.CONTENDED),
    Action.RETRY: (State.DEFERRED, Then.PAUSE),
    Action.QUARANTINE: (State.QUARANTINED, Then.REFUSED),
    Action.SET_ZERO_AND_RESEND: (State.DEFERRED, Then.ZERO),
    Action.CLAMP_AND_RESEND: (State.DEFERRED, Then.CLAMP),
    Action.OTHER_VARIANT: (State.DEFERRED, Then.VARIANT),
    Action.STOP_CONFIG: (State.BLOCKED, Then.STOP),
    Action.STOP_SITE: (State.BLOCKED, Then.STOP),
    Action.STOP_DAY: (State.DEFERRED, Then.TOMORROW),
}


def _by_action(action: Action, rule: CodeRule, tried: Tried) -> Judged:
    state, then = _FOLLOWS[action]
    return Judged(state, rule.code, then, rule.wait_s(tried.times))
