"""What a device showed when somebody looked at it, for `gateway check --live`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class LiveProblem:
    """What is not as it should be: a reason that `advice` knows, facts, addresses like it."""

    reason: str
    detail: str = ""
    near: tuple[str, ...] = ()

    def __str__(self) -> str:
        near = f"? {', '.join(self.near)}" if self.near else ""
        return "   ".join(part for part in (self.reason, self.detail, near) if part)


@dataclass(slots=True)
class LiveResult:
    """What one device showed.

    `good` has what came by tag, `waiting` the addresses of tags that nobody has published yet,
    `bad` the tags that would not be collected as they should; `troubles` are about the device as a
    whole; `failure` is why it was not reached at all.
    """

    good: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    bad: dict[str, LiveProblem] = field(default_factory=dict)
    troubles: list[LiveProblem] = field(default_factory=list)
    failure: LiveProblem | None = None

    def tag_bad(self, name: str, reason: str, detail: str = "", near: Sequence[str] = ()) -> None:
        """Note a tag that would not be collected as it should; it is not good at the same time."""
        self.good.pop(name, None)
        self.waiting.pop(name, None)
        self.bad[name] = LiveProblem(reason, detail, tuple(near))

    def trouble(self, reason: str, detail: str = "") -> None:
        """Note something about the device as a whole, once for each reason."""
        if all(known.reason != reason for known in self.troubles):
            self.troubles.append(LiveProblem(reason, detail))

    @property
    def fine(self) -> bool:
        """Whether everything would be collected as it should; who waits is fine."""
        return self.failure is None and not self.bad and not self.troubles

    def as_json(self, problems: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """Write it for programs; `problems` are all that is wrong, with the words for it."""
        return {
            "good": self.good,
            "waiting": self.waiting,
            "bad": {name: str(known) for name, known in self.bad.items()},
            "failure": str(self.failure) if self.failure else None,
            "problems": list(problems),
        }


@dataclass(frozen=True, slots=True)
class Browsed:
    """One thing that a device offers: the address that a tag would name, and where it stands."""

    address: str
    path: str = ""
