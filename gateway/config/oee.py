"""`oee:` of a device file: from which tags its effectiveness is told, and when it is to produce."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from gateway.core.assets import OeePlan
from gateway.core.config import FileModel, Seconds

DayWord = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[DayWord, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
ClockSpan = Annotated[str, Field(pattern=rf"^{_CLOCK}-{_CLOCK}$")]
"""`08:00-17:00`; an end that is not later is on the next day."""


def _words(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Words = Annotated[list[bool | int | str], BeforeValidator(_words)]


class OeeKeys(FileModel):
    """`oee:`; `state`, `total`, `good` and `defect` are names of tags."""

    state: str
    running: Words = Field(min_length=1)
    setup: Words = Field(default=[])
    planned_stop: Words = Field(default=[])
    total: str | None = None
    good: str | None = None
    defect: str | None = None
    ideal_cycle: Annotated[Seconds, Field(gt=0)] | None = None
    shifts: list[ClockSpan] = Field(default=["00:00-00:00"], min_length=1, max_length=20)
    breaks: list[ClockSpan] = Field(default=[], max_length=50)
    days: list[DayWord] = Field(default=list(DAYS), min_length=1)

    def tags(self) -> dict[str, str]:
        """Give the names of the tags that are used, by key."""
        named = {
            "state": self.state, "total": self.total, "good": self.good, "defect": self.defect,
        }  # fmt: skip
        return {key: name for key, name in named.items() if name is not None}


def oee_plan(keys: OeeKeys | None, indices: Mapping[str, int]) -> OeePlan | None:
    """Give the plan; None where a tag of it is left out.

    Args:
        keys: `oee:` of a device.
        indices: place of each tag by its name.
    """
    if keys is None or any(name not in indices for name in keys.tags().values()):
        return None
    second = keys.good or keys.defect
    return OeePlan(
        state=indices[keys.state],
        running=state_words(keys.running),
        setup=state_words(keys.setup),
        planned_stop=state_words(keys.planned_stop),
        total=None if keys.total is None else indices[keys.total],
        second=None if second is None else indices[second],
        bad_counted=keys.good is None,
        ideal_cycle=keys.ideal_cycle,
        shifts=tuple(_minutes(span) for span in keys.shifts),
        breaks=tuple(_minutes(span) for span in keys.breaks),
        days=frozenset(DAYS.index(day) for day in keys.days),
    )


def state_words(values: list[bool | int | str]) -> frozenset[str]:
    """Give values of a state tag as the texts that they are compared by."""
    return frozenset(
        str(value).lower() if isinstance(value, bool) else str(value) for value in values
    )


def _minutes(span: str) -> tuple[int, int]:
    begin, _, end = span.partition("-")
    return _minute(begin), _minute(end)


def _minute(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)
