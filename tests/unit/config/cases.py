"""The lessons in config/cases: what each folder must say or mean.

`python -m tests.unit.config.cases` writes the expected files again; look at the difference.
"""

from __future__ import annotations

import json
from pathlib import Path

from gateway.app.kinds import KINDS
from gateway.config.effective import effective_plan
from gateway.config.findings import ConfigError, Finding
from gateway.config.plan import load_plan
from gateway.config.render import all_as_text
from gateway.core.texts import LANGUAGES

CASES = Path(__file__).parents[3] / "config" / "cases"
ENVIRON = {"GATEWAY_SECRET_PRESS01": "known-only-here", "INFLUX_TOKEN": "known-only-here"}


def lessons() -> list[Path]:
    return sorted(path for path in CASES.iterdir() if path.is_dir())


def outcome(folder: Path) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """Give the expected files by name, and the findings of a case."""
    made: dict[str, str] = {}
    try:
        plan = load_plan(folder, folder / "data", ENVIRON, KINDS)
    except ConfigError as error:
        findings = error.findings
        kind = "error"
    else:
        findings = plan.findings
        kind = "warning"
        shown = effective_plan(plan)
        for device in shown["devices"].values():
            device["connection"].pop("trust_folder", None)
        made["plan.json"] = json.dumps(shown, ensure_ascii=False, indent=1) + "\n"
    if findings:
        for language in LANGUAGES:
            made[f"{kind}.{language}.txt"] = all_as_text(findings, language) + "\n"
    return made, findings


def expected(folder: Path) -> dict[str, str]:
    files = [*folder.glob("*.txt"), *folder.glob("plan.json")]
    return {path.name: path.read_text("utf-8") for path in files}


def write() -> None:
    for folder in lessons():
        for path in (*folder.glob("*.txt"), *folder.glob("plan.json")):
            path.unlink()
        for name, text in outcome(folder)[0].items():
            (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    write()
