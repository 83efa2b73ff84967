"""What `gateway check --live` shows of each device, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import typer

from gateway.cli.options import EXIT_FINE, EXIT_UNHEALTHY, EXIT_UNREACHABLE
from gateway.cli.problems import steps
from gateway.cli.screen import columns, printable
from gateway.core.status import ProblemStatus
from gateway.core.texts import Language

if TYPE_CHECKING:
    from gateway.config.plan import GatewayPlan
    from gateway.core.probing import LiveProblem, LiveResult
    from gateway.ops.advice import Advice

NAME_WIDTH = 24


def show_live(
    plan: GatewayPlan, results: Mapping[str, LiveResult], language: Language, *, as_json: bool
) -> int:
    """Show what each device showed, and give the exit code.

    Exit: 0 everything would be collected, 1 something would not be as it should, 3 a device was
    not reached. Who only waits for somebody to publish is fine.
    """
    from gateway.app.advice import book_of

    told = {
        name: problems(name, result, book_of(plan.devices[name].kind).advice_for)
        for name, result in results.items()
    }
    if as_json:
        shown = {
            name: result.as_json([asdict(each) for each in told[name]])
            for name, result in results.items()
        }
        typer.echo(json.dumps({"devices": shown}, ensure_ascii=False))
    else:
        for name, result in results.items():
            tags = len(plan.devices[name].table.signals)
            typer.echo("\n".join(_lines(name, tags, result, told[name], language)))
    if any(result.failure for result in results.values()):
        return EXIT_UNREACHABLE
    return EXIT_FINE if all(result.fine for result in results.values()) else EXIT_UNHEALTHY


def problems(
    device: str, result: LiveResult, advice_for: Callable[[str], Advice | None]
) -> list[ProblemStatus]:
    """Give what is wrong with a device by reason, as the service tells it while it runs."""
    from gateway.ops.problems import NAMES_MAX, problem

    def told(one: LiveProblem, names: Sequence[str] = ()) -> ProblemStatus:
        return problem(
            one.reason,
            advice_for(one.reason),
            detail=one.detail,
            count=len(names) or 1,
            tags=len(names),
            names=tuple(names[:NAMES_MAX]),
            device=device,
        )

    by_reason: dict[str, list[str]] = {}
    for name, one in result.bad.items():
        by_reason.setdefault(one.reason, []).append(name)
    whole = [*([result.failure] if result.failure else []), *result.troubles]
    return [
        *(told(one) for one in whole),
        *(told(result.bad[names[0]], names) for names in by_reason.values()),
    ]


def _lines(
    name: str, tags: int, result: LiveResult, told: list[ProblemStatus], language: Language
) -> list[str]:
    from gateway.cli.check import tags_word
    from gateway.config.catalogue import word

    state = f"{tags_word(tags, language)}   "
    if result.failure:
        state += word("live-unreached", language, reason=result.failure)
    else:
        state += word("live-good", language, good=len(result.good))
        if result.waiting:
            state += "   " + word("live-waiting", language, waiting=len(result.waiting))
        if result.bad:
            state += "   " + word("live-bad", language, bad=len(result.bad))
    lines = [printable(f"{name:<{NAME_WIDTH}} {state}")]
    shown = (*result.waiting.items(), *result.bad.items())
    lines += [printable(f"    {tag}   {why}") for tag, why in shown]
    return [*lines, *steps(name, [_short(each) for each in told], language, columns())]


def _short(told: ProblemStatus) -> ProblemStatus:
    """Leave out what stands at each tag above."""
    return replace(told, detail="", names=()) if told.tags else told
