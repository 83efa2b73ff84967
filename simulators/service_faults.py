"""What goes wrong at a web service, how often and for how long; in order of arrival.

A wish is `{"mode": M, "for": "20s", "count": 3, "after": 1, "stored": true}`: for that long, for so
many requests, after so many that still go well. `stored` lets the service do its work before it
fails, so that the answer alone is lost. M is one of

- `delay`: the work is done at once, the answer comes after `delay`;
- `slow`: the answer's body comes a byte every `delay` (0.05 s);
- `drop-reply`: the work is done, then the connection is reset; `reset`: without the work;
- `timeout`: no answer for `delay` (an hour), then a reset;
- `500`, `html` (a page with 200; `status` chooses another for both), `redirect` (302), `empty`,
  `truncated`, `shape` (JSON of another kind), `list`;
- `code`: the service's own answer with `code`, and `text` and `detail` where given;
- `ok`: no faults any more.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from simulators.control import BadRequest, seconds
from simulators.small_http import Reply

FOREVER_S = 86_400.0
FOREVER = 1_000_000_000
SEQUENCE_MAX = 1_000
SILENCE_S = 3_600.0
STEP_S = 0.05
WORK_FIRST = frozenset({"delay", "slow", "drop-reply", "truncated"})
FALSE = frozenset({"500", "html", "redirect", "empty", "shape", "list"})
MODES = WORK_FIRST | FALSE | {"code", "ok", "reset", "timeout"}
PAGE = "<html><body><h1>서비스 점검 중입니다.</h1></body></html>".encode()


@dataclass(slots=True)
class Fault:
    """One mode, until its time is over or it was met `left` times, after `spared` requests."""

    mode: str
    for_s: float
    left: int
    spared: int
    stored: bool
    delay_s: float | None
    detail: dict[str, Any]
    until: float | None = None

    @property
    def works(self) -> bool:
        """Whether the service does its work before it fails."""
        return self.stored or self.mode in WORK_FIRST


@dataclass(slots=True)
class ServiceFaults:
    """The faults still to come, one after the other."""

    _coming: deque[Fault] = field(default_factory=deque)

    def set(self, wish: dict[str, Any]) -> None:
        """Take a wish, or `{"sequence": [wish, ...]}`, in place of what there was.

        Raises:
            BadRequest, ValueError: it cannot be understood; nothing was changed.
        """
        wishes = wish.get("sequence", [wish])
        if not isinstance(wishes, list) or len(wishes) > SEQUENCE_MAX:
            raise BadRequest(f"sequence: a list of at most {SEQUENCE_MAX} wishes is needed")
        coming = [_fault(each) for each in wishes]
        self._coming = deque(fault for fault in coming if fault.mode != "ok")

    def meet(self) -> Fault | None:
        """Give the fault that the next request runs into, and count it."""
        while self._coming:
            fault = self._coming[0]
            now = time.monotonic()
            if fault.until is None:
                fault.until = now + fault.for_s
            if now >= fault.until or fault.left <= 0:
                self._coming.popleft()
                continue
            if fault.spared > 0:
                fault.spared -= 1
                return None
            fault.left -= 1
            return fault
        return None

    def names(self) -> list[str]:
        """Give the modes that are still to come."""
        return [fault.mode for fault in self._coming if fault.left > 0]


def _fault(wish: Any) -> Fault:
    if not isinstance(wish, dict):
        raise BadRequest("a JSON object is needed")
    mode = str(wish.get("mode", ""))
    if mode not in MODES:
        raise BadRequest(f"mode must be one of {', '.join(sorted(MODES))}")
    if mode == "code" and not str(wish.get("code", "")):
        raise BadRequest("code: a result code is needed")
    HTTPStatus(wish.get("status", 200))
    delay_s = seconds(wish, "delay", 0.0) if "delay" in wish else None
    return Fault(
        mode,
        seconds(wish, "for", FOREVER_S),
        _count(wish, "count", FOREVER),
        _count(wish, "after", 0),
        bool(wish.get("stored", False)),
        delay_s,
        wish,
    )


def _count(wish: dict[str, Any], name: str, default: int) -> int:
    value = wish.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadRequest(f"{name}: a whole number is needed")
    return value


def spoiled(fault: Fault, reply: Reply) -> Reply:
    """Give what goes out instead of `reply`, which the service meant to say."""
    match fault.mode:
        case "delay":
            return replace(reply, wait_s=fault.delay_s or 0.0)
        case "slow":
            return replace(reply, step_s=STEP_S if fault.delay_s is None else fault.delay_s)
        case "timeout":
            return Reply(cut=True, wait_s=SILENCE_S if fault.delay_s is None else fault.delay_s)
        case "truncated":
            return replace(reply, body=reply.body[: len(reply.body) // 2])
    return replace(_other(fault), wait_s=fault.delay_s or 0.0)


def _other(fault: Fault) -> Reply:
    status = fault.detail.get("status")
    match fault.mode:
        case "500":
            return Reply(b"Internal Server Error", "text/plain", int(status or 500))
        case "html":
            return Reply(PAGE, status=int(status or 200))
        case "redirect":
            return Reply(b"", status=302, headers=(("Location", "/login.html"),))
        case "empty":
            return Reply(b"", "application/json")
        case "shape":
            return Reply(b'{"ok":true}', "application/json")
        case "list":
            return Reply(b"[1,2,3]", "application/json")
    return Reply(cut=True)
