"""Objections that are known and accepted, each with the reason why: `waivers.json`.

A waiver says which judge, which message and where, as narrow as it can be. It hides nothing: what
it covers is shown with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

import orjson

from aas_models.verify.findings import Finding
from gateway.core.errors import AasError

FILE = "waivers.json"


@dataclass(frozen=True, slots=True)
class Waiver:
    """An accepted objection; `message` and `where` are regular expressions for all of the text.

    `metamodels` are those that the subject must be judged as, no other; empty: any.
    """

    id: str
    judge: str
    message: re.Pattern[str]
    where: re.Pattern[str]
    metamodels: frozenset[str]
    reason: Mapping[str, str]

    def covers(self, finding: Finding, versions: Iterable[str]) -> bool:
        """Say whether this is about that finding in a subject of these metamodels."""
        return (
            finding.judge == self.judge
            and (not self.metamodels or self.metamodels.issuperset(versions))
            and self.message.fullmatch(finding.message) is not None
            and self.where.fullmatch(finding.where) is not None
        )


@cache
def bundled_waivers() -> tuple[Waiver, ...]:
    """Give the list that comes with the product."""
    text = resources.files("aas_models.verify").joinpath(FILE).read_bytes()
    return read_waivers(text)


def read_waivers(data: bytes) -> tuple[Waiver, ...]:
    """Read a list.

    Raises:
        AasError: it is not formed as the bundled one.
    """
    try:
        return tuple(_waiver(entry) for entry in orjson.loads(data)["waivers"])
    except (ValueError, KeyError, TypeError, re.error) as error:
        raise AasError("waivers-invalid", str(error)) from None


def _waiver(entry: Mapping[str, Any]) -> Waiver:
    reason = {code: str(entry["reason"][code]) for code in ("ko", "en")}
    message, where = re.compile(entry["message"]), re.compile(entry.get("where", ".*"))
    metamodels = frozenset(map(str, entry.get("metamodels", ())))
    return Waiver(str(entry["id"]), str(entry["judge"]), message, where, metamodels, reason)


def waived(
    findings: Iterable[Finding], waivers: Iterable[Waiver], versions: Iterable[str]
) -> list[Finding]:
    """Give the findings, those that are accepted with the id of their waiver."""
    known, judged_as = tuple(waivers), frozenset(versions)
    return [
        replace(each, waived_by=next((w.id for w in known if w.covers(each, judged_as)), None))
        for each in findings
    ]
