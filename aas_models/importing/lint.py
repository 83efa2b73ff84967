"""What a check of one AAS file says, as one JSON object."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aas_models.elements import Json
from aas_models.importing.counts import element_counts
from aas_models.importing.reading import read_path
from aas_models.importing.report import Imported, Repair, say
from gateway.core.errors import AasError


def lint_file(path: Path, lang: str) -> Json:
    """Read a file and say what is in it, what was repaired and what was lost (nothing)."""
    try:
        imported = read_path(path)
    except AasError as error:
        return unreadable(path, str(error))
    except OSError as error:
        return unreadable(path, error.strerror or str(error))
    return found(path, imported, lang)


def found(path: Path, imported: Imported, lang: str) -> Json:
    """Say what is in a file that was read."""
    environment = imported.environment
    return {
        "file": str(path),
        "ok": not imported.lost,
        "metamodel": imported.metamodel,
        "shells": len(environment.get("assetAdministrationShells", ())),
        "submodels": len(environment.get("submodels", ())),
        "conceptDescriptions": len(environment.get("conceptDescriptions", ())),
        "elements": element_counts(environment),
        "repairs": as_rows(imported.repairs, lang),
        "lost": as_rows(imported.lost, lang),
    }


def unreadable(path: Path, error: str) -> Json:
    """Say that a file could not be read."""
    counts: dict[str, Any] = dict.fromkeys(("shells", "submodels", "conceptDescriptions"), 0)
    rest: dict[str, Any] = {"elements": {}, "repairs": [], "lost": []}
    return {"file": str(path), "ok": False, "metamodel": None, **counts, **rest, "error": error}


def as_rows(repairs: Iterable[Repair], lang: str) -> list[dict[str, str]]:
    """Give path, problem (its code) and action (in words) of each repair."""
    return [
        {"path": each.path, "problem": each.problem, "action": say(each, lang)[1]}
        for each in repairs
    ]
