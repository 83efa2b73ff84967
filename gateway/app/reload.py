"""Takes an edited configuration while running, and touches only what changed (I10)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aas_models.live import LiveValues
from gateway.app.fleet import Fleet
from gateway.app.kinds import KINDS
from gateway.app.start import keep_good
from gateway.config.findings import Finding, Severity
from gateway.config.plan import GatewayPlan
from gateway.config.reload import PlanDiff, Reload, reload_plan
from gateway.config.render import as_json
from gateway.ops.events import config as events
from gateway.ops.health import Health


class Reloader:
    """Holds the running plan and replaces it by one that is right."""

    def __init__(
        self,
        plan: GatewayPlan,
        data: Path,
        environ: Mapping[str, str],
        fleet: Fleet,
        live: LiveValues,
        health: Health,
    ) -> None:
        self.plan = plan
        self._data = data
        self._environ = environ
        self._fleet = fleet
        self._live = live
        self._health = health
        self._turn = asyncio.Lock()

    async def reload(self) -> None:
        """Read the folder again; a mistake in it leaves everything as it runs and says so."""
        await self._reload()

    async def reload_now(self) -> Mapping[str, Any]:
        """Do the same for somebody who waits; gives what changed, or why nothing did."""
        outcome = await self._reload()
        change = outcome.diff
        return {
            "taken": outcome.plan is not None,
            "folder": str(self.plan.folder.resolve()),
            "added": change.added,
            "removed": change.removed,
            "changed": change.changed,
            "needs_restart": change.gateway_changed,
            "note": self._health.config_note,
            "findings": [as_json(finding, "en") for finding in outcome.findings],
        }

    async def _reload(self) -> Reload:
        async with self._turn:  # somebody may ask while the watcher has begun
            outcome = reload_plan(self.plan, self._data, self._environ, KINDS)
            if outcome.plan is None:
                self._refuse(outcome.findings)
            else:
                await self._take(outcome.plan, outcome.diff)
            return outcome

    async def _take(self, plan: GatewayPlan, change: PlanDiff) -> None:
        await self._change_devices(plan, change)
        keys = change.gateway_changed
        self._health.config_note = f"needs a restart: {', '.join(keys)}" if keys else ""
        if keys:
            events.config_needs_restart(keys)
        self.plan = plan
        keep_good(self.plan, self._data)
        events.config_changed(change.added, change.removed, change.changed, keys)

    def _refuse(self, findings: tuple[Finding, ...]) -> None:
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        first = errors[0]
        line = first.span.line if first.span else None
        self._health.config_note = f"edit not taken: {first.file}:{line or 1} {first.code}"
        events.config_refused(first.code, first.file, line, len(errors))

    async def _change_devices(self, new: GatewayPlan, change: PlanDiff) -> None:
        if change.added or change.removed or change.changed:
            # Before any record of the new tables can arrive.
            await self._live.change_models([device.asset for device in new.devices.values()])
        for name in change.removed:
            await self._fleet.stop(name)
        for name in change.changed:
            await self._fleet.change(new.devices[name])
        for name in change.added:
            self._fleet.start(new.devices[name])
