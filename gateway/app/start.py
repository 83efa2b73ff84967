"""Which configuration a start runs: the folder's, as far as it is right, else the last good one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gateway.app.kinds import KINDS
from gateway.config.findings import ConfigError, Finding, Severity
from gateway.config.last_good import keep_copy, last_good
from gateway.config.plan import GatewayPlan, load_plan
from gateway.ops.events import config as events


def plan_to_run(
    folder: Path, data: Path, environ: Mapping[str, str]
) -> tuple[GatewayPlan, tuple[Finding, ...], bool]:
    """Give the plan to run, everything to tell about the folder, and whether the copy is used.

    A wrong tag or device is left out and the rest runs. When gateway.yaml itself cannot be used,
    the copy of the last good configuration runs (I10); the folder is watched all the same, so
    mending the file takes effect.

    Raises:
        ConfigError: gateway.yaml cannot be used and there is no copy that can.
    """
    try:
        plan = load_plan(folder, data, environ, KINDS, keep_going=True)
    except ConfigError as error:
        copy = last_good(data)
        if copy is None:
            raise
        try:
            kept = load_plan(copy, data, environ, KINDS, keep_going=True)
        except ConfigError:
            raise error from None
        events.last_good_used(str(folder))
        return replace(kept, folder=folder), error.findings, True
    wrong = [finding for finding in plan.findings if finding.severity is Severity.ERROR]
    for finding in wrong:
        line = finding.span.line if finding.span else None
        events.part_left_out(finding.code, finding.file, line)
    if not wrong:
        keep_good(plan, data)
    return plan, plan.findings, False


def keep_good(plan: GatewayPlan, data: Path) -> None:
    """Remember a plan that is right; a data folder that cannot be written is told, not fatal."""
    try:
        keep_copy(plan, data)
    except OSError as error:
        events.copy_not_kept(f"{error.strerror or error}")
