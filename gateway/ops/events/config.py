"""Events of the configuration and its changes while running."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit


def config_loaded(files: int, devices: int, signals: int, warnings: int) -> None:
    """A configuration runs from now on."""
    emit(
        Level.INFO,
        "config_loaded",
        files=files,
        devices=devices,
        signals=signals,
        warnings=warnings or None,
    )


def config_changed(
    added: list[str], removed: list[str], changed: list[str], gateway: list[str]
) -> None:
    """An edited configuration was taken; only devices that differ were touched."""
    emit(
        Level.INFO,
        "config_changed",
        added=added or None,
        removed=removed or None,
        changed=changed or None,
        gateway=gateway or None,
    )


def config_needs_restart(keys: list[str]) -> None:
    """These keys changed and take effect at the next start only."""
    emit(Level.WARNING, "config_needs_restart", keys=keys)


def config_refused(code: str, file: str, line: int | None, errors: int) -> None:
    """The first of the errors; the running configuration goes on unchanged."""
    emit(
        Level.ERROR,
        "config_refused",
        code=code,
        file=file,
        line=line,
        errors=errors,
        hint="gateway check",
    )


def part_left_out(code: str, file: str, line: int | None) -> None:
    """A wrong tag or device that does not run; its neighbours do."""
    emit(Level.ERROR, "part_left_out", code=code, file=file, line=line, hint="gateway check")


def last_good_used(folder: str) -> None:
    """gateway.yaml cannot be used; the copy of the last good configuration runs."""
    emit(Level.ERROR, "last_good_used", folder=folder, hint="gateway check")


def copy_not_kept(reason: str) -> None:
    """The copy of the last good configuration could not be written: a later bad edit has none."""
    emit(Level.WARNING, "copy_not_kept", reason=reason)
