"""What states are called for people. "Stored by the service" is said of nothing but what the
service itself answered for; "accepted by the gateway" is the sum of all states.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.usage.model import State

STATES: Mapping[State, Mapping[str, str]] = {
    State.QUEUED: {"en": "waiting", "ko": "전송 대기"},
    State.SENDING: {"en": "sending", "ko": "전송 중"},
    State.DELIVERED: {"en": "stored by service", "ko": "서비스 적재"},
    State.DELIVERED_PRESUMED: {"en": "presumed stored", "ko": "적재 추정"},
    State.TEST_OK: {"en": "test taken", "ko": "테스트 수신"},
    State.DEFERRED: {"en": "sent again later", "ko": "재전송 대기"},
    State.SAMPLED_OUT: {"en": "not sampled", "ko": "표본 제외"},
    State.EXPIRED_MIDNIGHT: {"en": "day over", "ko": "당일 만료"},
    State.QUARANTINED: {"en": "quarantined", "ko": "격리"},
    State.BLOCKED: {"en": "blocked", "ko": "전송 중단"},
}


def state_name(state: State, lang: str) -> str:
    """Give the name of a state."""
    return STATES[state][lang]
