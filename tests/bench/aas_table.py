"""Rendering a submodel beside basyx, for one number of properties after the other."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from typing import Any

from aas_models.export import filled, to_basyx
from aas_models.live import LiveValues
from tests.bench.aas_render_bench import OPERATIONAL, changes, press_with, times_of

SIZES = (10, 100, 1_000, 10_000)
HEAD = ("properties", "bytes", "ours", "all changed", "core", "$value", "basyx", "times")
NOTE = """Rendering a submodel of live values, milliseconds of CPU, medians. `all changed`: every
value is new and encoded again; `times` is basyx beside that. `core` leaves out what lies deeper."""


def sizes_table() -> str:
    """Give a Markdown table, one row for each size."""
    lines = [HEAD, tuple("-" * len(name) for name in HEAD), *(_row(size) for size in SIZES)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _row(size: int) -> tuple[str, ...]:
    model = press_with(size)
    live = LiveValues([model])
    every = changes(model, size)
    live.on_records(every)
    submodel = live.submodel(OPERATIONAL)
    assert submodel is not None
    count = max(20, 20_000 // size)

    def changed() -> bytes:
        live.on_records(every)
        return submodel.render("", "normal")

    spent = [
        _median(lambda: submodel.render("", "normal"), count),
        _median(changed, count),
        _median(lambda: submodel.render("", "normal", deep=False), count),
        _median(lambda: submodel.render("", "value"), count),
        _median(_basyx(live), 5),
    ]
    size_bytes = len(submodel.render("", "normal"))
    ratio = f"{spent[-1] / spent[1]:,.0f}"
    return (f"{size:,}", f"{size_bytes:,}", *(f"{each:.4f}" for each in spent), ratio)


def _median(work: Callable[[], Any], count: int) -> float:
    work()
    return statistics.median(times_of(work, count)) * 1e3


def _basyx(live: LiveValues) -> Callable[[], str]:
    from basyx.aas.adapter.json import AASToJsonEncoder

    submodel = to_basyx(filled(live.environment, live.readings())).get_item(OPERATIONAL)
    return lambda: json.dumps(submodel, cls=AASToJsonEncoder)
