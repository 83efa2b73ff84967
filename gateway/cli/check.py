"""`gateway check DIR`: is the configuration right? Without network, unless `--live` asks for it."""

from __future__ import annotations

import gc
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import (
    CONFIG_DEFAULT,
    DATA_DEFAULT,
    EXIT_CONFIG,
    EXIT_FINE,
    EXIT_UNHEALTHY,
    AsJson,
    Data,
    Lang,
    language,
)
from gateway.core.texts import Language

if TYPE_CHECKING:
    from gateway.config.findings import Finding
    from gateway.config.plan import GatewayPlan

FolderArgument = Annotated[Path, typer.Argument(help="Folder with gateway.yaml.")]


def check(
    folder: FolderArgument = CONFIG_DEFAULT,
    data: Data = DATA_DEFAULT,
    lang: Lang = None,
    as_json: AsJson = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count: exit 1.")] = False,
    live: Annotated[bool, typer.Option("--live", help="Connect and prove every tag.")] = False,
) -> None:
    """Check a configuration. Exit: 0 right, 1 warnings (--strict), 2 wrong, 3 not reached."""
    gc.disable()  # a short process: collecting garbage would take a third of its time
    from gateway.app.kinds import KINDS
    from gateway.config.findings import ConfigError
    from gateway.config.plan import load_plan

    tongue = language(lang)
    folder = folder.parent if folder.name == "gateway.yaml" else folder
    try:
        plan = load_plan(folder, data, os.environ, KINDS)
    except ConfigError as error:
        _show(None, error.findings, tongue, as_json=as_json)
        raise typer.Exit(EXIT_CONFIG) from None
    if live:
        from gateway.cli.check_live import show_live
        from gateway.config.live import probe_all

        results = probe_all(plan)
        code = show_live(plan, results, tongue, as_json=as_json)
        raise typer.Exit(code)
    _show(plan, plan.findings, tongue, as_json=as_json)
    raise typer.Exit(EXIT_UNHEALTHY if strict and plan.findings else EXIT_FINE)


def _show(
    plan: GatewayPlan | None, findings: tuple[Finding, ...], language: Language, *, as_json: bool
) -> None:
    from gateway.config.findings import Severity
    from gateway.config.render import as_json as finding_json
    from gateway.config.render import count

    errors, warnings = count(findings, Severity.ERROR), count(findings, Severity.WARNING)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "ok": errors == 0,
                    "errors": errors,
                    "warnings": warnings,
                    "devices": _counts(plan),
                    "findings": [finding_json(finding, language) for finding in findings],
                },
                ensure_ascii=False,
            )
        )
        return
    _show_text(plan, findings, language, errors=errors, warnings=warnings)


def _counts(plan: GatewayPlan | None) -> dict[str, int]:
    return {} if plan is None else {n: len(d.table.signals) for n, d in plan.devices.items()}


def _show_text(
    plan: GatewayPlan | None,
    findings: tuple[Finding, ...],
    language: Language,
    *,
    errors: int,
    warnings: int,
) -> None:
    from gateway.config.catalogue import word
    from gateway.config.render import all_as_text

    if findings:
        typer.echo(all_as_text(findings, language) + "\n")
        line = word("summary", language, errors=errors, warnings=warnings)
        typer.echo(f"{line}  {word('untouched', language)}" if errors else line)
        typer.echo(word("more", language, code=findings[0].code))
    if plan is None:
        return
    for name, tags in _counts(plan).items():
        typer.echo(f"{name:<24} {tags_word(tags, language)}")
    if not findings:
        counts = _counts(plan)
        total = sum(counts.values())
        typer.echo(word("summary-ok", language, devices=len(counts), tags=total))


def tags_word(count: int, language: Language) -> str:
    """Say how many tags there are."""
    from gateway.config.catalogue import word

    return word("tags-one" if count == 1 else "tags-many", language, count=count)
