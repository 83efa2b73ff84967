"""A copy of the last configuration that was right, for the restart after a bad edit (I10)."""

from __future__ import annotations

import shutil
from pathlib import Path

from gateway.config.plan import GatewayPlan

FOLDER = "last-good"
_NEW = "last-good.new"
_OLD = "last-good.old"


def keep_copy(plan: GatewayPlan, data: Path) -> None:
    """Copy the files of a plan that is right into the data folder, replacing the earlier copy.

    The copy is readable by this user only, as the files it is made of may be. A file outside the
    configuration folder is not copied: it is found where it is.

    Raises:
        OSError: the data folder cannot be written; the earlier copy is still there.
    """
    new, old, kept = data / _NEW, data / _OLD, data / FOLDER
    for left_over in (new, old):
        shutil.rmtree(left_over, ignore_errors=True)
    new.mkdir(mode=0o700, parents=True)
    for path in plan.files:
        if path.is_relative_to(plan.folder) and path.is_file():
            target = new / path.relative_to(plan.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            target.chmod(0o600)
    if kept.exists():
        kept.replace(old)
    new.replace(kept)
    shutil.rmtree(old, ignore_errors=True)


def last_good(data: Path) -> Path | None:
    """Give the folder of the copy, None when there is none.

    A copy that a crash left half-way through its replacing is found too.
    """
    for name in (FOLDER, _OLD):
        if (data / name / "gateway.yaml").is_file():
            return data / name
    return None
