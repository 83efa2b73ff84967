"""A platform over HTTP as a kind of sink."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gateway.core.destination_kinds import SinkContext, SinkKind
from gateway.core.texts import N_, in_both
from gateway.sinks.http.settings import HttpPlatform, config_of, problems

if TYPE_CHECKING:
    from gateway.core.protocols import Sink

EVERY_S = 0.5
"""Live writes gather this long: each costs a request and two commits, whatever it carries."""


def make(context: SinkContext[HttpPlatform]) -> Sink:
    """Make the sink of one entry."""
    from gateway.sinks.http.platform import HttpPlatformSink

    return HttpPlatformSink(config_of(context), context.clock, context.plans)


KIND = SinkKind(
    name="http",
    title=in_both(__package__, N_("Central platform")),
    keys=HttpPlatform,
    problems=problems,
    make=make,
    interval_s=EVERY_S,
    advice=Path(__file__).parent / "advice.toml",
)
