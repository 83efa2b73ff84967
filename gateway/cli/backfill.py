"""`gateway backfill`: send samples that history still has to a platform again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.answers import existing_data, fail, hint, print_findings, print_json
from gateway.cli.options import (
    CONFIG_DEFAULT,
    DATA_DEFAULT,
    EXIT_CONFIG,
    EXIT_UNHEALTHY,
    EXIT_UNREACHABLE,
    AsJson,
    Config,
    Data,
    Lang,
    language,
)
from gateway.cli.screen import number, printable
from gateway.core.texts import N_, Texts

if TYPE_CHECKING:
    from gateway.app.backfill import BackfillReport
    from gateway.config.plan import GatewayPlan
    from gateway.core.clock import Clock
    from gateway.core.config import PlatformKeys
    from gateway.core.protocols import Sink
    from gateway.core.types import UnixNs

TEXTS = Texts(
    __package__,
    {
        "time": N_("{text} is no time. Write 2026-11-23, 2026-11-23T14:30 or 2026-11-23T05:30Z."),
        "order": N_("--from must be before --to."),
        "sink": N_("There is no platform {name}. Configured: {names}"),
        "which": N_("Say which platform with --sink: {names}"),
        "resumed": N_("Going on where an earlier run was interrupted."),
        "sent": N_("{count} samples of {device} sent"),
        "would": N_("{count} samples of {device} would be sent"),
        "again": N_("{count} in all. Send them:  the same command without --dry-run"),
        "nothing": N_("History has no samples of this time."),
        "refused": N_("{count} samples refused: {reason}"),
        "waiting": N_("The platform takes nothing at the moment ({detail}); waiting."),
        "stopped": N_("Stopped: {detail}\nThe same command goes on from here."),
    },
)
DATE_LENGTH = len("2026-11-23")


def backfill(
    start: Annotated[str, typer.Option("--from", help="First time, such as 2026-11-23T14:30.")],
    end: Annotated[str, typer.Option("--to", help="Last time; a date means its whole day.")],
    config: Config = CONFIG_DEFAULT,
    data: Data = DATA_DEFAULT,
    sink: Annotated[str | None, typer.Option(help="Name of the platform.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option(help="Count only, send nothing.")] = False,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Send samples from history to one platform again; the service may run beside it."""
    import asyncio

    from gateway.app.kinds import KINDS
    from gateway.config.findings import ConfigError
    from gateway.config.plan import load_plan
    from gateway.core.errors import SinkUnavailable

    tongue = language(lang)
    texts = TEXTS[tongue]
    existing_data(data, tongue)
    span = _span(start, end, texts)
    try:
        plan = load_plan(config, data, os.environ, KINDS, keep_going=True)
    except ConfigError as error:
        print_findings(config, error, tongue)
        raise typer.Exit(EXIT_CONFIG) from error
    target = _target(plan, sink, texts)
    screen = _Screen(texts, quiet=as_json)
    try:
        report = asyncio.run(_run(plan, target, data, span, screen, dry_run=dry_run))
    except SinkUnavailable as error:
        fail(texts["stopped"].format(detail=printable(error)), EXIT_UNREACHABLE)
    screen.done(report, dry_run=dry_run)
    if report.refused:
        raise typer.Exit(EXIT_UNHEALTHY)


def _span(start: str, end: str, texts: Mapping[str, str]) -> tuple[UnixNs, UnixNs]:
    from gateway.core.types import UnixNs

    first = _time(start, texts)
    last = _time(end, texts)
    if len(end) == DATE_LENGTH:
        last += timedelta(days=1)
    if last <= first:
        fail(texts["order"])
    return UnixNs(_unix_ns(first)), UnixNs(_unix_ns(last))


def _time(text: str, texts: Mapping[str, str]) -> datetime:
    """Read a time; without a zone it is meant in the machine's own."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        fail(texts["time"].format(text=printable(text)))


def _unix_ns(time: datetime) -> int:
    return round(time.timestamp() * 1_000_000) * 1_000


def _target(plan: GatewayPlan, name: str | None, texts: Mapping[str, str]) -> PlatformKeys:
    known = {keys.name: keys for keys in plan.settings.platform}
    names = ", ".join(known) or "-"
    if name is None and len(known) == 1:
        name = next(iter(known))
    if name is None or name not in known:
        text = texts["which"] if name is None else texts["sink"]
        fail(text.format(name=printable(name or ""), names=names))
    return known[name]


def _made(plan: GatewayPlan, target: PlatformKeys, clock: Clock) -> Sink:
    from gateway.app.destinations import site_names
    from gateway.app.kinds import KINDS
    from gateway.core.destination_kinds import SinkContext

    settings = plan.settings
    return KINDS.sink(target.kind).make(
        SinkContext(
            target, settings.gateway.id, site_names(settings), plan.folder, clock, backfilled=True
        )
    )


async def _run(
    plan: GatewayPlan,
    target: PlatformKeys,
    data: Path,
    span: tuple[UnixNs, UnixNs],
    screen: _Screen,
    *,
    dry_run: bool,
) -> BackfillReport:
    from gateway.app.backfill import Backfill, resume_point
    from gateway.app.destinations import HISTORY_FOLDER
    from gateway.app.kinds import KINDS
    from gateway.core.clock import SystemClock

    clock = SystemClock()
    keys = plan.settings.history
    history = KINDS.history(keys.kind).make(keys, data / HISTORY_FOLDER, clock)
    sink = None if dry_run else _made(plan, target, clock)
    tables = {name: device.table for name, device in plan.devices.items()}
    point = resume_point(data, target.name, *span)
    try:
        job = Backfill(history, sink, tables, clock, point, progress=screen.progress)
        # Never beyond now: a job that follows live data has no end.
        return await job.run(span[0], min(span[1], clock.now()))
    finally:
        with suppress(TimeoutError):
            await history.close()
        if sink is not None:
            await sink.close()


class _Screen:
    """What a person sees while a backfill runs."""

    def __init__(self, texts: Mapping[str, str], *, quiet: bool) -> None:
        self._texts = texts
        self._quiet = quiet
        self._waiting = ""
        self._told_resumed = False

    def progress(self, report: BackfillReport) -> None:
        """Tell when it resumes, when it waits, and for what; nothing for each page."""
        if self._quiet:
            return
        if report.resumed and not self._told_resumed:
            self._told_resumed = True
            typer.echo(self._texts["resumed"], err=True)
        if report.waiting and report.waiting != self._waiting:
            typer.echo(self._texts["waiting"].format(detail=printable(report.waiting)), err=True)
        self._waiting = report.waiting

    def done(self, report: BackfillReport, *, dry_run: bool) -> None:
        samples = {device: count for device, count in report.samples.items() if count}
        if self._quiet:
            refused = dict(report.refused)
            print_json({"samples": samples, "refused": refused, "dry_run": dry_run})
            return
        text = self._texts["would" if dry_run else "sent"]
        for device, count in samples.items():
            typer.echo(text.format(count=number(count), device=device))
        if not samples:
            typer.echo(self._texts["nothing"])
        elif dry_run:
            hint(self._texts["again"].format(count=number(sum(samples.values()))))
        for reason, count in report.refused.items():
            line = self._texts["refused"].format(count=number(count), reason=printable(reason))
            typer.echo(line, err=True)
