"""What is wrong with a device, a destination or the disk: reason, count, words, next step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from gateway.core.status import ProblemStatus
from gateway.ops.advice import Advice
from gateway.ops.health import DeviceHealth, DeviceState, SinkHealth, SinkState

NAMES_MAX = 5
"""Tags named for one reason; `bad` of the device lists more."""
PROBLEMS_MAX = 20
"""Reasons told of one device; there are hardly more kinds."""
CONNECTED = {DeviceState.GOOD, DeviceState.PARTLY}


class AdviceView(Protocol):
    """Knows what a person does about a reason; None where nobody wrote it down."""

    def of_device(self, device: str, reason: str) -> Advice | None: ...
    def of_sink(self, reason: str) -> Advice | None: ...
    def of_spool(self, reason: str) -> Advice | None: ...


class NoAdvice:
    """Knows nothing."""

    def of_device(self, device: str, reason: str) -> Advice | None:  # noqa: ARG002 - the interface has it
        return None

    def of_sink(self, reason: str) -> Advice | None:  # noqa: ARG002 - the interface has it
        return None

    def of_spool(self, reason: str) -> Advice | None:  # noqa: ARG002 - the interface has it
        return None


def problem(
    reason: str,
    advice: Advice | None,
    *,
    detail: str = "",
    count: int = 1,
    tags: int = 0,
    names: tuple[str, ...] = (),
    device: str = "",
) -> ProblemStatus:
    """Say one problem with the words for it; `tags` is how many it touches, 0: the device's."""
    return ProblemStatus(
        reason,
        detail,
        count,
        tags,
        names,
        advice.what if advice else {},
        advice.fix if advice else {},
        advice.command_for(device, names[0] if names else "") if advice else _look(device, names),
    )


def _look(device: str, names: tuple[str, ...]) -> str:
    """Give the command that shows more where nobody wrote down what helps."""
    if not device:
        return "gateway spool ls"
    return f"gateway trace {device}/{names[0]}" if names else "gateway check --live"


def device_problems(device: DeviceHealth, advice: AdviceView) -> list[ProblemStatus]:
    """Give the problems of a device, the one to look at first before the others.

    Why it is away comes first, then what concerns the device as a whole (it is most often why tags
    have no value), then tags by their reason, the reason of most tags first.
    """
    name = device.device

    def told(reason: str, **facts: Any) -> ProblemStatus:
        return problem(reason, advice.of_device(name, reason), device=name, **facts)

    found = []
    if device.reason and device.state not in CONNECTED:
        found.append(told(device.reason, detail=detail_of(device.note, device.reason)))
    by_reason: dict[str, list[str]] = {}
    for tag, bad in device.bad.items():
        by_reason.setdefault(bad.reason, []).append(tag)
    for reason, one in device.troubles.items():
        tags = by_reason.pop(reason, [])
        names = tuple(tags[:NAMES_MAX])
        found.append(told(reason, detail=one.detail, count=one.count, tags=len(tags), names=names))
    for reason, tags in sorted(by_reason.items(), key=lambda each: -len(each[1])):
        detail = next((d for tag in tags if (d := device.bad[tag].detail)), "")
        names = tuple(tags[:NAMES_MAX])
        found.append(told(reason, detail=detail, count=len(tags), tags=len(tags), names=names))
    return found[:PROBLEMS_MAX]


def tag_problems(device: DeviceHealth, tag: str, advice: AdviceView) -> list[ProblemStatus]:
    """Give what is wrong with one tag, then what is wrong with its device."""
    bad, name = device.bad.get(tag), device.device
    found = [
        replace(each, command=each.command.replace("TAG", tag))
        for each in device_problems(device, advice)
        if not each.tags
    ]
    if bad is None:
        return found
    own = problem(
        bad.reason,
        advice.of_device(name, bad.reason),
        detail=bad.detail,
        tags=1,
        names=(tag,),
        device=name,
    )
    return [own, *found]


def sink_problems(sink: SinkHealth, advice: Callable[[str], Advice | None]) -> list[ProblemStatus]:
    """Give why a destination does not take data; nothing while it does."""
    if sink.state not in {SinkState.RETRYING, SinkState.HOLD} or not sink.reason:
        return []
    detail = detail_of(sink.note, sink.reason)
    return [problem(sink.reason, advice(sink.reason), detail=detail, count=sink.tries)]


def spool_problems(note: str, advice: Callable[[str], Advice | None]) -> list[ProblemStatus]:
    """Give why the disk does not take data, where its note begins with a reason."""
    reason = note.partition(":")[0]
    known = advice(reason)
    return [problem(reason, known, detail=detail_of(note, reason))] if known else []


def detail_of(note: str, reason: str) -> str:
    """Give what a note says beside its reason."""
    return note.removeprefix(reason).removeprefix(":").strip()
