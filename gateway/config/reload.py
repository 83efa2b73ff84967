"""Notices edited files and says what differs; a wrong edit leaves the running plan alone (I10)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.config.findings import ConfigError, Finding
from gateway.config.load import GATEWAY_FILE, device_files
from gateway.config.models import GatewayFile
from gateway.config.plan import GatewayPlan, load_plan
from gateway.core.clock import Clock
from gateway.core.kinds import Kinds

POLL_S = 2.0
"""Polling also works on network shares and bind mounts, where notifications get lost."""
WATCHED_MAX = 5000


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """Names of devices, and top-level keys of gateway.yaml, that differ; each list sorted."""

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    gateway_changed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.gateway_changed)


def diff(old: GatewayPlan, new: GatewayPlan) -> PlanDiff:
    """Say what a new plan changes. A device whose file was only re-formatted has not changed."""
    before, after = old.devices, new.devices
    return PlanDiff(
        added=sorted(after.keys() - before.keys()),
        removed=sorted(before.keys() - after.keys()),
        changed=sorted(n for n in after.keys() & before.keys() if after[n] != before[n]),
        gateway_changed=sorted(
            key
            for key in GatewayFile.model_fields
            if getattr(old.settings, key) != getattr(new.settings, key)
        ),
    )


@dataclass(frozen=True, slots=True)
class Reload:
    """What an edit came to: a new plan and its difference, or the reasons why there is none."""

    plan: GatewayPlan | None
    diff: PlanDiff
    findings: tuple[Finding, ...]


def reload_plan(old: GatewayPlan, data: Path, environ: Mapping[str, str], kinds: Kinds) -> Reload:
    """Read the folder of a running plan again. Never raises for what is in the files."""
    try:
        new = load_plan(old.folder, data, environ, kinds)
    except ConfigError as error:
        return Reload(None, PlanDiff(), error.findings)
    return Reload(new, diff(old, new), new.findings)


class Fingerprints:
    """Remembers what files looked like: time, size, and the content where one of them moved."""

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[int, int, bytes]] = {}

    def changed(self, files: Iterable[Path]) -> bool:
        """Look again; True when a file's content, or the list of files, is another one."""
        now: dict[Path, tuple[int, int, bytes]] = {}
        for path in files:
            entry = self._look(path)
            if entry is not None:
                now[path] = entry
        before, self._seen = self._seen, now
        return {p: e[2] for p, e in before.items()} != {p: e[2] for p, e in now.items()}

    def _look(self, path: Path) -> tuple[int, int, bytes] | None:
        try:
            stat = path.stat()
            known = self._seen.get(path)
            if known is not None and known[:2] == (stat.st_mtime_ns, stat.st_size):
                return known
            digest = hashlib.blake2b(path.read_bytes(), digest_size=16).digest()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, digest


def watched_files(plan: GatewayPlan) -> list[Path]:
    """Give every file that a plan was made from, and those its globs match now."""
    found = device_files(plan.folder, plan.settings.devices)
    return sorted({plan.folder / GATEWAY_FILE, *plan.files, *found})[:WATCHED_MAX]


async def watch(
    plan: Callable[[], GatewayPlan], clock: Clock, changed: Callable[[], Awaitable[None]]
) -> None:
    """Look at the files of the running plan every 2 s and call back after an edit. Never returns.

    Args:
        plan: gives the running plan; asked anew at every look, so that new globs count.
        changed: called once an edit is complete: when two looks in a row saw the same content.
    Cancel: stops at once, or when the call-back is done with its own cancelling.
    """
    prints = Fingerprints()
    prints.changed(watched_files(plan()))
    pending = False
    while True:
        await clock.sleep(POLL_S)
        if prints.changed(watched_files(plan())):
            pending = True  # an editor or a network copy may still be writing
        elif pending:
            pending = False
            await changed()
